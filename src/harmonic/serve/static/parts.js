// The parts of a picture as the service sends them, and the laws of mixing them; no drawing here.
//
// Bytes: length N of the header (4, little-endian), header (N, JSON), padding to 4, then the planes at their offsets:
// uint16, little-endian, (height, width, 3), value = low + (high - low) * v / 65535. See `Parts.mix` of the package.

export const PLANES = ["base", "lf", "hf", "texture"];
export const GAIN = 4; // of the corrections where they are shown alone, around mid grey
export const MOST_INVENTED = 0.1; // invented detail, in units of the picture, that gets the full colour
export const INVENTED = [255, 92, 51]; // that colour

// Header and planes by name; the planes are views of `buffer`.
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = (4 + length + 3) & ~3;
  const planes = {};
  for (const { name, low, high, offset } of head.parts) {
    planes[name] = { low, span: high - low, data: new Uint16Array(buffer, start + offset, 3 * head.width * head.height) };
  }
  const routing = head.routing && {
    ...head.routing,
    gates: new Uint8Array(buffer, start + head.routing.offset, cells(head.routing) * head.routing.experts.length),
  };
  return { ...head, planes, routing };
}

const cells = ({ width, height }) => width * height;

// Weights of the planes, as `Restorer.restore` multiplies them.
export function weights({ strength, detail, texture }) {
  return [1, strength, strength * detail, strength * texture];
}

// The mix is the sum over the planes of low + factor * v, in units of the picture: the decoding folded into the weights,
// and into them what `look` leaves out or magnifies. around: what the sum is added to.
export function terms(parts, weight, look) {
  const shown = { structure: [0, GAIN, 0, 0], texture: [0, 0, GAIN, GAIN] }[look] ?? [1, 1, 1, 1];
  const scaled = PLANES.map((name, i) => (parts.planes[name] ? weight[i] * shown[i] : 0));
  return {
    around: look === "structure" || look === "texture" ? 0.5 : 0,
    lows: PLANES.map((name, i) => scaled[i] && scaled[i] * parts.planes[name].low),
    factors: PLANES.map((name, i) => scaled[i] && (scaled[i] * parts.planes[name].span) / 65535),
  };
}

export const EXPERT_COLOURS = ["#e0a100", "#2f7de1", "#d1495b", "#2a9d6f", "#8f5bd6", "#5b6770"];

// Which expert worked where: (cells) RGBA, the colours of the experts by their gates; see-through where none did.
export function routingPixels({ width, height, experts, gates }) {
  const colours = EXPERT_COLOURS.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let cell = 0; cell < width * height; cell++) {
    const here = gates.subarray(cell * experts.length, (cell + 1) * experts.length);
    const sum = here.reduce((total, gate) => total + gate, 0);
    for (let channel = 0; channel < 3 && sum; channel++) {
      pixels[4 * cell + channel] = here.reduce((total, g, e) => total + g * colours[e % colours.length][channel], 0) / sum;
    }
    pixels[4 * cell + 3] = sum ? 90 + 165 * Math.min(1, sum / 255) : 0;
  }
  return new ImageData(pixels, width, height);
}

// Share of the work of each expert, 0 to 1.
export function routingShares({ experts, gates }) {
  const sums = experts.map((_, e) => gates.reduce((sum, gate, i) => sum + (i % experts.length === e ? gate : 0), 0));
  const total = sums.reduce((a, b) => a + b, 0) || 1;
  return sums.map((sum) => sum / total);
}
