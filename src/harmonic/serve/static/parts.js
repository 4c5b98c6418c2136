// The parts of a picture as the service sends them, and the laws of mixing them; no drawing here.
//
// Bytes: length N of the header (4, little-endian), header (N, JSON), padding to 4, then the planes at their offsets:
// uint16, little-endian, (height, width, 3), value = low + (high - low) * v / 65535. See `Parts.mix` of the package.

export const PLANES = ["base", "lf", "hf", "texture"];
export const GAINS = { structure: 8, texture: 4, generated: 4 }; // of corrections where they are shown alone, around mid grey

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
  const { structure, texture, generated } = GAINS;
  const shown =
    { structure: [0, structure, 0, 0], texture: [0, 0, texture, texture], generated: [0, 0, 0, generated] }[look] ??
    [1, 1, 1, 1];
  const scaled = PLANES.map((name, i) => (parts.planes[name] ? weight[i] * shown[i] : 0));
  return {
    around: look in GAINS ? 0.5 : 0,
    lows: PLANES.map((name, i) => scaled[i] && scaled[i] * parts.planes[name].low),
    factors: PLANES.map((name, i) => scaled[i] && (scaled[i] * parts.planes[name].span) / 65535),
  };
}
