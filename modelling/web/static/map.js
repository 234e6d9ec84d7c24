// The map: what is where, moving about, hovering, highlighting; the user's own samples as marks above it.

import { Cells, PointLayer } from "./points.js";
import { bundled, inkOn } from "./bundles.js";
import { anchors, placed } from "./names.js";
import { $, count, counted, el, plain, say } from "./dom.js";

const HOVER_PIXELS = 9;
const MAX_ZOOM = 80;
const SLOW_FRAME = 45; // ms: no graphics card, so only some points are drawn while the map moves
const FEW = 15000;
const REST = 160;
const MOST_LABELS = 12; // own samples that are labelled without being chosen
const MANY = 60; // own samples from which those that lie on each other are drawn as one
const NOTE = 22; // px at the foot that the note needs

export class AtlasMap extends EventTarget {
  constructor(about, colours) {
    super();
    this.about = about; this.colours = colours; this.highlight = null; this.lasso = null; this.picking = false; this.mine = []; this.current = -1;
    this.canvas = $("points"); this.overlay = $("overlay"); this.tip = $("tip"); this.frame = $("frame");
    this.centre = [0, 0]; this.zoom = 1; this.hovered = -1; this.names = null; this.slow = false; this.slowFrames = 0;
  }

  async load() {
    const answer = await fetch("api/map");
    if (!answer.ok) throw new Error(`the map could not be loaded (${answer.status})`);
    const bytes = await answer.arrayBuffer();
    const n = new DataView(bytes).getUint32(0, true);
    this.n = n;
    this.x = new Float32Array(bytes, 4, n);
    this.y = new Float32Array(bytes, 4 + 4 * n, n);
    [this.tissue, this.source, this.split] = [0, 1, 2].map((k) => new Uint8Array(bytes, 4 + 8 * n + k * n, n));
    this.cells = new Cells(this.x, this.y);
    try {
      this.layer = new PointLayer(this.canvas, this.x, this.y);
    } catch (error) {
      $("map-note").textContent = `No map: ${error.message}. Predictions work without it.`;
    }
    this.#listen();
    this.ready = fetch("api/map/names").then((names) => names.text()).then((text) => {
      this.names = text ? text.split("\n").map((line) => line.split("\t")) : [];
      this.frame.dataset.ready = "yes";
    });
  }

  /** The group of point i in the colouring; null where it is unknown or a measure is shown. */
  nameOf(i) { return this.colouring.nameOf(i); }

  tissueOf(i) { return this.about.tissues[this.tissue[i]]; }

  /** Colour by a colouring; `keep` (i -> boolean or null) leaves the others grey. */
  paint(colouring = this.colouring, keep = this.highlight) {
    if (colouring !== this.colouring) { this.colouring = colouring; this.anchors = anchors(this.x, this.y, colouring.nameOf, plain); }
    this.highlight = keep;
    const rgba = new Uint8Array(4 * this.n), forms = new Uint8Array(this.n);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches ? document.documentElement.dataset.theme !== "light" : document.documentElement.dataset.theme === "dark";
    const grey = dark ? 120 : 150;
    this.n_kept = 0;
    for (let i = 0; i < this.n; i++) {
      const kept = !keep || keep(i), one = kept ? colouring.of(i) : undefined, rgb = one?.rgb ?? [grey, grey, grey];
      this.n_kept += kept;
      forms[i] = one?.form ?? 0;
      const strong = this.mine.length > MANY ? 90 : 210; // many own samples stand out before pale ones
      rgba.set([rgb[0], rgb[1], rgb[2], kept ? (one ? strong : 110) : 40], 4 * i);
    }
    this.layer?.colours(rgba, forms);
    $("map-note").textContent = keep ? `${count(this.n_kept)} of ${counted(this.n, "sample")} shown in colour` : `${counted(this.n, "reference sample")} · ${this.about.map_method}`;
    this.redraw();
  }

