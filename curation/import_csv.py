"""`curate import-csv`: a compendium from genes x samples CSV files with a clinical table, as the paper shares them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from curation.config import SCHEMA_VERSION, BuildConfig
from curation.errors import CurationError
from curation.matrix.write import MatrixReport, write_compendium
from curation.progress import Progress
from curation.resources import ontology_folder
from curation.source import Matrix, linear
from curation.sources.folder import FolderSource, refuse_duplicates, some
from curation.sources.matrices import Asked, TableMatrix, open_matrix
from curation.split import assign, groups_of
from profiles.errors import UnitFault
from profiles.metadata import Frame, is_missing, read_frame
from profiles.units import parse_unit as unit_named

SPLITS = ("train", "validation", "test", "unlabelled")
GROUP_COLUMNS = ("group_id", "series_id", "donor_id", "patient_id")
MATRIX, CLINICAL = "gex.csv", "clin.csv"


class CannotImport(CurationError):
    """The CSV files are not a matrix with its clinical table."""


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of clin.csv that say what a sample is; None: the first of the usual names that is there, or none; for `id` the first column."""

    tissue: str = "tissue"
    group: str | None = None
    split: str = "split"
    id: str | None = None


def parse_unit(text: str | None) -> str | None:
    """The name of a unit that there is. Raises CannotImport."""
    try:
        if text is not None:
            unit_named(text)
    except UnitFault as error:
        raise CannotImport(f"--unit {text}: {error}") from error
    return text


def import_csv(
    folder: Path, out: Path, columns: Columns, asked: Asked | None = None, seed: int = 42, progress: Progress | None = None
) -> MatrixReport:
    """Write `out` (.h5ad) from gex.csv and clin.csv in `folder`, or in its train/ and test/.

    Values are undone to linear space, genes named by HGNC, and every sample is closed to one million again: in log2(CPM + 1) where the
    files hold CPM, else in log2(TPM + 1). Where no column says the split, groups are drawn as in a build; test/ stays the test part.
    Raises BulkatlasError.
    """
    if out.exists():
        raise CannotImport(f"{out} exists; choose another --out")
    pairs = {name: folder / name for name in ("train", "test") if (folder / name / MATRIX).is_file()} or {"": folder}
    missing = [str(path / name) for path in pairs.values() for name in (MATRIX, CLINICAL) if not (path / name).is_file()]
    if missing:
        raise CannotImport(f"{', '.join(missing)} not found; give a folder with {MATRIX} and {CLINICAL}, or with both in train/ and test/")
    asked = asked or Asked()
    samples, matrices, notes = [], [], []
    for part, pair in pairs.items():
        clinical, matrix, said = _open_pair(pair, part, asked, columns)
        samples += [_sample(row, part, matrix, i, columns) for i, row in clinical]
        matrices.append(matrix)
        notes += said
    _refuse_unlabelled(samples, columns, folder)
    notes += _split(samples, seed)
    kept = _in_order(samples, seed)
    source = FolderSource("import", pa.table({}), matrices, [path / MATRIX for path in pairs.values()], notes)
    uns = _uns(folder, asked.unit, seed, kept, list(pairs))
    report = write_compendium(out, kept, {"import": source}, _config(matrices, seed), uns=uns, progress=progress)
    return dataclasses.replace(report, notes=[*notes, *report.notes])


def _open_pair(pair: Path, part: str, asked: Asked, columns: Columns) -> tuple[list[tuple[int, dict[str, Any]]], TableMatrix, list[str]]:
    """Rows of clin.csv with their place in gex.csv, and the matrix."""
    told = read_frame(pair / CLINICAL, str(pair / CLINICAL))
    clinical = told.need([columns.id] if columns.id else [])
    first = columns.id or clinical.columns[0]
    matrix, said = open_matrix(pair / MATRIX, pair, asked, clinical[first].drop_nulls().to_list())
    place = {name: i for i, name in enumerate(matrix.sample_ids)}
    known = clinical.filter(pl.col(first).is_in(list(place)))
    if known.height == 0:
        raise CannotImport(f"no sample of {pair / CLINICAL} is in {MATRIX} ({some(matrix.sample_ids, 3)}); both must use the same ids")
    refuse_duplicates(known[first].to_list(), str(pair / CLINICAL))
    matrix = dataclasses.replace(matrix, file=f"{part}/{MATRIX}".lstrip("/"))
    rows = [(place[row[first]], {**row, "sample_id": row[first]}) for row in known.to_dicts()]
    lacking = clinical.height - known.height
    lack = [f"{lacking} samples of {pair / CLINICAL} are not in {MATRIX} and were left out"] if lacking else []
    return rows, matrix, [*told.notes, *said, *lack, *_odd_words(told, columns)]


