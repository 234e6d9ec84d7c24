"""What stands beside TCGA and TARGET matrices: GDC sample sheets, before and since 2024, several of them; Xena's phenotype and clinical tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.sources.barcode import is_of, sample_type_in_words
from curation.sources.folder import some
from profiles.errors import MetadataFault
from profiles.metadata import Frame, is_missing, read_frame

SHEETS = ("gdc_sample_sheet*", "*sample_sheet*.tsv", "*sample_sheet*.csv")
PHENOTYPES = ("*phenotype*", "*clinical*")
# Xena's columns, by hub: Toil and the TCGA hub, the GDC hub before and since 2024. The first that is there counts.
SAMPLE_COLUMNS = ("sample", "sampleID", "submitter_id.samples")
SITE_COLUMNS = {"_primary_site": "_primary_site", "project_id.project": "project", "primary_site": "_primary_site"}
TYPE_COLUMNS = ("_sample_type", "sample_type.samples", "sample_type")
SPREAD = ("Tissue Type", "Tumor Descriptor", "Specimen Type")


DISEASE_COLUMNS = ("primary disease or tissue", "detailed_category", "primary_diagnosis.diagnoses", "disease_type")
SEX_COLUMNS = ("_gender", "gender.demographic", "gender")


@dataclass(frozen=True)
class Clinic:
    """What a phenotype table or sample sheet says of one sample."""

    field: str
    site: str | None
    sample_type: str | None
    disease: str | None = dataclasses.field(default=None, compare=False)
    sex: str | None = dataclasses.field(default=None, compare=False)


def read_phenotypes(paths: Sequence[Path], notes: list[str]) -> dict[str, Clinic]:
    """Sample -> what the tables say, and to `notes` what is to be said of them; the same in two tables is no matter.

    Raises MetadataFault, also where two rows contradict each other.
    """
    clinics: dict[str, Clinic] = {}
    twice: list[str] = []
    for path in paths:
        found = read_frame(path, str(path))
        names = found.raw.columns
        sample_column = _first(SAMPLE_COLUMNS, found, "sample")
        site_column = _first(tuple(SITE_COLUMNS), found, "_primary_site")
        type_column = next((name for name in TYPE_COLUMNS if name in names), None)
        disease_column = next((name for name in DISEASE_COLUMNS if name in names), None)
        sex_column = next((name for name in SEX_COLUMNS if name in names), None)
        notes += [*found.notes, *found.unread([sample_column, site_column, type_column, disease_column, sex_column])]
        nameless = sum(map(is_missing, found.frame[sample_column]))
        notes += [f"{nameless} rows of {path.name} name no sample and were left out"] if nameless else []
        for row in found.frame.iter_rows(named=True):
            sample = row[sample_column]
            if is_missing(sample):
                continue
            told = Clinic(
                SITE_COLUMNS[site_column],
                _known(row, site_column),
                _known(row, type_column),
                _known(row, disease_column),
                _known(row, sex_column),
            )
            if clinics.setdefault(sample, told) != told:
                twice.append(f"{sample} ({path.name})")
    if twice:
        raise MetadataFault(
            f"{len(twice)} samples have two rows that contradict each other in the phenotype tables, first: {some(twice)}; keep one"
        )
    return clinics


def _first(names: Sequence[str], found: Frame, usual: str) -> str:
    """The first of some columns. Raises MetadataFault."""
    column = next((name for name in names if name in found.raw.columns), None)
    if column is None:
        found.need([usual])
    return column or usual


def _known(row: dict[str, Any], column: str | None) -> str | None:
    text = row[column] if column else None
    return None if is_missing(text) else text


@dataclass(frozen=True)
class Listed:
    """Count files of a program, one per sample by the sheets, and what is to be said of the others."""

    chosen: dict[str, tuple[Path, Clinic]]
    notes: list[str]


def choose_files(sheets: Sequence[Path], program: str, star: dict[str, Path]) -> Listed:
    """One count file per sample of the program. Raises MetadataFault when none is left, or the sheets contradict each other."""
    notes: list[str] = []
    rows = _listed(sheets, star, notes)
    names = " and ".join(sheet.name for sheet in sheets) if len(sheets) < 3 else f"{len(sheets)} sample sheets"
    chosen: dict[str, tuple[Path, Clinic]] = {}
    absent, doubled, foreign = sorted(set(star) - set(rows)), [], []
    for name, (project, sample, sample_type) in sorted(rows.items()):
        if not is_of(program, sample):
            foreign.append(sample or name)
        elif sample in chosen:
            doubled.append(f"{sample} ({name})")
        else:
            chosen[sample] = star[name], Clinic("project", project, sample_type)
    if not chosen:
        raise MetadataFault(
            f"{names} lists no {program.upper()} sample for the {len(star)} count files; download the sheet of the same cart"
        )
    left_out = {
        f"count files are not in {names} and were left out": absent,
        f"files of {names} are of another program than {program.upper()} and were left out": foreign,
        "files are further sequencing runs of a sample and were left out": doubled,
    }
    return Listed(chosen, notes + [f"{len(said)} {what}: {some(said, 10)}" for what, said in left_out.items() if said])


def _listed(sheets: Sequence[Path], star: dict[str, Path], notes: list[str]) -> dict[str, tuple[str | None, str, str | None]]:
    """File name -> (project, sample, sample type) over all sheets, for files that are there."""
    rows: dict[str, tuple[str | None, str, str | None]] = {}
    for sheet in sheets:
        found = read_frame(sheet, str(sheet))
        spread = all(column in found.raw.columns for column in SPREAD[:1])
        frame = found.need(("File Name", "Project ID", "Sample ID", *([] if spread else ["Sample Type"])))
        notes += [*found.notes, *found.unread(["File Name", "Project ID", "Sample ID", "Sample Type", *SPREAD])]
        elsewhere = [name or "(no name)" for name in frame["File Name"] if name not in star]
        notes += [f"{len(elsewhere)} rows of {sheet.name} are of files that are not there: {some(elsewhere, 3)}"] if elsewhere else []
        for row in frame.iter_rows(named=True):
            name = row["File Name"]
            if name not in star:
                continue
            # A file pooled from several portions lists them all, comma-joined; they are of one patient and type.
            sample, told = (_part(row.get(column)) for column in ("Sample ID", "Sample Type"))
            sample_type = told or sample_type_in_words(*(_part(row.get(column)) for column in SPREAD))
            listed = (_part(row["Project ID"]), sample or "", sample_type)
            if rows.setdefault(name, listed)[:2] != listed[:2]:
                raise MetadataFault(
                    f"{sheet} gives {name} to {listed[1]}, another sheet to {rows[name][1]}; keep the sheet of the cart that was downloaded"
                )
    return rows


def _part(text: str | None) -> str | None:
    first = (text or "").split(",")[0].strip()
    return None if is_missing(first) else first
