// What the map is coloured by: a column of groups, or a measure from low to high.

import { OTHER, many, scale } from "./colour.js";
import { getFloats, getJson } from "./dom.js";

const UNKNOWN = 255;
const UPPER = 0.99; // a few extreme samples do not bleach all others

export class Colourings {
  constructor(about, map, colours) { Object.assign(this, { about, map, colours, made: new Map() }); }

  /** All that may be chosen: [key, title]. */
  choices() {
    const systems = this.about.tissues.some((t) => t.organ_system);
    return [["tissue", "Tissue"], ...(systems ? [["organ_system", "Organ system"]] : []), ["source", "Source"], ["split", "Training, validation, test"], ...this.about.colours.map((one) => [one.by, one.title])];
  }

  /** The colouring of a key ("tissue", a fact, "gene:ALB"), made once. */
  async of(key) {
    if (!this.made.has(key)) this.made.set(key, key.startsWith("gene:") ? await this.#gene(key.slice(5)) : await this.#named(key));
    return this.made.get(key);
  }

  async #named(key) {
    const { map, about } = this;
    if (key === "source") return this.#groups(key, "Source", about.sources, map.source, this.colours.source);
    if (key === "split") return this.#groups(key, "Part", ["train", "validation", "test"], map.split, many(["train", "validation", "test"]));
    if (key === "organ_system") {
      const names = [...new Set(about.tissues.map((t) => t.organ_system))].sort(), of = about.tissues.map((t) => names.indexOf(t.organ_system));
      return this.#groups(key, "Organ system", names, map.tissue.map((code) => of[code] ?? UNKNOWN), this.colours.organ_system);
    }
    const fact = about.colours.find((one) => one.by === key);
    if (!fact) return this.#groups("tissue", "Tissue", about.tissues.map((t) => t.tissue), map.tissue, this.colours.tissue, about.tissues.map((t) => t.organ_system));
    if (fact.kind === "measure") return this.#measure(key, fact.title, await getFloats(`api/measures/${encodeURIComponent(key)}`));
    const { values, codes } = await getJson(`api/facts/${encodeURIComponent(key)}`);
    return this.#groups(key, fact.title, values, Uint8Array.from(codes), many(values));
  }

  async #gene(symbol) {
    const address = `api/genes/${encodeURIComponent(symbol)}`;
    const [about, values] = await Promise.all([getJson(address), getFloats(`${address}/values`)]);
    return this.#measure(`gene:${about.symbol}`, `${about.symbol}, ${about.unit}`, values);
  }

  #groups(key, title, names, codes, colours, systems = []) {
    const n = new Map();
    for (const code of codes) n.set(code, (n.get(code) ?? 0) + 1);
    const groups = [...n].map(([code, held]) => { const name = names[code] ?? null; return { name, n: held, system: systems[code], ...(colours[name] ?? {}) }; });
    groups.sort((a, b) => (a.name === null) - (b.name === null) || (a.name === OTHER) - (b.name === OTHER) || b.n - a.n);
    return { key, title, kind: "groups", groups, nameOf: (i) => names[codes[i]] ?? null, of: (i) => colours[names[codes[i]]], said: (i) => names[codes[i]] ?? "unknown" };
  }

  #measure(key, title, values) {
    const known = values.filter(Number.isFinite).sort();
    const low = known[0] ?? 0, high = Math.max(known[Math.floor(UPPER * (known.length - 1))] ?? 1, low + 1e-6);
    const [light, dark] = [false, true].map((one) => Array.from({ length: 256 }, (_, k) => ({ rgb: scale(k / 255, one), form: 0 })));
    const of = (i, inDark) => (Number.isFinite(values[i]) ? (inDark ? dark : light)[Math.min(255, Math.floor((255 * (values[i] - low)) / (high - low)))] : undefined);
    return { key, title, kind: "measure", groups: [], low, high, n_unknown: values.length - known.length, nameOf: () => null, of, said: (i) => (Number.isFinite(values[i]) ? values[i].toFixed(2) : "unknown") };
  }
}
