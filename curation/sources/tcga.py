"""TCGA and TARGET: a UCSC Xena matrix with its phenotype table, or GDC STAR-count files with their sample sheet.

Tumour and normal are told apart by the sample code of the barcode, TCGA-tss-patient-CODE; TARGET barcodes are built the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.source import Matrix, SourceFault
from curation.sources.barcode import is_of, is_tumour, sample_type_of
from curation.sources.declared import Declared, look_up, unlabelled_notes
from curation.sources.folder import FolderSource, find, sample_table, some, stated, usable
from curation.sources.matrices import Asked, TableMatrix, open_matrix
from curation.sources.sheets import PHENOTYPES, SHEETS, Clinic, choose_files, read_phenotypes
from curation.sources.star import STAR_PATTERN, open_star

HUB = re.compile(r"(TCGA|TARGET)-[A-Z0-9-]+\.", re.IGNORECASE)


def open_tcga(folder: Path, program: str = "tcga") -> FolderSource:
    """Open a folder in the Xena or the GDC layout and read the samples of one program, tcga or target. Raises SourceFault."""
    star = sorted({*find(folder, STAR_PATTERN), *map(usable, folder.glob(f"*/{STAR_PATTERN}"))})
    source = _open_gdc(folder, program, star) if star else _open_xena(folder, program)
    if not source.sample_table.num_rows:
        raise SourceFault(f"{folder} holds no sample with a {program.upper()} barcode; the columns must be named {program.upper()}-...")
    return source


def _declared(sample: str, clinic: Clinic | None) -> tuple[str | None, str | None, Declared | None]:
    """(field, text, row of declared_tissue.tsv): the specimen where the sample type names it, else the site."""
    if clinic is None:
        return None, None, None
    sample_type = sample_type_of(sample, clinic.sample_type)
    specimen = look_up("tcga", "sample_type", sample_type)
    if specimen:
        return "sample_type", sample_type, specimen
    return clinic.field, clinic.site, look_up("tcga", clinic.field, clinic.site)


def _row(program: str, sample: str, clinic: Clinic | None, matrix: Matrix, i: int) -> dict[str, Any]:
    field, text, declared = _declared(sample, clinic)
    return {
        "sample_id": sample,
        "source": program,
        "donor_id": "-".join(sample.split("-")[:3]),
        "characteristics": stated(sex=clinic.sex, disease=clinic.disease, status=clinic.sample_type) if clinic else None,
        "is_tumour": is_tumour(sample, clinic.sample_type if clinic else None),
        "declared_field": field if text else None,
        "declared_text": text,
        "declared_term_id": declared.term_id if declared else None,
        "is_cell_line_declared": declared.is_cell_line if declared else None,
        "unit": matrix.unit,
        "matrix_file": matrix.file,
        "matrix_row": i,
    }


def _blank_note(rows: list[dict[str, Any]], clinics: dict[str, Clinic]) -> list[str]:
    blank = [row["sample_id"] for row in rows if row["declared_text"] is None and row["sample_id"] in clinics]
    return [f"{len(blank)} samples have an empty site: {some(blank)}; they are unlabelled"] if blank else []


# UCSC Xena


def _open_xena(folder: Path, program: str) -> FolderSource:
    phenotypes = find(folder, *PHENOTYPES)
    if not phenotypes:
        raise SourceFault(f"{folder} must hold the phenotype or clinical table of its matrix ({', '.join(PHENOTYPES)}), found none")
    paths = _xena_matrices(folder, phenotypes)
    notes: list[str] = []
    clinics = read_phenotypes(phenotypes, notes)
    matrices: list[TableMatrix] = []
    rows: list[dict[str, Any]] = []
    for path in paths:
        matrix, said = open_matrix(path, folder, Asked(layout="genes", is_archive=True))
        foreign = [sample for sample in matrix.sample_ids if not is_of(program, sample)]
        if foreign:
            said.append(
                f"{len(foreign)} columns of {path.name} are of another program than {program.upper()} and left out: {some(foreign)}"
            )
        left_out = set(foreign)
        rows += [_row(program, s, clinics.get(s), matrix, i) for i, s in enumerate(matrix.sample_ids) if s not in left_out]
        matrices.append(matrix)
        notes += said
    notes += _unlisted_note(rows, clinics, phenotypes) + _blank_note(rows, clinics) + unlabelled_notes("tcga", rows)
    return FolderSource(program, sample_table(rows, folder), matrices, [*paths, *phenotypes], notes)


def _xena_matrices(folder: Path, phenotypes: Sequence[Path]) -> list[Path]:
    """One matrix, or those of several projects of the GDC hub, all of one kind: TCGA-BRCA.star_counts.tsv.gz."""
    found = [path for path in find(folder, "*.tsv", "*.tsv.gz", "*.txt", "*.txt.gz", "*.gz") if path not in phenotypes]
    kinds = {path.name.split(".", 1)[-1] for path in found}
    if not found or (len(found) > 1 and not (len(kinds) == 1 and all(HUB.match(path.name) for path in found))):
        names = some([path.name for path in found]) if found else "none"
        raise SourceFault(
            f"{folder} must hold one Xena expression matrix, or one a project of one kind (or GDC {STAR_PATTERN} files) beside "
            f"{some([path.name for path in phenotypes])}, found: {names}"
        )
    return found


def _unlisted_note(rows: list[dict[str, Any]], clinics: dict[str, Clinic], phenotypes: Sequence[Path]) -> list[str]:
    """Name the samples that the table lacks, with what their tissue source site (2nd part of the barcode) suggests to a curator."""
    unlisted = [row["sample_id"] for row in rows if row["sample_id"] not in clinics]
    if not unlisted:
        return []
    sites: dict[str, Counter[str]] = {}
    for sample, clinic in clinics.items():
        if sample.startswith("TCGA-") and clinic.site:
            sites.setdefault(sample.split("-")[1], Counter())[clinic.site] += 1
    hints = [f"{sample} ({_hint(sites.get(sample.split('-')[1], Counter()))})" for sample in unlisted]
    return [
        f"{len(unlisted)} samples are not in {some([path.name for path in phenotypes])}: {some(hints, 20)}. They are unlabelled, and tumour or normal by their "
        "barcode; to label them, add rows to ontology/overrides.tsv"
    ]


def _hint(sites: Counter[str]) -> str:
    if not sites:
        return "no listed sample shares its tissue source site"
    return "its tissue source site is " + ", ".join(f"{site} in {n} listed samples" for site, n in sites.most_common(3))


# GDC


def _open_gdc(folder: Path, program: str, star: list[Path]) -> FolderSource:
    sheets = find(folder, *SHEETS)
    if not sheets:
        raise SourceFault(f"{folder} must hold the GDC sample sheets of its count files ({', '.join(SHEETS)}), found none")
    listed = choose_files(sheets, program, {path.name: path for path in star})
    chosen, notes = listed.chosen, listed.notes
    paths = tuple(path for path, _ in chosen.values())
    matrix, said = open_star(sheets[0].name, paths)
    clinics = {sample: clinic for sample, (_, clinic) in chosen.items()}
    rows = [_row(program, sample, clinic, matrix, i) for i, (sample, clinic) in enumerate(clinics.items())]
    notes += said + _blank_note(rows, clinics) + unlabelled_notes("tcga", rows)
    return FolderSource(program, sample_table(rows, folder), [matrix], [*paths, *sheets], notes)