def _odd_words(told: Frame, columns: Columns) -> list[str]:
    """Words of the split and of is_tumour that mean nothing here and are read as unknown, and the columns that are not read."""
    said = []
    for column, known in ((columns.split, SPLITS), ("is_tumour", ("true", "false"))):
        cells = told.frame[column].to_list() if column in told.frame.columns else []
        odd = [cell for cell in cells if not is_missing(cell) and cell.lower() not in known]
        if odd:
            said.append(
                f"{told.name}: {len(odd)} cells of {column} are none of {', '.join(known)} and read as unknown: {some(sorted(set(odd)), 3)}"
            )
    groups = [columns.group] if columns.group else GROUP_COLUMNS
    first = columns.id or told.frame.columns[0]
    return said + told.unread([first, columns.tissue, columns.split, *groups, "series_id", "term_id", "is_tumour"])


def _config(matrices: Sequence[TableMatrix], seed: int) -> BuildConfig:
    """CPM stay CPM: to make TPM of them the lengths of the genes would be taken from another annotation than theirs."""
    is_cpm = all(linear(matrix.unit) == "cpm" for matrix in matrices)
    return BuildConfig(seed=seed, unit="cpm" if is_cpm else "tpm")


def _sample(row: dict[str, Any], part: str, matrix: Matrix, matrix_row: int, columns: Columns) -> dict[str, Any]:
    names = (columns.group,) if columns.group else GROUP_COLUMNS
    group = next((row[name] for name in names if not is_missing(row.get(name))), None)
    tissue = "" if is_missing(row.get(columns.tissue)) else row[columns.tissue]
    given = (row.get(columns.split) or "").lower()
    return {
        "sample_id": row["sample_id"],
        "source": "import",
        "series_id": "" if is_missing(row.get("series_id")) else row["series_id"],
        "group_id": group,
        "tissue": tissue,
        "term_id": "" if is_missing(row.get("term_id")) else row["term_id"],
        "is_tumour": {"true": True, "false": False}.get((row.get("is_tumour") or "").lower()),
        "split": given if given in SPLITS else "test" if part == "test" else "",
        "matrix_file": matrix.file,
        "matrix_row": matrix_row,
    }


def _refuse_unlabelled(samples: list[dict[str, Any]], columns: Columns, folder: Path) -> None:
    if not any(sample["tissue"] for sample in samples):
        raise CannotImport(
            f"{folder}: no sample has a value in the column `{columns.tissue}` of {CLINICAL}; name the tissue column with --tissue"
        )


def _split(samples: list[dict[str, Any]], seed: int) -> list[str]:
    """Fill in the split of samples that have none, by group; returns what is to be said about it."""
    notes = []
    alone = sum(sample["group_id"] is None for sample in samples)
    if alone:
        notes.append(f"{alone:,} samples name no study or donor: each is its own group, so one study may stand on both sides; see --group")
    for sample in samples:
        sample["group_id"] = sample["group_id"] or sample["sample_id"]
        if not sample["tissue"]:
            sample["split"] = "unlabelled"
    open_ = [sample for sample in samples if not sample["split"]]
    has_test = any(sample["split"] == "test" for sample in samples)
    sizes = Counter((sample["group_id"], sample["tissue"]) for sample in open_)
    drawn = assign(groups_of((group, tissue, n, _draw(seed, group)) for (group, tissue), n in sorted(sizes.items())))
    for sample in open_:
        part = drawn[sample["group_id"]][0]
        sample["split"] = "train" if part == "test" and has_test else part
    if open_:
        notes.append(f"{len(open_):,} samples had no split and were drawn by group, seed {seed}")
    return notes


def _draw(seed: int, group: str) -> float:
    return int(hashlib.md5(f"{seed}{group}".encode()).hexdigest()[:13], 16) / 16**13


def _in_order(samples: list[dict[str, Any]], seed: int) -> pa.Table:
    """The parts one after the other, shuffled inside."""

    def place(sample: dict[str, Any]) -> tuple[int, str, str]:
        name = sample["sample_id"]
        return SPLITS.index(sample["split"]), hashlib.md5(f"{seed}{name}".encode()).hexdigest(), name

    return pa.Table.from_pylist(sorted(samples, key=place))


def _uns(folder: Path, unit: str | None, seed: int, kept: pa.Table, parts: list[str]) -> dict[str, Any]:
    """What the compendium says of its origin; its id depends on its samples, not on the place."""
    names = "\n".join(f"{a}\t{b}" for a, b in zip(kept["sample_id"].to_pylist(), kept["split"].to_pylist(), strict=True))
    files = [
        {"source": "import", "file": f"{part}/{MATRIX}".lstrip("/"), "bytes": (folder / part / MATRIX).stat().st_size} for part in parts
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "build_id": hashlib.sha256(names.encode()).hexdigest()[:16],
        "parameters": json.dumps({"seed": seed, "unit": unit or "by its values"}),
        "sources": json.dumps(files),
        "funnel": "[]",
        "tissues": json.dumps(_organ_systems(kept), sort_keys=True),
        "simulated": False,
    }


def _organ_systems(kept: pa.Table) -> dict[str, str]:
    """Organ system of each tissue that ontology/tissues.tsv knows."""
    known = read_frame(ontology_folder() / "tissues.tsv").need(["tissue", "organ_system"])
    systems = dict(zip(known["tissue"].to_list(), known["organ_system"].to_list(), strict=True))
    return {tissue: systems[tissue] for tissue in sorted(set(kept["tissue"].to_pylist())) if tissue in systems}
