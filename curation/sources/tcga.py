"""TCGA and TARGET: a UCSC Xena matrix with its phenotype table, or GDC STAR-count files with their sample sheet.

Tumour and normal are told apart by the sample code of the barcode, TCGA-tss-patient-CODE (GDC code tables: 01-09 tumour,
10-19 normal, 20 and above control or model); TARGET barcodes are built the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.genes import parse_gene_names
from curation.sources import GeneIds, Matrix, SourceFault, Unit
from curation.sources.declared import Declared, look_up, unlabelled_notes
from curation.sources.delimited import head, read_grid
from curation.sources.folder import (
    FolderSource,
    MetadataFault,
    find,
    find_one,
    read_metadata,
    refuse_duplicates,
    sample_table,
    some,
    stated,
)
from curation.sources.grid import GeneRows, MatrixFault, check_values, scan
from curation.sources.unit import Evidence, Scale, confirm, quantity_in_name, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

BARCODE = re.compile(r"^(?:TCGA|TARGET)-[A-Z0-9]+-[A-Z0-9]+-(\d\d)", re.IGNORECASE)
# Sample codes whose name says more than "tumour" or "normal" of where the sample was taken.
SAMPLE_TYPES = {
    3: "Primary Blood Derived Cancer - Peripheral Blood",
    4: "Recurrent Blood Derived Cancer - Bone Marrow",
    6: "Metastatic",
    7: "Additional Metastatic",
    9: "Primary Blood Derived Cancer - Bone Marrow",
    10: "Blood Derived Normal",
    14: "Bone Marrow Normal",
    20: "Control Analyte",
    40: "Recurrent Blood Derived Cancer - Peripheral Blood",
    41: "Post treatment Blood Cancer - Bone Marrow",
    42: "Post treatment Blood Cancer - Blood",
    50: "Cell Lines",
}
TUMOUR_CODES = frozenset({*range(1, 10), 40, 41, 42})
NORMAL_CODES = frozenset(range(10, 20))
STAR_PATTERN = "*.augmented_star_gene_counts.tsv*"
STAR_COLUMN = "unstranded"
STAR_SUMMARY = "N_"


@dataclass(frozen=True)
class Clinic:
    """What a phenotype table or sample sheet says of one sample."""

    field: str
    site: str | None
    sample_type: str | None
    disease: str | None = None
    sex: str | None = None


def open_tcga(folder: Path, program: str = "tcga") -> FolderSource:
    """Open a folder in the Xena or the GDC layout and read the samples of one program, tcga or target. Raises SourceFault."""
    star = sorted({*find(folder, STAR_PATTERN), *folder.glob(f"*/{STAR_PATTERN}")})
    source = _open_gdc(folder, program, star) if star else _open_xena(folder, program)
    if not source.sample_table.num_rows:
        raise SourceFault(f"{folder} holds no sample with a {program.upper()} barcode; the columns must be named {program.upper()}-...")
    return source


def sample_code(sample: str) -> int | None:
    """The two digits of a TCGA or TARGET barcode that tell tumour from normal."""
    match = BARCODE.match(sample)
    return int(match.group(1)) if match else None


def _is_of(program: str, sample: str) -> bool:
    return sample.upper().startswith(f"{program.upper()}-")


def is_tumour(sample: str, sample_type: str | None) -> bool | None:
    """By the barcode; where there is none, by the sample type; None where neither says."""
    code = sample_code(sample)
    if code is None:
        lowered = (sample_type or "").lower()
        return False if "normal" in lowered else True if re.search("tumor|tumour|cancer|metasta|recurrent", lowered) else None
    return True if code in TUMOUR_CODES else False if code in NORMAL_CODES else None


def _declared(sample: str, clinic: Clinic | None) -> tuple[str | None, str | None, Declared | None]:
    """(field, text, row of declared_tissue.tsv): the specimen where the sample type names it, else the site."""
    if clinic is None:
        return None, None, None
    code = sample_code(sample)
    sample_type = SAMPLE_TYPES.get(code, clinic.sample_type) if code is not None else clinic.sample_type
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
    phenotype = find_one(folder, "phenotype table", "*phenotype*")
    path = _xena_matrix(folder, phenotype)
    clinics = _read_phenotype(phenotype)
    matrix, notes = _xena_rows(path, folder)
    foreign = [sample for sample in matrix.sample_ids if not _is_of(program, sample)]
    if foreign:
        notes.append(f"{len(foreign)} columns of {path.name} are of another program than {program.upper()} and left out: {some(foreign)}")
    left_out = set(foreign)
    rows = [_row(program, s, clinics.get(s), matrix, i) for i, s in enumerate(matrix.sample_ids) if s not in left_out]
    notes += _unlisted_note(rows, clinics, phenotype) + _blank_note(rows, clinics) + unlabelled_notes("tcga", rows)
    return FolderSource(program, sample_table(rows, folder), [matrix], [path, phenotype], notes)


def _xena_matrix(folder: Path, phenotype: Path) -> Path:
    found = [path for path in find(folder, "*.tsv", "*.tsv.gz", "*.txt", "*.txt.gz", "*.gz") if path != phenotype]
    if len(found) != 1:
        names = some([path.name for path in found]) if found else "none"
        raise SourceFault(
            f"{folder} must hold one Xena expression matrix (or GDC {STAR_PATTERN} files) beside {phenotype.name}, found: {names}"
        )
    return found[0]


def _xena_rows(path: Path, folder: Path) -> tuple[GeneRows, list[str]]:
    grid = read_grid(path)
    columns = tuple(range(1, len(grid.names)))
    refuse_duplicates([grid.names[i] for i in columns], f"the header of {path}")
    scanned = scan(grid, (0,), columns)
    scale = settle(quantity_in_name(path.name), scanned.evidence, str(path))
    names = scanned.text[0]
    matrix = GeneRows(path.relative_to(folder).as_posix(), grid, parse_gene_names(names), scale, columns)
    return matrix, [f"{path.name}: {len(columns):,} samples x {len(names):,} genes, {scale.unit} ({scanned.evidence})"]


def _read_phenotype(path: Path) -> dict[str, Clinic]:
    frame = read_metadata(path, ("sample", "_primary_site", "_sample_type"))
    refuse_duplicates(frame["sample"].drop_nulls().to_list(), str(path))
    return {
        row["sample"]: Clinic(
            "_primary_site", row["_primary_site"], row["_sample_type"], row.get("primary disease or tissue"), row.get("_gender")
        )
        for row in frame.to_dicts()
        if row["sample"]
    }


def _unlisted_note(rows: list[dict[str, Any]], clinics: dict[str, Clinic], phenotype: Path) -> list[str]:
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
        f"{len(unlisted)} samples are not in {phenotype.name}: {some(hints, 20)}. They are unlabelled, and tumour or normal by their "
        "barcode; to label them, add rows to ontology/overrides.tsv"
    ]


def _hint(sites: Counter[str]) -> str:
    if not sites:
        return "no listed sample shares its tissue source site"
    return "its tissue source site is " + ", ".join(f"{site} in {n} listed samples" for site, n in sites.most_common(3))


# GDC


@dataclass(frozen=True)
class StarMatrix:
    """One STAR-count file per sample, all with the same genes; the unstranded counts."""

    file: str
    paths: tuple[Path, ...]
    genes: GeneIds
    unit: Unit = "counts"

    @property
    def n_samples(self) -> int:
        return len(self.paths)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: one file at a time."""
        for position, row in enumerate(rows):
            genes, counts = _read_star(self.paths[row])
            if genes != self.genes:
                raise MatrixFault(f"{self.paths[row]} has other genes than {self.paths[0].name}; all files must be of one GDC data release")
            check_values(counts, Scale(self.unit), str(self.paths[row]), genes.ensembl, [self.paths[row].name])
            yield np.array([position], dtype=np.int64), counts


