// The user's own samples: sending a table, and each sample's tissue with the reasons.

import { closest } from "./closest.js";
import { $, count, counted, el, percent, plain, say } from "./dom.js";
import { holds, reasons } from "./reasons.js";

const PAGE = 100;
const MOST_CHIPS = 8; // tissues of the summary that are shown at once
const UNITS = ["auto", "counts", "tpm", "fpkm", "cpm", "log2-tpm", "log2-fpkm", "log2-cpm", "log2-counts", "ln-tpm", "ln-cpm", "tag-counts"];

const FIELDS = [["--samples", "Sample columns"], ["--annotation", "Columns that are no samples"], ["--unit", "Unit"], ["--layout", "Layout"]]; // what the command line calls an option, and this page

/** A fault of a table in the words of the page: its fields for options, nothing of files that only the command line reads. */
const onThisPage = (text) => FIELDS.reduce((said, [option, field]) => said.replaceAll(option, `“${field}”`), text.replace(/ \(source\.json: [^)]*\)/g, "")) + (FIELDS.some(([option]) => text.includes(option)) ? " (the fields are open above)" : "");

const listed = (id) => $(id).value.split(",").map((one) => one.trim()).filter(Boolean);

/** A query of names and lists. */
const asked = (query) => new URLSearchParams(Object.entries(query).flatMap(([key, value]) => [value].flat().map((one) => [key, one])));

export class Samples {
  /** `showSample` opens a sample of the compendium; `showGene` a gene, null where the page knows none. */
  constructor(about, map, colours, showSample, showGene) {
    Object.assign(this, { about, map, colours, showSample, showGene, answer: null, sent: null, shown: PAGE });
    $("unit").append(...UNITS.map((name) => el("option", { value: name }, name === "auto" ? "found by itself" : name)));
    const limits = about.limits;
    $("limits").textContent = `Up to ${limits.megabytes} MB and ${count(limits.samples)} samples. The table stays in memory while it is read and is kept nowhere.`;
    $("example").hidden = !about.has_example;
    $("choose").onclick = () => $("file").click();
    $("file").onchange = () => { const file = $("file").files[0]; if (file) this.send(file, file.name); $("file").value = ""; };
    $("example").onclick = () => this.example();
    $("predict-paste").onclick = () => ($("paste").value.trim() ? this.send(new Blob([$("paste").value]), "pasted table") : this.fail("Nothing was pasted: put a table with a header line into the box."));
    $("again").onclick = () => this.send(this.last.body, this.last.name);
    $("filter").oninput = $("only-unsure").onchange = $("order").onchange = () => { this.shown = PAGE; this.list(); };
    $("more").onclick = () => { this.shown += PAGE; this.list(); };
    $("download").onclick = () => this.download();
    $("clear").onclick = () => this.clear();
    this.#drop();
    map.addEventListener("mine", (event) => this.open(event.detail));
  }

