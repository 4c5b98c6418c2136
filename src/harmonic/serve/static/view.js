// The picture on the stage: zoom, pan, the divide between before and after, and the lens. Knows nothing of parts.
//
// Places are in pixels of the input. `zoom` is device pixels per pixel of the result, so 1 is 1:1 whatever the scale.

const MOST_ZOOM = 32;
const ALIGNED = 8; // input pixels; windows of the maps begin at such places
const FRAME_COLOUR = "rgba(128, 128, 128, 0.9)";

export class View {
  // mix: called before each drawing, true when it wants another frame. moved: called after each change of the place.
  constructor(stage, canvas, { mix, moved }) {
    Object.assign(this, { stage, canvas, mix, moved });
    this.context = canvas.getContext("2d", { alpha: true });
    this.layers = { whole: null, before: null, after: null, overlay: null }; // {source, region: [x, y, w, h]}, overlay also {within, opacity, smooth}
    this.size = null; // [width, height] of the input
    this.scale = 1;
    this.divide = 0.5; // share of the stage that shows what was before
    this.lens = null; // [x, y] on the stage in device pixels
    this.most = null; // pixels of the result that one preview may have, where that is not all of it
    this.fitted = true;
    this.zoom = 1;
    this.centre = [0, 0];
    new ResizeObserver(() => this.#resize()).observe(stage);
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    const { width, height } = this.stage.getBoundingClientRect();
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    if (this.fitted) this.fit();
    this.draw();
  }

  get #pixel() {
    return this.zoom * this.scale; // device pixels per pixel of the input
  }

  get fitZoom() {
    const [width, height] = this.size.map((side) => side * this.scale);
    return Math.min(this.canvas.width / width, this.canvas.height / height, 4) * 0.96;
  }

  open(size, scale) {
    const same = this.size && size[0] === this.size[0] && size[1] === this.size[1] && scale === this.scale;
    if (same) return;
    Object.assign(this, { size, scale });
    this.fit();
  }

  fit() {
    if (!this.size) return;
    this.zoom = this.fitZoom;
    this.centre = this.size.map((side) => side / 2);
    this.fitted = true;
    this.draw();
  }

  // Zoom so that what lies at `at` (device pixels on the stage; its middle without) stays there.
  zoomTo(zoom, at = [this.canvas.width / 2, this.canvas.height / 2]) {
    if (!this.size) return;
    const [x, y] = this.inputAt(at);
    this.zoom = Math.min(Math.max(zoom, Math.min(this.fitZoom, 1)), MOST_ZOOM);
    this.fitted = false;
    const middle = [this.canvas.width / 2, this.canvas.height / 2];
    this.#moveTo([x, y].map((value, i) => value - (at[i] - middle[i]) / this.#pixel));
  }

  pan(dx, dy) {
    if (!this.size) return;
    this.fitted = false;
    this.#moveTo([this.centre[0] - dx / this.#pixel, this.centre[1] - dy / this.#pixel]);
  }

  // The middle of the stage stays on the picture; a picture smaller than the stage stays in its middle.
  #moveTo(centre) {
    const stage = [this.canvas.width, this.canvas.height];
    this.centre = centre.map((value, i) => {
      const half = Math.min(stage[i] / 2 / this.#pixel, this.size[i] / 2);
      return Math.min(Math.max(value, half), this.size[i] - half);
    });
    this.draw();
  }

