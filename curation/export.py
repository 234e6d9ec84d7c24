"""`curate export`: a compendium in the files of other tools, written block by block in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.matrix.compendium import writing
from curation.matrix.opened import CannotExport, Compendium, Matrix
from curation.progress import Advance, Progress
from curation.query.expression import COUNTS_LAYER, Layered
from profiles import aside, room
from profiles.nearest import near

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("flexynesis", "parquet", "csv", "h5ad")
BLOCK_BYTES = 128 << 20
SHIPPED_ROWS = 64  # of a compressed chunk


@dataclass(frozen=True)
class LayeredCompendium(Compendium):
    """A compendium whose X is one of its layers; `layer` is its name."""

    layer: str

    @cached_property
    def x(self) -> Matrix:
        """The layer (n, g)."""
        return Layered(Compendium.open(self.path), self.layer)  # type: ignore[return-value]


def export(compendium: Path, out: Path, form: str, progress: Progress | None = None, layer: str | None = None) -> dict[str, int]:
    """Write the compendium to the folder `out` (a file for h5ad); returns samples per part. Raises CannotExport, leaving nothing.

    `layer`: log2tpm as stored, tpm, or counts where they were kept. Raises UnknownLayer.
    """
    writers: dict[str, Callable[[Compendium, Path, Progress], dict[str, int]]] = {
        "flexynesis": to_flexynesis,
        "parquet": to_parquet,
        "csv": to_csv,
        "h5ad": to_compressed,
    }
    if form not in writers:
        raise CannotExport(f"--format {form} is not known{near(form, FORMATS)}; it is one of {', '.join(FORMATS)}")
    if os.path.lexists(out):
        raise CannotExport(f"{out} exists; choose another --out")
    data = Compendium.open(compendium)
    if layer is not None and (asked := Layered(data, layer)) and (asked.is_linear or asked.name == COUNTS_LAYER):
        data = LayeredCompendium(**{field.name: getattr(data, field.name) for field in fields(data)}, layer=asked.name)
    with writing(out), aside.written(out) as draft:
        return writers[form](data, draft, progress or Progress())


def add_by_gene(release: Path, progress: Progress | None = None) -> Path:
    """Write by_gene.h5 into a release and its manifest; one that is there already is written again. Raises BadRelease, CannotExport."""
    from curation.matrix.by_gene import BY_GENE, write_by_gene
    from curation.release import read_manifest
    from curation.seal import add_file

    read_manifest(release)
    data = Compendium.open(release)
    with (progress or Progress()).stage("by gene", len(data.var)) as advance:
        write_by_gene(data.path, release / BY_GENE, advance)
    add_file(release, BY_GENE)
    return release / BY_GENE


def parts(obs: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Rows of the folders train/ (train and validation: these tools hold out their own) and test/; unlabelled samples are in neither.

    Raises CannotExport when one of them is empty.
    """
    split = obs["split"].astype(str).to_numpy()
    rows = {"train": np.flatnonzero(np.isin(split, ["train", "validation"])), "test": np.flatnonzero(split == "test")}
    empty = [name for name, at in rows.items() if at.size == 0]
    if empty:
        raise CannotExport(f"the compendium has no samples for {' and '.join(empty)}/; these tools need both")
    return rows


