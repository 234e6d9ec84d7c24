// The search box over the map: a combobox of tissues, studies and samples.

import { $, count, counted, el, plain } from "./dom.js";

const MOST = 8;

export class Search {
  constructor(about, map, browse, showTab) {
    Object.assign(this, { about, map, browse, showTab, found: [], chosen: -1 });
    const box = $("search");
    box.oninput = () => this.look();
    box.onfocus = () => this.look();
    box.onkeydown = (event) => this.#key(event);
    document.addEventListener("pointerdown", (event) => { if (!event.target.closest(".search")) this.close(); });
  }

  async look() {
    const wanted = $("search").value.trim().toLowerCase();
    if (!wanted) { this.map.paint(undefined, null); return this.close(); }
    const tissues = this.about.tissues.filter((t) => plain(t.tissue).includes(wanted) || t.tissue.includes(wanted)).slice(0, MOST)
      .map((t) => ({ name: plain(t.tissue), kind: counted(t.n_samples, "sample"), go: () => { this.showTab("browse"); this.browse.tissue(t.tissue); } }));
    await this.map.ready;
    if ($("search").value.trim().toLowerCase() !== wanted) return;
    const series = new Map(), samples = [];
    this.map.names.forEach(([sample, study], i) => {
      if (study && study.toLowerCase().includes(wanted)) series.set(study, (series.get(study) ?? 0) + 1);
      if (samples.length < MOST && sample.toLowerCase().includes(wanted)) samples.push([sample, i]);
    });
    this.found = [...tissues,
      ...[...series].sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([name, n]) => ({ name, kind: `study, ${counted(n, "sample")}`, go: () => { this.showTab("browse"); this.browse.series(name); } })),
      ...samples.map(([name, i]) => ({ name, kind: plain(this.map.nameOf(i, "tissue")), go: () => { this.map.paint(undefined, (k) => k === i); this.browse.showSample(name); } }))];
    this.chosen = this.found.length ? 0 : -1;
    this.#show();
  }

  #show() {
    const items = this.found.map((item, i) => el("li", { role: "option", id: `found-${i}`, "aria-selected": String(i === this.chosen), onclick: () => this.#go(i) }, item.name, el("span", {}, item.kind)));
    $("found").replaceChildren(...(items.length ? items : [el("li", { class: "none" }, "Nothing of that name.")]));
    $("found").hidden = false;
    $("search").setAttribute("aria-expanded", "true");
    $("search").setAttribute("aria-activedescendant", this.chosen >= 0 ? `found-${this.chosen}` : "");
  }

  #key(event) {
    if (event.key === "Escape") { $("search").value = ""; this.map.paint(undefined, null); this.close(); }
    else if (event.key === "Enter" && this.chosen >= 0) this.#go(this.chosen);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.found.length) {
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : this.found.length - 1)) % this.found.length;
      this.#show();
      event.preventDefault();
    }
  }

  #go(i) { this.close(); this.found[i].go(); }

  close() { $("found").hidden = true; $("search").setAttribute("aria-expanded", "false"); }
}
