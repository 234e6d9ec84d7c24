// What is under the pointer, and what is told of it; what a click on it opens.

import { count, el, plain } from "./dom.js";
import { MAX_ZOOM } from "./view.js";

const HOVER_PIXELS = 9;

export class Pointing {
  /** @param map the AtlasMap; tip the box that tells. */
  constructor(map, tip) { Object.assign(this, { map, tip, point: -1, own: -1, bundle: null }); }

  /** Find what lies under the pointer: own samples first, for they are drawn above. */
  look({ clientX, clientY }) {
    const { map } = this, box = map.canvas.getBoundingClientRect(), px = clientX - box.left, py = clientY - box.top, { bundles, places = [] } = map.overlay;
    const bundle = bundles.findLast((one) => Math.hypot(one.x - px, one.y - py) < one.r + 2);
    const own = bundles.length ? bundle?.members[0] ?? -1 : places.findIndex(([x, y]) => Math.hypot(x - px, y - py) < HOVER_PIXELS + 3);
    this.bundle = bundle?.members.length > 1 ? bundle : null;
    const point = own >= 0 ? -1 : map.cells.nearest(...map.view.toMap(px, py), HOVER_PIXELS / map.view.scale.unit, map.highlight ?? undefined);
    this.#show(point, own, px, py);
  }

  /** Nothing is under the pointer any more. */
  leave() { this.#show(-1, -1, 0, 0); }

  #show(point, own, px, py) {
    if (point !== this.point) { this.point = point; this.map.redraw(); }
    this.own = own;
    this.tip.hidden = point < 0 && own < 0;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(...(own >= 0 ? this.#saidOfOwn(this.map.mine[own]) : this.#said(point)));
    const { clientWidth: width, clientHeight: height } = this.map.canvas, wide = this.tip.offsetWidth, tall = this.tip.offsetHeight;
    this.tip.style.left = `${Math.max(4, Math.min(px + 14, width - wide - 6))}px`;
    this.tip.style.top = `${py + 16 + tall > height ? py - tall - 12 : py + 16}px`;
  }

  #saidOfOwn({ tissue, sample_id: id }) {
    return [el("b", {}, plain(tissue)), this.bundle ? `${count(this.bundle.members.length)} of your samples; click for a nearer look` : `${id} (yours)`];
  }

  #said(point) {
    const { map } = this, [sample, series] = map.names?.[point] ?? ["", ""], { tissue, organ_system } = map.tissueOf(point), { key, title, said } = map.colouring;
    const more = ["tissue", "organ_system", "source"].includes(key) ? "" : `${title}: ${said(point)}`;
    return [el("b", {}, [plain(tissue), organ_system].filter(Boolean).join(" · ")), [sample, series, map.about.sources[map.source[point]]].filter(Boolean).join(" · "), more && el("div", {}, more)];
  }

  /** A click: a mark of several is shown nearer, as far as its samples lie apart; a sample is opened. */
  choose() {
    const { map, own, point, bundle } = this;
    if (own >= 0 && bundle && map.view.zoom < MAX_ZOOM / 2) {
      const held = bundle.members.map((i) => map.mine[i]);
      map.view.nearer(held.map((one) => one.map_x), held.map((one) => one.map_y));
      map.moved();
    } else if (own >= 0) map.dispatchEvent(new CustomEvent("mine", { detail: own }));
    else if (point >= 0 && map.names) map.dispatchEvent(new CustomEvent("sample", { detail: map.names[point][0] }));
  }
}