def blocks(x: Matrix, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (position, rows of X) of about BLOCK_BYTES."""
    step = max(1, BLOCK_BYTES // (4 * x.shape[1]))
    for start in range(0, rows.size, step):
        yield start, x[rows[start : start + step]]


def to_flexynesis(data: Compendium, out: Path, progress: Progress) -> dict[str, int]:
    """train/ and test/, each with gex.h5 (matrix, sample_ids, feature_names) and clin.csv, as Flexynesis 1.1.14 imports them."""
    with progress.stage("train and test", len(data.obs)) as advance:
        for name, rows in parts(data.obs).items():
            folder = out / name
            folder.mkdir(parents=True)
            with room.new_hdf5(folder / "gex.h5", 4 * rows.size * len(data.var)) as file:
                matrix = file.create_dataset("matrix", (rows.size, len(data.var)), np.float32)
                for start, block in blocks(data.x, rows):
                    matrix[start : start + len(block)] = block
                    advance(len(block))
                file["sample_ids"] = [name.encode() for name in data.obs.index[rows]]
                file["feature_names"] = [name.encode() for name in data.var.index]
            _clinical(data.obs.iloc[rows]).to_csv(folder / "clin.csv")
    return {name: rows.size for name, rows in parts(data.obs).items()}


def _clinical(obs: pd.DataFrame) -> pd.DataFrame:
    return obs.rename_axis(index="sample_id")


def to_csv(data: Compendium, out: Path, progress: Progress) -> dict[str, int]:
    """train/ and test/, each with gex.csv (genes x samples) and clin.csv."""
    with progress.stage("genes x samples", 2 * len(data.var)) as advance:
        for name, rows in parts(data.obs).items():
            folder = out / name
            folder.mkdir(parents=True)
            _clinical(data.obs.iloc[rows]).to_csv(folder / "clin.csv")
            with (folder / "gex.csv").open("w", encoding="utf-8") as file:
                file.write(",".join(["symbol", *data.obs.index[rows]]) + "\n")
                for line in gene_lines(data, rows, advance):
                    file.write(line)
    return {name: rows.size for name, rows in parts(data.obs).items()}


def gene_lines(data: Compendium, rows: NDArray[np.int64], advance: Advance) -> Iterator[str]:
    """Lines `symbol,value,...`; a value that is not measured is empty. X is read once per block of genes."""
    step = max(1, BLOCK_BYTES // (4 * rows.size))
    for first in range(0, len(data.var), step):
        genes = slice(first, min(first + step, len(data.var)))
        block = np.empty((genes.stop - first, rows.size), np.float32)
        for start in range(0, rows.size, 1024):
            block[:, start : start + 1024] = data.x[rows[start : start + 1024], genes].T
        for symbol, values in zip(data.var.index[genes], block, strict=True):
            text = pc.cast(pa.array(values, from_pandas=True), pa.string()).fill_null("")
            yield f"{symbol},{pc.binary_join(pa.ListArray.from_arrays([0, len(text)], text), ',')[0].as_py()}\n"
        advance(len(block))


def to_parquet(data: Compendium, out: Path, progress: Progress) -> dict[str, int]:
    """expression.parquet (sample_id and one float32 column per gene; null where not measured), obs.parquet and var.parquet."""
    import pyarrow.parquet as pq

    out.mkdir()
    data.obs.reset_index(names="sample_id").to_parquet(out / "obs.parquet", index=False)
    data.var.reset_index(names="symbol").to_parquet(out / "var.parquet", index=False)
    schema = pa.schema([("sample_id", pa.string()), *((symbol, pa.float32()) for symbol in data.var.index)])
    names = data.obs.index.to_numpy()
    with (
        progress.stage("expression.parquet", len(names)) as advance,
        pq.ParquetWriter(out / "expression.parquet", schema, use_dictionary=False) as file,
    ):
        for start, block in blocks(data.x, np.arange(len(names))):
            columns = [pa.array(column, pa.float32(), from_pandas=True) for column in np.ascontiguousarray(block.T)]
            file.write_table(pa.table([pa.array(names[start : start + len(block)], pa.string()), *columns], schema=schema))
            advance(len(block))
    return {"samples": len(names)}


def to_compressed(data: Compendium, out: Path, progress: Progress) -> dict[str, int]:
    """One .h5ad with X in compressed chunks of rows, for shipping; everything else is copied as it is."""
    from anndata.io import write_elem

    n, g = data.x.shape
    beside = data.path.stat().st_size - 4 * n * g
    with h5py.File(data.path, "r") as source, room.new_hdf5(out, beside) as target, progress.stage("compressed", n) as advance:
        target.attrs.update(source.attrs)
        for name in source:
            if name != "X":
                source.copy(name, target)
        options = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
        x = target.create_dataset("X", (n, g), np.float32, chunks=(min(SHIPPED_ROWS, n), g), **options)
        x.attrs.update(source["X"].attrs)
        if isinstance(data, LayeredCompendium):
            write_elem(target["uns"], "unit", data.layer)
        for start, block in blocks(data.x, np.arange(n)):
            room.next_block(target, block.nbytes)
            x[start : start + len(block)] = block
            advance(len(block))
        room.next_block(target, 0)
    return {"samples": n}
