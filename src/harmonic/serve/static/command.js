// Names and words: the command line that would do the same, what the result is called, sizes and times for people.

const ENDINGS = {
  "image/png": ["png"],
  "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
  "image/webp": ["webp"],
  "image/tiff": ["tif", "tiff"],
  "image/avif": ["avif"],
  "image/bmp": ["bmp", "dib"],
};

// In pieces, of which none should be broken. Only what differs from the defaults is said; the model always.
export function commandLine({ name, model, dials, format, metadata }) {
  const told = [["--strength", dials.strength, 1], ["--detail", dials.detail, 1], ["--texture", dials.texture, 0]];
  if (dials.texture) told.push(["--seed", dials.seed, 0]);
  told.push(["--format", format, "auto"], ["--metadata", metadata, "keep"]);
  const options = told.filter(([, value, usual]) => value !== usual).map(([option, value]) => `${option} ${value}`);
  return ["harmonic restore", quoted(name), `--model ${quoted(model)}`, ...options];
}

// For a POSIX shell; a name that begins with a dash must not be taken for an option.
export function quoted(text) {
  const safe = text.startsWith("-") ? `./${text}` : text;
  return /^[\w.,:@%+/=-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

// photo.jpeg -> photo-restored.jpeg, as the command line names it; another ending where the format is another.
export function resultName(name, type) {
  const [, stem, ending] = /^(.*?)(?:\.([^.]*))?$/s.exec(name);
  const known = ENDINGS[type.split(";")[0]] ?? ["png"];
  return `${stem || "picture"}-restored.${known.includes(ending?.toLowerCase()) ? ending : known[0]}`;
}

export function duration(seconds) {
  if (seconds < 1) return "a moment";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