  /** Show these points (indices) or all of them. */
  fit(points = null) {
    const xs = points ? points.map((i) => this.x[i]) : this.x, ys = points ? points.map((i) => this.y[i]) : this.y;
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < xs.length; i++) { left = Math.min(left, xs[i]); right = Math.max(right, xs[i]); low = Math.min(low, ys[i]); high = Math.max(high, ys[i]); }
    if (!xs.length) [left, right, low, high] = [-1, 1, -1, 1];
    this.centre = [(left + right) / 2, (low + high) / 2];
    const { width, height } = this.frame.getBoundingClientRect(), unit = Math.min(width, height) / 2 || 1;
    const room = Math.max((right - left) / (width / unit), (high - low) / ((height - 2 * NOTE) / unit), 0.08);
    this.zoom = Math.min(MAX_ZOOM, 0.9 / room);
    this.#moved();
  }

  /** Bring one place into the middle, near enough to see its neighbourhood. */
  centreOn(x, y) {
    this.centre = [x, y];
    this.zoom = Math.max(this.zoom, 2.2);
    this.#moved();
  }

  /** The user's own samples: [{sample_id, map_x, map_y, tissue, ...}]. */
  setMine(samples) { this.mine = samples; this.current = -1; this.paint(); }

  /** Mark one of them; the map moves only when it is out of sight, or with `near`. */
  select(position, near = false) {
    this.current = position;
    const sample = this.mine[position];
    if (!sample) return this.redraw();
    if (near || !this.#visible(...this.toScreen(sample.map_x, sample.map_y))) this.centreOn(sample.map_x, sample.map_y);
    this.redraw();
    say(`${sample.sample_id}: ${plain(sample.tissue)}`);
  }

  /** A new view: what was under the pointer is no longer. Once it rests, all points are drawn. */
  #moved() {
    this.#show(-1);
    clearTimeout(this.resting);
    this.moving = true;
    this.resting = setTimeout(() => { this.moving = false; this.lastFrame = 0; this.redraw(); this.dispatchEvent(new Event("moved")); }, REST);
    this.redraw();
  }

  /** The view as three numbers, and back: the middle of the map, and how near. */
  get view() { return [...this.centre, this.zoom].map((v) => Number(v.toPrecision(4))).join(","); }
  set view(said) {
    const [x, y, zoom] = said.split(",").map(Number);
    if (![x, y, zoom].every(Number.isFinite)) return;
    this.centre = [x, y]; this.zoom = Math.min(MAX_ZOOM, Math.max(0.5, zoom));
    this.#moved();
  }

  redraw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame((now) => {
      this.pending = 0;
      if (this.moving && this.lastFrame && !this.slow) this.slow = now - this.lastFrame > SLOW_FRAME && ++this.slowFrames > 2;
      this.lastFrame = this.moving ? now : 0;
      this.#draw();
    });
  }

  #scale() {
    const { clientWidth: width, clientHeight: height } = this.canvas, unit = Math.min(width, height) / 2 || 1;
    return { width, height, unit: unit * this.zoom };
  }

  #visible(px, py, edge = 12) { return px > edge && py > edge && px < this.canvas.clientWidth - edge && py < this.canvas.clientHeight - edge; }

  toScreen(x, y) {
    const { width, height, unit } = this.#scale();
    return [width / 2 + (x - this.centre[0]) * unit, height / 2 - (y - this.centre[1]) * unit];
  }

  toMap(px, py) {
    const { width, height, unit } = this.#scale();
    return [this.centre[0] + (px - width / 2) / unit, this.centre[1] - (py - height / 2) / unit];
  }

  #draw() {
    const { width, height, unit } = this.#scale(), ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.overlay]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
    }
    const sx = (2 * unit) / width, sy = (2 * unit) / height;
    const base = this.n > 50000 ? 2.6 : this.n > 5000 ? 4 : 6.5;
    this.layer?.draw([sx, sy], [-this.centre[0] * sx, -this.centre[1] * sy], Math.min(18, base * Math.sqrt(Math.max(1, this.zoom)) ** 0.8) * ratio, this.highlight && this.n_kept < 3000 ? 1.7 : 1, this.moving && this.slow ? FEW : this.n);
    this.#drawMine(ratio);
  }

  #drawMine(ratio) {
    const pen = this.overlay.getContext("2d"), style = getComputedStyle(document.documentElement);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.bundles = this.mine.length > MANY ? bundled(this.mine.map((sample) => { const [x, y] = this.toScreen(sample.map_x, sample.map_y); return { tissue: sample.tissue, x, y }; })) : [];
    const labels = this.#ownLabels(pen);
    if (!this.highlight && !(this.moving && this.slow)) this.#drawNames(pen, style, labels);
    if (this.lasso) this.#drawLasso(pen, style);
    const mine = style.getPropertyValue("--mine"), card = style.getPropertyValue("--card");
    const mark = (sample, i) => {
      const chosen = i === this.current;
      const [x, y] = this.toScreen(sample.map_x, sample.map_y), r = chosen ? 11 : 7;
      pen.beginPath(); pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fillStyle = this.colours.tissue[sample.tissue].css; pen.fill();
      pen.lineWidth = chosen ? 6 : 4.5; pen.strokeStyle = card; pen.stroke();
      pen.lineWidth = chosen ? 3 : 2; pen.strokeStyle = mine; pen.stroke();
    };
    if (this.bundles.length) this.#drawBundles(pen, mine, card);
    else this.mine.forEach((sample, i) => i !== this.current && mark(sample, i));
    if (this.mine[this.current]) mark(this.mine[this.current], this.current);
    for (const label of labels.values()) this.#label(pen, label, mine, card);
    if (this.hovered >= 0) {
      const [x, y] = this.toScreen(this.x[this.hovered], this.y[this.hovered]);
      pen.beginPath(); pen.arc(x, y, 7, 0, 2 * Math.PI); pen.lineWidth = 2; pen.strokeStyle = mine; pen.stroke();
    }
  }

  #drawBundles(pen, ink, back) {
    pen.textAlign = "center"; pen.textBaseline = "middle";
    for (const { tissue, x, y, r, members } of this.bundles) {
      const { css, rgb } = this.colours.tissue[tissue];
      pen.beginPath(); pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fillStyle = css; pen.fill();
      pen.lineWidth = 4; pen.strokeStyle = back; pen.stroke();
      pen.lineWidth = 1.5; pen.strokeStyle = ink; pen.stroke();
      if (members.length < 2) continue;
      pen.font = `600 ${r > 10 ? 11 : 9.5}px system-ui, sans-serif`; pen.fillStyle = inkOn(rgb);
      pen.fillText(String(members.length), x, y + 0.5);
    }
    pen.textAlign = "start";
  }

  /** Names on their groups, the largest first; one that would lie on another is left out until the map is nearer. */
  #drawNames(pen, style, labels) {
    const marks = this.bundles.length ? this.bundles.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]) : this.#marks();
    const taken = [this.#buttons(), ...marks, ...[...labels.values()].map(({ box }) => box)];
    pen.font = "600 12px system-ui, sans-serif"; pen.textBaseline = "middle"; pen.lineJoin = "round"; pen.lineWidth = 4;
    const names = this.anchors.map(({ text, x, y }) => { const [px, py] = this.toScreen(x, y); return { text, px, py, wide: pen.measureText(text).width }; });
    for (const { text, box: [left, top] } of placed(names, taken, this.canvas.clientWidth, this.canvas.clientHeight - NOTE)) {
      pen.strokeStyle = style.getPropertyValue("--card"); pen.strokeText(text, left + 3, top + 8);
      pen.fillStyle = style.getPropertyValue("--ink"); pen.fillText(text, left + 3, top + 8);
    }
  }

  #drawLasso(pen, style) {
    pen.beginPath();
    for (const [x, y] of this.#outline()) pen.lineTo(x, y);
    pen.closePath();
    pen.setLineDash([5, 4]); pen.lineWidth = 2; pen.strokeStyle = style.getPropertyValue("--accent"); pen.stroke();
    pen.setLineDash([]); pen.globalAlpha = 0.12; pen.fillStyle = style.getPropertyValue("--accent"); pen.fill(); pen.globalAlpha = 1;
  }

  /** The outline on the screen: the path of the lasso, or the box between its ends. */
  #outline() {
    if (!this.lasso.box) return this.lasso.path;
    const [[left, top], [right, low]] = [this.lasso.path[0], this.lasso.path.at(-1)];
    return [[left, top], [right, top], [right, low], [left, low]];
  }

  /** The points inside the outline; those that are shown in colour only. */
  #inside() {
    const outline = this.#outline().map(([px, py]) => this.toMap(px, py)), xs = outline.map(([x]) => x), ys = outline.map(([, y]) => y);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], found = [];
    for (let i = 0; i < this.n; i++) {
      const x = this.x[i], y = this.y[i];
      if (x < left || x > right || y < low || y > high || (this.highlight && !this.highlight(i))) continue;
      let within = false;
      for (let a = 0, b = outline.length - 1; a < outline.length; b = a++) {
        if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a]) within = !within;
      }
      if (within) found.push(i);
    }
    return found;
  }

  /** Labels of own samples, the chosen one first: beside its mark, or where there is room; one that would lie on another is left out. {place: {text, left, y, box}} */
  #ownLabels(pen) {
    const found = new Map(), { clientWidth: width, clientHeight: height } = this.canvas, boxes = [], marks = this.mine.length > MOST_LABELS ? [] : this.#marks();
    pen.font = "600 12px system-ui, sans-serif";
    for (const i of [this.current, ...this.mine.keys()]) {
      if (found.has(i) || !this.mine[i] || !this.#hasLabel(i)) continue;
      const [x, y] = this.toScreen(this.mine[i].map_x, this.mine[i].map_y), id = this.mine[i].sample_id, r = i === this.current ? 16 : 12;
      if (!this.#visible(x, y, 0)) continue;
      const text = id.length > 24 ? `${id.slice(0, 23)}…` : id, wide = pen.measureText(text).width;
      const places = [[x + r, y], [x - r - wide, y], [x - wide / 2, y - r - 6], [x - wide / 2, y + r + 6]].map(([left, low]) => ({ text, left, y: low, box: [left - 2, low - 8, left + wide + 2, low + 8] }));
      const inside = places.filter(({ box }) => box[0] >= 4 && box[2] <= width - 4 && box[1] >= 0 && box[3] <= height - NOTE);
      const free = inside.find(({ box }) => ![this.#buttons(), ...boxes, ...marks.filter((_, k) => k !== i)].some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]));
      const chosen = free ?? (i === this.current ? inside[0] ?? places[0] : undefined);
      if (chosen) { found.set(i, chosen); boxes.push(chosen.box); }
    }
    return found;
  }

  /** The box of the buttons that lie over the map. */
  #buttons() {
    const frame = this.frame.getBoundingClientRect(), { left, top, right, bottom } = this.frame.querySelector(".zoom").getBoundingClientRect();
    return [left - frame.left - 4, top - frame.top - 4, right - frame.left, bottom - frame.top + 4];
  }

  /** Boxes around the own samples' marks. */
  #marks() { return this.mine.map((sample) => { const [x, y] = this.toScreen(sample.map_x, sample.map_y); return [x - 8, y - 8, x + 8, y + 8]; }); }

  #hasLabel(i) { return i === this.current || (this.mine.length <= MOST_LABELS && this.canvas.clientWidth > 500); }

  #label(pen, { text, left, y }, ink, back) {
    pen.font = "600 12px system-ui, sans-serif"; pen.textBaseline = "middle"; pen.lineWidth = 4; pen.lineJoin = "round";
    pen.strokeStyle = back; pen.strokeText(text, left, y);
    pen.fillStyle = ink; pen.fillText(text, left, y);
  }

  zoomBy(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.min(MAX_ZOOM, Math.max(0.5, this.zoom * factor));
    const [nx, ny] = this.toMap(px, py);
    this.centre = [this.centre[0] + x - nx, this.centre[1] + y - ny];
    this.#moved();
  }

  #listen() {
    const canvas = this.canvas, touches = new Map();
    let moved = 0, gap = 0;
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); touches.set(event.pointerId, event); moved = 0; gap = 0;
      if (this.picking || event.shiftKey) this.lasso = { box: event.shiftKey, path: [[event.offsetX, event.offsetY]] };
      else canvas.classList.add("dragging"); });
    canvas.addEventListener("pointermove", (event) => {
      const before = touches.get(event.pointerId);
      if (!before) return this.#hover(event);
      touches.set(event.pointerId, event);
      if (this.lasso) { this.lasso.path.push([event.offsetX, event.offsetY]); return this.redraw(); }
      if (touches.size === 2) {
        const [a, b] = [...touches.values()], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), box = canvas.getBoundingClientRect();
        if (gap) this.zoomBy(now / gap, (a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top);
        gap = now; moved = 99;
        return;
      }
      const { unit } = this.#scale(), dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      moved += Math.abs(dx) + Math.abs(dy);
      this.centre = [this.centre[0] - dx / unit, this.centre[1] + dy / unit];
      this.#moved();
    });
    const done = (event) => {
      if (!touches.delete(event.pointerId)) return;
      gap = 0;
      if (!touches.size) canvas.classList.remove("dragging");
      if (this.lasso) {
        const found = event.type === "pointerup" && this.lasso.path.length > 2 ? this.#inside() : null;
        this.lasso = null;
        this.redraw();
        if (found) this.dispatchEvent(new CustomEvent("picked", { detail: found }));
        return;
      }
      if (event.type === "pointerup" && moved < 6) { this.#hover(event); this.#choose(); }
    };
    canvas.addEventListener("pointerup", done);
    canvas.addEventListener("pointercancel", done);
    canvas.addEventListener("pointerleave", () => this.#show(-1));
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY); }, { passive: false });
    canvas.addEventListener("dblclick", (event) => this.zoomBy(2, event.offsetX, event.offsetY));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    $("zoom-in").onclick = () => this.zoomBy(1.6);
    $("zoom-out").onclick = () => this.zoomBy(1 / 1.6);
    $("zoom-all").onclick = () => this.fit();
    $("pick").onclick = () => { this.picking = !this.picking; $("pick").setAttribute("aria-pressed", String(this.picking)); canvas.classList.toggle("picking", this.picking); };
    new ResizeObserver(() => this.redraw()).observe(this.frame);
  }

  #key(event) {
    const step = 0.15 / this.zoom, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) this.centre = [this.centre[0] + moves[event.key][0], this.centre[1] + moves[event.key][1]];
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.4);
    else if (event.key === "-") this.zoomBy(1 / 1.4);
    else if (event.key === "0") this.fit();
    else if (event.key.toLowerCase() === "n" && this.mine.length) this.select((this.current + (event.shiftKey ? this.mine.length - 1 : 1)) % this.mine.length);
    else return;
    event.preventDefault();
    this.redraw();
  }

  #hover(event) {
    const box = this.canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    const bundle = (this.bundles ?? []).findLast((one) => Math.hypot(one.x - px, one.y - py) < one.r + 2);
    const own = this.bundles?.length ? bundle?.members[0] ?? -1 : this.mine.findIndex((sample) => { const [x, y] = this.toScreen(sample.map_x, sample.map_y); return Math.hypot(x - px, y - py) < HOVER_PIXELS + 3; });
    this.bundle = bundle?.members.length > 1 ? bundle : null;
    const [x, y] = this.toMap(px, py);
    this.#show(own >= 0 ? -1 : this.cells.nearest(x, y, HOVER_PIXELS / this.#scale().unit, this.highlight ?? undefined), own, px, py);
  }

  #show(point, own = -1, px = 0, py = 0) {
    if (point !== this.hovered) { this.hovered = point; this.redraw(); }
    this.ownHovered = own;
    this.tip.hidden = point < 0 && own < 0;
    if (this.tip.hidden) return;
    if (own >= 0) {
      const sample = this.mine[own];
      this.tip.replaceChildren(el("b", {}, plain(sample.tissue)), this.bundle ? `${count(this.bundle.members.length)} of your samples; click for a nearer look` : `${sample.sample_id} (yours)`);
    } else {
      const [sample, series] = this.names?.[point] ?? ["", ""], { tissue, organ_system } = this.tissueOf(point), { key, title } = this.colouring;
      const more = ["tissue", "organ_system", "source"].includes(key) ? "" : `${title}: ${this.colouring.said(point)}`;
      this.tip.replaceChildren(el("b", {}, [plain(tissue), organ_system].filter(Boolean).join(" · ")), [sample, series, this.about.sources[this.source[point]]].filter(Boolean).join(" · "), more && el("div", {}, more));
    }
    const wide = this.tip.offsetWidth, tall = this.tip.offsetHeight;
    this.tip.style.left = `${Math.min(px + 14, this.canvas.clientWidth - wide - 6)}px`;
    this.tip.style.top = `${py + 16 + tall > this.canvas.clientHeight ? py - tall - 12 : py + 16}px`;
  }

  /** Show the samples of a mark apart, as far as they lie apart. */
  #nearer({ members }) {
    const held = members.map((i) => this.mine[i]), xs = held.map((one) => one.map_x), ys = held.map((one) => one.map_y);
    const wide = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
    this.centre = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
    this.zoom = Math.min(MAX_ZOOM, Math.max(this.zoom * 1.6, 0.9 / Math.max(wide / 2, 1e-3)));
    this.#moved();
  }

  #choose() {
    if (this.ownHovered >= 0 && this.bundle && this.zoom < MAX_ZOOM / 2) this.#nearer(this.bundle);
    else if (this.ownHovered >= 0) this.dispatchEvent(new CustomEvent("mine", { detail: this.ownHovered }));
    else if (this.hovered >= 0 && this.names) this.dispatchEvent(new CustomEvent("sample", { detail: this.names[this.hovered][0] }));
  }
}
