// Why one of the user's samples is called what it is: the answer that holds, what speaks against it, its neighbours, its coverage and depth.

import { count, counted, el, percent, plain } from "./dom.js";
import { outside } from "./links.js";

const KINDS = { term: "a finer term", tissue: "a tissue", group: "a group of tissues", system: "an organ system" };

/** The finest answer that holds where it is another than the tissue, in words; empty otherwise. */
export const holds = (sample) => (sample.answer && plain(sample.answer) !== plain(sample.tissue) ? plain(sample.answer) : sample.answer_level === "none" ? "nothing, at any level" : "");

/** What is known of a sample: elements, one below the other. `dot` draws a tissue's mark, `showSample` opens a neighbour. */
export function reasons(about, colours, sample, dot, showSample) {
  return [answered(about, sample), doubt(sample), bars(colours, sample), neighbours(sample, dot, showSample), ...depth(about, sample)].flat().filter(Boolean);
}

function answered(about, sample) {
  if (!sample.answer_level) return null;
  const limit = about.answer_above === null ? "" : ` The finest level at least ${Math.round(100 * about.answer_above)}% probable is taken.`;
  const term = outside(sample.answer_term_id);
  if (sample.answer_level === "none") return el("p", { class: "answer" }, "Answer that holds: ", el("strong", {}, "none"), `; neither a tissue nor a part of the body may be said surely.${limit}`);
  return el("p", { class: "answer" }, "Answer that holds: ", el("strong", {}, plain(sample.answer)), ` (${KINDS[sample.answer_level] ?? sample.answer_level}), ${percent(sample.answer_probability)} probable`, term ? [" (", term, ")"] : "", `.${limit}`);
}

function doubt(sample) {
  const why = sample.unsure ? `Unsure: ${sample.unsure_because.replaceAll("_", " ")}.` : `${plain(sample.tissue)} is the only tissue that passes the check: the sample is as near to it as training samples are, and the nearest training samples are of it.`;
  const set = sample.tissue_set;
  return [el("p", { class: sample.unsure ? "warning" : "" }, why),
    sample.unsure && set.length < 2 ? el("p", {}, set.length ? `One tissue passes the check: ${plain(set[0])}.` : "No tissue passes the check.") : null]; // several are named in the reason
}

function bars(colours, sample) {
  return el("div", { class: "bars", role: "group", "aria-label": "Most probable tissues" }, sample.top.flatMap(({ tissue, probability }) => [
    el("span", {}, plain(tissue)), el("span", { class: "bar" }, el("i", { colour: colours.tissue[tissue].css, width: `${Math.max(1, 100 * probability)}%` })), el("span", { class: "num" }, percent(probability))]));
}

function neighbours(sample, dot, showSample) {
  const n_other = sample.neighbours.filter((n) => n.tissue !== sample.tissue).length;
  const rows = sample.neighbours.map((n) => el("tr", {},
    el("td", {}, el("button", { class: "link", type: "button", onclick: () => showSample(n.sample_id) }, n.sample_id), el("div", { class: "small" }, [n.series_id, n.source].filter(Boolean).join(" · "))),
    el("td", {}, el("span", { class: "with-dot" }, dot(n.tissue), plain(n.tissue), n.tissue === sample.tissue ? null : el("span", { class: "badge unsure" }, "other tissue"))), el("td", { class: "num" }, n.similarity.toFixed(2))));
  return el("div", {}, el("h3", {}, "Nearest training samples"), n_other ? el("p", { class: "small" }, `${n_other} of ${sample.neighbours.length} ${n_other === 1 ? "is" : "are"} of another tissue.`) : null,
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "sample and study"), el("th", {}, "tissue"), el("th", { class: "num" }, "similarity"))), el("tbody", {}, rows)));
}

function depth(about, sample) {
  const share = sample.genes_detected / Math.max(1, sample.coverage * about.n_genes), [low, middle, high] = about.reads_range.map(reads);
  const range = low ? `; training samples have ${middle}, nine of ten between ${low} and ${high}` : "";
  return [el("p", { class: "small" }, `${(100 * sample.coverage).toFixed(sample.coverage === 1 ? 0 : 1)}% of the model's genes have a value in this sample, ${count(sample.genes_detected)} of them above zero (${Math.round(100 * share)}%; ${about.detected_below === null ? "no limit is known" : `below ${Math.round(100 * about.detected_below)}% is less than training samples have`}).`),
    el("p", { class: "small" }, sample.reads === null ? "The table holds no counts, so how deeply it was sequenced is not known." : `Depth: ${reads(sample.reads)} reads of the model's genes${range}.`)];
}

const reads = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(n >= 1e7 ? 0 : 1)} million` : count(Math.round(n)));
