// Mixes parts into a canvas, anew for every change of a dial: on the graphics card, or in a loop in time slices.
//
// A mixer has `canvas`, and `before`, the same with strength 0. `draw` says what is wanted; `step` works at it for a few
// milliseconds and says whether something is left to do. Rounded half up, as the engine rounds.

import { PLANES, terms, weights } from "./parts.js";

const SLICE_MS = 5; // of one frame, for the loop
const SLICE_PIXELS = 8192; // between two looks at the clock
const NOTHING = weights({ strength: 0, detail: 0, texture: 0 });

export function createMixer(parts) {
  try {
    if (hasGraphicsCard()) return new GlMixer(parts);
  } catch {
    // No WebGL 2 here, or a picture too long for it.
  }
  return new LoopMixer(parts);
}

// WebGL in software is slower than the loop, and `failIfMajorPerformanceCaveat` does not tell it everywhere.
function hasGraphicsCard() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const name = gl?.getParameter(gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return gl !== null && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

const VERTEX = `#version 300 es
in vec2 corner;
void main() { gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D planes[4];
uniform vec4 lows, factors;
uniform float around;
uniform int height;
out vec4 colour;
void main() {
  ivec2 at = ivec2(int(gl_FragCoord.x), height - 1 - int(gl_FragCoord.y));
  vec3 y = around + lows.x + factors.x * vec3(texelFetch(planes[0], at, 0).rgb)
    + lows.y + factors.y * vec3(texelFetch(planes[1], at, 0).rgb)
    + lows.z + factors.z * vec3(texelFetch(planes[2], at, 0).rgb)
    + lows.w + factors.w * vec3(texelFetch(planes[3], at, 0).rgb);
  // Whole levels, since how a graphics card rounds to 8 bit is its own affair.
  colour = vec4(floor(clamp(y, 0.0, 1.0) * 255.0 + 0.5) / 255.0, 1.0);
}`;

export class GlMixer {
  constructor(parts) {
    this.parts = parts;
    this.canvas = Object.assign(document.createElement("canvas"), { width: parts.width, height: parts.height });
    const options = { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true };
    const gl = (this.gl = this.canvas.getContext("webgl2", options));
    if (!gl || Math.max(parts.width, parts.height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) throw new Error("no WebGL 2");
    this.program = programOf(gl);
    gl.useProgram(this.program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
    PLANES.forEach((name, unit) => this.#upload(unit, parts.planes[name]?.data));
    gl.uniform1iv(this.#at("planes"), [0, 1, 2, 3]);
    gl.uniform1i(this.#at("height"), parts.height);
    this.draw(NOTHING, "picture");
    this.step();
    this.before = copyOf(this.canvas);
  }

  #at(name) {
    return this.gl.getUniformLocation(this.program, name);
  }

  #upload(unit, data) {
    const { gl } = this;
    const [width, height] = data ? [this.parts.width, this.parts.height] : [1, 1]; // an absent plane has weight 0
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    const pixels = data ?? new Uint16Array(3);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB16UI, width, height, 0, gl.RGB_INTEGER, gl.UNSIGNED_SHORT, pixels);
  }

  draw(weight, look) {
    this.wanted = terms(this.parts, weight, look);
  }

  step() {
    const { gl, wanted } = this;
    if (!wanted) return false;
    gl.uniform4fv(this.#at("lows"), wanted.lows);
    gl.uniform4fv(this.#at("factors"), wanted.factors);
    gl.uniform1f(this.#at("around"), wanted.around);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    this.wanted = null;
    return false;
  }

  // A page may hold a few contexts only, so they are not left to the garbage collector.
  dispose() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, "corner");
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

function copyOf(canvas) {
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}

export class LoopMixer {
  constructor(parts) {
    this.parts = parts;
    this.canvas = Object.assign(document.createElement("canvas"), { width: parts.width, height: parts.height });
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.row = this.left = 0;
    this.draw(NOTHING, "picture");
    while (this.step());
    this.before = copyOf(this.canvas);
  }

  // Rows go round: while a dial moves, each frame goes on where the last one stopped, so that none is forgotten.
  draw(weight, look) {
    this.wanted = terms(this.parts, weight, look);
    this.left = this.parts.height;
  }

  step() {
    const { width, height } = this.parts;
    const until = performance.now() + SLICE_MS;
    while (this.left > 0 && performance.now() < until) {
      const count = Math.min(this.left, height - this.row, Math.ceil(SLICE_PIXELS / width));
      const image = this.context.createImageData(width, count);
      this.#fill(new Uint32Array(image.data.buffer), this.row * width, this.wanted);
      this.context.putImageData(image, 0, this.row);
      this.row = (this.row + count) % height;
      this.left -= count;
    }
    return this.left > 0;
  }

  #fill(pixels, first, { lows, factors, around }) {
    const [base, lf, hf, texture] = PLANES.map((name) => this.parts.planes[name]?.data ?? this.parts.planes.base.data);
    const [a, b, c, d] = factors.map((factor) => 255 * factor);
    const low = 255 * (around + lows[0] + lows[1] + lows[2] + lows[3]);
    for (let pixel = 0, i = 3 * first; pixel < pixels.length; pixel++, i += 3) {
      const red = level(low + a * base[i] + b * lf[i] + c * hf[i] + d * texture[i]);
      const green = level(low + a * base[i + 1] + b * lf[i + 1] + c * hf[i + 1] + d * texture[i + 1]);
      const blue = level(low + a * base[i + 2] + b * lf[i + 2] + c * hf[i + 2] + d * texture[i + 2]);
      pixels[pixel] = 0xff000000 | (blue << 16) | (green << 8) | red;
    }
  }

  dispose() {}
}

const level = (y) => (y < 0 ? 0 : y > 255 ? 255 : (y + 0.5) | 0);
