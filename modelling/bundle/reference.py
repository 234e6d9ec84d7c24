"""What a prediction is shown beside: the training samples in the space of similarities, and a map of them.

reference.safetensors  unit (m, k)    reference.tsv  sample_id, series_id, source, tissue, term_id, is_tumour, split, map_x, map_y
reference.json         how many neighbours, how the map was made
example.tsv            a few validation samples in TPM, to try the model with
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modelling.arrays import Array
from modelling.bundle import checks
from modelling.bundle.model import TissueModel, load
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Say, ignore
from modelling.scores.neighbours import cosine_neighbours
from profiles import aside, records
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

N_NEIGHBOURS = 5
N_EXAMPLES = 6
N_ALONE = 5000  # below, threads cost more than they bring: 3.5 s alone against 28 s with two on a busy machine
SCHEMA_VERSION = 2
FILES = ("reference.safetensors", "reference.tsv", "reference.json", "example.tsv")
AGAIN = "make it again with `model reference`, or predict with --without-reference"
COLUMNS = ("series_id", "source", "tissue", "term_id", "is_tumour", "split")


class ReferenceMissing(ModellingError):
    """The run has no reference files."""


@dataclass(frozen=True)
class About:
    """How the reference was made. `n_neighbours`: training samples shown beside a prediction."""

    n_neighbours: int
    map_method: str
    schema_version: int = SCHEMA_VERSION
    detected_below: float | None = None


@dataclass
class Reference:
    """The reference samples: `unit_mk` (m, k) as `TissueModel.directions` gives them, `table` one row each, `train` rows that count as neighbours."""

    unit_mk: Array
    table: pl.DataFrame
    about: About
    train: Array
    _columns: dict[str, Array] = field(default_factory=dict, repr=False)

    @cached_property
    def map_xy(self) -> Array:
        """Map coordinates (m, 2) float32."""
        return self.table.select("map_x", "map_y").to_numpy().astype(np.float32)

    @cached_property
    def train_unit(self) -> Array:
        """Directions of the rows that count as neighbours."""
        return self.unit_mk[self.train]

    def column(self, name: str) -> Array:
        """A column of `table` as an array of str, made once."""
        if name not in self._columns:
            self._columns[name] = self.table[name].to_numpy()
        return self._columns[name]

    def neighbours(self, unit_nk: Array) -> tuple[Array, Array]:
        """The nearest training samples of each query, given its direction: row numbers of `table` (n, k), nearest first, and cosines (n, k)."""
        k = min(self.about.n_neighbours, len(self.train))
        index, similarity = cosine_neighbours(unit_nk, self.train_unit, k)
        return self.train[index], similarity

    def place(self, neighbours_nk: Array, similarity_nk: Array) -> Array:
        """Map coordinates (n, 2) of new samples: the weighted median of their neighbours, so that two far groups give no point between."""
        xy = self.map_xy[neighbours_nk]
        weight = np.maximum(similarity_nk, 1e-6)
        placed = np.empty((len(neighbours_nk), 2), np.float32)
        for axis in (0, 1):
            order = np.argsort(xy[:, :, axis], axis=1)
            cumulated = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
            middle = (cumulated < cumulated[:, -1:] / 2).sum(axis=1)
            chosen = np.take_along_axis(order, middle[:, None], axis=1)
            placed[:, axis] = np.take_along_axis(xy[:, :, axis], chosen, axis=1)[:, 0]
        return placed


def load_reference(folder: str | Path, n_latent: int | None = None) -> Reference:
    """Read the reference of a run or bundle, of directions of `n_latent` dimensions; ReferenceMissing says how to make it."""
    folder = Path(folder)
    missing = [name for name in FILES[:3] if not (folder / name).is_file()]
    if missing:
        raise ReferenceMissing(
            f"{folder}: has no {', '.join(missing)}; make them with `model reference {folder} COMPENDIUM`, or predict with"
            " --without-reference"
        )
    content = checks.read_json(folder / "reference.json", AGAIN)
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ReferenceMissing(
            f"{folder}/reference.json has schema version {str(content.get('schema_version'))[:40]}, this program reads {SCHEMA_VERSION}; {AGAIN}"
        )
    if why := records.fault(About, content) or ("asks for no neighbours" if content["n_neighbours"] < 1 else ""):
        raise ReferenceMissing(f"{folder}/reference.json is damaged: it {why}; {AGAIN}")
    table, unit_mk = _read_rows(folder), _read_directions(folder)
    if len(unit_mk) != table.height:
        raise ReferenceMissing(f"{folder}: reference.tsv has {table.height} rows, reference.safetensors {len(unit_mk)}; {AGAIN}")
    if n_latent is not None and unit_mk.shape[1] != n_latent:
        raise ReferenceMissing(f"{folder}/reference.safetensors has {unit_mk.shape[1]} dimensions, the model has {n_latent}; {AGAIN}")
    train = np.flatnonzero((table["split"] == "train").to_numpy())
    if not len(train):
        raise ReferenceMissing(f"{folder}/reference.tsv holds no training sample, beside which a prediction could be shown; {AGAIN}")
    return Reference(unit_mk, table, About(**content), train)


def _read_rows(folder: Path) -> pl.DataFrame:
    """reference.tsv, every row with a sample and a place on the map. Raises ReferenceMissing."""
    import polars as pl

    try:
        table = pl.read_csv(folder / "reference.tsv", separator="\t", quote_char=None, infer_schema=False)
        table = table.with_columns(pl.col("map_x", "map_y").cast(pl.Float32), pl.exclude("map_x", "map_y").fill_null(""))
        places = table.select("map_x", "map_y").to_numpy()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ReferenceMissing(f"{folder}/reference.tsv is damaged ({str(error).splitlines()[0][:200]}); {AGAIN}") from error
    if missing := [name for name in ("sample_id", *COLUMNS) if name not in table.columns]:
        raise ReferenceMissing(f"{folder}/reference.tsv is damaged: it has no column {', '.join(missing)}; {AGAIN}")
    if not np.isfinite(places).all():
        raise ReferenceMissing(f"{folder}/reference.tsv is damaged: samples without a place on the map; {AGAIN}")
    return table


def _read_directions(folder: Path) -> Array:
    """The training samples as directions (m, k). Raises ReferenceMissing."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        unit_mk = load_file(folder / "reference.safetensors")["unit"]
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReferenceMissing(f"{folder}/reference.safetensors is damaged ({str(error).splitlines()[0][:200]}); {AGAIN}") from error
    if unit_mk.ndim != 2 or unit_mk.dtype != np.float32 or not np.isfinite(unit_mk).all():
        raise ReferenceMissing(
            f"{folder}/reference.safetensors is damaged: {unit_mk.dtype} of shape {unit_mk.shape}, or numbers missing; {AGAIN}"
        )
    return unit_mk


