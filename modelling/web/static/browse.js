// Browsing the compendium: tissues, their studies, a study's samples, and why a sample has its label.

import { $, count, counted, el, getJson, plain } from "./dom.js";

const STUDY = /^GSE\d+$/;
const HIDDEN = new Set(["map_x", "map_y", "point"]);
const EVIDENCE = [["tissue", "tissue"], ["term_name", "term"], ["term_id", "term id"], ["decided_by", "decided by"], ["field", "field"], ["matched_text", "matched text"], ["synonym", "synonym"], ["scope", "scope"], ["rule_id", "rule"], ["margin", "margin"], ["runner_up", "runner-up"], ["is_cell_line", "cell line"], ["split", "split"], ["excluded_at", "excluded at"], ["excluded_because", "excluded because"]];
const TOLD_BY_LABEL = new Set(["tissue", "term_id", "split"]);
const TEXTS = ["title", "source_name", "characteristics", "description"];

export class Browse {
  constructor(about, map, colours) {
    Object.assign(this, { about, map, colours });
    this.home();
  }

  #crumbs(...steps) {
    const parts = [["All tissues", () => this.home()], ...steps];
    $("crumbs").replaceChildren(...parts.flatMap(([name, go], i) => [i ? "›" : null, i < parts.length - 1 ? el("button", { class: "link", type: "button", onclick: go }, name) : el("span", { "aria-current": "page" }, name)]).filter(Boolean));
  }

  home() {
    this.#crumbs();
    $("search").value = "";
    this.map.paint(undefined, null);
    const most = Math.max(...this.about.tissues.map((t) => t.n_samples)), systems = Map.groupBy ? Map.groupBy(this.about.tissues, (t) => t.organ_system) : grouped(this.about.tissues);
    $("browse-body").replaceChildren(...[...systems].sort(([a], [b]) => a.localeCompare(b)).map(([system, tissues]) => el("section", { class: "system" }, el("h3", {}, system || "Tissues"),
      tissues.map((t) => el("button", { class: "tissue-row", type: "button", onclick: () => this.tissue(t.tissue) },
        el("span", { class: "dot", colour: this.colours.tissue[t.tissue].css }), plain(t.tissue), el("span", { class: "bar" }, el("i", { colour: this.colours.tissue[t.tissue].css, width: `${(100 * t.n_samples) / most}%` })), el("span", { class: "num" }, count(t.n_samples)))))));
  }

  async tissue(tissue) {
    const code = this.about.tissues.findIndex((t) => t.tissue === tissue), held = this.about.tissues[code];
    this.#crumbs([plain(tissue), null]);
    this.map.paint(undefined, (i) => this.map.tissue[i] === code);
    this.map.fit();
    this.#wait();
    try {
      const series = await getJson(`api/tissues/${encodeURIComponent(tissue)}`);
      const rows = series.map((s) => el("tr", {}, el("td", {}, el("button", { class: "link", type: "button", onclick: () => this.series(s.series_id, s.source, tissue) }, s.series_id || `${s.source}, no study given`)), el("td", {}, s.source), el("td", { class: "num" }, count(s.n_samples))));
      $("browse-body").replaceChildren(el("h2", {}, plain(tissue)), el("p", { class: "small" }, [counted(held.n_samples, "sample"), held.n_series && counted(held.n_series, "study", "studies"), held.organ_system].filter(Boolean).join(" · ")),
        el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "study"), el("th", {}, "source"), el("th", { class: "num" }, "samples"))), el("tbody", {}, rows)));
    } catch (error) { this.#fail(error); }
  }

  /** The samples of a study; `tissue` narrows those without a study to where one came from. */
  async series(series, source = null, tissue = null) {
    await this.map.ready;
    const code = this.about.tissues.findIndex((t) => t.tissue === tissue), place = this.about.sources.indexOf(source);
    const inside = (i) => this.map.names[i][1] === series && (series || (this.map.tissue[i] === code && this.map.source[i] === place));
    const points = [];
    for (let i = 0; i < this.map.n; i++) if (inside(i)) points.push(i);
    const members = new Set(points);
    this.map.paint(undefined, (i) => members.has(i));
    this.map.fit(points);
    const name = series || `${source}, no study given`;
    this.#crumbs(...(tissue ? [[plain(tissue), () => this.tissue(tissue)]] : []), [name, null]);
    const rows = points.slice(0, 500).map((i) => el("tr", {}, el("td", {}, el("button", { class: "link", type: "button", onclick: () => this.showSample(this.map.names[i][0]) }, this.map.names[i][0])), el("td", {}, el("span", { class: "with-dot" }, el("span", { class: "dot", colour: this.colours.tissue[this.map.nameOf(i, "tissue")].css }), plain(this.map.nameOf(i, "tissue"))))));
    $("browse-body").replaceChildren(el("h2", {}, name), el("p", { class: "small" }, counted(points.length, "sample"), STUDY.test(series) ? el("span", {}, " · ", el("a", { href: `https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=${series}`, target: "_blank", rel: "noreferrer noopener" }, "at GEO")) : null),
      el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "sample"), el("th", {}, "tissue"))), el("tbody", {}, rows)), points.length > 500 ? el("p", { class: "small" }, `The first 500 of ${count(points.length)}.`) : "");
  }

  async showSample(sampleId) {
    $("details-title").textContent = sampleId;
    $("details-body").replaceChildren(el("p", { class: "small" }, "loading …"));
    if (!$("details").open) $("details").showModal();
    try {
      const { sample, label, proposals } = await getJson(`api/samples/${encodeURIComponent(sampleId)}`);
      const facts = Object.entries(sample).filter(([name, value]) => value !== "" && value !== null && !HIDDEN.has(name) && name !== "sample_id" && !(label && TOLD_BY_LABEL.has(name)));
      $("details-body").replaceChildren(facts.length ? table(facts.map(([name, value]) => [name.replaceAll("_", " "), worded(name, value)])) : "", ...this.#why(label, proposals));
      if (sample.point !== undefined) { this.map.centreOn(sample.map_x, sample.map_y); }
    } catch (error) { $("details-body").replaceChildren(el("p", { class: "problem" }, error.message)); }
  }

  #why(label, proposals) {
    if (!this.about.has_evidence) return [el("p", { class: "small" }, "Why it has this label is shown when the server is started with --curation and the release folder.")];
    if (!label) return [el("p", { class: "small" }, "The release holds no label of this sample.")];
    const rows = EVIDENCE.filter(([name]) => label[name] !== undefined && label[name] !== null && label[name] !== "").map(([name, said]) => [said, worded(name, label[name])]);
    const texts = TEXTS.filter((name) => label[name]).map((name) => [name.replaceAll("_", " "), marked(String(label[name]), label.matched_text)]);
    const parts = [el("div", { class: "evidence" }, el("h3", {}, "Why this label"), table(rows))];
    if (texts.length) parts.push(el("div", {}, el("h3", {}, "What the archive says"), table(texts)));
    if (proposals.length) parts.push(el("div", {}, el("h3", {}, "All proposals"), el("table", {}, el("thead", {}, el("tr", {}, ["field", "matched", "term", "weight"].map((name) => el("th", {}, name)))), el("tbody", {}, proposals.map((p) => el("tr", { class: p.is_winner && "winner" }, el("td", {}, p.field ?? ""), el("td", {}, p.matched_text ?? ""), el("td", {}, p.term_name ?? p.term_id ?? ""), el("td", { class: "num" }, String(p.weight ?? ""))))))));
    return parts;
  }

  #wait() { $("browse-body").replaceChildren(el("p", { class: "small" }, "loading …")); }
  #fail(error) { $("browse-body").replaceChildren(el("p", { class: "problem" }, error.message)); }
}

/** A value as people read it. */
function worded(name, value) {
  const text = String(value);
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true" ? "yes" : "no";
  return name === "tissue" || name === "runner_up" ? plain(text) : text;
}

const table = (rows) => el("table", {}, el("tbody", {}, rows.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));

function grouped(tissues) {
  const found = new Map();
  for (const t of tissues) found.set(t.organ_system, [...(found.get(t.organ_system) ?? []), t]);
  return found;
}

/** The text with the matched part marked. */
function marked(text, matched) {
  const at = matched ? text.toLowerCase().indexOf(String(matched).toLowerCase()) : -1;
  return at < 0 ? text : el("span", {}, text.slice(0, at), el("mark", {}, text.slice(at, at + matched.length)), text.slice(at + matched.length));
}
