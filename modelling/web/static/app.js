// Puts the page together.

import { Browse } from "./browse.js";
import { palette } from "./colour.js";
import { $, count, counted, el, getJson, plain } from "./dom.js";
import { AtlasMap } from "./map.js";
import { Samples } from "./samples.js";
import { Search } from "./search.js";

const TABS = ["samples", "browse", "about"];
const COLOUR_BY = [["tissue", "Tissue"], ["organ_system", "Organ system"], ["source", "Source"]];

function showTab(name) {
  for (const tab of TABS) {
    const chosen = tab === name;
    $(tab).hidden = !chosen;
    $(`tab-${tab}`).setAttribute("aria-selected", String(chosen));
    $(`tab-${tab}`).tabIndex = chosen ? 0 : -1;
  }
}

function listenToTabs() {
  TABS.forEach((name, i) => {
    $(`tab-${name}`).onclick = () => showTab(name);
    $(`tab-${name}`).onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = TABS[(i + step + TABS.length) % TABS.length];
      showTab(next);
      $(`tab-${next}`).focus();
    };
  });
}

function colourChoice(about, map, colours) {
  const systems = about.tissues.some((t) => t.organ_system), box = $("colour-by");
  const choose = (by) => {
    for (const button of box.children) { const chosen = button.dataset.by === by; button.setAttribute("aria-checked", String(chosen)); button.tabIndex = chosen ? 0 : -1; }
    map.paint(by, null);
    legend(about, map, colours, by);
  };
  box.append(...COLOUR_BY.filter(([by]) => by !== "organ_system" || systems).map(([by, name]) => el("button", { type: "button", role: "radio", "data-by": by, onclick: () => choose(by) }, name)));
  box.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...box.children], next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    choose(next.dataset.by);
    next.focus();
  };
  choose("tissue");
}

function legend(about, map, colours, by) {
  const totals = new Map();
  for (let i = 0; i < map.n; i++) totals.set(map.nameOf(i, by), (totals.get(map.nameOf(i, by)) ?? 0) + 1);
  let held = null;
  const buttons = [...totals].sort((a, b) => b[1] - a[1]).map(([name, n]) => el("button", {
    type: "button", "aria-pressed": "false", onclick: (event) => {
      held = held === name ? null : name;
      for (const button of buttons) button.setAttribute("aria-pressed", "false");
      if (held) event.currentTarget.setAttribute("aria-pressed", "true");
      map.paint(undefined, held ? (i) => map.nameOf(i, by) === held : null);
    },
  }, el("span", { class: "dot", colour: colours[by][name]?.css }), plain(name ?? "none"), el("small", {}, count(n))));
  $("legend").replaceChildren(...buttons);
}

function aboutPage(about) {
  const curl = `curl -X POST --data-binary @samples.tsv -H "Content-Type: text/tab-separated-values" \\\n  "${location.origin}/api/predict?format=tsv"`;
  $("about-body").replaceChildren(
    el("h2", {}, "What this is"),
    el("p", {}, `A model that names the tissue of a human bulk RNA-seq sample. It learnt ${counted(about.tissues.length, "tissue")} from ${about.simulated ? `${counted(about.n_train, "simulated sample")}` : `${counted(about.n_train, "sample")} of public archives`}, from ${counted(about.n_genes, "gene")} in ${about.unit}.`),
    el("p", {}, el("strong", {}, about.notice)),
    el("h2", {}, "How to read an answer"),
    el("p", {}, `The percentage is calibrated: of answers given at 80%, about 80% should be right, for samples like those of the archives. A sample is marked unsure when its set holds more than one tissue, when the tissue is less probable than all others together, when the sample lies far from every training sample, when the nearest training samples are of another tissue, or when less than half as many of its genes are above zero as training samples have. Of the sets: ${about.claim}.`),
    el("p", {}, "A tissue that is not listed under Compendium cannot be named. Single cells, other species and selections of genes are out of scope."),
    el("p", {}, `The map (${about.map_method}) shows which samples resemble each other; distances between far groups mean little. Your samples stand where their nearest training samples stand.`),
    el("h2", {}, "For programs"),
    el("p", {}, "The same answers as JSON or TSV, under the same limits: ", el("a", { href: "api/openapi.json" }, "OpenAPI description"), "."),
    el("pre", { tabindex: "0" }, curl),
    el("p", { class: "small" }, `bulkatlas ${about.version}, model ${about.name}`));
}

function theme(map) {
  $("theme").onclick = () => {
    const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage may be forbidden */ }
    map.paint();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.paint());
}

async function start() {
  listenToTabs();
  const about = await getJson("api/about"), colours = palette(about), map = new AtlasMap(about, colours);
  $("model-line").textContent = `${counted(about.tissues.length, "tissue")} · ${counted(about.n_points, "reference sample")} · ${about.name}`;
  $("notice").textContent = about.notice.split(":")[0].replace(/\.?$/, ".");
  $("notice").title = about.notice;
  $("simulated").hidden = !about.simulated;
  aboutPage(about);
  await map.load();
  const browse = new Browse(about, map, colours);
  const samples = new Samples(about, map, colours, (id) => browse.showSample(id));
  map.addEventListener("sample", (event) => browse.showSample(event.detail));
  map.addEventListener("mine", () => showTab("samples"));
  new Search(about, map, browse, showTab);
  colourChoice(about, map, colours);
  theme(map);
  document.body.dataset.ready = "yes";
  return samples;
}

start().catch((error) => { $("problem").textContent = `The page could not be started: ${error.message}`; $("problem").hidden = false; });