def _read_star(path: Path) -> tuple[GeneIds, NDArray[np.float32]]:
    """Gene ids and unstranded counts, shape (1, n genes), without the summary rows of STAR."""
    lines = head(path, 3)
    grid = read_grid(path, header_line=next((i for i, line in enumerate(lines) if not line.startswith("#")), 0))
    missing = [name for name in ("gene_id", "gene_name", STAR_COLUMN) if name not in grid.names]
    if missing:
        raise MatrixFault(f"{path} has no column {', '.join(missing)}; it must be an augmented STAR gene count file of the GDC")
    columns = [grid.names.index(name) for name in ("gene_id", "gene_name", STAR_COLUMN)]
    table = pa.Table.from_batches(list(grid.batches(columns[:2], columns[2:])))
    table = table.filter(pc.invert(pc.starts_with(table.column(0), STAR_SUMMARY)))
    genes = GeneIds(ensembl=tuple(table.column(0).to_pylist()), symbol=tuple(table.column(1).to_pylist()))
    return genes, table.column(2).to_numpy().reshape(1, -1)


def _open_gdc(folder: Path, program: str, star: list[Path]) -> FolderSource:
    sheet = find_one(folder, "GDC sample sheet", "gdc_sample_sheet*.tsv", "*sample_sheet*.tsv")
    chosen, notes = _choose_files(sheet, program, {path.name: path for path in star})
    paths = tuple(path for path, _ in chosen.values())
    genes, counts = _read_star(paths[0])
    evidence = Evidence()
    evidence.add(counts)
    confirm(Scale("counts"), evidence, str(paths[0]))
    matrix = StarMatrix(sheet.name, paths, genes)
    clinics = {sample: clinic for sample, (_, clinic) in chosen.items()}
    rows = [_row(program, sample, clinic, matrix, i) for i, (sample, clinic) in enumerate(clinics.items())]
    notes.append(f"{len(rows):,} STAR-count files x {len(genes):,} genes, column {STAR_COLUMN}")
    notes += _blank_note(rows, clinics) + unlabelled_notes("tcga", rows)
    return FolderSource(program, sample_table(rows, folder), [matrix], [*paths, sheet], notes)


