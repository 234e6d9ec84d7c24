// An outline drawn around samples: a path, or a box between two corners.

export class Lasso {
  /** @param box whether it is a box; at where it begins, in pixels. */
  constructor(box, at) { this.box = box; this.path = [at]; }

  /** The outline in pixels. */
  get outline() {
    if (!this.box) return this.path;
    const [[left, top], [right, low]] = [this.path[0], this.path.at(-1)];
    return [[left, top], [right, top], [right, low], [left, low]];
  }

  /** Which of the places x, y of the map lie inside; `keep` (i -> boolean or null) may rule some out. */
  inside(view, x, y, keep) {
    const outline = this.outline.map(([px, py]) => view.toMap(px, py)), xs = outline.map(([a]) => a), ys = outline.map(([, b]) => b);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], found = [];
    for (let i = 0; i < x.length; i++) {
      if (x[i] < left || x[i] > right || y[i] < low || y[i] > high || (keep && !keep(i))) continue;
      let within = false;
      for (let a = 0, b = xs.length - 1; a < xs.length; b = a++) {
        if (ys[a] > y[i] !== ys[b] > y[i] && x[i] < ((xs[b] - xs[a]) * (y[i] - ys[a])) / (ys[b] - ys[a]) + xs[a]) within = !within;
      }
      if (within) found.push(i);
    }
    return found;
  }

  draw(pen, style) {
    pen.beginPath();
    for (const [x, y] of this.outline) pen.lineTo(x, y);
    pen.closePath();
    pen.setLineDash([5, 4]); pen.lineWidth = 2; pen.strokeStyle = style.getPropertyValue("--accent"); pen.stroke();
    pen.setLineDash([]); pen.globalAlpha = 0.12; pen.fillStyle = style.getPropertyValue("--accent"); pen.fill(); pen.globalAlpha = 1;
  }
}
