#!/usr/bin/env python3
"""Complete ontology/cell_lines.tsv: official names from Cellosaurus, diseases and further lines from DepMap's Model.csv.

usage: python scripts/build_cell_lines.py --model Model.csv [--carrier FOLDER] [--table ontology/cell_lines.tsv]

What a curator wrote stands: name, accession, organ and reason of every row whose reason does not start with "DepMap". For these rows the script
fills in `line_name` (the label of the accession in Cellosaurus 55.0, carried by the PyPI package cellxgene-ontology-guide, MIT) and `disease`
(OncotreePrimaryDisease or its subtype in DepMap, CC BY 4.0). Rows from DepMap are made anew: every model with an accession whose name no curator's
row spells, with the organ of its lineage (never the site of the isolate, so that one line has one organ). It refuses an accession that Cellosaurus
does not know, and says where a curator's organ or accession differs from DepMap's. Two runs write the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

from build_ontology import Terms, carrier_folder, load

COLUMNS = ("name", "accession", "line_name", "term_id", "term_name", "disease", "needs", "reason")
Row = dict[str, str]

# lineage of DepMap -> organ, where the lineage alone decides it
LINEAGE = {
    "Lung": ("UBERON:0002048", "lung"),
    "Skin": ("UBERON:0002097", "skin of body"),
    "CNS/Brain": ("UBERON:0000955", "brain"),
    "Breast": ("UBERON:0000310", "breast"),
    "Head and Neck": ("UBERON:0007811", "craniocervical region"),
    "Bone": ("UBERON:0002481", "bone tissue"),
    "Myeloid": ("UBERON:0000178", "blood"),
    "Ovary/Fallopian Tube": ("UBERON:0000992", "ovary"),
    "Kidney": ("UBERON:0002113", "kidney"),
    "Soft Tissue": ("UBERON:0002384", "connective tissue"),
    "Pancreas": ("UBERON:0001264", "pancreas"),
    "Biliary Tract": ("UBERON:0001173", "biliary tree"),
    "Ampulla of Vater": ("UBERON:0004913", "hepatopancreatic ampulla"),
    "Fibroblast": ("CL:0000057", "fibroblast"),
    "Bladder/Urinary Tract": ("UBERON:0001255", "urinary bladder"),
    "Pleura": ("UBERON:0000977", "pleura"),
    "Liver": ("UBERON:0002107", "liver"),
    "Cervix": ("UBERON:0000002", "uterine cervix"),
    "Eye": ("UBERON:0000970", "eye"),
    "Thyroid": ("UBERON:0002046", "thyroid gland"),
    "Prostate": ("UBERON:0002367", "prostate gland"),
    "Testis": ("UBERON:0000473", "testis"),
    "Vulva/Vagina": ("UBERON:0000996", "vagina"),
    "Muscle": ("UBERON:0002385", "muscle tissue"),
    "Adrenal Gland": ("UBERON:0002369", "adrenal gland"),
    "Hair": ("UBERON:0002097", "skin of body"),
}
# lineages that hold several organs: the first word found in disease and subtype decides
WITHIN = {
    "Lymphoid": (
        ("Plasma Cell", "UBERON:0002371", "bone marrow"),
        ("Sezary", "UBERON:0000178", "blood"),
        ("Adult T-Cell", "UBERON:0000178", "blood"),
        ("Lymphoblastic", "UBERON:0000178", "blood"),
        ("Lymphocytic", "UBERON:0000178", "blood"),
        ("Leukemia", "UBERON:0000178", "blood"),
        ("Non-Cancerous", "UBERON:0000178", "blood"),
        ("", "UBERON:0000029", "lymph node"),
    ),
    "Esophagus/Stomach": (
        ("Stomach", "UBERON:0000945", "stomach"),
        ("Gastric", "UBERON:0000945", "stomach"),
        ("Esophag", "UBERON:0001043", "esophagus"),
    ),
    "Bowel": (
        ("Duoden", "UBERON:0002114", "duodenum"),
        ("Small Bowel", "UBERON:0002108", "small intestine"),
        ("Rectal", "UBERON:0001052", "rectum"),
        ("", "UBERON:0001155", "colon"),
    ),
    "Peripheral Nervous System": (("Neuroblastoma", "UBERON:0002369", "adrenal gland"), ("Nerve Sheath", "UBERON:0001021", "nerve")),
    "Uterus": (
        ("Trophoblastic", "UBERON:0001987", "placenta"),
        ("Endometri", "UBERON:0001295", "endometrium"),
        ("", "UBERON:0000995", "uterus"),
    ),
}


# a name that any text may hold: believed only as the whole value under a cell-line key
SHORT_WORD = re.compile(r"[A-Za-z ]{1,4}|.{1,3}")
# a name that may number the samples of a study (ICC8): believed before "cells" or as a whole value, whatever else the sample says
SAMPLE_NUMBER = re.compile(r"[A-Za-z]{1,4}[- ]?[0-9]{1,2}")


def squash(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def organ(model: Row) -> tuple[str, str]:
    """(term_id, name) of the organ of a DepMap model; empty where its lineage names none."""
    lineage = model["OncotreeLineage"]
    if lineage in LINEAGE:
        return LINEAGE[lineage]
    # the subtype is the finer word, "Esophagogastric Adenocarcinoma" names two organs
    words = model["OncotreeSubtype"] if lineage == "Esophagus/Stomach" else f"{model['OncotreePrimaryDisease']} {model['OncotreeSubtype']}"
    return next(((term, name) for word, term, name in WITHIN.get(lineage, ()) if word in words), ("", ""))


def disease(model: Row) -> str:
    """The finer of the two names of the disease, without the classes that only say `not otherwise specified`."""
    name = model["OncotreeSubtype"] or model["OncotreePrimaryDisease"]
    return re.sub(r",? NOS$", "", name)


def read(path: Path, delimiter: str) -> list[Row]:
    """Rows of a TSV without quoting, or of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        if delimiter == "\t":
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return list(csv.DictReader(file, delimiter=delimiter))


