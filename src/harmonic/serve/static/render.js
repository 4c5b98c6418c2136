// From the state to the document: the only place that writes into it.

import { commandLine, duration } from "./command.js";
import { EXPERT_COLOURS, GAIN, routingShares } from "./parts.js";

export const $ = (id) => document.getElementById(id);

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const LEGENDS = {
  picture: "",
  structure: `What was changed in structure: smooth light and colour, cell by cell, ${GAIN} times stronger around grey.`,
  texture: `What was changed in texture: fine detail, ${GAIN} times stronger around grey.`,
  invented: "Where fine detail comes from the model rather than from your picture, and how much.",
  experts: "Which expert worked where, and its share of the work.",
};

export function render(state) {
  const { file, parts, work, model } = state;
  document.body.dataset.phase = parts ? "restored" : file ? "opened" : "empty";
  $("file").textContent = file ? `${file.name} · ${file.size.join(" × ")}` : "";
  document.title = file ? `${file.name} · Harmonic` : "Harmonic";
  const local = LOOPBACK.includes(location.hostname);
  $("privacy").textContent = local ? "Nothing leaves this machine." : `Pictures are sent to ${location.host} and nowhere else.`;
  $("panel").inert = !file && !work;
  renderSamples(state);
  renderStage(state);
  renderAction(state);
  renderModel(state);
  renderDials(state);
  renderLegend(state);
  $("error").hidden = !state.error;
  $("error").querySelector("p").textContent = state.error?.message ?? "";
  $("again").hidden = !state.error?.again;
  $("format").value = state.format;
  $("metadata").value = state.metadata;
  $("save").disabled = !file || work !== null;
  $("saved").textContent = state.saved;
  const { name } = file ?? {};
  const told = file && model ? commandLine({ ...state, name, model: model.name }) : "";
  $("command").querySelector("code").textContent = told;
}

function renderSamples({ samples }) {
  const box = $("samples");
  if (box.childElementCount === samples.length) return;
  box.replaceChildren(
    ...samples.map(({ title, credit, url }, index) => {
      const button = document.createElement("button");
      const image = Object.assign(document.createElement("img"), { src: url, alt: "" });
      const caption = Object.assign(document.createElement("span"), { textContent: title });
      button.dataset.index = index;
      button.title = credit ?? "";
      button.append(image, caption);
      return button;
    }),
  );
}

function renderStage({ file, parts, peek, divide }) {
  $("empty").hidden = file !== null;
  $("tools").hidden = file === null;
  $("handle").hidden = !parts || peek;
  $("handle").style.left = `${100 * divide}%`;
  $("divide").value = divide;
  $("divide").setAttribute("aria-valuetext", `${Math.round(100 * divide)} % before`);
  $("peek").setAttribute("aria-pressed", peek);
  for (const id of ["peek", "lens"]) $(id).disabled = !parts;
  $("side-before").hidden = !parts || (!peek && divide < 0.08);
  $("side-after").hidden = !parts || peek || divide > 0.92;
  const label = !file ? "Nothing opened yet" : parts ? `${file.name}, before and after restoration` : file.name;
  $("canvas").setAttribute("aria-label", label);
}

// What depends on zoom and place alone; called for each drawing.
export function renderPlace({ file, parts, fits }, view) {
  const percent = `${Math.round(100 * view.zoom)} %`;
  if ($("zoom").textContent !== percent) $("zoom").textContent = percent;
  let note = "";
  if (file && !file.shown && !view.layers.whole && !parts) note = "This browser cannot show the format. It is shown once restored.";
  else if (parts?.shrunk < 1) note = `Reduced to ${Math.round(100 * parts.shrunk)} % for this preview: zoom in and restore what you see for true pixels.`;
  else if (parts && !fits) note = "The frame is what was restored. Save restores the whole picture.";
  else if (file && !fits) note = "A large picture: zoom to what matters, the frame is restored first.";
  $("note").textContent = note;
}

function renderAction({ file, parts, fits, work }) {
  $("restore").hidden = $("reduced").hidden = work !== null;
  if (fits) $("reduced").hidden = true;
  $("restore").disabled = !file;
  $("restore").textContent = fits ? (parts ? "Restored" : "Restore") : "Restore what you see";
  $("restore").disabled ||= fits && parts !== null;
  $("progress").hidden = work === null;
  if (!work) return;
  const { title, fraction, eta, wait, queued } = work;
  const rest = wait ? `the service is busy, next try in ${wait} s` : queued ? "waiting in line" : eta ? `about ${duration(eta)} left` : "";
  $("doing").textContent = rest ? `${title}: ${rest}` : `${title} …`;
  const bar = $("progress").querySelector("progress");
  if (fraction === null || fraction === undefined || wait) bar.removeAttribute("value");
  else bar.value = fraction;
}

function renderModel({ models, model, file }) {
  const select = $("model");
  if (select.childElementCount !== models.length) {
    const named = ({ name, title, scale }) => `${title || name}${scale > 1 ? ` · ${scale}× larger` : ""}`;
    select.replaceChildren(...models.map((one) => new Option(named(one), one.name)));
  }
  select.value = model?.name ?? "";
  $("advice").textContent = file?.advice ?? "";
}

function renderDials({ dials, model, look, parts }) {
  for (const name of ["strength", "detail", "texture"]) {
    $(name).value = dials[name];
    document.querySelector(`output[for=${name}]`).textContent = dials[name].toFixed(2);
  }
  if (document.activeElement !== $("seed")) $("seed").value = dials.seed;
  for (const id of ["texture-dial", "seed-dial"]) $(id).hidden = !model?.texture;
  $("reset").hidden = dials.strength === 1 && dials.detail === 1 && dials.texture === 0;
  $("looks").disabled = !parts;
  for (const input of document.getElementsByName("look")) {
    input.checked = input.value === look;
    if (input.value === "experts") input.parentElement.hidden = !model?.experts;
  }
}

function renderLegend({ look, parts }) {
  const legend = $("legend");
  const nodes = [LEGENDS[look]];
  if (look === "experts" && parts?.routing) {
    const shares = routingShares(parts.routing);
    for (const [i, name] of parts.routing.experts.entries()) {
      const key = document.createElement("span");
      key.className = "key";
      key.style.setProperty("--colour", EXPERT_COLOURS[i % EXPERT_COLOURS.length]);
      key.textContent = `${name} ${Math.round(100 * shares[i])} %`;
      nodes.push(key);
    }
  } else if (look === "invented") {
    nodes.push(Object.assign(document.createElement("span"), { className: "ramp", textContent: "none – much" }));
  }
  legend.replaceChildren(...nodes);
}
