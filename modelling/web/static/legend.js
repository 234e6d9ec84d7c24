// The legend: every group of the colouring, by organ system where it has one; a scale for a measure.

import { $, count, counted, el, isDark, plain } from "./dom.js";
import { scale } from "./colour.js";

const dot = (one) => el("span", { class: `dot form-${one?.form ?? 0}`, colour: one?.css });

/** Show the legend of the map's colouring; a click keeps one group in colour. */
export function showLegend(map) {
  const { kind, groups, title, low, high, n_unknown } = map.colouring;
  $("legend").dataset.kind = kind;
  if (kind === "measure") return $("legend").replaceChildren(el("div", { class: "scale" }, el("span", {}, title), el("span", { class: "ends" }, low.toFixed(1), bar(), high.toFixed(1)), n_unknown ? el("span", { class: "small" }, `grey: ${counted(n_unknown, "sample")} without`) : ""));
  let held = null;
  const buttons = [];
  const button = (group) => {
    const made = el("button", {
      type: "button", "aria-pressed": "false", onclick: () => {
        held = held === group.name ? null : group.name;
        for (const one of buttons) one.setAttribute("aria-pressed", String(held !== null && one === made));
        map.paint(undefined, held === null ? null : (i) => map.nameOf(i) === held);
      },
    }, dot(group), group.name === null ? "unknown" : plain(group.name), el("small", {}, count(group.n)));
    buttons.push(made);
    return made;
  };
  const systems = new Map();
  for (const group of groups) systems.set(group.system ?? "", [...(systems.get(group.system ?? "") ?? []), group]);
  const ordered = [...systems].sort(([a], [b]) => a.localeCompare(b));
  $("legend").replaceChildren(...ordered.map(([system, held]) => (system ? folding(system, held, held.map(button)) : el("div", { class: "legend-system" }, held.map(button)))));
}

function folding(system, groups, buttons) {
  const inside = el("span", { class: "legend-inside" }, buttons);
  const narrow = matchMedia("(max-width: 900px)").matches && groups.length > 1;
  const head = el("button", { type: "button", class: "legend-head", "aria-expanded": String(!narrow), onclick: () => { inside.hidden = !inside.hidden; head.setAttribute("aria-expanded", String(!inside.hidden)); } },
    system[0].toUpperCase() + system.slice(1), el("small", {}, `${groups.length}`));
  inside.hidden = narrow;
  return el("div", { class: "legend-system" }, head, inside);
}

function bar() {
  const canvas = el("canvas", { "aria-hidden": "true" });
  canvas.width = 160; canvas.height = 10;
  const pen = canvas.getContext("2d");
  for (let x = 0; x < 160; x++) { pen.fillStyle = `rgb(${scale(x / 159, isDark()).join(" ")})`; pen.fillRect(x, 0, 1, 10); }
  return canvas;
}
