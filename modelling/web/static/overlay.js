// What is drawn above the points: the user's own samples as marks with labels, names of groups, the lasso, the point under the pointer.

import { bundled, inkOn } from "./bundles.js";
import { placed } from "./names.js";
import { NOTE } from "./view.js";

export const MANY = 60; // own samples from which those that lie on each other are drawn as one
const MOST_LABELS = 12; // own samples that are labelled without being chosen
const WIDE = 500; // px from which own samples are labelled without being chosen
const FONT = "600 12px system-ui, sans-serif";
const apart = (box, others) => !others.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);

export class Overlay {
  constructor(canvas, frame, view, colours) { Object.assign(this, { canvas, frame, view, colours, bundles: [] }); }

  /** @param shown mine (own samples), current (the chosen one's place), anchors (names of groups; null while they would cost too much), pale (whether these stand back), lasso, at (map place under the pointer or null) */
  draw(ratio, { mine, current, anchors, pale, lasso, at }) {
    const pen = this.canvas.getContext("2d"), style = getComputedStyle(document.documentElement), [ink, back] = ["--mine", "--card"].map((name) => style.getPropertyValue(name));
    this.mine = mine; this.current = current;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.textBaseline = "middle"; pen.lineJoin = "round";
    this.places = mine.map((sample) => this.view.toScreen(sample.map_x, sample.map_y));
    this.bundles = mine.length > MANY ? bundled(mine.map(({ tissue }, i) => ({ tissue, x: this.places[i][0], y: this.places[i][1] }))) : [];
    const labels = this.#ownLabels(pen);
    if (anchors) this.#names(pen, anchors, labels, style.getPropertyValue(pale ? "--soft" : "--ink"), back);
    lasso?.draw(pen, style);
    if (this.bundles.length) this.#bundles(pen, ink, back);
    else mine.forEach((_, i) => i !== current && this.#mark(pen, i, ink, back));
    if (mine[current]) this.#mark(pen, current, ink, back);
    for (const { text, left, y } of labels.values()) this.#text(pen, text, left, y, ink, back);
    if (!at) return;
    pen.beginPath(); pen.arc(...this.view.toScreen(...at), 7, 0, 2 * Math.PI); pen.lineWidth = 2; pen.strokeStyle = ink; pen.stroke();
  }

  #mark(pen, i, ink, back) {
    const chosen = i === this.current;
    pen.beginPath(); pen.arc(...this.places[i], chosen ? 11 : 7, 0, 2 * Math.PI);
    pen.fillStyle = this.colours.tissue[this.mine[i].tissue].css; pen.fill();
    pen.lineWidth = chosen ? 6 : 4.5; pen.strokeStyle = back; pen.stroke();
    pen.lineWidth = chosen ? 3 : 2; pen.strokeStyle = ink; pen.stroke();
  }

  #bundles(pen, ink, back) {
    pen.textAlign = "center";
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

  #text(pen, text, left, y, ink, back) {
    pen.font = FONT; pen.lineWidth = 4;
    pen.strokeStyle = back; pen.strokeText(text, left, y);
    pen.fillStyle = ink; pen.fillText(text, left, y);
  }

  /** Names on their groups, the largest first; one that would lie on another is left out until the map is nearer. */
  #names(pen, anchors, labels, ink, back) {
    const marks = this.bundles.length ? this.bundles.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]) : this.#marks();
    pen.font = FONT;
    const names = anchors.map(({ text, x, y }) => { const [px, py] = this.view.toScreen(x, y); return { text, px, py, wide: pen.measureText(text).width }; });
    const taken = [this.#buttons(), ...marks, ...[...labels.values()].map(({ box }) => box)];
    for (const { text, box: [left, top] } of placed(names, taken, this.canvas.clientWidth, this.canvas.clientHeight - NOTE)) this.#text(pen, text, left + 3, top + 8, ink, back);
  }

  /** Labels of own samples, the chosen one first: beside its mark, or where there is room; one that would lie on another is left out. {place: {text, left, y, box}} */
  #ownLabels(pen) {
    const found = new Map(), { clientWidth: width, clientHeight: height } = this.canvas, boxes = [], marks = this.mine.length > MOST_LABELS ? [] : this.#marks();
    pen.font = FONT;
    for (const i of [this.current, ...this.mine.keys()]) {
      if (found.has(i) || !this.mine[i] || !this.#hasLabel(i) || !this.view.shows(...this.places[i], 0)) continue;
      const [x, y] = this.places[i], id = this.mine[i].sample_id, r = i === this.current ? 16 : 12;
      const text = id.length > 24 ? `${id.slice(0, 23)}…` : id, wide = pen.measureText(text).width;
      const spots = [[x + r, y], [x - r - wide, y], [x - wide / 2, y - r - 6], [x - wide / 2, y + r + 6]].map(([left, low]) => ({ text, left, y: low, box: [left - 2, low - 8, left + wide + 2, low + 8] }));
      const inside = spots.filter(({ box }) => box[0] >= 4 && box[2] <= width - 4 && box[1] >= 0 && box[3] <= height - NOTE);
      const free = inside.find(({ box }) => apart(box, [this.#buttons(), ...boxes, ...marks.filter((_, k) => k !== i)]));
      const chosen = free ?? (i === this.current ? inside[0] ?? spots[0] : undefined);
      if (chosen) { found.set(i, chosen); boxes.push(chosen.box); }
    }
    return found;
  }

  #hasLabel(i) { return i === this.current || (this.mine.length <= MOST_LABELS && this.canvas.clientWidth > WIDE); }

  /** The box of the buttons that lie over the map. */
  #buttons() {
    const frame = this.frame.getBoundingClientRect(), { left, top, right, bottom } = this.frame.querySelector(".zoom").getBoundingClientRect();
    return [left - frame.left - 4, top - frame.top - 4, right - frame.left, bottom - frame.top + 4];
  }

  /** Boxes around the own samples' marks. */
  #marks() { return this.places.map(([x, y]) => [x - 8, y - 8, x + 8, y + 8]); }
}
