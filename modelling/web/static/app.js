// Puts the page together.

import { Address } from "./address.js";
import { Browse } from "./browse.js";
import { palette } from "./colour.js";
import { Colourings } from "./colouring.js";
import { $, count, counted, el, getJson, isDark } from "./dom.js";
import { showLegend } from "./legend.js";
import { AtlasMap } from "./map.js";
import { Samples } from "./samples.js";
import { Search } from "./search.js";

const TABS = ["samples", "browse", "about"];
const FIRST = "tissue"; // what the map is coloured by at first

function showTab(name) {
  for (const tab of TABS) {
    const chosen = tab === name;
    $(tab).hidden = !chosen;
    $(`tab-${tab}`).setAttribute("aria-selected", String(chosen));
    $(`tab-${tab}`).tabIndex = chosen ? 0 : -1;
  }
}

function listenToTabs(address) {
  const go = (name) => { showTab(name); address.set({ tab: name === TABS[0] ? null : name }); };
  TABS.forEach((name, i) => {
    $(`tab-${name}`).onclick = () => go(name);
    $(`tab-${name}`).onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = TABS[(i + step + TABS.length) % TABS.length];
      go(next);
      $(`tab-${next}`).focus();
    };
  });
}

/** The choice of what to colour by; returns a function that chooses. */
function colourChoice(map, colourings, address) {
  const box = $("colour-by");
  box.append(...colourings.choices().map(([key, title]) => el("option", { value: key }, title)));
  const choose = async (key) => {
    try {
      const colouring = await colourings.of(key);
      if (![...box.options].some((one) => one.value === colouring.key)) box.append(el("option", { value: colouring.key }, colouring.title));
      box.value = colouring.key;
      map.paint(colouring);
      showLegend(map);
      address.set({ colour: colouring.key === FIRST ? null : colouring.key });
    } catch (error) { $("map-note").textContent = error.message; }
  };
  box.onchange = () => { map.paint(undefined, null); choose(box.value); };
  return choose;
}

/** Show what the address says. */
async function show(state, map, browse, colour) {
  $("search").value = "";
  const place = ["study", "term", "disease", "gene", "tissue"].find((one) => state[one]);
  showTab(TABS.includes(state.tab) ? state.tab : TABS[0]);
  map.fit();
  await colour(state.colour ?? FIRST);
  if (place === "study") await browse.series(state.study === "none" ? "" : state.study, state.source, state.tissue);
  else if (place) await browse[place](state[place]);
  else browse.home();
  if (state.sample) await browse.showSample(state.sample);
  else if ($("details").open) $("details").close();
  if (state.view) map.look(state.view);
}

function aboutPage(about) {
  const curl = `curl -X POST --data-binary @samples.tsv -H "Content-Type: text/tab-separated-values" \\\n  "${location.origin}/api/predict?format=tsv"`;
  $("about-body").replaceChildren(
    el("h2", {}, "What this is"),
    el("p", {}, `A model that names the tissue of a human bulk RNA-seq sample. It learnt ${counted(about.tissues.length, "tissue")} from ${about.simulated ? `${counted(about.n_train, "simulated sample")}` : `${counted(about.n_train, "sample")} of public archives`}, from ${counted(about.n_genes, "gene")} in ${about.unit}.`),
    el("p", {}, el("strong", {}, about.notice)),
    el("h2", {}, "How to read an answer"),
    el("p", {}, `The percentage is calibrated: of answers given at 80%, about 80% should be right, for samples like those of the archives. ${about.claim[0].toUpperCase()}${about.claim.slice(1)}.`),
    el("p", {}, "A sample is marked unsure"),
    el("ul", {}, ["when its set holds more than one tissue,", "when the tissue is less probable than all others together,", "when it lies far from every training sample,", "when the nearest training samples are of another tissue, or", "when less than half as many of its genes are above zero as training samples have."].map((why) => el("li", {}, why))),
    el("p", {}, "A tissue that is not listed under Compendium cannot be named. Single cells, other species and selections of genes are out of scope."),
    el("p", {}, `The map (${about.map_method}) shows which samples resemble each other; distances between far groups mean little. Your samples stand where their nearest training samples stand.`),
    el("h2", {}, "For programs"),
    el("p", {}, "The same answers as JSON or TSV, under the same limits: ", el("a", { href: "api/openapi.json" }, "OpenAPI description"), "."),
    el("pre", { tabindex: "0" }, curl),
    el("p", { class: "small" }, `bulkatlas ${about.version}, model ${about.name}`));
}

function theme(map) {
  const repaint = () => { map.paint(); if (map.colouring.kind === "measure") showLegend(map); }; // a measure has other shades in the dark
  $("theme").onclick = () => {
    const root = document.documentElement;
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage may be forbidden */ }
    repaint();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
}

async function start() {
  const address = new Address(), state = address.get();
  listenToTabs(address);
  const about = await getJson("api/about"), colours = palette(about), map = new AtlasMap(about, colours);
  $("model-line").textContent = `${counted(about.tissues.length, "tissue")} · ${counted(about.n_points, "reference sample")} · ${about.name}`;
  $("model-line").title = $("model-line").textContent;
  $("notice").textContent = about.notice.split(":")[0].replace(/\.?$/, ".");
  $("notice").title = about.notice;
  $("simulated").hidden = !about.simulated;
  $("reads").textContent = `Drop a table of gene expression here: ${about.reads}`;
  const found = about.has_genes ? "tissue, gene, disease" : "tissue, disease";
  $("search").placeholder = matchMedia("(max-width: 480px)").matches ? `Find a ${found} …` : `Find a ${found}, study or sample`;
  aboutPage(about);
  await map.load();
  const colour = colourChoice(map, new Colourings(about, map, colours), address);
  const apply = (said) => address.quietly(() => show(said, map, browse, colour));
  await address.quietly(() => colour(FIRST));
  const browse = await address.quietly(() => new Browse(about, map, colours, address, colour));
  const samples = new Samples(about, map, colours, (id) => browse.showSample(id), about.has_genes ? (symbol) => { showTab("browse"); browse.gene(symbol); } : null);
  map.addEventListener("sample", (event) => browse.showSample(event.detail));
  map.addEventListener("mine", () => showTab("samples"));
  map.addEventListener("picked", (event) => { showTab("browse"); browse.picked(event.detail); });
  new Search(about, map, browse, showTab);
  theme(map);
  await apply(state);
  map.addEventListener("moved", () => address.set({ view: map.view.said }, true));
  addEventListener("popstate", () => apply(address.get()));
  document.body.dataset.ready = "yes";
  return samples;
}

start().catch((error) => { document.body.dataset.ready = "no"; $("problem").textContent = `The page could not be started: ${error.message}`; $("problem").hidden = false; });
