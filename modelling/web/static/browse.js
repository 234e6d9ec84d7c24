// Browsing the compendium: tissues, terms, diseases, genes, studies, picked samples, and one sample.

import { boxPlot } from "./box.js";
import { $, count, counted, el, getJson, plain } from "./dom.js";
import { explained } from "./explain.js";
import { outside } from "./links.js";

const MOST_ROWS = 500;

export class Browse {
  /** `colour` is told what to colour by; `address` where the reader is. */
  constructor(about, map, colours, address, colour) {
    Object.assign(this, { about, map, colours, address, colour, asked: 0 });
    $("details").addEventListener("close", () => address.set({ sample: null }));
    this.home();
  }

  #crumbs(...steps) {
    const parts = [["All tissues", () => this.home()], ...steps];
    $("crumbs").replaceChildren(...parts.flatMap(([name, go], i) => [i ? "›" : null, i < parts.length - 1 ? el("button", { class: "link", type: "button", onclick: go }, name) : el("span", { "aria-current": "page" }, name)]).filter(Boolean));
  }

  #dot(tissue) { const one = this.colours.tissue[tissue]; return el("span", { class: `dot form-${one?.form ?? 0}`, colour: one?.css }); }

  home() {
    this.#crumbs();
    this.address.go(null);
    this.map.paint(undefined, null);
    const filter = el("input", { type: "search", placeholder: "Filter tissues", "aria-label": "Filter tissues", oninput: () => list() }), body = el("div", {});
    const most = Math.max(...this.about.tissues.map((t) => t.n_samples));
    const list = () => {
      const wanted = filter.value.trim().toLowerCase(), systems = new Map();
      for (const t of this.about.tissues) if (!wanted || plain(t.tissue).includes(wanted) || t.organ_system.includes(wanted)) systems.set(t.organ_system, [...(systems.get(t.organ_system) ?? []), t]);
      body.replaceChildren(...[...systems].sort(([a], [b]) => a.localeCompare(b)).map(([system, tissues]) => el("section", { class: "system" }, el("h3", {}, system || "Tissues"),
        tissues.map((t) => el("button", { class: "tissue-row", type: "button", onclick: () => this.tissue(t.tissue) },
          this.#dot(t.tissue), plain(t.tissue), el("span", { class: "bar" }, el("i", { colour: this.colours.tissue[t.tissue].css, width: `${(100 * t.n_samples) / most}%` })), el("span", { class: "num" }, count(t.n_samples)))))));
      if (!systems.size) body.append(el("p", { class: "small" }, "No tissue of that name; the search over the map also knows synonyms and parts."));
    };
    list();
    $("browse-body").replaceChildren(filter, body);
  }

  tissue(tissue) {
    const code = this.about.tissues.findIndex((t) => t.tissue === tissue), held = this.about.tissues[code];
    if (!held) return this.#fail(new Error(`The model knows no tissue ${tissue}.`));
    this.#crumbs([plain(tissue), null]);
    this.address.go("tissue", tissue);
    this.#keep((i) => this.map.tissue[i] === code);
    return this.#answer(() => getJson(`api/tissues/${encodeURIComponent(tissue)}`), (series) => {
      const rows = series.map((s) => el("tr", {}, el("td", {}, el("button", { class: "link", type: "button", onclick: () => this.series(s.series_id, s.source, tissue) }, s.series_id || `${s.source}, no study given`)), el("td", {}, s.source), el("td", { class: "num" }, count(s.n_samples))));
      return [el("h2", {}, plain(tissue)), el("p", { class: "small" }, [counted(held.n_samples, "sample"), held.n_series && counted(held.n_series, "study", "studies"), held.organ_system].filter(Boolean).join(" · ")),
        this.#within(tissue), table(["study", "source", "samples"], rows)];
    });
  }

  /** The finest terms of a tissue's samples, once they are known. */
  #within(tissue) {
    const place = el("div", {});
    getJson(`api/tissues/${encodeURIComponent(tissue)}/terms`).then((parts) => place.replaceChildren(...this.#parts(parts)), () => place.remove());
    return place;
  }

  #parts(parts) {
    return parts.length < 2 ? [] : [el("h3", {}, "Finest terms"), el("ul", { class: "parts" }, parts.slice(0, 40).map((part) => el("li", {}, el("button", { class: "link", type: "button", onclick: () => this.term(part.term_id) }, part.name), " ", el("span", { class: "small" }, count(part.n_samples)))))];
  }

  /** All samples within a term of the ontology. */
  term(termId) {
    this.address.go("term", termId);
    return this.#held(`api/terms/${encodeURIComponent(termId)}`);
  }

  /** All samples whose text states a disease. */
  disease(name) {
    this.address.go("disease", name);
    return this.#held(`api/diseases/${encodeURIComponent(name)}`);
  }

  #held(path) {
    return this.#answer(() => getJson(path), (found) => {
      this.#crumbs([found.name, null]);
      const members = new Set(found.points);
      this.#keep((i) => members.has(i));
      return [el("h2", {}, found.name), el("p", { class: "small" }, counted(found.points.length, "sample"), " ", outside(found.term_id)), ...this.#parts(found.parts), ...this.#members(found.points)];
    });
  }

  /** A gene: the map coloured by it, its boxes beside. */
  gene(name) {
    const turn = this.asked + 1;
    return this.#answer(async () => {
      const found = await getJson(`api/genes/${encodeURIComponent(name)}`), key = `gene:${found.symbol}`;
      if (turn !== this.asked) return found;
      this.address.go("gene", found.symbol, { colour: key }); // one step: Back leads to what was before the gene
      this.map.paint(undefined, null);
      this.map.fit();
      await this.colour(key);
      return found;
    }, (found) => {
      this.#crumbs([found.symbol, null]);
      return [el("h2", {}, found.symbol), el("p", { class: "small" }, `${found.unit} in ${counted(found.n_samples, "sample")}; tissues by their median`), boxPlot(found, this.colours, (tissue) => this.tissue(tissue), $("browse-body").clientWidth)];
    });
  }

  /** The samples of a study; `tissue` narrows those without a study to where one came from. */
  async series(series, source = null, tissue = null) {
    await this.map.ready;
    const code = this.about.tissues.findIndex((t) => t.tissue === tissue), place = this.about.sources.indexOf(source);
    const points = this.#keep((i) => this.map.names[i][1] === series && (series || (this.map.tissue[i] === code && this.map.source[i] === place)));
    const name = series || `${source}, no study given`;
    this.#crumbs(...(tissue && code >= 0 ? [[plain(tissue), () => this.tissue(tissue)]] : []), [name, null]);
    this.address.go("study", series || "none", { source, tissue });
    $("browse-body").replaceChildren(el("h2", {}, name), el("p", { class: "small" }, counted(points.length, "sample"), " ", outside(series)), ...this.#members(points));
  }

  /** Samples that were picked on the map. */
  async picked(points) {
    await this.map.ready;
    const members = new Set(points);
    this.map.paint(undefined, (i) => members.has(i));
    this.#crumbs(["picked samples", null]);
    const of = new Map();
    for (const i of points) of.set(this.map.tissueOf(i).tissue, (of.get(this.map.tissueOf(i).tissue) ?? 0) + 1);
    const lines = ["sample_id\tseries_id\tsource\ttissue", ...points.map((i) => [...this.map.names[i], this.about.sources[this.map.source[i]], this.map.tissueOf(i).tissue].join("\t"))].join("\n");
    const save = () => { const address = URL.createObjectURL(new Blob([`${lines}\n`], { type: "text/tab-separated-values" })); el("a", { href: address, download: "samples.tsv" }).click(); setTimeout(() => URL.revokeObjectURL(address), 10000); };
    $("browse-body").replaceChildren(el("h2", {}, `${counted(points.length, "sample")} picked`), el("ul", { class: "parts" }, [...of].sort((a, b) => b[1] - a[1]).map(([tissue, n]) => el("li", {}, this.#dot(tissue), ` ${plain(tissue)} `, el("span", { class: "small" }, count(n))))),
      el("div", { class: "row" }, el("button", { type: "button", onclick: save }, "Download TSV"), el("button", { type: "button", class: "plain", onclick: () => this.home() }, "Clear")), ...this.#members(points));
  }

  #members(points) {
    const body = el("div", {}, el("p", { class: "small" }, "loading …"));
    this.map.ready.then(() => {
      const rows = points.slice(0, MOST_ROWS).map((i) => el("tr", {}, el("td", {}, el("button", { class: "link", type: "button", onclick: () => this.showSample(this.map.names[i][0]) }, this.map.names[i][0])), el("td", {}, el("span", { class: "with-dot" }, this.#dot(this.map.tissueOf(i).tissue), plain(this.map.tissueOf(i).tissue)))));
      body.replaceChildren(table(["sample", "tissue"], rows), points.length > MOST_ROWS ? el("p", { class: "small" }, `The first ${MOST_ROWS} of ${count(points.length)}.`) : "");
    });
    return [body];
  }

  /** Keep some points in colour and show them; returns them. */
  #keep(inside) {
    const points = [];
    for (let i = 0; i < this.map.n; i++) if (inside(i)) points.push(i);
    const members = new Set(points);
    this.map.paint(undefined, (i) => members.has(i));
    if (points.length) this.map.fit(points);
    return points;
  }

  async showSample(sampleId) {
    this.address.set({ sample: sampleId });
    $("details-title").textContent = sampleId;
    $("details-body").replaceChildren(el("p", { class: "small" }, "loading …"));
    if (!$("details").open) $("details").showModal();
    try {
      const found = await getJson(`api/samples/${encodeURIComponent(sampleId)}`);
      $("details-body").replaceChildren(...explained(this.about, found));
      if (found.sample.point !== undefined) this.map.centreOn(found.sample.map_x, found.sample.map_y);
    } catch (error) { $("details-body").replaceChildren(el("p", { class: "problem" }, error.message)); }
  }

  /** Fill the panel with what an answer becomes; an older answer that comes late is dropped. */
  async #answer(ask, shown) {
    const turn = ++this.asked;
    $("browse-body").replaceChildren(el("p", { class: "small" }, "loading …"));
    try {
      const found = await ask();
      if (turn === this.asked) $("browse-body").replaceChildren(...shown(found));
    } catch (error) { if (turn === this.asked) this.#fail(error); }
  }

  #fail(error) { this.#crumbs(["not found", null]); $("browse-body").replaceChildren(el("p", { class: "problem" }, error.message)); }
}

const table = (names, rows) => el("table", {}, el("thead", {}, el("tr", {}, names.map((name) => el("th", { class: name === "samples" && "num" }, name)))), el("tbody", {}, rows));
