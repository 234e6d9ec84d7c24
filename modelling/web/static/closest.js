// One of the user's samples against its closest normal: which genes are higher and lower, by how much, how surely.

import { count, counted, el, plain } from "./dom.js";

const NEAR = 6;
const rate = (p) => (p < 0.001 ? p.toExponential(0).replace("e-", "e−") : p.toFixed(3));

/** The section of a sample. `ask(query)` posts its table to api/compare; `showGene` opens a gene, null where the page has none. */
export function closest(about, sample, ask, showGene) {
  const head = el("h3", {}, "Higher and lower than in its closest normal");
  if (!about.normals.length) return el("div", { class: "closest" }, head, el("p", { class: "small" }, `Not here: ${about.no_normals || "this run's normal samples are fewer than two of any tissue"}.`));
  const place = el("div", { "aria-live": "polite" }), own = about.normals.includes(sample.tissue);
  const choice = el("select", { "aria-label": "Normal tissue" }, about.normals.map((tissue) => el("option", { value: tissue, selected: tissue === sample.tissue }, plain(tissue))));
  const go = el("button", {
    type: "button", onclick: async () => {
      const query = { tissue: choice.value === sample.tissue ? "" : choice.value };
      go.disabled = true;
      place.replaceChildren(el("p", { class: "small" }, "comparing …"));
      try { place.replaceChildren(...found(await (await ask(query)).json(), () => ask({ ...query, format: "tsv" }), showGene)); }
      catch (error) { place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message)); }
      go.disabled = false;
    },
  }, "Compare");
  return el("div", { class: "closest" }, head, own ? null : el("p", { class: "small" }, `The run holds too few normal samples of ${plain(sample.tissue)}: choose another tissue.`),
    el("div", { class: "row" }, el("span", {}, "with normal"), choice, go), place);
}

function found(answer, askAll, showGene) {
  if (!answer.tissue) return [el("p", { class: "warning" }, answer.status)];
  const below = `at a false discovery rate of ${Math.round(100 * answer.fdr)}%`, most = Math.max(1, ...[...answer.higher, ...answer.lower].map((one) => Math.abs(one.difference)));
  const beside = answer.also && answer.also_counts_for >= 0.5 ? `; those of ${plain(answer.also)}, which it resembles too, count for ${counted(Math.round(answer.also_counts_for), "sample")} more` : "";
  const sex = answer.sex === "female" || answer.sex === "male" ? ` Genes of Y and XIST are compared within ${answer.sex} samples, as this one appears to be.` : "";
  return [
    el("p", {}, el("strong", {}, `${counted(answer.n_higher, "gene")} higher, ${count(answer.n_lower)} lower`), ` ${below}, of ${count(answer.n_genes)}, against ${counted(answer.n_normal, "normal sample")} of ${plain(answer.tissue)}${beside}.${sex}`),
    answer.unsure_because ? el("p", { class: "warning" }, "The tissue itself is unsure, for the reasons above: another one may be the closer normal.") : null,
    listed("Higher", answer.higher, answer.n_higher, answer.fdr, most, showGene), listed("Lower", answer.lower, answer.n_lower, answer.fdr, most, showGene),
    el("div", { class: "row" }, el("button", { type: "button", onclick: () => save(askAll, answer.sample_id) }, "Download all genes (TSV)")),
  ].filter(Boolean);
}

/** The genes that pass; where none does, the few that come nearest to it, said to be so. */
function listed(title, all, n, fdr, most, showGene) {
  const sure = all.filter((one) => one.fdr < fdr), genes = sure.length ? sure : all.slice(0, NEAR);
  if (!genes.length) return el("p", { class: "small" }, `No gene is ${title.toLowerCase()}.`);
  const said = !sure.length ? " none passes; these come nearest" : n > genes.length ? ` the surest ${genes.length} of ${count(n)}` : "";
  const rows = genes.map((one) => el("tr", {},
    el("th", { scope: "row" }, showGene ? el("button", { class: "link", type: "button", onclick: () => showGene(one.gene) }, one.gene) : one.gene),
    el("td", { class: "num" }, `${one.difference > 0 ? "+" : "−"}${Math.abs(one.difference).toFixed(1)}`),
    el("td", { class: "wide" }, el("span", { class: `bar ${one.difference > 0 ? "up" : "down"}` }, el("i", { width: `${(100 * Math.abs(one.difference)) / most}%` }))),
    el("td", { class: "num both" }, `${one.observed.toFixed(1)} / ${one.expected.toFixed(1)}`), el("td", { class: "num" }, rate(one.fdr))));
  return el("div", {}, el("h4", {}, title, said ? el("small", {}, said) : ""),
    el("table", { class: "genes" }, el("thead", {}, el("tr", {}, el("th", {}, "gene"), el("th", { class: "num", title: "log2 of the sample less what is expected" }, "log2 diff."), el("td", { class: "wide" }), el("th", { class: "num both", title: "log2 in the sample, and expected" }, "is / expected"), el("th", { class: "num", title: "false discovery rate" }, "FDR"))), el("tbody", {}, rows)));
}

async function save(askAll, name) {
  const address = URL.createObjectURL(await (await askAll()).blob());
  el("a", { href: address, download: `${name.replace(/[^\w.-]+/g, "_")}.genes.tsv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
