#!/usr/bin/env python3
"""Write uberon.obo.gz, diseases.obo.gz, cell_names.tsv.gz, disease_names.tsv.gz, disease_parents.tsv.gz and development_stages.tsv of ontology/
from the PyPI package cellxgene-ontology-guide.

usage: python scripts/build_ontology.py [--carrier FOLDER] [--out ontology]

The package (MIT) carries UBERON, CL, MONDO, HsapDv and Cellosaurus as zstd-compressed JSON: per term a label, synonyms without scope, and `ancestors`
with their distance over is_a and part_of merged; distance 1 is a direct parent. So the edges written here say "within" (is_a or part_of, the
carrier does not tell which), and a synonym's scope is written as RELATED, the weakest, because none is known. Ids, names, synonyms and relations
only: no definitions. FOLDER is the unpacked package (default: the installed one); needs `zstandard`. Two runs write the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

Terms = dict[str, dict[str, Any]]

RELEASES = {
    "UBERON": "UBERON-ontology-v2026-04-01",
    "CL": "CL-ontology-v2026-03-26",
    "MONDO": "MONDO-ontology-v2026-05-05",
    "CVCL": "CVCL-ontology-55.0",
    "HsapDv": "HsapDv-ontology-v2025-01-23",
}
NEOPLASM = "MONDO:0005070"
HUMAN_DISEASE = "MONDO:0700096"  # beside it stand diseases of animals, and qualities of diseases such as grades
UPPER_LEVEL = {"UBERON:0001062"}  # anatomical entity: an edge to it says nothing

# A term is not human when its own name says so. No axiom in the carrier tells the taxon.
NOT_HUMAN = re.compile(
    r"(?<!/)(?<!limb or )\b(fins?|fish|zebrafish|drosophila|insect|avian|feathers?|remex|gills?|hoof|antenna|amphibian|frog|xenopus|reptil\w*"
    r"|shark|teleost|nematode|larval?"
    r"|instar|murine|bovine|rumen|udder|beak|swim bladder|claw|mollus\w*|arthropod|cephalopod|ammocoete|lamprey|whiskers?|vibrissa\w*|rhopali\w*"
    r"|cloacal?|electric organ|baleen|blubber|antlers?|ink sac|tadpole|brood pouch|post-anal tail|plants?|pronephr\w+|barbel|opercular|lateral line"
    r"|weberian|neuromast|silk|spinneret|haltere|mushroom body|ommatidium|trichobothri\w*|pygostyle|furcula|syrinx|egg tooth|wattle|snood|dewlap"
    r"|rhinarium|brille|carapace|plastron|mesonephric)\b",
    re.I,
)
# What lies inside such a thing is not human either. "limb/fin", "limb or fin" and hindlimb stay: arms and legs lie inside them.
FOREIGN_BODY = re.compile(
    r"(?<!/)(?<!limb or )\b(fins?|fish|zebrafish|drosophila|insect|avian|feathers?|gills?|nematode|larva|rumen|udder|beak|arthropod|cephalopod|baleen)\b",
    re.I,
)
# A synonym that is a whole English sentence word for word teaches the matcher nothing and costs a row.
BROKEN_SYNONYM = re.compile(r"[;=<>\[\]{}|\\]|https?:|\bNEC\b|\(disease\)")

HEADER = {
    "uberon": """format-version: 1.2
data-version: {UBERON}_{CL}
ontology: bulkatlas-uberon
remark: Human extract of UBERON and CL made by scripts/build_ontology.py from PyPI cellxgene-ontology-guide; not an official product of those projects.
remark: Changed: definitions, cross-references and non-human terms removed; is_a and part_of merged into `within`; scopes unknown, all RELATED.
remark: UBERON multi-species anatomy ontology, CC BY 3.0, https://creativecommons.org/licenses/by/3.0/ (Mungall et al. 2012, doi:10.1186/gb-2012-13-1-r5).
remark: Cell Ontology, CC BY 4.0, https://creativecommons.org/licenses/by/4.0/ (Diehl et al. 2016, doi:10.1186/s13326-016-0088-7).
""",
    "diseases": """format-version: 1.2
