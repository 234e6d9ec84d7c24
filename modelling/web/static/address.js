// What is looked at, in the address: a link opens the same view, Back returns to the one before.

/** Each of these is a place; going to one leaves the others. */
const PLACES = ["tissue", "term", "disease", "study", "gene"];

export class Address {
  constructor() { this.silent = false; }

  /** The state of the address: {tissue, term, disease, study, source, gene, sample, colour, view, tab}. */
  get() { return Object.fromEntries(new URLSearchParams(location.hash.slice(1))); }

  /** Change parts of it; null takes one away. A step back leads to what was before, unless it is `replaced`. */
  set(changes, replaced = false) {
    if (this.silent) return;
    const state = { ...this.get(), ...changes }, kept = Object.entries(state).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const said = new URLSearchParams(kept).toString();
    if (said === location.hash.slice(1)) return;
    history[replaced ? "replaceState" : "pushState"](null, "", said ? `#${said}` : location.pathname + location.search);
  }

  /** Go to a place. */
  go(place, name, more = {}) { this.set({ ...Object.fromEntries([...PLACES, "source", "sample"].map((one) => [one, null])), ...(place ? { [place]: name } : {}), ...more, tab: "browse" }); }

  /** Do something that the address already says. */
  async quietly(act) {
    this.silent = true;
    try { return await act(); } finally { this.silent = false; }
  }
}
