"""GTEx: GCT matrices and the sample attributes that come with them (gtexportal.org, open access)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.sources import GeneIds, SourceFault
from curation.sources.declared import look_up, unlabelled_notes
from curation.sources.delimited import DelimitedGrid, head, read_grid
from curation.sources.folder import FolderSource, find, find_one, read_metadata, refuse_duplicates, sample_table, some, stated
from curation.sources.grid import GeneRows, MatrixFault, scan
from curation.sources.unit import quantity_in_name, settle


@dataclass(frozen=True)
class Gct:
    """One GCT file: the matrix, and what its reader noticed."""

    matrix: GeneRows
    notes: tuple[str, ...]


def open_gtex(folder: Path) -> FolderSource:
    """Open a folder with *.gct or *.gct.gz and *SampleAttributesDS.txt. Raises SourceFault."""
    paths = find(folder, "*.gct", "*.gct.gz")
    if not paths:
        raise SourceFault(f"{folder} holds no *.gct or *.gct.gz; put a GTEx gene_reads or gene_tpm matrix there")
    attributes = find_one(folder, "sample attribute table", "*SampleAttributesDS.txt", "*SampleAttributesDS.txt.gz")
    tissues = _tissues(attributes)
    subjects, phenotypes = _subjects(folder)
    gcts = [read_gct(path, folder) for path in paths]
    notes = [note for gct in gcts for note in gct.notes]
    for gct in gcts:
        _refuse_unlisted(gct.matrix, tissues, attributes)
    rows = [_row(sample, gct.matrix, i, tissues.get(sample), subjects) for gct in gcts for i, sample in enumerate(gct.matrix.sample_ids)]
    notes += _tissue_notes(rows, tissues, attributes)
    return FolderSource("gtex", sample_table(rows, folder), [gct.matrix for gct in gcts], [*paths, attributes, *phenotypes], notes)


def read_gct(path: Path, folder: Path) -> Gct:
    """Read the header and the gene columns of a GCT 1.2 file; its dimension line is reported when wrong, and the rows are believed."""
    version, dimensions = head(path, 2)
    if not version.startswith("#1."):
        raise MatrixFault(f"{path} is no GCT file: its first line is '{version[:40]}' where '#1.2' belongs; download it again")
    grid = read_grid(path, header_line=2)
    lowered = [name.lower() for name in grid.names]
    if "name" not in lowered or "description" not in lowered:
        raise MatrixFault(f"{path} line 3 must have the columns Name and Description, has {some(grid.names)}; download it again")
    identifiers = (lowered.index("name"), lowered.index("description"))
    samples = tuple(range(max(identifiers) + 1, len(grid.names)))
    refuse_duplicates([grid.names[i] for i in samples], f"the header of {path}")
    scanned = scan(grid, identifiers, samples)
    ensembl, symbol = scanned.text
    scale = settle(quantity_in_name(path.name), scanned.evidence, str(path))
    matrix = GeneRows(path.relative_to(folder).as_posix(), grid, GeneIds(ensembl=ensembl, symbol=symbol), scale, samples)
    notes = [f"{path.name}: {len(samples):,} samples x {len(ensembl):,} genes, {scale.unit} ({scanned.evidence})"]
    return Gct(matrix, tuple(notes + _dimension_note(path, dimensions, grid, len(ensembl), len(samples))))


def _dimension_note(path: Path, line: str, grid: DelimitedGrid, n_genes: int, n_samples: int) -> list[str]:
    """What the second line claims, when the rows say otherwise."""
    claimed = line.split(grid.separator)[:2]
    if claimed == [str(n_genes), str(n_samples)]:
        return []
    return [f"{path.name}: line 2 says '{' x '.join(claimed)}' but there are {n_genes} genes x {n_samples} samples; the rows were believed"]


def _tissues(attributes: Path) -> dict[str, str | None]:
    """Sample id -> SMTSD. A sample on several lines is refused when they contradict each other."""
    pairs = read_metadata(attributes, ("SAMPID", "SMTSD")).select("SAMPID", "SMTSD").unique(maintain_order=True)
    refuse_duplicates(pairs["SAMPID"].to_list(), f"{attributes}, with different SMTSD")
    return dict(pairs.iter_rows())


def _subjects(folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Donor -> sex, from the table of donors where the folder holds it, and its path. GTEx writes 1 for male and 2 for female."""
    paths = find(folder, "*SubjectPhenotypesDS.txt", "*SubjectPhenotypesDS.txt.gz")
    sexes = {"1": "male", "2": "female"}
    rows = [row for path in paths for row in read_metadata(path, ("SUBJID", "SEX")).select("SUBJID", "SEX").iter_rows()]
    return {donor: sexes.get(str(code), "") for donor, code in rows}, paths


def _refuse_unlisted(matrix: GeneRows, tissues: dict[str, str | None], attributes: Path) -> None:
    """A matrix of medians per tissue, or of another release, shares no sample with the attributes."""
    if not tissues.keys() & set(matrix.sample_ids):
        raise MatrixFault(
            f"none of the {matrix.n_samples} columns of {matrix.grid.path} ({some(matrix.sample_ids, 2)}) is a sample of "
            f"{attributes.name}; put the matrix of all samples there, and the attributes of the same release"
        )


def _row(sample: str, matrix: GeneRows, i: int, text: str | None, subjects: dict[str, str]) -> dict[str, Any]:
    donor = "-".join(sample.split("-")[:2])
    declared = look_up("gtex", "SMTSD", text)
    is_line = declared.is_cell_line if declared else None
    return {
        "sample_id": sample,
        "source": "gtex",
        "donor_id": donor,
        "characteristics": stated(sex=subjects.get(donor)),
        # The donors are post-mortem or transplant donors; only the leukaemia line is neither tumour nor normal tissue.
        "is_tumour": None if is_line else False,
        "declared_field": "SMTSD" if text else None,
        "declared_text": text,
        "declared_term_id": declared.term_id if declared else None,
        "is_cell_line_declared": is_line,
        "unit": matrix.unit,
        "matrix_file": matrix.file,
        "matrix_row": i,
    }


def _tissue_notes(rows: list[dict[str, Any]], tissues: dict[str, str | None], attributes: Path) -> list[str]:
    notes = []
    absent = [row["sample_id"] for row in rows if row["declared_text"] is None]
    if absent:
        notes.append(f"{len(absent)} samples have no SMTSD in {attributes.name}: {some(absent, 10)}; they are unlabelled")
    return notes + unlabelled_notes("gtex", rows)
