// From the state to the document: the only place that writes into it.

import { commandLine, duration } from "./command.js";
import { EXPERT_COLOURS, routingShares } from "./overlay.js";
import { GAINS } from "./parts.js";

export const $ = (id) => document.getElementById(id);

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const LEGENDS = {
  picture: "",
  structure: `What was changed in structure: smooth light and colour, cell by cell, ${GAINS.structure} times stronger around grey.`,
  texture: `What was changed in texture: fine detail, ${GAINS.texture} times stronger around grey.`,
  generated: `Generated texture alone, as its dial has it, ${GAINS.generated} times stronger around grey.`,
  invented: "How much of the fine detail comes from the model rather than from your picture.",
  experts: "Which expert worked where, and its share of the work.",
};

export function render(state) {
  const { file, parts, work, model } = state;
  document.body.dataset.phase = parts ? "restored" : file ? "opened" : "empty";
  $("file").textContent = file ? `${file.name} · ${file.size.join(" × ")}` : "";
  document.title = file ? `${file.name} · Harmonic` : "Harmonic";
  const local = LOOPBACK.includes(location.hostname);
  $("privacy").textContent = local ? "Nothing leaves this machine." : `Pictures are sent to ${location.host} and nowhere else.`;
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
  $("saved").textContent = state.saved;
  renderSaid(state);
  const { name } = file ?? {};
  const told = file && model ? commandLine({ ...state, name, model: model.file ?? model.name }) : [];
  const line = $("command").querySelector("code");
  if (line.textContent === told.join(" ")) return; // what is selected in it stays so
  line.replaceChildren(...told.flatMap((piece, i) => [i ? " " : "", element("span", piece)]));
}

const element = (tag, textContent, className = "") => Object.assign(document.createElement(tag), { textContent, className });

function renderSamples({ samples }) {
  const box = $("samples");
  if (box.childElementCount === samples.length) return;
  box.replaceChildren(
    ...samples.map(({ title, credit, url }, index) => {
      const button = document.createElement("button");
      const image = Object.assign(document.createElement("img"), { src: url, alt: "" });
      button.dataset.index = index;
      button.title = credit ?? "";
      button.append(image, element("span", title));
      return button;
    }),
  );
}

function renderStage({ file, parts, work, peek, divide }) {
  $("drop").querySelector("span").textContent = work ? progressText(work) : "or choose one, or paste it";
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

// For those who do not see the bar: a few words a quarter, and not a second.
function renderSaid({ work, news }) {
  const said = !work ? news : work.wait ? `${work.title}: the service is busy` : work.queued ? progressText(work) : quarters(work);
  if ($("said").textContent !== said) $("said").textContent = said;
}

const quarters = ({ title, fraction }) => (fraction >= 0.25 ? `${title}: ${25 * Math.floor(4 * fraction)} %` : title);

function renderAction({ parts, fits, work }) {
  const focused = $("action").contains(document.activeElement) ? document.activeElement : null;
  const byKeys = focused?.matches(":focus-visible"); // asked before it is hidden
  $("restore").hidden = work !== null || (fits && parts !== null);
  $("save").hidden = work !== null;
  $("reduced").hidden = work !== null || fits;
  $("restore").textContent = fits ? "Restore" : "Restore what you see";
  $("save").textContent = fits ? "Save" : "Save the whole picture";
  $("restore").classList.toggle("primary", parts === null);
  $("save").classList.toggle("primary", parts !== null);
  $("progress").hidden = work === null;
  if (focused?.closest("[hidden]")) successor(byKeys, parts, work).focus();
  if (!work) return;
  const bar = $("progress").querySelector("progress");
  $("doing").textContent = progressText(work);
  if (work.fraction === null || work.wait) bar.removeAttribute("value");
  else bar.value = work.fraction;
}

// Where the focus goes when what had it is hidden, since it would be lost. Who works by mouse looks at the picture next,
// and its keys are then at hand.
function successor(byKeys, parts, work) {
  if (work) return $("cancel");
  if (!byKeys) return $("stage");
  return parts ? $("save") : $("restore");
}

function progressText({ title, eta, wait, queued }) {
  if (wait) return `${title}: the service is busy, next try in ${wait} s`;
  if (queued) return `${title}: waiting in line`;
  return eta ? `${title}: about ${duration(eta)} left` : `${title} …`;
}

function renderModel({ models, model, file }) {
  const select = $("model");
  if (select.childElementCount !== models.length) {
    select.replaceChildren(...models.map(({ name, title }) => new Option(title || name, name)));
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
    const asks = { experts: "experts", generated: "texture" }[input.value]; // of the model
    input.parentElement.hidden = asks !== undefined && !model?.[asks];
  }
}

function renderLegend({ look, parts }) {
  const legend = $("legend");
  const nodes = [element("div", LEGENDS[look])];
  if (look === "experts" && parts?.routing) {
    const shares = routingShares(parts.routing);
    for (const [i, name] of parts.routing.experts.entries()) {
      const key = element("span", `${name} ${Math.round(100 * shares[i])} %`, "key");
      key.style.setProperty("--colour", EXPERT_COLOURS[i % EXPERT_COLOURS.length]);
      nodes.push(key);
    }
  } else if (look === "invented") {
    nodes.push(element("span", "none … all of it", "ramp"));
  }
  legend.replaceChildren(...nodes);
}
