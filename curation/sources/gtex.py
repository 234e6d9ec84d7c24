"""GTEx: GCT or Parquet matrices and the sample attributes that come with them (gtexportal.org, open access)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curation.source import SourceFault
from curation.sources.declared import look_up, unlabelled_notes
from curation.sources.folder import FolderSource, find, find_one, read_sheet, refuse_duplicates, sample_table, some
from curation.sources.matrices import Asked, MatrixFault, TableMatrix, open_matrix
from profiles.text.streams import DAMAGE, compression_of, unpacked


def open_gtex(folder: Path) -> FolderSource:
    """Open a folder with *.gct, *.gct.gz or *.parquet and *SampleAttributesDS.txt. Raises SourceFault."""
    paths, notes = _one_of_each(find(folder, "*.gct", "*.gct.gz", "*.parquet"))
    if not paths:
        raise SourceFault(f"{folder} holds no *.gct, *.gct.gz or *.parquet; put a GTEx gene_reads or gene_tpm matrix there")
    attributes = find_one(folder, "sample attribute table", "*SampleAttributesDS.txt", "*SampleAttributesDS.txt.gz")
    tissues = _tissues(attributes, notes)
    matrices: list[TableMatrix] = []
    for path in paths:
        if path.suffix != ".parquet" and not _has_mark(path):
            raise MatrixFault(f"{path} is no GCT file: it must begin with '#1.2'; download it again")
        matrix, said = open_matrix(path, folder, Asked(layout="genes", is_archive=True))
        _refuse_unlisted(matrix, tissues, attributes)
        matrices.append(matrix)
        notes += said
    rows = [_row(sample, matrix, i, tissues.get(sample)) for matrix in matrices for i, sample in enumerate(matrix.sample_ids)]
    notes += _tissue_notes(rows, tissues, attributes)
    return FolderSource("gtex", sample_table(rows, folder), matrices, [*paths, attributes], notes)


def _has_mark(path: Path) -> bool:
    """Whether a text file is a GCT by its first bytes; what is no text, or damaged, its reader names better."""
    with path.open("rb") as file:
        compression = compression_of(file.read(8))
        file.seek(0)
        try:
            start = unpacked(file, compression).read(64)
        except DAMAGE:
            return True
    return start.startswith(b"#1.") or start.lstrip()[:1] in (b"<", b"")


def _one_of_each(paths: list[Path]) -> tuple[list[Path], list[str]]:
    """The portal offers the same matrix as GCT and as Parquet: of two that differ in this alone the Parquet file is read."""
    stems = {
        path.name.split(".gct")[0].removesuffix(".parquet"): path for path in sorted(paths, key=lambda path: path.suffix == ".parquet")
    }
    left = [path for path in paths if path not in stems.values()]
    notes = (
        [f"{len(left)} GCT files stand beside the same matrix as Parquet, which is read: {some([path.name for path in left])}"]
        if left
        else []
    )
    return sorted(stems.values()), notes


def _tissues(attributes: Path, notes: list[str]) -> dict[str, str | None]:
    """Sample id -> SMTSD. A sample on several lines is refused when they contradict each other."""
    pairs = read_sheet(attributes, ("SAMPID", "SMTSD"), notes).select("SAMPID", "SMTSD").unique(maintain_order=True)
    refuse_duplicates(pairs["SAMPID"].to_list(), f"{attributes}, with different SMTSD")
    return dict(pairs.iter_rows())


def _refuse_unlisted(matrix: TableMatrix, tissues: dict[str, str | None], attributes: Path) -> None:
    """A matrix of medians per tissue, or of another release, shares no sample with the attributes."""
    if not tissues.keys() & set(matrix.sample_ids):
        raise MatrixFault(
            f"none of the {matrix.n_samples} columns of {matrix.where} ({some(matrix.sample_ids, 2)}) is a sample of "
            f"{attributes.name}; put the matrix of all samples there, and the attributes of the same release"
        )


def _row(sample: str, matrix: TableMatrix, i: int, text: str | None) -> dict[str, Any]:
    declared = look_up("gtex", "SMTSD", text)
    is_line = declared.is_cell_line if declared else None
    return {
        "sample_id": sample,
        "source": "gtex",
        "donor_id": "-".join(sample.split("-")[:2]),
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
