// A gene in every tissue: boxes from the 25th to the 75th percentile, the median, and lines to the 5th and 95th.

import { count, plain, svg } from "./dom.js";

const ROW = 24, LEFT = 118, TOP = 22;
const WIDEST = 640, NARROWEST = 260; // px: text is as large as on the rest of the page

/** @param room pixels that the drawing may be wide. */
export function boxPlot({ symbol, unit, boxes }, colours, go, room) {
  const WIDE = Math.max(NARROWEST, Math.min(WIDEST, room));
  const high = Math.max(...boxes.map((b) => b.quantiles[4]), 1), low = Math.min(0, ...boxes.map((b) => b.quantiles[0]));
  const x = (v) => LEFT + ((v - low) / (high - low)) * (WIDE - LEFT - 12), tall = TOP + ROW * boxes.length + 8;
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= rough);
  const ticks = Array.from({ length: 12 }, (_, k) => (Math.ceil(low / step) + k) * step).filter((v) => v <= high);
  return svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, width: WIDE, height: tall, class: "boxes", role: "group", "aria-label": `${symbol} in ${boxes.length} tissues, ${unit}; highest in ${boxes.slice(0, 3).map((b) => plain(b.tissue)).join(", ")}` },
    ticks.map((v) => [svg("line", { x1: x(v), x2: x(v), y1: TOP - 6, y2: tall - 6, class: "grid" }), svg("text", { x: x(v), y: 11, class: "tick" }, v.toFixed(step < 1 ? 1 : 0))]),
    boxes.map((b, i) => {
      const y = TOP + ROW * i + ROW / 2, [q5, q25, q50, q75, q95] = b.quantiles;
      const row = svg("g", { class: "box", colour: colours.tissue[b.tissue]?.css, tabindex: "0", role: "link", "aria-label": `${plain(b.tissue)}: median ${q50.toFixed(2)} of ${count(b.n)} samples` },
        svg("rect", { x: 0, y: y - ROW / 2, width: WIDE, height: ROW, class: "row" }),
        svg("text", { x: LEFT - 8, y: y + 4, class: "name" }, plain(b.tissue)),
        svg("line", { x1: x(q5), x2: x(q95), y1: y, y2: y, class: "whisker" }),
        svg("rect", { x: x(q25), y: y - 6, width: Math.max(1.5, x(q75) - x(q25)), height: 12, class: "half" }),
        svg("line", { x1: x(q50), x2: x(q50), y1: y - 7, y2: y + 7, class: "median" }),
        svg("title", {}, `${plain(b.tissue)}: median ${q50.toFixed(2)}, half of ${count(b.n)} samples between ${q25.toFixed(2)} and ${q75.toFixed(2)}`));
      row.addEventListener("click", () => go(b.tissue));
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") go(b.tissue); });
      return row;
    }));
}
