// Many own samples on the map: those of one tissue that lie on each other become one mark with their number, and part again as the map comes nearer.

const SIDE = 30; // px within which samples are one mark
const MOST = 17;

/** Marks [{tissue, x, y, r, members}] of samples [{tissue, x, y}] in pixels, the largest last; `members` are places in `samples`. */
export function bundled(samples) {
  const cells = new Map();
  samples.forEach(({ tissue, x, y }, i) => {
    const key = `${Math.floor(x / SIDE)} ${Math.floor(y / SIDE)} ${tissue}`, held = cells.get(key) ?? { tissue, x: 0, y: 0, members: [] };
    held.x += x; held.y += y; held.members.push(i);
    cells.set(key, held);
  });
  const marks = [...cells.values()].map(({ tissue, x, y, members }) => ({ tissue, x: x / members.length, y: y / members.length, members }));
  return joined(marks).map((mark) => ({ ...mark, r: radius(mark) })).sort((a, b) => a.r - b.r);
}

/** The border of two cells may run through a group: marks of a tissue that would lie on each other become one. */
function joined(marks) {
  const kept = [];
  for (const mark of marks.sort((a, b) => b.members.length - a.members.length)) {
    const near = kept.find((one) => one.tissue === mark.tissue && Math.hypot(one.x - mark.x, one.y - mark.y) < radius(one) + radius(mark));
    if (!near) { kept.push(mark); continue; }
    const n = near.members.length, m = mark.members.length;
    near.x = (n * near.x + m * mark.x) / (n + m); near.y = (n * near.y + m * mark.y) / (n + m);
    near.members.push(...mark.members);
  }
  return kept;
}

const radius = (mark) => (mark.members.length === 1 ? 5 : Math.min(MOST, 7 + 1.6 * Math.sqrt(mark.members.length)));

/** Black or white, whichever is read more easily on a colour [r, g, b]. */
export const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff");
