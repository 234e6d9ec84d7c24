"""The tables of the simulated world: expression programmes, tissues made of them, GTEx and TCGA vocabularies, cell lines."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Tissue:
    """One of the categories: what it is made of, what lies beside it, and how GEO submitters write it."""

    tissue: str
    organ_system: str
    programmes: dict[str, float]
    neighbours: dict[str, float]
    geo_weight: float
    phrases: tuple[str, ...]
    tumours: tuple[str, ...]


@dataclass(frozen=True)
class GtexTissue:
    """A value of GTEx's SMTSD column, with its share of a donor's samples."""

    smtsd: str
    smts: str
    tissue: str
    share: float
    extra_programmes: dict[str, float]


@dataclass(frozen=True)
class TcgaStudy:
    """A TCGA disease as the Xena phenotype table writes it, with the relative numbers of tumours and normals."""

    disease: str
    site: str
    tissue: str
    tumours: int
    normals: int
    extra_programmes: dict[str, float]


@dataclass(frozen=True)
class CellLine:
    """A cell line, the organ it came from, and how submitters spell it."""

    cell_line: str
    tissue: str
    sex: str
    lineage: str
    disease: str
    collection_site: str
    spellings: tuple[str, ...]


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def _weights(text: str, separator: str = "=") -> dict[str, float]:
    pairs = (item.rsplit(separator, 1) for item in text.split())
    return {name: float(weight) for name, weight in pairs}


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase for phrase in text.split("|") if phrase)


@cache
def programmes() -> dict[str, dict[str, float]]:
    """Programme -> marker gene symbol -> rise above the gene's resting level, in log2 units at programme weight 1."""
    return {row["programme"]: _weights(row["markers"], ":") for row in _rows("programmes.tsv")}


@cache
def tissues() -> dict[str, Tissue]:
    """Tissue name -> its row, in file order."""
    return {
        row["tissue"]: Tissue(
            row["tissue"],
            row["organ_system"],
            _weights(row["programmes"]),
            _weights(row["neighbours"]),
            float(row["geo_weight"]),
            _phrases(row["phrases"]),
            _phrases(row["tumours"]),
        )
        for row in _rows("tissues.tsv")
    }


@cache
def gtex_tissues() -> tuple[GtexTissue, ...]:
    """The SMTSD values."""
    return tuple(
        GtexTissue(row["smtsd"], row["smts"], row["tissue"], float(row["share"]), _weights(row["extra_programmes"]))
        for row in _rows("gtex_tissues.tsv")
    )


@cache
def tcga_studies() -> tuple[TcgaStudy, ...]:
    """The 33 TCGA diseases."""
    return tuple(
        TcgaStudy(row["disease"], row["site"], row["tissue"], int(row["tumours"]), int(row["normals"]), _weights(row["extra_programmes"]))
        for row in _rows("tcga_studies.tsv")
    )


@cache
def cell_lines() -> tuple[CellLine, ...]:
    """The cell lines of the free text and of DepMap."""
    return tuple(
        CellLine(
            row["cell_line"], row["tissue"], row["sex"], row["lineage"], row["disease"], row["collection_site"], _phrases(row["spellings"])
        )
        for row in _rows("cell_lines.tsv")
    )


@cache
def geo_words(kind: str) -> tuple[str, ...]:
    """What GEO submitters write, of one kind: column names, conditions, phrases that mislead; repeated where common."""
    return tuple(row["text"] for row in _rows("geo_words.tsv") if row["kind"] == kind)
