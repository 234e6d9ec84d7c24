// Where else a sample, a study, a line or a term is described.

import { el } from "./dom.js";

const PLACES = [
  [/^GS[EM]\d+$/, "GEO", (id) => `https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=${id}`],
  [/^GTEX-/, "GTEx Portal", () => "https://gtexportal.org/home/histologyPage"],
  [/^(TCGA|TARGET)-[A-Z]+$/, "GDC", (id) => `https://portal.gdc.cancer.gov/projects/${id}`],
  [/^(TCGA|TARGET)-/, "GDC", () => "https://portal.gdc.cancer.gov/"],
  [/^ACH-\d+$/, "DepMap", (id) => `https://depmap.org/portal/cell_line/${id}`],
  [/^CVCL_[A-Z0-9]{4}$/, "Cellosaurus", (id) => `https://www.cellosaurus.org/${id}`],
  [/^(UBERON|CL|MONDO|PATO|HsapDv):\d+$/, null, (id) => `http://purl.obolibrary.org/obo/${id.replace(":", "_")}`],
];

/** A link out of the page for an identifier that is known elsewhere, null for any other. */
export function outside(id) {
  const [, name, address] = PLACES.find(([shape]) => shape.test(id ?? "")) ?? [];
  return address ? el("a", { class: "outside", href: address(id), target: "_blank", rel: "noreferrer noopener" }, name ? `at ${name}` : id) : null;
}
