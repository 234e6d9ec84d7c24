// The map: the points in their colours, what is highlighted, the user's own samples. Where one looks: view.js; what is drawn above: overlay.js;
// the hand: gestures.js; what is under the pointer: pointing.js.

import { Cells, PointLayer } from "./points.js";
import { anchors } from "./names.js";
import { MANY, Overlay } from "./overlay.js";
import { Pointing } from "./pointing.js";
import { NARROW, View } from "./view.js";
import { listen } from "./gestures.js";
import { OTHER } from "./colour.js";
import { $, count, counted, isDark, plain, say } from "./dom.js";

const SLOW_FRAME = 45; // ms: no graphics card, so only some points are drawn while the map moves
const FEW = 15000;
const REST = 160;
const GATHERED = 0.35; // share of a fact's samples that must lie together for its name to stand there

export class AtlasMap extends EventTarget {
  constructor(about, colours) {
    super();
    this.about = about; this.highlight = null; this.lasso = null; this.picking = false; this.mine = []; this.current = -1; this.names = null; this.slow = false; this.slowFrames = 0;
    this.canvas = $("points"); this.frame = $("frame");
    this.view = new View(this.canvas);
    this.overlay = new Overlay($("overlay"), this.frame, this.view, colours);
    this.pointing = new Pointing(this, $("tip"));
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
    listen(this);
    this.ready = fetch("api/map/names").then((names) => names.text()).then((text) => {
      this.names = text ? text.split("\n").map((line) => line.split("\t")) : [];
      this.frame.dataset.ready = "yes";
    });
  }

  /** The group of point i in the colouring; null where it is unknown or a measure is shown. */
  nameOf(i) { return this.colouring.nameOf(i); }

  tissueOf(i) { return this.about.tissues[this.tissue[i]]; }

  /** Colour by a colouring; `keep` (i -> boolean or null) leaves the others grey. The names on the map are those of its groups, of a measure the tissues'. */
  paint(colouring = this.colouring, keep = this.highlight) {
    if (colouring !== this.colouring) {
      this.colouring = colouring;
      const measure = colouring.kind === "measure", named = measure ? (i) => this.tissueOf(i).tissue : (i) => (colouring.nameOf(i) === OTHER ? null : colouring.nameOf(i));
      this.anchors = anchors(this.x, this.y, named, plain, measure || colouring.key === "tissue" ? 0 : GATHERED);
    }
    this.highlight = keep;
    const rgba = new Uint8Array(4 * this.n), forms = new Uint8Array(this.n), dark = isDark(), grey = dark ? 120 : 150;
    const strong = this.mine.length > MANY ? 90 : 210; // many own samples stand out before pale ones
    this.n_kept = 0;
    for (let i = 0; i < this.n; i++) {
      const kept = !keep || keep(i), one = kept ? colouring.of(i, dark) : undefined, rgb = one?.rgb ?? [grey, grey, grey];
      this.n_kept += kept;
      forms[i] = one?.form ?? 0;
      rgba.set([rgb[0], rgb[1], rgb[2], kept ? (one ? strong : 110) : 40], 4 * i);
    }
    this.layer?.colours(rgba, forms);
    const method = this.canvas.clientWidth < NARROW ? this.about.map_method.split(" ")[0] : this.about.map_method;
    $("map-note").textContent = keep ? `${count(this.n_kept)} of ${counted(this.n, "sample")} shown in colour` : `${counted(this.n, "reference sample")} · ${method}`;
    this.redraw();
  }

  /** Show these points (indices) or all of them. */
  fit(points = null) {
    this.view.fit(points ? points.map((i) => this.x[i]) : this.x, points ? points.map((i) => this.y[i]) : this.y);
    this.moved();
  }

  centreOn(x, y) { this.view.centreOn(x, y); this.moved(); }

  zoomBy(factor, px, py) { this.view.zoomBy(factor, px, py); this.moved(); }

  /** The view that an address says. */
  look(said) { if (this.view.take(said)) this.moved(); }

  /** The user's own samples: [{sample_id, map_x, map_y, tissue, ...}]. */
  setMine(samples) { this.mine = samples; this.current = -1; this.paint(); }

  /** Mark one of them; the map moves only when it is out of sight, or with `near`. */
  select(position, near = false) {
    this.current = position;
    const sample = this.mine[position];
    if (!sample) return this.redraw();
    if (near || !this.view.shows(...this.view.toScreen(sample.map_x, sample.map_y))) this.centreOn(sample.map_x, sample.map_y);
    this.redraw();
    say(`${sample.sample_id}: ${plain(sample.tissue)}`);
  }

  /** A new view: what was under the pointer is no longer. Once it rests, all points are drawn. */
  moved() {
    this.pointing.leave();
    clearTimeout(this.resting);
    this.moving = true;
    this.resting = setTimeout(() => { this.moving = false; this.lastFrame = 0; this.redraw(); this.dispatchEvent(new Event("moved")); }, REST);
    this.redraw();
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

  #draw() {
    const { width, height, unit } = this.view.scale, [x, y] = this.view.centre, ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.overlay.canvas]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
    }
    const sx = (2 * unit) / width, sy = (2 * unit) / height, base = this.n > 50000 ? 2.6 : this.n > 5000 ? 4 : 6.5, sparse = this.moving && this.slow;
    this.layer?.draw([sx, sy], [-x * sx, -y * sy], Math.min(18, base * Math.sqrt(Math.max(1, this.view.zoom)) ** 0.8) * ratio, this.highlight && this.n_kept < 3000 ? 1.7 : 1, sparse ? FEW : this.n);
    const { mine, current, lasso, pointing: { point } } = this;
    this.overlay.draw(ratio, { mine, current, lasso, anchors: sparse ? null : this.anchors, pale: Boolean(this.highlight), at: point < 0 ? null : [this.x[point], this.y[point]] });
  }
}
