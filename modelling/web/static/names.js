// Where the names of groups stand on the map, and which have room.

const OFFSETS = [[0, -13], [0, 13], [0.6, 0], [-0.6, 0], [0, -26], [0, 26], [0.6, -14], [-0.6, -14], [0.6, 14], [-0.6, 14]]; // down in pixels, along in widths of the name

/** Where each group is densest, the largest group first: [{text, x, y}] on the map. `nameOf` (i -> name or null); names without points are left out,
 *  and such as have less than the share `gathered` of their points around that place: what is everywhere has no place for its name. */
export function anchors(x, y, nameOf, written, gathered = 0) {
  const side = 48, near = 2, cells = new Map(), n = new Map();
  const place = (v) => Math.min(side - 1, Math.max(0, Math.floor(((v + 1) / 2) * side)));
  for (let i = 0; i < x.length; i++) {
    const name = nameOf(i);
    if (name === null) continue;
    if (!cells.has(name)) cells.set(name, new Map());
    const held = cells.get(name), at = place(y[i]) * side + place(x[i]), one = held.get(at) ?? [0, 0, 0];
    held.set(at, [one[0] + 1, one[1] + x[i], one[2] + y[i]]);
    n.set(name, (n.get(name) ?? 0) + 1);
  }
  return [...n].sort((a, b) => b[1] - a[1]).flatMap(([name, all]) => {
    const held = cells.get(name), [at, [most, sumX, sumY]] = [...held].reduce((a, b) => (b[1][0] > a[1][0] ? b : a));
    const row = Math.floor(at / side), column = at % side;
    const around = [...held].reduce((sum, [cell, [k]]) => sum + (Math.abs(Math.floor(cell / side) - row) <= near && Math.abs((cell % side) - column) <= near ? k : 0), 0);
    return around < gathered * all ? [] : [{ text: written(name), x: sumX / most, y: sumY / most }];
  });
}

/** Boxes [left, top, right, low] for names [{text, px, py, wide}], the first ones first: none lies on another, on `taken`, or outside the frame. */
export function placed(names, taken, width, height) {
  const boxes = [...taken], found = [];
  for (const { text, px, py, wide } of names) {
    for (const [along, down] of OFFSETS) {
      const x = px + along * wide, y = py + down, box = [x - wide / 2 - 3, y - 8, x + wide / 2 + 3, y + 8];
      if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height) continue;
      if (boxes.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      boxes.push(box);
      found.push({ text, box });
      break;
    }
  }
  return found;
}
