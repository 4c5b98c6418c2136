// The page: one state, one render, newest answer wins, text only through `textContent`.

import * as api from "./api.js";
import { duration, resultName } from "./command.js";
import { listen } from "./gestures.js";
import { energies } from "./invented.js";
import { createMixer, LoopMixer } from "./mix.js";
import { inventedOverlay, routingOverlay } from "./overlay.js";
import { decode, weights } from "./parts.js";
import { $, render, renderPlace } from "./render.js";
import { View } from "./view.js";

const PREVIEW = 2_000_000; // most pixels of one answer with parts, where the service names no other
const DIALS = { strength: 1, detail: 1, texture: 0, seed: 0 };

const state = {
  models: [],
  samples: [],
  file: null, // {name, blob, size: [w, h], shown, advice}; shown: the browser can decode it
  model: null, // an item of `models`
  dials: DIALS,
  look: "picture",
  format: "auto",
  metadata: "keep",
  parts: null, // what the last preview brought
  paces: {}, // seconds per megapixel of the last preview, by model
  fits: true, // the whole picture is within one preview
  work: null, // {title, fraction, eta, wait}: fraction null = not known
  error: null, // {message, again}: again = what to call for another try, or null
  divide: 0.5,
  peek: false, // the stage shows nothing but the picture as it was
  saved: "",
  news: "", // what has just happened, for those who do not see it
};
let newest = 0; // counts what was begun; an answer to anything older is dropped
let stop = null; // AbortController of the work that runs
let mixer = null; // of state.parts

const view = new View($("stage"), $("canvas"), { mix: () => mixer?.step() ?? false, moved: () => renderPlace(state, view) });

function set(changes) {
  Object.assign(state, changes);
  if (state.file && state.model) {
    const [width, height] = state.file.size;
    state.fits = width * height * state.model.scale ** 2 <= previewLimit();
    view.most = state.fits ? null : previewLimit();
    view.open(state.file.size, state.model.scale);
  }
  view.divide = state.peek ? 1 : state.divide;
  view.draw();
  render(state);
}

const previewLimit = () => state.model.limits?.preview ?? PREVIEW;

// ---- pictures

async function start() {
  try {
    await load();
    set({ error: null });
  } catch (error) {
    set({ error: { message: error.message, again: start } });
  }
}

async function load() {
  const [models, samples] = await Promise.all([api.models(), api.samples()]);
  set({ models, samples, model: models.find((model) => model.default) ?? models[0] });
}

// What is open stays until the new picture is known to be one.
async function open(blob, name = blob.name || "picture.png") {
  const mine = ++newest;
  stop?.abort();
  const { signal } = (stop = new AbortController());
  set({ work: { title: "Opening", fraction: null }, error: null, news: "" });
  const url = URL.createObjectURL(blob);
  const image = Object.assign(new Image(), { src: url });
  const decoded = image.decode().then(() => true, () => false);
  try {
    if (!state.model) await load();
    const onWait = (wait) => mine === newest && set({ work: { ...state.work, wait } });
    const told = await api.inspect(blob, { signal, onWait });
    const shown = await decoded;
    if (mine !== newest) return;
    // Browser and service both turn a picture upright, the header may not.
    const size = shown ? [image.naturalWidth, image.naturalHeight] : [told.width, told.height];
    forgetParts();
    view.layers.whole = shown ? { source: image, region: [0, 0, ...size] } : null;
    const { model, reason } = told.suggestion ?? {};
    const file = { name, blob, size, shown, advice: reason ?? "" };
    view.size = null;
    const chosen = withModel(state.models.find((one) => one.name === model) ?? state.model);
    set({ file, ...chosen, work: null, saved: "", peek: false });
    $("stage").focus();
  } catch (error) {
    if (mine !== newest) return;
    const final = error.status >= 400 && error.status < 500;
    set({ work: null, error: { message: error.message, again: final ? null : () => open(blob, name) } });
  } finally {
    decoded.then(() => URL.revokeObjectURL(url)); // the decoded picture lives on in `image`
  }
}

