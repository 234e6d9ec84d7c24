// Moving about on the map: mouse, fingers, wheel, keys, the buttons; drawing around samples.

import { $ } from "./dom.js";
import { Lasso } from "./lasso.js";

const CLICK = 6; // px: a pointer that moved less has clicked

/** Let the map follow the hand. */
export function listen(map) {
  const { canvas } = map;
  new Pointers(map);
  canvas.addEventListener("pointerleave", () => map.pointing.leave());
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); map.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY); }, { passive: false });
  canvas.addEventListener("dblclick", (event) => map.zoomBy(2, event.offsetX, event.offsetY));
  canvas.addEventListener("keydown", (event) => key(map, event));
  $("zoom-in").onclick = () => map.zoomBy(1.6);
  $("zoom-out").onclick = () => map.zoomBy(1 / 1.6);
  $("zoom-all").onclick = () => map.fit();
  $("pick").onclick = () => { map.picking = !map.picking; $("pick").setAttribute("aria-pressed", String(map.picking)); canvas.classList.toggle("picking", map.picking); };
  new ResizeObserver(() => map.redraw()).observe(map.frame);
}

/** Mouse and fingers: one drags or draws a lasso, two bring the map nearer. */
class Pointers {
  constructor(map) {
    Object.assign(this, { map, touches: new Map(), far: 0, gap: 0 });
    for (const [kind, act] of [["down", "down"], ["move", "move"], ["up", "up"], ["cancel", "up"]]) map.canvas.addEventListener(`pointer${kind}`, (event) => this[act](event));
  }

  down(event) {
    const { map } = this;
    map.canvas.setPointerCapture(event.pointerId);
    this.touches.set(event.pointerId, event); this.far = 0; this.gap = 0;
    if (map.picking || event.shiftKey) map.lasso = new Lasso(event.shiftKey, [event.offsetX, event.offsetY]);
    else map.canvas.classList.add("dragging");
  }

  move(event) {
    const { map } = this, before = this.touches.get(event.pointerId);
    if (!before) return map.pointing.look(event);
    this.touches.set(event.pointerId, event);
    if (map.lasso) { map.lasso.path.push([event.offsetX, event.offsetY]); return map.redraw(); }
    if (this.touches.size === 2) return this.#pinch();
    const { unit } = map.view.scale, dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    this.far += Math.abs(dx) + Math.abs(dy);
    map.view.moveBy(-dx / unit, dy / unit);
    map.moved();
  }

  #pinch() {
    const [a, b] = [...this.touches.values()], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), box = this.map.canvas.getBoundingClientRect();
    if (this.gap) this.map.zoomBy(now / this.gap, (a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top);
    this.gap = now; this.far = 99;
  }

  up(event) {
    const { map } = this;
    if (!this.touches.delete(event.pointerId)) return;
    this.gap = 0;
    if (!this.touches.size) map.canvas.classList.remove("dragging");
    if (map.lasso) return this.#drawn(event);
    if (event.type === "pointerup" && this.far < CLICK) { map.pointing.look(event); map.pointing.choose(); }
  }

  #drawn(event) {
    const { map } = this, { lasso } = map;
    map.lasso = null;
    map.redraw();
    if (event.type === "pointerup" && lasso.path.length > 2) map.dispatchEvent(new CustomEvent("picked", { detail: lasso.inside(map.view, map.x, map.y, map.highlight) }));
  }
}

function key(map, event) {
  const step = 0.15 / map.view.zoom, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (moves[event.key]) { map.view.moveBy(...moves[event.key]); map.moved(); }
  else if (event.key === "+" || event.key === "=") map.zoomBy(1.4);
  else if (event.key === "-") map.zoomBy(1 / 1.4);
  else if (event.key === "0") map.fit();
  else if (event.key.toLowerCase() === "n" && map.mine.length) map.select((map.current + (event.shiftKey ? map.mine.length - 1 : 1)) % map.mine.length);
  else return;
  event.preventDefault();
}