def write_reference(run: str | Path, compendium: str | Path | Compendium, map_method: str = "auto", say: Say = ignore) -> About:
    """Embed a compendium's labelled samples with a run's model and write the reference files into the run folder.

    Args: map_method `tsne` (openTSNE), `pca`, or `auto`: t-SNE where openTSNE is installed. Raises CompendiumError, ModellingError.
    """
    run = Path(run)
    model = load(run)
    opened = compendium if isinstance(compendium, Compendium) else Compendium.open(compendium)
    rows = np.concatenate([opened.rows(split, labelled=True) for split in ("train", "validation", "test")])
    say(f"embedding {len(rows):,} samples")
    unit_mk = np.concatenate([model.directions(model.embed(x)) for _, x in opened.blocks(rows, genes=model.genes)])
    columns = {name: _text(opened.obs[name][rows]) if name in opened.obs else [""] * len(rows) for name in COLUMNS}
    method = chosen_map(map_method)
    say(f"drawing the map ({method})")
    xy, method = draw_map(unit_mk, method)
    about = About(min(N_NEIGHBOURS, columns["split"].count("train")), method)
    _write(run, unit_mk, _text(opened.sample_ids[rows]), columns, xy, about)
    _write_example(run, model, opened)
    return about


def _text(values: Array) -> list[str]:
    """Values as text without the two characters that would break a TSV."""
    return [str(value).replace("\t", " ").replace("\n", " ") for value in values]


