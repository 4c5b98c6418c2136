// How much of the fine detail was invented: `provenance` of the package (restore/maps.py has the law), so arranged that
// a dial costs a few operations a window. All of it is in means over windows of 2K x 2K pixels, gathered once.

import { weights } from "./parts.js";

const FLOOR = (1 / 255) ** 2; // energy of one grey level: less is neither kept nor invented

// Share of the detail that does not come from the input, 0 to 1, of each window.
export function inventedShares({ width, height, means }, dials) {
  const [, , u, v] = weights(dials);
  return Float64Array.from({ length: width * height }, (_, window) => {
    const [bb, hb, tb, hh, ht, tt] = means.subarray(6 * window, 6 * window + 6);
    const along = u * hb + v * tb;
    const kept = Math.min(Math.max(along / Math.max(bb, 1e-12), -1), 0);
    const added = u * u * hh + 2 * u * v * ht + v * v * tt - 2 * kept * along + kept * kept * bb;
    return added / (added + (1 + kept) ** 2 * bb + FLOOR);
  });
}

// Means over each window of B·B, H·B, T·B, H·H, H·T and T·T, with B the high band of the base, H and T texture and
// generated texture. Over the edge the last row and column are repeated.
export function energies({ width, height, scale, planes }) {
  const cell = scale === 1 ? 4 : 2 * scale;
  const side = 2 * cell;
  const across = Math.ceil(width / side);
  const down = Math.ceil(height / side);
  const means = new Float64Array(6 * across * down);
  const share = 1 / (3 * side * side);
  const { base, hf, texture } = planes;
  for (let channel = 0; channel < 3; channel++) {
    const at = (x, y) => 3 * (Math.min(y, height - 1) * width + Math.min(x, width - 1)) + channel;
    const value = ({ low, span, data }, place) => low + (span * data[place]) / 65535;
    const low = lowBand((x, y) => value(base, at(x, y)), 2 * across, 2 * down, cell);
    for (let y = 0; y < down * side; y++) {
      for (let x = 0; x < across * side; x++) {
        const place = at(x, y);
        const b = value(base, place) - low[y * across * side + x];
        const h = value(hf, place);
        const t = texture ? value(texture, place) : 0;
        const window = 6 * (Math.floor(y / side) * across + Math.floor(x / side));
        means[window] += share * b * b;
        means[window + 1] += share * h * b;
        means[window + 2] += share * t * b;
        means[window + 3] += share * h * h;
        means[window + 4] += share * h * t;
        means[window + 5] += share * t * t;
      }
    }
  }
  return { width: across, height: down, side, means };
}

// P = S·A of ops/band.py: means over cells, enlarged smoothly. -> (cell·rows, cell·columns)
function lowBand(pixel, columns, rows, cell) {
  const cells = new Float64Array(columns * rows);
  for (let y = 0; y < cell * rows; y++) {
    for (let x = 0; x < cell * columns; x++) cells[Math.floor(y / cell) * columns + Math.floor(x / cell)] += pixel(x, y);
  }
  const phases = smoothPhases(cell).map((phase) => phase.map((tap) => tap / (cell * cell)));
  const tall = new Float64Array(columns * cell * rows);
  for (let y = 0; y < cell * rows; y++) {
    for (let x = 0; x < columns; x++) {
      tall[y * columns + x] = taps(phases[y % cell], Math.floor(y / cell), rows, (row) => cells[row * columns + x]);
    }
  }
  const flat = smoothPhases(cell);
  const enlarged = new Float64Array(cell * columns * cell * rows);
  for (let y = 0; y < cell * rows; y++) {
    for (let x = 0; x < cell * columns; x++) {
      const column = Math.floor(x / cell);
      enlarged[y * cell * columns + x] = taps(flat[x % cell], column, columns, (at) => tall[y * columns + at]);
    }
  }
  return enlarged;
}

// Seven neighbours of `middle`, weighed; borders are mirrored, with the edge repeated.
function taps(phase, middle, length, value) {
  let sum = 0;
  for (let tap = 0; tap < 7; tap++) {
    const at = (((middle + tap - 3) % (2 * length)) + 2 * length) % (2 * length);
    sum += phase[tap] * value(at < length ? at : 2 * length - 1 - at);
  }
  return sum;
}

// Filters of S, (cell, 7): bilinear, two back-projections, and a bump that adds what is left of the error.
export function smoothPhases(cell) {
  const places = Array.from({ length: cell }, (_, i) => (i + 0.5) / cell - 0.5);
  const bilinear = places.map((p) => [Math.max(-p, 0), 1 - Math.abs(p), Math.max(p, 0)]);
  const error = [0, 1, 2].map((tap) => (tap === 1) - bilinear.reduce((sum, phase) => sum + phase[tap], 0) / cell);
  const error2 = convolve(error, error);
  const error3 = convolve(error, error2);
  const correction = error2.map((value, i) => value + (error[i - 1] ?? 0) + (i === 2));
  return bilinear.map((phase, i) => {
    const bump = 1 - Math.cos((2 * Math.PI * (i + 0.5)) / cell);
    return convolve(phase, correction).map((value, tap) => value + bump * error3[tap]);
  });
}

function convolve(a, b) {
  const result = new Array(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => b.forEach((y, j) => (result[i + j] += x * y)));
  return result;
}
