// Small maps that lie over the picture: which expert worked where, and how much of the detail was invented.

import { weights } from "./parts.js";

// As `harmonic restore --maps` draws them: denoise, deblur, decompress, texture; the colour-blind tell them apart.
export const EXPERT_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const INVENTED = [255, 92, 51];
const FLOOR = (1 / 255) ** 2; // energy of one grey level: less is neither kept nor invented

// The experts by their gates, mixed as colours; see-through where none was asked.
export function routingOverlay({ routing, shrunk, region }) {
  const { width, height, experts, gates } = routing;
  const colours = EXPERT_COLOURS.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let cell = 0; cell < width * height; cell++) {
    const here = gates.subarray(cell * experts.length, (cell + 1) * experts.length);
    const sum = here.reduce((total, gate) => total + gate, 0);
    for (let channel = 0; channel < 3 && sum; channel++) {
      pixels[4 * cell + channel] = here.reduce((total, g, e) => total + g * colours[e % colours.length][channel], 0) / sum;
    }
    pixels[4 * cell + 3] = sum && Math.min(255, 90 + sum);
  }
  const cell = routing.cell / shrunk; // cells count from the corner of the picture
  const [x, y] = region.map((start) => Math.floor(start / cell) * cell);
  const source = drawn(new ImageData(pixels, width, height));
  return { source, region: [x, y, width * cell, height * cell], within: region, opacity: 0.6, smooth: false };
}

// Share of the work of each expert, 0 to 1.
export function routingShares({ experts, gates }) {
  const sums = experts.map((_, e) => gates.reduce((sum, gate, i) => sum + (i % experts.length === e ? gate : 0), 0));
  const total = sums.reduce((a, b) => a + b, 0) || 1;
  return sums.map((sum) => sum / total);
}

// Share of the fine detail that does not come from the input, in windows of 2K x 2K pixels: `provenance` of the package
// (restore/maps.py has the law). What it needs of the parts are means over each window, gathered once by `energies`, so
// that a dial costs a few operations a window.
export function inventedOverlay({ region, shrunk, scale }, { width, height, side, means }, dials) {
  const [, , u, v] = weights(dials);
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let window = 0; window < width * height; window++) {
    const [bb, hb, tb, hh, ht, tt] = means.subarray(6 * window, 6 * window + 6);
    const along = u * hb + v * tb;
    const kept = Math.min(Math.max(along / Math.max(bb, 1e-12), -1), 0);
    const added = u * u * hh + 2 * u * v * ht + v * v * tt - 2 * kept * along + kept * kept * bb;
    const share = added / (added + (1 + kept) ** 2 * bb + FLOOR);
    pixels.set([...INVENTED, 255 * share], 4 * window);
  }
  const step = side / scale / shrunk;
  const source = drawn(new ImageData(pixels, width, height));
  return { source, region: [region[0], region[1], width * step, height * step], within: region, opacity: 0.75, smooth: true };
}

// Means over each window of B·B, H·B, T·B, H·H, H·T and T·T, with B the base without its means over K x K, H and T
// texture and generated texture. Over the edge the last row and column are repeated.
export function energies({ width, height, scale, planes }) {
  const cell = scale === 1 ? 4 : 2 * scale;
  const side = 2 * cell;
  const across = Math.ceil(width / side);
  const down = Math.ceil(height / side);
  const means = new Float64Array(6 * across * down);
  const { base, hf, texture } = planes;
  const value = ({ low, span, data }, at) => low + (span * data[at]) / 65535;
  const square = new Float64Array(cell * cell);
  for (let y = 0; y < down * side; y += cell) {
    for (let x = 0; x < across * side; x += cell) {
      const at = 6 * (Math.floor(y / side) * across + Math.floor(x / side));
      for (let channel = 0; channel < 3; channel++) {
        const place = (i) => {
          const row = Math.min(y + Math.floor(i / cell), height - 1);
          return 3 * (row * width + Math.min(x + (i % cell), width - 1)) + channel;
        };
        let mean = 0;
        for (let i = 0; i < square.length; i++) mean += (square[i] = value(base, place(i))) / square.length;
        for (let i = 0; i < square.length; i++) {
          const b = square[i] - mean;
          const h = value(hf, place(i));
          const t = texture ? value(texture, place(i)) : 0;
          means[at] += b * b;
          means[at + 1] += h * b;
          means[at + 2] += t * b;
          means[at + 3] += h * h;
          means[at + 4] += h * t;
          means[at + 5] += t * t;
        }
      }
    }
  }
  for (let i = 0; i < means.length; i++) means[i] /= 3 * side * side;
  return { width: across, height: down, side, means };
}

function drawn(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
