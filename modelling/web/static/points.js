// Draws points with WebGL: positions once, colours when they change, then one call a frame, for a hundred thousand points as for ten.

const VERTEX = `
attribute vec2 place; attribute vec4 colour; attribute float form; uniform vec2 scale, shift; uniform float size, grown; varying vec4 shown; varying float kind;
void main() { gl_Position = vec4(place * scale + shift, 0.0, 1.0); gl_PointSize = size * (colour.a > 0.5 ? grown : 0.75); shown = colour; kind = form; }`;
const FRAGMENT = `
precision mediump float; varying vec4 shown; varying float kind;
void main() {
  vec2 p = gl_PointCoord - 0.5, a = abs(p); float d = length(p);
  if (kind > 3.5) d = max(3.0 * min(a.x, a.y), max(a.x, a.y));
  else if (kind > 2.5) d = 0.95 * (a.x + a.y);
  else if (kind > 1.5) d = 1.9 * max(p.y - 0.08, 0.866 * a.x - 0.5 * (p.y - 0.08));
  else if (kind > 0.5) d = 1.12 * max(a.x, a.y);
  float edge = smoothstep(0.5, 0.4, d); if (edge <= 0.0) discard; gl_FragColor = vec4(shown.rgb * shown.a, shown.a) * edge; }`;

/** 0..n-1 in one random order: any first part of it is a fair sample, and no group is painted over another. */
function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 42;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function compiled(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  return shader;
}

export class PointLayer {
  /** @param x, y Float32Array; throws when the browser has no WebGL. */
  constructor(canvas, x, y) {
    const gl = canvas.getContext("webgl", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (!gl) throw new Error("this browser shows no WebGL");
    this.canvas = canvas; this.gl = gl; this.n = x.length; this.x = x; this.y = y; this.order = shuffled(x.length);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => { this.#prepare(); this.colours(this.rgba, this.forms); });
    this.#prepare();
  }

  #prepare() {
    const gl = this.gl, program = gl.createProgram();
    gl.attachShader(program, compiled(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compiled(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    gl.useProgram(program);
    const places = new Float32Array(2 * this.n);
    for (let k = 0; k < this.n; k++) { places[2 * k] = this.x[this.order[k]]; places[2 * k + 1] = this.y[this.order[k]]; }
    this.#attribute(program, "place", places, 2, gl.FLOAT, false);
    this.colourBuffer = this.#attribute(program, "colour", new Uint8Array(4 * this.n), 4, gl.UNSIGNED_BYTE, true);
    this.formBuffer = this.#attribute(program, "form", new Uint8Array(this.n), 1, gl.UNSIGNED_BYTE, false);
    this.at = Object.fromEntries(["scale", "shift", "size", "grown"].map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #attribute(program, name, values, size, type, normalised) {
    const gl = this.gl, buffer = gl.createBuffer(), at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, normalised, 0, 0);
    return buffer;
  }

  /** @param rgba Uint8Array (4 n); forms Uint8Array (n): 0 circle, 1 square, 2 triangle, 3 diamond, 4 cross. */
  colours(rgba, forms) {
    this.rgba = rgba; this.forms = forms;
    const from = new Uint32Array(rgba.buffer), to = new Uint32Array(this.n), kinds = new Uint8Array(this.n);
    for (let k = 0; k < this.n; k++) { to[k] = from[this.order[k]]; kinds[k] = forms[this.order[k]]; }
    for (const [buffer, values] of [[this.colourBuffer, to], [this.formBuffer, kinds]]) {
      this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
      this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, values);
    }
  }

  /** `grown` enlarges the points that are shown in colour; `most` draws a random part only. */
  draw(scale, shift, size, grown, most) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.at.scale, ...scale);
    gl.uniform2f(this.at.shift, ...shift);
    gl.uniform1f(this.at.size, size);
    gl.uniform1f(this.at.grown, grown);
    gl.drawArrays(gl.POINTS, 0, Math.min(this.n, most));
  }
}

/** Points in square cells, for the nearest one to a place without looking at all of them. */
export class Cells {
  constructor(x, y, side = 128) {
    this.x = x; this.y = y; this.side = side;
    this.start = new Uint32Array(side * side + 1);
    const cell = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) { cell[i] = this.#cell(x[i], y[i]); this.start[cell[i] + 1]++; }
    for (let c = 0; c < side * side; c++) this.start[c + 1] += this.start[c];
    const next = this.start.slice();
    this.order = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) this.order[next[cell[i]]++] = i;
  }

  #column(v) { return Math.min(this.side - 1, Math.max(0, Math.floor(((v + 1) / 2) * this.side))); }
  #cell(x, y) { return this.#column(y) * this.side + this.#column(x); }

  /** The nearest point within `radius`, -1 for none; `allowed` may rule points out. */
  nearest(px, py, radius, allowed = () => true) {
    let best = -1, closest = radius * radius;
    for (let row = this.#column(py - radius); row <= this.#column(py + radius); row++) {
      for (let column = this.#column(px - radius); column <= this.#column(px + radius); column++) {
        const cell = row * this.side + column;
        for (let k = this.start[cell]; k < this.start[cell + 1]; k++) {
          const i = this.order[k], d = (this.x[i] - px) ** 2 + (this.y[i] - py) ** 2;
          if (d < closest && allowed(i)) { best = i; closest = d; }
        }
      }
    }
    return best;
  }
}
