// Mouse, fingers and keys on the stage: drag and pinch, wheel, double click, the handle of the divide, the lens.

const STEP = 0.02; // of the divide, for an arrow key
const ZOOM_STEP = 1.5;
const HELD_MS = 350; // longer than this, L was held rather than pressed

// actions: divide(share), toggleBefore(), lens(on); view: what is zoomed and moved.
export function listen(stage, handle, view, actions) {
  const fingers = new Map();
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    const ratio = view.canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  };
  const divideTo = (event) => actions.divide(at(event)[0] / view.canvas.width);

  stage.addEventListener("pointerdown", (event) => {
    // What captures the pointer gets the click too: a button or a file chooser would never hear of it.
    if (event.button || event.target.closest("button, #empty")) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { at: at(event), handle: handle.contains(event.target) });
  });
  stage.addEventListener("pointermove", (event) => {
    if (view.lens) view.lens = at(event);
    if (view.lens) view.draw();
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, other]) => other.at);
    const [from, to] = [finger.at, at(event)];
    finger.at = to;
    if (finger.handle) divideTo(event);
    else if (others.length) pinch(view, others[0], from, to);
    else view.pan(to[0] - from[0], to[1] - from[1]);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    stage.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }
  stage.addEventListener("dblclick", (event) => {
    if (event.target.closest("button")) return;
    if (view.fitted) view.zoomTo(1, at(event));
    else view.fit();
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!view.size) return; // nothing opened: what stands there scrolls
      event.preventDefault();
      view.zoomTo(view.zoom * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), at(event));
    },
    { passive: false },
  );
  listenToKeys(stage, view, actions);
}

function pinch(view, still, from, to) {
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [before, after] = [middle(still, from), middle(still, to)];
  view.pan(after[0] - before[0], after[1] - before[1]);
  view.zoomTo((view.zoom * distance(still, to)) / distance(still, from), after);
}

function listenToKeys(stage, view, actions) {
  let lensSince = null;
  const keys = {
    ArrowLeft: () => actions.divide(view.divide - STEP),
    ArrowRight: () => actions.divide(view.divide + STEP),
    "+": () => view.zoomTo(view.zoom * ZOOM_STEP),
    "=": () => view.zoomTo(view.zoom * ZOOM_STEP),
    "-": () => view.zoomTo(view.zoom / ZOOM_STEP),
    0: () => view.fit(),
    1: () => view.zoomTo(1),
    " ": () => actions.toggleBefore(),
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !view.size || hasItsOwnKeys(event)) return;
    if (event.key.toLowerCase() === "l") {
      if (event.repeat) return;
      lensSince = performance.now();
      actions.lens(!view.lens);
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  // Anywhere, since the focus may have left while the key was held.
  addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "l" && lensSince && performance.now() - lensSince > HELD_MS) actions.lens(false);
    lensSince = null;
  });
}

// The slider of the divide moves by arrows, a button is pressed by space: their keys are not the stage's.
function hasItsOwnKeys({ target, key }) {
  if (target.closest("[type=range]")) return key.startsWith("Arrow");
  return key === " " && target.closest("button") !== null;
}