function forgetParts() {
  mixer?.dispose();
  mixer = null;
  Object.assign(view.layers, { before: null, after: null, overlay: null });
  Object.assign(state, { parts: null, peek: false, look: "picture" });
}

// ---- work

// The {headers, bytes} of `call`, which takes {signal, onProgress, onWait}; null when something newer began, or it was
// cancelled, or it failed, which is then said.
async function run(title, call, again) {
  const mine = ++newest;
  stop?.abort();
  const { signal } = (stop = new AbortController());
  set({ work: { title, fraction: null }, error: null, saved: "", news: "" });
  const heard = (news) => mine === newest && set({ work: { ...state.work, wait: 0, ...news } });
  try {
    const answer = await call({ signal, onProgress: heard, onWait: (wait) => heard({ wait }) });
    return mine === newest ? answer : null;
  } catch (error) {
    if (mine === newest && error.name !== "AbortError") set({ error: { message: error.message, again } });
    return null;
  } finally {
    if (mine === newest) set({ work: null });
  }
}

async function preview(shrink = false) {
  const most = previewLimit();
  const region = shrink || state.fits ? [0, 0, ...state.file.size] : view.visible(most);
  const [x, y, width, height] = region;
  const { model, file, dials } = state;
  const fields = { model: model.name, seed: dials.seed, x, y, width, height, preview: most, shrink };
  const work = Math.min(width * height, most / model.scale ** 2) / 1e6;
  const pace = state.paces[model.name] ?? model.seconds_per_megapixel;
  const started = performance.now();
  const done = await run("Restoring", (how) => api.parts(file.blob, fields, pace ? pace * work : null, how), () => preview(shrink));
  if (!done) return;
  state.paces[model.name] = (performance.now() - started) / 1000 / work;
  show(decode(done.bytes));
  set({ news: "Restored" });
}

function show(parts) {
  const { look } = state;
  forgetParts();
  mixer = createMixer(parts);
  const file = { ...state.file, size: parts.input };
  if (!view.layers.whole && parts.shrunk < 1) view.layers.whole = { source: mixer.before, region: parts.region };
  useMixer(parts.region);
  const missing = { experts: !parts.routing, generated: !parts.planes.texture }[look];
  Object.assign(state, { parts, file, look: missing ? "picture" : look });
  remix();
}

// A graphics card may go away at any time; the loop takes over.
function useMixer(region) {
  const { canvas, before } = mixer;
  Object.assign(view.layers, { before: { source: before, region }, after: { source: canvas, region } });
  canvas.addEventListener("webglcontextlost", () => {
    if (mixer?.canvas !== canvas) return;
    mixer = new LoopMixer(state.parts);
    useMixer(region);
    remix();
  });
}

function overlayOf({ look, parts, dials }) {
  if (look === "experts") return routingOverlay(parts);
  return look === "invented" ? inventedOverlay(parts, (parts.energies ??= energies(parts)), dials) : null;
}

function remix() {
  if (mixer) mixer.draw(weights(state.dials), state.look);
  view.layers.overlay = mixer && overlayOf(state);
  set({});
}