def completed(rows: list[Row], models: list[Row], lines: Terms) -> tuple[list[Row], list[str]]:
    """The rows of the new table, and what a curator should look at."""
    by_accession = {m["RRID"]: m for m in models if m["RRID"]}
    by_name = {squash(m["CellLineName"]): m for m in models if m["RRID"]}
    kept, notes = [], []
    for row in rows:
        if row["reason"].startswith("DepMap"):
            continue
        accession = row["accession"]
        if accession and (accession not in lines or lines[accession]["deprecated"]):
            raise SystemExit(f"error: {row['name']}: Cellosaurus has no live line {accession}; correct the row")
        model = by_accession.get(accession)
        other = by_name.get(squash(row["name"]))
        if other and other["RRID"] != accession:
            notes.append(f"{row['name']}: accession {accession or 'none'}, DepMap {other['RRID']} {other['OncotreeLineage']}")
        if model and organ(model)[1] and organ(model)[1] != row["term_name"]:
            notes.append(f"{row['name']}: organ {row['term_name']}, DepMap {organ(model)[1]} ({disease(model)}); {row['reason']}")
        kept.append(row | {"line_name": lines[accession]["label"] if accession else "", "disease": disease(model) if model else ""})
    spelled = {squash(row["name"]) for row in kept}
    for model in sorted(by_accession.values(), key=lambda m: m["CellLineName"]):
        name, (term_id, term_name) = model["CellLineName"], organ(model)
        if squash(name) in spelled or not squash(name):
            continue
        spelled.add(squash(name))
        label = lines[model["RRID"]]["label"] if model["RRID"] in lines else name
        needs = "key" if SHORT_WORD.fullmatch(name) else "alone" if SAMPLE_NUMBER.fullmatch(name) else ""
        found = (
            name,
            model["RRID"],
            label,
            term_id,
            term_name,
            disease(model),
            needs,
            f"DepMap: lineage {model['OncotreeLineage'] or 'not given'}",
        )
        kept.append(dict(zip(COLUMNS, found, strict=True)))
    return sorted(kept, key=lambda row: row["name"]), notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--carrier", type=Path)
    parser.add_argument("--table", type=Path, default=Path(__file__).resolve().parent.parent / "ontology" / "cell_lines.tsv")
    arguments = parser.parse_args()
    rows, notes = completed(read(arguments.table, "\t"), read(arguments.model, ","), load(carrier_folder(arguments.carrier), "CVCL"))
    text = "".join("\t".join(row[column] for column in COLUMNS) + "\n" for row in rows)
    arguments.table.write_text("\t".join(COLUMNS) + "\n" + text, encoding="utf-8")
    print("\n".join(notes))
    print(f"{arguments.table}: {len(rows)} names, {sum(not row['accession'] for row in rows)} without an accession")


if __name__ == "__main__":
    main()
