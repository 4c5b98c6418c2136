// Small maps that lie over the picture: which expert worked where, and how much of the detail was invented.

import { inventedShares } from "./invented.js";

// As `harmonic restore --maps` draws them: denoise, deblur, decompress, texture; the colour-blind tell them apart.
export const EXPERT_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const INVENTED = [255, 92, 51];

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

// How much of the detail was invented, from its `energies` and the dials.
export function inventedOverlay({ region, shrunk, scale }, energies, dials) {
  const { width, height, side } = energies;
  const pixels = new Uint8ClampedArray(4 * width * height);
  inventedShares(energies, dials).forEach((share, window) => pixels.set([...INVENTED, 255 * share], 4 * window));
  const step = side / scale / shrunk;
  const source = drawn(new ImageData(pixels, width, height));
  return { source, region: [region[0], region[1], width * step, height * step], within: region, opacity: 0.75, smooth: true };
}

function drawn(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
