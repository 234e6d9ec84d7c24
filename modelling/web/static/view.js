// Where one looks: the middle of the map, how near, and from there the way between the map's numbers and pixels.

export const MAX_ZOOM = 80;
export const NOTE = 22; // px at the foot that the note needs
export const NARROW = 600; // px: below it there is little room
const BUTTONS = 52; // px at the right of a narrow map that the buttons need: they lie over nobody's samples

export class View {
  /** @param canvas what the map is drawn on. */
  constructor(canvas) { this.canvas = canvas; this.centre = [0, 0]; this.zoom = 1; }

  /** Width and height in pixels, and pixels for one of the map's units. */
  get scale() {
    const { clientWidth: width, clientHeight: height } = this.canvas, unit = Math.min(width, height) / 2 || 1;
    return { width, height, unit: unit * this.zoom };
  }

  toScreen(x, y) {
    const { width, height, unit } = this.scale;
    return [width / 2 + (x - this.centre[0]) * unit, height / 2 - (y - this.centre[1]) * unit];
  }

  toMap(px, py) {
    const { width, height, unit } = this.scale;
    return [this.centre[0] + (px - width / 2) / unit, this.centre[1] - (py - height / 2) / unit];
  }

  shows(px, py, edge = 12) { return px > edge && py > edge && px < this.canvas.clientWidth - edge && py < this.canvas.clientHeight - edge; }

  /** All of these places in sight. */
  fit(xs, ys) {
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < xs.length; i++) { left = Math.min(left, xs[i]); right = Math.max(right, xs[i]); low = Math.min(low, ys[i]); high = Math.max(high, ys[i]); }
    if (!xs.length) [left, right, low, high] = [-1, 1, -1, 1];
    const { width, height, unit } = this.scale, whole = unit / this.zoom, buttons = width < NARROW ? BUTTONS : 0;
    const room = Math.max((right - left) / ((width - buttons) / whole), (high - low) / ((height - 2 * NOTE) / whole), 0.08);
    this.zoom = Math.min(MAX_ZOOM, 0.9 / room);
    this.centre = [(left + right) / 2 + buttons / 2 / (whole * this.zoom), (low + high) / 2];
  }

  /** The smallest part that holds these places, in any case nearer than before. */
  nearer(xs, ys) {
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.centre = [(left + right) / 2, (low + high) / 2];
    this.zoom = Math.min(MAX_ZOOM, Math.max(this.zoom * 1.6, 0.9 / Math.max(right - left, high - low, 2e-3) * 2));
  }

  /** One place in the middle, near enough to see its neighbourhood. */
  centreOn(x, y) { this.centre = [x, y]; this.zoom = Math.max(this.zoom, 2.2); }

  moveBy(dx, dy) { this.centre = [this.centre[0] + dx, this.centre[1] + dy]; }

  /** Nearer or farther; what lies under (px, py) stays there. */
  zoomBy(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.min(MAX_ZOOM, Math.max(0.5, this.zoom * factor));
    const [nx, ny] = this.toMap(px, py);
    this.moveBy(x - nx, y - ny);
  }

  /** As three numbers for an address, and back; false where it is no view. */
  get said() { return [...this.centre, this.zoom].map((v) => Number(v.toPrecision(4))).join(","); }
  take(said) {
    const [x, y, zoom] = said.split(",").map(Number);
    if (![x, y, zoom].every(Number.isFinite)) return false;
    this.centre = [x, y]; this.zoom = Math.min(MAX_ZOOM, Math.max(0.5, zoom));
    return true;
  }
}