data-version: {MONDO}
ontology: bulkatlas-neoplasms
remark: Neoplasm branch of MONDO made by scripts/build_ontology.py from PyPI cellxgene-ontology-guide; not an official product of the Monarch Initiative.
remark: Changed: names, synonyms (scopes unknown, all written RELATED) and parents only; nothing outside the neoplasm branch.
remark: Mondo Disease Ontology, CC BY 4.0, https://creativecommons.org/licenses/by/4.0/ (Vasilevsky et al. 2022, doi:10.1101/2022.04.13.22273750).
""",
}
TYPEDEF = "\n[Typedef]\nid: within\nname: is_a or part_of, the carrier does not tell which\nis_transitive: true\n"


def carrier_folder(given: Path | None) -> Path:
    """The folder `data` of the unpacked or the importable package."""
    if given is not None:
        found = [
            p
            for p in (given / "cellxgene_ontology_guide" / "data", given / "data", given)
            if (p / f"{RELEASES['UBERON']}.json.zst").is_file()
        ]
        if not found:
            raise SystemExit(f"error: {given} holds no {RELEASES['UBERON']}.json.zst; unpack cellxgene-ontology-guide 1.11.1 there")
        return found[0]
    spec = importlib.util.find_spec("cellxgene_ontology_guide")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "error: cellxgene-ontology-guide is not installed; `pip install cellxgene-ontology-guide==1.11.1 zstandard`, or give --carrier"
        )
    return Path(spec.origin).parent / "data"


def load(folder: Path, kind: str) -> Terms:
    import zstandard

    with (folder / f"{RELEASES[kind]}.json.zst").open("rb") as file:
        terms: Terms = json.loads(zstandard.ZstdDecompressor().stream_reader(file).read())
    return terms


def human(terms: Terms) -> Terms:
    """The terms that are neither non-human by name nor inside such a term."""
    terms = {i: {**t, "label": t["label"] or f"obsolete {i}"} for i, t in terms.items() if t["label"] or t["deprecated"]}
    foreign = {i for i, t in terms.items() if FOREIGN_BODY.search(t["label"])}
    return {i: t for i, t in terms.items() if t["deprecated"] or not (NOT_HUMAN.search(t["label"]) or foreign.intersection(t["ancestors"]))}


def stanza(term_id: str, term: dict[str, Any], known: Terms) -> str:
    lines = ["", "[Term]", f"id: {term_id}", f"name: {term['label']}"]
    if term["deprecated"]:
        lines.append("is_obsolete: true")
        lines += [f"replaced_by: {term['replaced_by']}"] if term.get("replaced_by") in known else []
        return "\n".join(lines) + "\n"
    names = sorted({s.strip() for s in term.get("synonyms", ()) if s.strip() and not BROKEN_SYNONYM.search(s)} - {term["label"]})
    lines += ['synonym: "{}" RELATED []'.format(name.replace('"', "'")) for name in names]
    parents = sorted(p for p, distance in term["ancestors"].items() if distance == 1 and p in known and p not in UPPER_LEVEL)
    lines += [f"relationship: within {p}" for p in parents]
    return "\n".join(lines) + "\n"


def write_gzip(path: Path, text: str) -> None:
    """Without a time stamp or file name inside, so that the same input gives the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as file:
        file.write(text.encode())


def write_obo(path: Path, header: str, terms: Terms) -> None:
    write_gzip(path, header.format(**RELEASES) + "".join(stanza(i, terms[i], terms) for i in sorted(terms)) + TYPEDEF)
    print(f"{path}: {sum(not t['deprecated'] for t in terms.values())} terms, {sum(t['deprecated'] for t in terms.values())} obsolete ids")


def cell_names(terms: Terms) -> list[tuple[str, str]]:
    """(accession, name) of every line whose name holds a letter and a digit and could stand alone in a text."""
    rows = {(i, t["label"]) for i, t in terms.items() if not t["deprecated"]}
    return sorted((i, n) for i, n in rows if 3 <= len(n) <= 24 and re.search(r"[A-Za-z]", n) and re.search(r"\d", n) and "\t" not in n)


# What nobody writes below a sample, or writes and means something else: ids of genes, hereditary forms by number.
UNUSED_DISEASE = re.compile(
    r"\b(susceptibility to|somatic|autosomal|x-linked|mutation|\(disease\)|disorder by|obsolete)\b|[;:\[\]{}|\t\"]", re.I
)


def disease_names(terms: Terms) -> list[tuple[str, str, str]]:
    """(id, name, synonym) of every live disease; the name itself comes as a synonym as well."""
    rows = {
        (i, t["label"], synonym.strip())
        for i, t in terms.items()
        if not t["deprecated"] and t["label"]
        for synonym in (t["label"], *t.get("synonyms", ()))
        if len(synonym.strip()) > 1 and len(synonym) < 80 and (synonym == t["label"] or not UNUSED_DISEASE.search(synonym))
    }
    return sorted(row for row in rows if "\t" not in "".join(row))


def parents(terms: Terms) -> list[tuple[str, str]]:
    return sorted((i, p) for i, t in terms.items() if not t["deprecated"] for p, d in t["ancestors"].items() if d == 1 and p in terms)


def stages(terms: Terms) -> list[tuple[str, str, str]]:
    rows = {
        (i, t["label"], s) for i, t in terms.items() if not t["deprecated"] and t["label"] for s in (t["label"], *t.get("synonyms", ()))
    }
    return sorted(rows)


def tsv(header: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([header, *("\t".join(row) for row in rows)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carrier", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "ontology")
    arguments = parser.parse_args()
    folder = carrier_folder(arguments.carrier)
    anatomy = human(load(folder, "UBERON") | load(folder, "CL"))
    write_obo(arguments.out / "uberon.obo.gz", HEADER["uberon"], anatomy)
    mondo = load(folder, "MONDO")
    write_obo(
        arguments.out / "diseases.obo.gz",
        HEADER["diseases"],
        {i: t for i, t in mondo.items() if not t["deprecated"] and (i == NEOPLASM or NEOPLASM in t["ancestors"])},
    )
    names = cell_names(load(folder, "CVCL"))
    head = "accession\tname\n"
    write_gzip(arguments.out / "cell_names.tsv.gz", head + "".join(f"{i}\t{n}\n" for i, n in names))
    print(f"{arguments.out / 'cell_names.tsv.gz'}: {len(names)} names")
    human_diseases = {i: t for i, t in mondo.items() if HUMAN_DISEASE in t["ancestors"]}
    named = disease_names(human_diseases)
    write_gzip(arguments.out / "disease_names.tsv.gz", tsv("term_id\tname\tsynonym", named))
    write_gzip(arguments.out / "disease_parents.tsv.gz", tsv("term_id\tparent_id", parents(human_diseases)))
    (arguments.out / "development_stages.tsv").write_text(tsv("term_id\tname\tsynonym", stages(load(folder, "HsapDv"))), encoding="utf-8")
    print(f"{arguments.out / 'disease_names.tsv.gz'}: {len(named)} names of {len({row[0] for row in named})} diseases")


if __name__ == "__main__":
    main()
