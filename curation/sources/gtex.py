"""GTEx: GCT or Parquet matrices and the sample attributes that come with them (gtexportal.org, open access)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curation.source import SourceFault
from curation.sources.declared import look_up, unlabelled_notes
from curation.sources.folder import FolderSource, find, find_one, read_sheet, refuse_duplicates, sample_table, some, stated
from curation.sources.matrices import Asked, MatrixFault, TableMatrix, open_matrix
from profiles.text.streams import DAMAGE, compression_of, unpacked

SEXES = {"1": "male", "2": "female", "male": "male", "female": "female"}


def open_gtex(folder: Path) -> FolderSource:
    """Open a folder with *.gct, *.gct.gz or *.parquet and *SampleAttributesDS.txt, and the table of donors where it is there. Raises SourceFault."""
    paths, notes = _one_of_each(find(folder, "*.gct", "*.gct.gz", "*.parquet"))
    if not paths:
        raise SourceFault(f"{folder} holds no *.gct, *.gct.gz or *.parquet; put a GTEx gene_reads or gene_tpm matrix there")
    attributes = find_one(folder, "sample attribute table", "*SampleAttributesDS.txt", "*SampleAttributesDS.txt.gz")
    tissues = _tissues(attributes, notes)
    donors, phenotypes = _donors(folder, notes)
    matrices: list[TableMatrix] = []
    for path in paths:
        if path.suffix != ".parquet" and not _has_mark(path):
            raise MatrixFault(f"{path} is no GCT file: it must begin with '#1.2'; download it again")
        matrix, said = open_matrix(path, folder, Asked(layout="genes", is_archive=True))
        _refuse_unlisted(matrix, tissues, attributes)
        matrices.append(matrix)
        notes += said
    rows = [_row(sample, matrix, i, tissues.get(sample), donors) for matrix in matrices for i, sample in enumerate(matrix.sample_ids)]
    notes += _tissue_notes(rows, tissues, attributes) + _donor_notes(rows, donors, phenotypes)
    return FolderSource("gtex", sample_table(rows, folder), matrices, [*paths, attributes, *phenotypes], notes)


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


def _donors(folder: Path, notes: list[str]) -> tuple[dict[str, str | None], list[Path]]:
    """Donor -> what GTEx's open table of donors says of sex and age (a decade: 60-69), as text; and its path, where the folder holds one."""
    paths = find(folder, "*SubjectPhenotypesDS.txt", "*SubjectPhenotypesDS.txt.gz")
    if len(paths) > 1:
        raise SourceFault(f"{folder} holds {len(paths)} tables of donors ({some([path.name for path in paths])}); keep one")
    donors: dict[str, str | None] = {}
    for path in paths:
        sheet = read_sheet(path, ("SUBJID", "SEX"), notes, ("AGE",))
        rows = list(sheet.select("SUBJID", "SEX", *(name for name in ("AGE",) if name in sheet.columns)).unique().iter_rows(named=True))
        refuse_duplicates([row["SUBJID"] for row in rows], f"{path}, with different SEX or AGE")
        strange = sorted({str(row["SEX"]) for row in rows if row["SEX"] and row["SEX"] not in SEXES})
        if strange:
            raise SourceFault(f"{path}: SEX is {some(strange)}; GTEx writes 1 for male and 2 for female")
        donors |= {row["SUBJID"]: stated(sex=SEXES.get(row["SEX"] or ""), age=row.get("AGE")) for row in rows}
    return donors, paths


def _donor_notes(rows: list[dict[str, Any]], donors: dict[str, str | None], paths: list[Path]) -> list[str]:
    """What is missing of the donors."""
    if not paths:
        return ["no *SubjectPhenotypesDS.txt stands beside the matrix: sex and age of the donors are not stated"]
    unlisted = sorted({row["donor_id"] for row in rows} - donors.keys())
    return [f"{len(unlisted)} donors are not in {paths[0].name}: {some(unlisted)}; their sex and age are not stated"] if unlisted else []


def _refuse_unlisted(matrix: TableMatrix, tissues: dict[str, str | None], attributes: Path) -> None:
    """A matrix of medians per tissue, or of another release, shares no sample with the attributes."""
    if not tissues.keys() & set(matrix.sample_ids):
        raise MatrixFault(
            f"none of the {matrix.n_samples} columns of {matrix.where} ({some(matrix.sample_ids, 2)}) is a sample of "
            f"{attributes.name}; put the matrix of all samples there, and the attributes of the same release"
        )


def _row(sample: str, matrix: TableMatrix, i: int, text: str | None, donors: dict[str, str | None]) -> dict[str, Any]:
    donor = "-".join(sample.split("-")[:2])
    declared = look_up("gtex", "SMTSD", text)
    is_line = declared.is_cell_line if declared else None
    return {
        "sample_id": sample,
        "source": "gtex",
        "donor_id": donor,
        "characteristics": donors.get(donor),
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