async function save() {
  const { format, metadata, file, model, dials } = state;
  const fields = { model: model.name, ...dials, format, metadata };
  const started = performance.now();
  const done = await run("Restoring the whole picture", (how) => api.work(file.blob, fields, how), save);
  if (!done) return;
  const type = done.headers.get("Content-Type") ?? "image/png";
  const name = resultName(file.name, type);
  const url = URL.createObjectURL(new Blob([done.bytes], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // no event tells when the browser has taken it
  const notes = JSON.parse(done.headers.get("X-Harmonic-Notes") ?? "[]");
  set({ saved: [`${name}, in ${duration((performance.now() - started) / 1000)}`, ...notes].join("; ") });
}

function cancel() {
  newest++;
  stop?.abort();
  set({ work: null, news: "Cancelled" });
}

// ---- what is pressed, moved and dropped

function turn(name, value) {
  state.dials = { ...state.dials, [name]: value };
  // Another seed is another texture, which only the network can make.
  if (name === "seed" && state.parts?.planes.texture) forgetParts();
  remix();
}

// A dial that the model does not have is at 0, not hidden at what it was.
const withModel = (model) => ({ model, dials: model.texture ? state.dials : { ...state.dials, texture: 0 } });

function chooseModel(name) {
  forgetParts();
  set(withModel(state.models.find((one) => one.name === name)));
}

const on = (id, kind, call) => $(id).addEventListener(kind, call);

for (const input of document.querySelectorAll("[type=file]")) {
  input.addEventListener("change", () => {
    if (input.files[0]) open(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
}
addEventListener("dragover", (event) => event.preventDefault());
for (const kind of ["dragenter", "dragleave"]) {
  addEventListener(kind, (event) => document.body.classList.toggle("dropping", kind === "dragenter" || event.relatedTarget !== null));
}
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (file) open(file);
});
on("samples", "click", async (event) => {
  const { name, url } = state.samples[event.target.closest("button")?.dataset.index] ?? {};
  if (url) await api.sample(url).then((blob) => open(blob, name), ({ message }) => set({ error: { message, again: null } }));
});

on("restore", "click", () => preview());
on("reduced", "click", () => preview(true));
on("cancel", "click", cancel);
on("save", "click", save);
on("model", "change", ({ target }) => chooseModel(target.value));
on("format", "change", ({ target }) => set({ format: target.value, saved: "" }));
on("metadata", "change", ({ target }) => set({ metadata: target.value, saved: "" }));
for (const name of ["strength", "detail", "texture"]) on(name, "input", ({ target }) => turn(name, target.valueAsNumber));
on("seed", "change", ({ target }) => turn("seed", Math.max(0, Math.round(target.valueAsNumber) || 0)));
on("reset", "click", () => {
  state.dials = { ...DIALS, seed: state.dials.seed };
  remix();
});
on("looks", "change", ({ target }) => {
  state.look = target.value;
  remix();
});
on("copy", "click", async () => {
  const line = $("command").querySelector("code");
  try {
    await navigator.clipboard.writeText(line.textContent); // there is none over plain http from another machine
  } catch {
    getSelection().selectAllChildren(line);
    return set({ error: { message: "This browser lets the page not copy. The line is selected: copy it by hand.", again: null } });
  }
  set({ news: "Copied" });
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy"), 2000);
});
on("again", "click", () => state.error.again());
on("dismiss", "click", () => set({ error: null }));
on("sheet", "click", () => {
  const opened = document.body.classList.toggle("sheet-open");
  $("sheet").setAttribute("aria-expanded", opened);
});

const actions = {
  divide: (share) => set({ divide: Math.min(Math.max(share, 0), 1), peek: false }),
  toggleBefore: () => set({ peek: state.parts !== null && !state.peek }),
  lens: (shown) => {
    view.lens = shown ? [view.canvas.width / 2, view.canvas.height / 2] : null;
    $("lens").setAttribute("aria-pressed", shown);
    view.draw();
  },
};
listen($("stage"), $("handle"), view, actions);
on("divide", "input", ({ target }) => actions.divide(target.valueAsNumber));
on("zoom-in", "click", () => view.zoomTo(view.zoom * 1.5));
on("zoom-out", "click", () => view.zoomTo(view.zoom / 1.5));
on("fit", "click", () => view.fit());
on("one", "click", () => view.zoomTo(1));
on("lens", "click", () => actions.lens(view.lens === null));
on("peek", "click", actions.toggleBefore);
addEventListener("hashchange", () => api.takeToken() && start()); // an address that differs in this alone loads nothing

start();
