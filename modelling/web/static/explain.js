// Why a sample has its label: one sentence, the archive's own words with what was read marked, the other facts with theirs.

import { el, plain } from "./dom.js";
import { outside } from "./links.js";

const TEXTS = ["title", "source_name", "characteristics", "description"];
const SHOWN = [["sample_id", "sample"], ["series_id", "study"], ["source", "source"], ["organ_system", "organ system"], ["split", "part"], ["excluded_because", "left out because"]];
const BY = { override: "A curator decided", study: "The text of its study says", siblings: "The other samples of its study say", declared: "Its source declares" };
const known = (value) => value !== null && value !== undefined && value !== "" && value !== "<NA>";

/** A value as people read it. */
export function worded(value) {
  if (!known(value)) return "unknown";
  const text = String(value);
  return /^(true|false)$/i.test(text) ? (text.toLowerCase() === "true" ? "yes" : "no") : text;
}

const table = (rows) => el("table", {}, el("tbody", {}, rows.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));

/** All that the page knows of one sample. */
export function explained(about, { sample, label, proposals, facts, rule_reason }) {
  const held = { ...sample, ...Object.fromEntries(Object.entries(label ?? {}).filter(([, value]) => known(value))) };
  const rows = SHOWN.filter(([name]) => known(held[name])).map(([name, said]) => [said, el("span", {}, worded(held[name]), " ", outside(String(held[name])))]);
  return [
    el("p", { class: "called" }, el("strong", {}, plain(held.tissue ?? "not labelled")), known(held.term_name) ? ` · ${held.term_name} ` : " ", outside(held.term_id)),
    ...why(about, held, label, rule_reason),
    ...texts(label, facts),
    ...otherFacts(facts ?? []),
    ...considered(proposals ?? []),
    table(rows),
    ...(label ? [wrong(held)] : []),
  ];
}

function why(about, held, label, reason) {
  if (!about.has_evidence) return [el("p", { class: "small" }, "Why it has this label is shown when the server is started with --curation and the release folder.")];
  if (!label) return [el("p", { class: "small" }, "The release holds no label of this sample.")];
  const parts = [`Called ${plain(label.tissue ?? label.term_name ?? "nothing")}`];
  if (known(label.matched_text)) {
    const field = known(label.field) ? label.field.replaceAll("_", " ") : "text";
    parts.push(`${BY[label.decided_by] ? `: ${BY[label.decided_by].toLowerCase()}` : ` because its ${field} says`} `, el("mark", {}, label.matched_text));
    if (known(label.term_name) && label.term_name.toLowerCase() !== label.matched_text.toLowerCase()) parts.push(`, which means ${label.term_name}`);
  } else if (BY[label.decided_by]) parts.push(`: ${BY[label.decided_by].toLowerCase()} so`);
  parts.push(".");
  if (reason) parts.push(` The rule: ${reason}.`);
  if (known(label.runner_up)) parts.push(` It might have become ${plain(label.runner_up)}${Number.isFinite(label.margin) ? `, behind by ${label.margin.toFixed(2)}` : ""}.`);
  if (label.is_cell_line === true) parts.push(` It is a cell line${known(label.cell_line_name) ? `, ${label.cell_line_name}` : ""}. `, outside(label.cell_line_id) ?? "");
  return [el("div", { class: "evidence" }, el("h3", {}, "Why this label"), el("p", {}, parts))];
}

function texts(label, facts) {
  const rows = TEXTS.filter((name) => known(label?.[name])).map((name) => [name.replaceAll("_", " "), marked(String(label[name]), [label.matched_text, ...(facts ?? []).map((fact) => fact.matched_text)])]);
  return rows.length ? [el("div", {}, el("h3", {}, "What the archive says"), table(rows))] : [];
}

function otherFacts(facts) {
  if (!facts.length) return [];
  const rows = facts.map((fact) => el("tr", {}, el("th", { scope: "row" }, fact.fact.replaceAll("_", " ")), el("td", {}, [worded(fact.value), fact.unit].filter(known).join(" "), " ", outside(fact.ontology_term_id)), el("td", { class: "small" }, known(fact.matched_text) ? `“${fact.matched_text}” in ${(fact.field ?? "its text").replaceAll("_", " ")}` : worded(fact.decided_by))));
  return [el("div", {}, el("h3", {}, "Other facts"), el("table", {}, el("tbody", {}, rows)))];
}

function considered(proposals) {
  if (!proposals.length) return [];
  const rows = proposals.map((p) => el("tr", { class: p.is_winner && "winner" }, el("td", {}, p.field ?? ""), el("td", {}, p.matched_text ?? ""), el("td", {}, p.term_name ?? p.term_id ?? p.verdict ?? ""), el("td", { class: "num" }, known(p.weight) ? p.weight.toFixed(2) : "")));
  return [el("details", {}, el("summary", {}, `All that was considered (${proposals.length})`), el("table", {}, el("thead", {}, el("tr", {}, ["field", "words", "term", "weight"].map((name) => el("th", { class: name === "weight" && "num" }, name)))), el("tbody", {}, rows)))];
}

/** A row for overrides.tsv, to be corrected and taken over with `curate override import`. */
function wrong(held) {
  const head = ["scope", "target", "term_id", "is_cell_line", "curator", "date", "reason", "fact", "value"], today = new Date().toISOString().slice(0, 10);
  const row = ["sample", held.sample_id, held.term_id ?? "", "", "YOUR NAME", today, "WHY", "", ""], text = `${head.join("\t")}\n${row.join("\t")}\n`;
  const copy = el("button", { type: "button", onclick: async () => { try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; } catch { box.focus(); box.select(); } } }, "Copy");
  const box = el("textarea", { rows: "3", readonly: true, spellcheck: "false", "aria-label": "Row for overrides.tsv" });
  box.value = text;
  return el("details", { class: "wrong" }, el("summary", {}, "Wrong?"), el("p", { class: "small" }, "Put the right term, your name and the reason into this row, save it, and give it to ", el("code", {}, "curate override import"), "; the next build follows it."), box, copy);
}

/** The text with every one of these words marked where it first stands. */
function marked(text, words) {
  const spots = [];
  for (const word of new Set(words.filter(known).map(String))) {
    const at = text.toLowerCase().indexOf(word.toLowerCase());
    if (at >= 0 && !spots.some(([from, to]) => at < to && from < at + word.length)) spots.push([at, at + word.length]);
  }
  spots.sort((a, b) => a[0] - b[0]);
  const parts = [];
  let from = 0;
  for (const [start, end] of spots) { parts.push(text.slice(from, start), el("mark", {}, text.slice(start, end))); from = end; }
  return el("span", {}, parts, text.slice(from));
}
