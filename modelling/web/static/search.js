// The search box over the map: a combobox of tissues, terms, genes, diseases, studies and samples.

import { $, count, counted, el, getJson, plain } from "./dom.js";

const MOST = 8;
const PAUSE = 180; // ms without a key before the server is asked

export class Search {
  constructor(about, map, browse, showTab) {
    Object.assign(this, { about, map, browse, showTab, found: [], chosen: -1 });
    const box = $("search");
    box.oninput = () => this.look();
    let entered = false; // the click that enters the box selects what it holds: the next word replaces it
    box.onfocus = () => { entered = true; if (box.value) this.look(); };
    box.onclick = () => { if (entered) box.select(); entered = false; };
    box.onkeydown = (event) => this.#key(event);
    document.addEventListener("pointerdown", (event) => { if (!event.target.closest(".search")) this.close(); });
  }

  /** What the page knows at once; then what the server finds: synonyms, ids, genes, diseases. */
  async look() {
    const wanted = $("search").value.trim().toLowerCase();
    clearTimeout(this.waiting);
    if (!wanted) { this.map.paint(undefined, null); return this.close(); }
    await this.map.ready;
    if ($("search").value.trim().toLowerCase() !== wanted) return;
    const here = this.#here(wanted);
    $("found").setAttribute("aria-busy", "true");
    this.#list(here);
    this.waiting = setTimeout(async () => {
      const there = await getJson(`api/search?q=${encodeURIComponent(wanted)}`).catch(() => null);
      if ($("search").value.trim().toLowerCase() !== wanted) return;
      $("found").removeAttribute("aria-busy");
      if (!$("found").hidden) this.#list([...here.filter((one) => one.first), ...(there ? this.#there(there) : []), ...here.filter((one) => !one.first)]);
    }, PAUSE);
  }

  #go(open) { return () => { this.showTab("browse"); open(); }; }

  #here(wanted) {
    const tissues = this.about.tissues.filter((t) => plain(t.tissue).includes(wanted) || t.tissue.includes(wanted)).slice(0, MOST)
      .map((t) => ({ key: `tissue ${t.tissue}`, name: plain(t.tissue), kind: `tissue, ${counted(t.n_samples, "sample")}`, first: true, go: this.#go(() => this.browse.tissue(t.tissue)) }));
    const series = new Map(), samples = [];
    this.map.names.forEach(([sample, study], i) => {
      if (study && study.toLowerCase().includes(wanted)) series.set(study, (series.get(study) ?? 0) + 1);
      if (samples.length < MOST && sample.toLowerCase().includes(wanted)) samples.push([sample, i]);
    });
    return [...tissues,
      ...[...series].sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([name, n]) => ({ key: `study ${name}`, name, kind: `study, ${counted(n, "sample")}`, go: this.#go(() => this.browse.series(name)) })),
      ...samples.map(([name, i]) => ({ key: `sample ${name}`, name, kind: plain(this.map.tissueOf(i).tissue), go: () => { this.map.paint(undefined, (k) => k === i); this.browse.showSample(name); } }))];
  }

  #there({ terms, genes, diseases }) {
    const also = (word) => (word ? ` (${word})` : "");
    return [
      ...genes.filter((one, i) => i < 3 || one.word).map((one) => ({ key: `gene ${one.symbol}`, name: one.symbol + also(one.word), kind: "gene", go: this.#go(() => this.browse.gene(one.symbol)) })),
      ...terms.map((one) => ({ key: `term ${one.term_id}`, name: one.name + also(one.word), kind: `${one.term_id}, ${counted(one.n_samples, "sample")}`, go: this.#go(() => this.browse.term(one.term_id)) })),
      ...diseases.map((name) => ({ key: `disease ${name}`, name, kind: "disease", go: this.#go(() => this.browse.disease(name)) })),
    ];
  }

  /** Show a list; what was chosen stays so. */
  #list(found) {
    const before = this.found[this.chosen]?.key;
    this.found = found;
    this.chosen = found.length ? Math.max(0, found.findIndex((one) => one.key === before)) : -1;
    this.#show();
  }

  #show() {
    const items = this.found.map((item, i) => el("li", { role: "option", id: `found-${i}`, "aria-selected": String(i === this.chosen), onclick: () => this.#choose(i) }, item.name, el("span", {}, item.kind)));
    $("found").replaceChildren(...(items.length ? items : [el("li", { class: "none", role: "option", "aria-selected": "false", "aria-disabled": "true" }, $("found").hasAttribute("aria-busy") ? "looking further …" : "Nothing of that name.")]));
    $("found").hidden = false;
    $("search").setAttribute("aria-expanded", "true");
    $("search").setAttribute("aria-activedescendant", this.chosen >= 0 ? `found-${this.chosen}` : "");
  }

  #key(event) {
    if (event.key === "Escape") { $("search").value = ""; this.map.paint(undefined, null); this.close(); }
    else if (event.key === "Enter" && this.chosen >= 0 && !$("found").hidden) this.#choose(this.chosen);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.found.length) {
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : this.found.length - 1)) % this.found.length;
      this.#show();
      event.preventDefault();
    }
  }

  #choose(i) { this.close(); $("panel").focus({ preventScroll: true }); this.found[i].go(); }

  close() { clearTimeout(this.waiting); $("found").hidden = true; $("search").setAttribute("aria-expanded", "false"); $("search").removeAttribute("aria-activedescendant"); }
}
