// What the page asks of the service. Every failure becomes one `Refusal` whose message a person can read.

const UNREACHABLE = "The service does not answer. Is it still running? Nothing is lost: try again.";
const BROKEN_OFF = "The answer of the service broke off. Nothing is lost: try again.";
const LOCKED = "This service asks for a token: open this page with #token=… at the end of its address.";
const MOST_WAITS = 20; // 429 answers in a row before the page gives up
const POLL_MS = 1000;

export class Refusal extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

let token = null;
try {
  token = sessionStorage.getItem("token");
} catch {} // a browser that lets pages keep nothing
takeToken();

// Taken out of the address at once, so that it is in no history and no screenshot; it lives as long as this tab, so that
// the page can be loaded again. True when there was one.
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  token = given;
  try {
    sessionStorage.setItem("token", token);
  } catch {}
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

// Answers of 200 to 299. A busy service (429) is asked again after the time that it names; `onWait` hears how long.
async function ask(path, { onWait = () => {}, ...options } = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  for (let waits = 0; ; waits++) {
    let answer;
    try {
      answer = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refusal(UNREACHABLE);
    }
    if (answer.ok) return answer;
    if (answer.status !== 429 || waits === MOST_WAITS) throw await refusalOf(answer);
    await sleepThrough(Number(answer.headers.get("Retry-After")) || 2, onWait, options.signal);
  }
}

async function refusalOf(answer) {
  if (answer.status === 401) return new Refusal(LOCKED, 401);
  const told = await answer.json().catch(() => ({}));
  const text = typeof told.message === "string" ? told.message : `The service answered ${answer.status}.`;
  return new Refusal(text, answer.status);
}

async function sleepThrough(seconds, onWait, signal) {
  for (let left = seconds; left > 0; left--) {
    onWait(left);
    await sleep(1000, signal);
  }
  onWait(0);
}

function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", stop), resolve()), milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function form(picture, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, String(value));
  body.append("picture", picture, "picture"); // the name of the file is nobody's business
  return body;
}

export const models = async () => (await ask("/v1/models")).json();
export const samples = async () => (await ask("/samples")).json();
export const sample = async (url) => (await ask(url)).blob();
export const inspect = async (picture, options) =>
  (await ask("/v1/inspect", { method: "POST", body: form(picture, {}), ...options })).json();

// What `ask` answered, whole: {headers, bytes}. A line may break in the middle of it.
async function whole(answer) {
  try {
    return { headers: answer.headers, bytes: await answer.arrayBuffer() };
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refusal(BROKEN_OFF);
  }
}

// The parts of a region, at once, as {headers, bytes}. predicted: seconds that it may take, or null; aborting `signal`
// stops the service too.
export async function parts(picture, fields, predicted, { signal, onProgress, onWait }) {
  const started = performance.now();
  const tick = () => onProgress(estimate({ done: 0, total: 0 }, predicted, (performance.now() - started) / 1000));
  const clock = setInterval(tick, 200);
  try {
    return await whole(await ask("/v1/parts", { method: "POST", body: form(picture, fields), signal, onWait }));
  } finally {
    clearInterval(clock);
  }
}

// Runs a job to its end and returns its result as {headers, bytes}. onProgress({fraction, eta}) with eta in seconds or
// null; onWait(seconds) while the service is busy. An aborted `signal`, or a page that is left, ends the work on the service.
export async function work(picture, fields, { signal, onProgress, onWait }) {
  const posted = { method: "POST", body: form(picture, fields), signal, onWait };
  const { id, predicted_seconds: predicted } = await (await ask("/v1/jobs", posted)).json();
  const job = `/v1/jobs/${encodeURIComponent(id)}`;
  const forget = () => ask(job, { method: "DELETE", keepalive: true }).catch(() => {});
  addEventListener("pagehide", forget);
  try {
    const started = performance.now();
    for await (const told of progressOf(job, signal)) {
      if (told.state === "failed") throw new Refusal(told.error?.message ?? "The restoration failed.", 500);
      if (told.state === "cancelled") throw new Refusal("The restoration was cancelled on the service.", 409);
      onProgress(estimate(told, predicted, (performance.now() - started) / 1000));
    }
    return await whole(await ask(`${job}/result`, { signal, onWait }));
  } finally {
    removeEventListener("pagehide", forget);
    forget(); // also when it is done: the result is here, so the service need not keep it
  }
}

// A picture that is restored in one tile says nothing until it is done, so what the service predicted moves the bar.
function estimate(told, predicted, seconds) {
  const expected = predicted ? Math.min(0.95, seconds / predicted) : null;
  const eta = told.eta ?? (predicted ? Math.max(predicted - seconds, 0) : null);
  const measured = told.total && told.done ? told.done / told.total : expected;
  return { fraction: measured && Math.max(measured, expected), eta, queued: told.state === "queued" };
}

const ENDED = ["done", "failed", "cancelled"];

// The states of a job until it ends: from its event stream, or asked for each second where that breaks off.
async function* progressOf(job, signal) {
  let told = null;
  try {
    for await (told of events(await ask(`${job}/events`, { signal }))) {
      yield told;
      if (ENDED.includes(told.state)) return;
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  for (;;) {
    told = await (await ask(job, { signal })).json();
    yield told;
    if (ENDED.includes(told.state)) return;
    await sleep(POLL_MS, signal);
  }
}

// The JSON of each `data:` line. Not EventSource, which can send no token.
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
  }
}