  #drop() {
    const zone = $("drop");
    for (const kind of ["dragover", "dragenter"]) document.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      const file = event.dataTransfer.files[0];
      if (file) this.send(file, file.name);
    });
  }

  async example() {
    try {
      const answer = await fetch("api/example");
      this.send(await answer.blob(), "example.tsv");
    } catch { this.fail("The example could not be loaded: is the server still running?"); }
  }

  send(body, name) {
    const most = this.about.limits.megabytes * 1048576;
    if (body.size > most) return this.fail(`${name} is larger than ${this.about.limits.megabytes} MB: split it, or use the command line (model predict), which has no limit.`);
    if (/\.(gz|zip|h5ad|h5|parquet|xlsx?|rds|rdata|npz|pkl)$/i.test(name)) return this.fail(`${name}: only plain text tables (CSV, TSV, GCT) are read here; the command line (model predict) also reads .gz, .h5ad and Parquet.`);
    const query = { name: name.slice(0, 200), unit: $("unit").value, layout: $("layout").value, samples: listed("sample-columns"), annotation: listed("other-columns") };
    this.last = { body, name };
    $("again").textContent = `Read ${name} again`;
    $("again").hidden = false;
    const request = new XMLHttpRequest();
    request.open("POST", `api/predict?${asked(query)}`);
    request.setRequestHeader("Content-Type", "text/plain");
    request.upload.onprogress = (event) => event.total && this.#progress(`Sending ${name}`, event.loaded / event.total);
    request.upload.onload = () => this.#progress(`Reading and predicting ${name}`, null);
    request.onload = () => {
      $("progress").hidden = true;
      let content;
      try { content = JSON.parse(request.responseText); } catch { content = { error: `the server answered ${request.status}` }; }
      if (request.status === 200) { this.sent = { body, query }; this.show(content); } else this.fail(content.error);
    };
    request.onerror = () => this.fail("No answer: the table may be too large, or the server was stopped.");
    this.#progress(`Sending ${name}`, 0);
    request.send(body);
  }

  #progress(text, share) {
    $("problem").hidden = true;
    $("progress").hidden = false;
    $("progress-text").textContent = share === null ? `${text} …` : `${text} … ${Math.round(100 * share)}%`;
    if (share === null) $("progress-bar").removeAttribute("value"); else $("progress-bar").value = share;
  }

  /** Say what is wrong; results that are there are those of an older table, and say so. */
  fail(text) {
    $("progress").hidden = true;
    $("stale").hidden = this.answer === null;
    $("problem").textContent = onThisPage(text);
    $("problem").hidden = false;
    if (FIELDS.some(([option]) => text.includes(option))) $("options").open = true;
    $("problem").scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.answer = this.sent = null;
    $("results").hidden = $("problem").hidden = true;
    $("drop").classList.remove("compact");
    this.map.setMine([]);
  }

  show(answer) {
    this.answer = answer;
    this.placed = answer.samples.filter((sample) => sample.tissue !== null);
    this.shown = PAGE;
    $("filter").value = "";
    $("order").value = "given";
    $("only-unsure").checked = false;
    $("stale").hidden = $("problem").hidden = true;
    $("drop").classList.add("compact");
    $("options").open = false;
    $("results").hidden = false;
    const unsure = this.placed.filter((sample) => sample.unsure).length;
    $("results-title").textContent = `${counted(answer.samples.length, "sample")}${unsure ? `, ${count(unsure)} unsure` : ""}`;
    this.#summary();
    this.#report(answer.report);
    this.list();
    this.map.setMine(this.placed);
    this.map.paint(undefined, null);
    this.map.fit();
    say(`${counted(answer.samples.length, "sample")} predicted`);
  }

  #report(report) {
    const rows = [
      ["File", `${report.name} (${report.format}, ${report.layout})`],
      ["Genes", `${count(report.n_matched)} of the model's ${count(report.n_model_genes)}, named by ${report.gene_id_kind}`],
      ["Unit", report.unit],
    ];
    const reasons = report.unit_reasons.join("; ");
    $("report").replaceChildren(
      el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value, name === "Unit" ? el("details", { class: "why" }, el("summary", {}, "how this was seen"), reasons) : null)])),
      ...report.notes.map((note) => el("p", { class: "why" }, note)),
      ...report.warnings.map((warning) => el("p", { class: "warning" }, warning)),
    );
  }

  /** How many samples of each tissue, how many are unsure, how many could not be predicted; a click filters. */
  #summary() {
    const groups = new Map();
    for (const sample of this.placed) {
      const held = groups.get(sample.tissue) ?? [0, 0];
      groups.set(sample.tissue, [held[0] + 1, held[1] + Boolean(sample.unsure)]);
    }
    const refused = this.answer.samples.length - this.placed.length;
    const chips = [...groups].sort((a, b) => b[1][0] - a[1][0]).map(([tissue, [n, unsure]]) => el("button", { type: "button", class: "chip", onclick: () => { $("filter").value = plain(tissue); this.list(); } },
      this.#dot(tissue), `${plain(tissue)} ${count(n)}`, unsure ? el("small", {}, `${count(unsure)} unsure`) : null));
    const rest = chips.splice(chips.length > MOST_CHIPS + 2 ? MOST_CHIPS : chips.length);
    if (rest.length) chips.push(el("button", { type: "button", class: "chip", onclick: (event) => { event.target.replaceWith(...rest); rest[0].focus(); } }, `and ${count(rest.length)} more tissues`));
    $("summary").replaceChildren(...chips, refused ? el("span", { class: "badge refused" }, `${count(refused)} not predicted`) : "");
  }

  #dot(tissue) { const one = this.colours.tissue[tissue]; return el("span", { class: `dot form-${one?.form ?? 0}`, colour: one?.css }); }

  list() {
    const wanted = $("filter").value.trim().toLowerCase(), unsureOnly = $("only-unsure").checked;
    const chosen = this.answer.samples.filter((sample) => (!unsureOnly || sample.unsure || sample.tissue === null) && (!wanted || sample.sample_id.toLowerCase().includes(wanted) || plain(sample.tissue ?? "").includes(wanted) || plain(sample.answer ?? "").toLowerCase().includes(wanted)));
    const orders = { tissue: (a, b) => (a.tissue ?? "~").localeCompare(b.tissue ?? "~") || b.probability - a.probability, unsure: (a, b) => (b.unsure ?? 2) - (a.unsure ?? 2) || (a.probability ?? 0) - (b.probability ?? 0), coverage: (a, b) => a.coverage - b.coverage };
    if (orders[$("order").value]) chosen.sort(orders[$("order").value]);
    $("sample-list").replaceChildren(...chosen.slice(0, this.shown).map((sample) => el("li", {}, this.#sample(sample))));
    $("more").hidden = chosen.length <= this.shown;
    $("more").textContent = `Show more (${count(chosen.length - this.shown)} left)`;
    if (!chosen.length) $("sample-list").append(el("li", { class: "small" }, "No sample fits the filter."));
  }

  #sample(sample) {
    if (sample.tissue === null) {
      return el("details", { class: "sample" }, el("summary", {}, el("span", { class: "dot" }), el("span", { class: "tissue" }, "not predicted"), el("span", { class: "badge refused" }, "refused"), el("span", { class: "id" }, sample.sample_id)), el("div", { class: "inside" }, sample.status));
    }
    const node = el("details", { class: "sample", "data-sample": sample.sample_id },
      el("summary", {}, this.#dot(sample.tissue), el("span", { class: "tissue" }, plain(sample.tissue)), el("span", { class: "percent" }, percent(sample.probability)),
        el("span", { class: "id", title: sample.sample_id }, sample.sample_id), el("span", { class: `badge ${sample.unsure ? "unsure" : "sure"}` }, sample.unsure ? "unsure" : "confident"),
        holds(sample) ? el("span", { class: "holds" }, `holds: ${holds(sample)}`) : null));
    node.addEventListener("toggle", () => {
      if (!node.open) return;
      if (node.children.length === 1) node.append(this.#inside(sample));
      this.map.select(this.placed.indexOf(sample));
    });
    return node;
  }

  /** The table of the answer once more, for one of its samples. */
  async #ask(sample, query) {
    const { body, query: how } = this.sent;
    const answer = await fetch(`api/compare?${asked({ ...how, position: this.answer.samples.indexOf(sample), ...query })}`, { method: "POST", headers: { "Content-Type": "text/plain" }, body })
      .catch(() => { throw new Error("No answer: was the file changed since, or the server stopped?"); });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `the server answered ${answer.status}`);
    return answer;
  }

  #inside(sample) {
    return el("div", { class: "inside" }, reasons(this.about, this.colours, sample, (tissue) => this.#dot(tissue), this.showSample),
      el("div", { class: "row" }, el("button", { type: "button", onclick: () => { this.map.select(this.placed.indexOf(sample), true); this.map.frame.scrollIntoView({ block: "center" }); } }, "Show on the map")),
      closest(this.about, sample, (query) => this.#ask(sample, query), this.showGene));
  }

  /** Open one sample of the list, by its place among the predicted ones. */
  open(position) {
    const sample = this.placed[position];
    $("filter").value = ""; $("only-unsure").checked = false;
    this.shown = Math.max(this.shown, this.answer.samples.indexOf(sample) + 1);
    this.list();
    const node = [...$("sample-list").querySelectorAll("details")].find((one) => one.dataset.sample === sample.sample_id);
    node.open = true;
    node.scrollIntoView({ block: "nearest" });
    node.querySelector("summary").focus({ preventScroll: true });
  }

  download() {
    const address = URL.createObjectURL(new Blob([this.answer.tsv], { type: "text/tab-separated-values" }));
    el("a", { href: address, download: "tissues.tsv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}