def chosen_map(name: str) -> str:
    """How a map is drawn, `tsne` or `pca`, by the name that was asked for. Raises ModellingError for one that cannot be."""
    import importlib.util

    if name not in ("auto", "tsne", "pca"):
        raise ModellingError(f"no map method named {name!r}{near(name, ('auto', 'tsne', 'pca'))}; there are: auto, tsne, pca")
    installed = importlib.util.find_spec("openTSNE") is not None
    if name == "tsne" and not installed:
        raise ModellingError("openTSNE is not installed: pip install 'bulkatlas[figures]', or draw the map with --map pca")
    return "tsne" if installed and name != "pca" else "pca"


def draw_map(unit_mk: Array, method: str, seed: int = 42) -> tuple[Array, str]:
    """Two dimensions of the directions (m, 2), scaled into [-1, 1], and how they were made."""
    unit = unit_mk / np.maximum(np.linalg.norm(unit_mk, axis=1, keepdims=True), 1e-9)
    if method == "tsne" and len(unit_mk) >= 50:
        from openTSNE import TSNE

        perplexity = min(30, (len(unit_mk) - 1) // 3)
        n_jobs = 1 if len(unit_mk) < N_ALONE else os.cpu_count() or 1
        xy = np.asarray(TSNE(perplexity=perplexity, metric="cosine", n_jobs=n_jobs, random_state=seed).fit(unit))
        said = f"t-SNE of the whitened posterior means (openTSNE, cosine, perplexity {perplexity})"
    else:
        from sklearn.decomposition import PCA

        xy, said = PCA(2, random_state=seed).fit_transform(unit), "first two principal components of the whitened posterior means"
    centred = xy - (xy.max(axis=0) + xy.min(axis=0)) / 2
    return (centred / max(float(np.abs(centred).max()), 1e-9)).astype(np.float32), said


def _write(run: Path, unit_mk: Array, ids: list[str], columns: dict[str, list[str]], xy: Array, about: About) -> None:
    """All three files aside, then renamed."""
    import polars as pl
    from safetensors.numpy import save_file

    table = pl.DataFrame({"sample_id": ids, **columns, "map_x": np.round(xy[:, 0], 5), "map_y": np.round(xy[:, 1], 5)})
    with aside.together(run, last="reference.json") as place:
        save_file({"unit": np.ascontiguousarray(unit_mk, np.float32)}, place / "reference.safetensors")
        table.write_csv(place / "reference.tsv", separator="\t", quote_style="never")
        (place / "reference.json").write_text(json.dumps(asdict(about), indent=2) + "\n", encoding="utf-8")
        (run / "reference.json").unlink(missing_ok=True)  # until all three are there, none is: the others alone may belong together or not


def _write_example(run: Path, model: TissueModel, compendium: Compendium) -> None:
    """Validation samples of different tissues, genes in rows, values without the logarithm."""
    rows = compendium.rows("validation", labelled=True)
    _, first = np.unique(compendium.obs["tissue"][rows].astype(str), return_index=True)
    chosen = rows[np.sort(first[np.linspace(0, len(first) - 1, min(N_EXAMPLES, len(first))).astype(int)])]
    values = np.exp2(compendium.x(chosen, model.genes)) - 1
    lines = ["gene\t" + "\t".join(_text(compendium.sample_ids[chosen]))]
    for symbol, row in zip(model.genes, values.T, strict=True):
        lines.append(symbol + "\t" + "\t".join("" if np.isnan(v) else f"{max(v, 0):.4g}" for v in row))
    aside.write_text(run / "example.tsv", "\n".join(lines) + "\n")