  inputAt([x, y]) {
    return [(x - this.canvas.width / 2) / this.#pixel + this.centre[0], (y - this.canvas.height / 2) / this.#pixel + this.centre[1]];
  }

  // What can be seen, [x, y, w, h] in whole pixels, cut from its middle to at most `most` pixels of the result.
  visible(most) {
    const ends = [this.inputAt([0, 0]), this.inputAt([this.canvas.width, this.canvas.height])];
    let box = [0, 1].map((i) => [Math.max(ends[0][i], 0), Math.min(ends[1][i], this.size[i])]);
    const area = this.scale ** 2 * (box[0][1] - box[0][0]) * (box[1][1] - box[1][0]);
    const shrink = Math.min(1, Math.sqrt(most / area));
    box = box.map(([from, to]) => [(from + to) / 2, ((to - from) * shrink) / 2]);
    const [x, y] = box.map(([middle, half]) => Math.floor((middle - half) / ALIGNED) * ALIGNED);
    const [right, bottom] = box.map(([middle, half]) => Math.floor(middle + half));
    return [x, y, ...this.#within(most, right - x, bottom - y)];
  }

  // What was gained at the corner is taken off the longer side.
  #within(most, width, height) {
    const sides = [Math.max(width, 1), Math.max(height, 1)];
    const longer = sides[0] < sides[1] ? 1 : 0;
    sides[longer] = Math.min(sides[longer], Math.floor(most / this.scale ** 2 / sides[1 - longer]));
    return sides;
  }

  draw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      const more = this.mix();
      this.#paint();
      if (more) this.draw();
    });
  }

  #paint() {
    const { context, canvas, layers } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.size) return;
    const at = Math.round(this.divide * canvas.width);
    const middle = [canvas.width / 2, canvas.height / 2];
    this.#half(layers.before, [0, 0, at, canvas.height], this.#pixel, this.centre, middle);
    this.#half(layers.after, [at, 0, canvas.width - at, canvas.height], this.#pixel, this.centre, middle, layers.overlay);
    if (layers.after && !this.#isWhole(layers.after)) this.#frame(layers.after.region);
    else if (!layers.after && this.most) this.#frame(this.visible(this.most), [8, 6]);
    if (this.lens && layers.after) this.#paintLens();
    const [left, top] = this.#corner(this.#pixel, this.centre, middle);
    canvas.dataset.place = `${left} ${top} ${this.zoom}`;
    this.moved();
  }

  #isWhole({ region }) {
    return region[2] === this.size[0] && region[3] === this.size[1];
  }

  // Where the picture begins, in whole device pixels, so that at 1:1 each pixel of the result is one of the screen.
  #corner(pixel, centre, middle) {
    return middle.map((value, i) => Math.round(value - centre[i] * pixel));
  }

  #half(layer, box, pixel, centre, middle, overlay = null) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(...box);
    context.clip();
    const corner = this.#corner(pixel, centre, middle);
    const { whole } = this.layers;
    if (whole && !(layer && this.#isWhole(layer))) this.#paintLayer(whole, pixel, corner);
    if (layer) this.#paintLayer(layer, pixel, corner);
    if (overlay) this.#paintOverlay(overlay, pixel, corner);
    context.restore();
  }

  #paintLayer({ source, region: [x, y, w, h] }, pixel, [left, top]) {
    const { context } = this;
    const enlarged = (w * pixel) / (source.naturalWidth || source.width);
    context.imageSmoothingEnabled = enlarged < 2 && enlarged !== 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(source, left + x * pixel, top + y * pixel, w * pixel, h * pixel);
  }

  // Its cells may reach over the edge of the region that they tell of.
  #paintOverlay({ source, region: [x, y, w, h], within, opacity, smooth }, pixel, [left, top]) {
    const { context } = this;
    context.beginPath();
    context.rect(left + within[0] * pixel, top + within[1] * pixel, within[2] * pixel, within[3] * pixel);
    context.clip();
    context.imageSmoothingEnabled = smooth;
    context.globalAlpha = opacity;
    context.drawImage(source, left + x * pixel, top + y * pixel, w * pixel, h * pixel);
    context.globalAlpha = 1;
  }

  #frame([x, y, w, h], dash = []) {
    const { context } = this;
    const [left, top] = this.#corner(this.#pixel, this.centre, [this.canvas.width / 2, this.canvas.height / 2]);
    context.setLineDash(dash);
    for (const [colour, grow] of [["rgba(0, 0, 0, 0.6)", 1], ["rgba(255, 255, 255, 0.9)", 0]]) {
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.strokeRect(left + x * this.#pixel - grow, top + y * this.#pixel - grow, w * this.#pixel + 2 * grow, h * this.#pixel + 2 * grow);
    }
    context.setLineDash([]);
  }

  // One place twice, before and after side by side, magnified.
  #paintLens() {
    const { context, canvas } = this;
    const ratio = devicePixelRatio || 1;
    const side = Math.round(Math.min(150 * ratio, canvas.width / 2.4));
    const zoom = Math.max(2 * this.zoom, 2) * this.scale;
    const centre = this.inputAt(this.lens);
    const left = Math.round(Math.min(Math.max(this.lens[0] - side, 8), canvas.width - 2 * side - 8));
    const over = this.lens[1] - side - 24 * ratio;
    const top = Math.round(over > 8 ? over : this.lens[1] + 24 * ratio);
    const outline = new Path2D();
    outline.roundRect(left, top, 2 * side, side, 12 * ratio);
    context.save();
    context.clip(outline);
    context.fillStyle = FRAME_COLOUR;
    context.fillRect(left, top, 2 * side, side);
    for (const [i, layer] of [this.layers.before, this.layers.after].entries()) {
      const from = left + i * side;
      const middle = [from + side / 2, top + side / 2];
      this.#half(layer, [from, top, side, side], zoom, centre, middle, i ? this.layers.overlay : null);
    }
    context.restore();
    context.strokeStyle = "white";
    context.lineWidth = 2 * ratio;
    context.stroke(outline);
    context.fillStyle = "white";
    context.fillRect(left + side - ratio, top, 2 * ratio, side);
  }
}