def _choose_files(sheet: Path, program: str, star: dict[str, Path]) -> tuple[dict[str, tuple[Path, Clinic]], list[str]]:
    """One count file per sample of the program, by the sheet, and notes of those left out. Raises MetadataFault when none is left."""
    needed = ("File Name", "Project ID", "Sample ID", "Sample Type")
    listed = [row for row in read_metadata(sheet, needed).select(needed).sort("File Name").iter_rows() if row[0] in star]
    chosen: dict[str, tuple[Path, Clinic]] = {}
    absent, doubled, foreign = sorted(set(star) - {row[0] for row in listed}), [], []
    for name, project, samples, sample_type in listed:
        # A file pooled from several portions lists them all, comma-joined; they are of one patient and type.
        sample = (samples or "").split(",")[0].strip()
        if not _is_of(program, sample):
            foreign.append(sample or name)
        elif sample in chosen:
            doubled.append(f"{sample} ({name})")
        else:
            chosen[sample] = star[name], Clinic("project", project, (sample_type or "").split(",")[0].strip() or None)
    if not chosen:
        raise MetadataFault(
            f"{sheet} lists no {program.upper()} sample for the {len(star)} count files; download the sheet of the same cart"
        )
    left_out = {
        f"count files are not in {sheet.name} and were left out": absent,
        f"files of {sheet.name} are of another program than {program.upper()} and were left out": foreign,
        "files are further sequencing runs of a sample and were left out": doubled,
    }
    return chosen, [f"{len(names)} {what}: {some(names, 10)}" for what, names in left_out.items() if names]
