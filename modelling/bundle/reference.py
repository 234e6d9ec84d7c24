"""What a prediction is compared with: the training samples' embeddings, a map of them, and limits measured on the validation part.

    reference.safetensors  z (m, k)       reference.tsv  sample_id, series_id, source, tissue, term_id, is_tumour, split, map_x, map_y
    reference.json         conformal threshold, similarity limit, how the map was made
    example.tsv            a few validation samples in TPM, to try the model with

The conformal set (Vovk; the LAC score of Sadinle, Lei and Wasserman 2019) holds every tissue whose probability reaches the threshold that
1 - alpha of the validation samples' own tissues reach: on samples drawn like those it holds the true tissue with that frequency.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modelling.arrays import Array
from modelling.bundle.model import TissueModel, load
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Say, ignore
from modelling.scores.detected import detected_genes
from modelling.scores.neighbours import cosine_neighbours

if TYPE_CHECKING:
    import polars as pl

ALPHA = 0.05
N_NEIGHBOURS = 5
FAR_SHARE = 0.01
SPARSE_SHARE = 0.01
SPARSE_MARGIN = 0.5  # counting tools and depth differ: a million reads detect a fifth less than the archives' samples and are named right
N_EXAMPLES = 6
N_ALONE = 5000  # below, threads cost more than they bring: 3.5 s alone against 28 s with two on a busy machine
SCHEMA_VERSION = 1
FILES = ("reference.safetensors", "reference.tsv", "reference.json", "example.tsv")
COLUMNS = ("series_id", "source", "tissue", "term_id", "is_tumour", "split")


class ReferenceMissing(ModellingError):
    """The run has no reference files."""


@dataclass(frozen=True)
class Calibration:
    """Limits measured on validation samples, which training never saw.

    `threshold`: lowest probability of a tissue in the conformal set; `far_below`: mean cosine similarity to the nearest training samples
    under which a sample lies further out than all but `FAR_SHARE` of the validation samples; `detected_below`: `SPARSE_MARGIN`
    times the share of the measured genes above zero that all but `SPARSE_SHARE` of the training samples reach (None in an older reference).
    """

    alpha: float
    threshold: float
    far_below: float
    n_validation: int
    n_neighbours: int
    map_method: str
    schema_version: int = SCHEMA_VERSION
    detected_below: float | None = None


@dataclass
class Reference:
    """The reference samples: `z_nk` (m, k), `table` one row each, `train` rows that count as neighbours."""

    z_nk: Array
    table: pl.DataFrame
    calibration: Calibration
    train: Array
    _columns: dict[str, Array] = field(default_factory=dict, repr=False)

    @cached_property
    def map_xy(self) -> Array:
        """Map coordinates (m, 2) float32."""
        return self.table.select("map_x", "map_y").to_numpy().astype(np.float32)

    @cached_property
    def train_z(self) -> Array:
        """Embeddings of the rows that count as neighbours."""
        return self.z_nk[self.train]

    def column(self, name: str) -> Array:
        """A column of `table` as an array of str, made once."""
        if name not in self._columns:
            self._columns[name] = self.table[name].to_numpy()
        return self._columns[name]

    def neighbours(self, z_nk: Array) -> tuple[Array, Array]:
        """The nearest training samples of each query: row numbers of `table` (n, k), nearest first, and cosine similarities (n, k)."""
        k = min(self.calibration.n_neighbours, len(self.train))
        index, similarity = cosine_neighbours(z_nk, self.train_z, k)
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


def load_reference(folder: str | Path) -> Reference:
    """Read the reference of a run or bundle; ReferenceMissing says how to make it."""
    import polars as pl
    from safetensors.numpy import load_file

    folder = Path(folder)
    missing = [name for name in FILES[:3] if not (folder / name).is_file()]
    if missing:
        raise ReferenceMissing(
            f"{folder}: has no {', '.join(missing)}; make them with `model reference {folder} COMPENDIUM`, or predict with"
            " --without-reference"
        )
    content = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ReferenceMissing(
            f"{folder}/reference.json has schema version {content.get('schema_version')}, this program reads {SCHEMA_VERSION}; make it"
            " again with `model reference`"
        )
    table = pl.read_csv(folder / "reference.tsv", separator="\t", quote_char=None, infer_schema=False).with_columns(
        pl.col("map_x", "map_y").cast(pl.Float32), pl.exclude("map_x", "map_y").fill_null("")
    )
    z_nk = load_file(folder / "reference.safetensors")["z"]
    if len(z_nk) != table.height:
        raise ReferenceMissing(
            f"{folder}: reference.tsv has {table.height} rows, reference.safetensors {len(z_nk)}; make both again with `model reference`"
        )
    return Reference(z_nk, table, Calibration(**content), np.flatnonzero((table["split"] == "train").to_numpy()))


def write_reference(run: str | Path, compendium: str | Path | Compendium, map_method: str = "auto", say: Say = ignore) -> Calibration:
    """Embed a compendium's labelled samples with a run's model and write the reference files into the run folder.

    Args: map_method `tsne` (openTSNE), `pca`, or `auto`: t-SNE where openTSNE is installed. Raises CompendiumError, ModellingError.
    """
    run = Path(run)
    model = load(run)
    opened = compendium if isinstance(compendium, Compendium) else Compendium.open(compendium)
    rows = np.concatenate([opened.rows(split, labelled=True) for split in ("train", "validation", "test")])
    say(f"embedding {len(rows):,} samples")
    embedded = [(model.embed(x), detected_genes(x)[1]) for _, x in opened.blocks(rows, genes=model.genes)]
    z_nk, detected = (np.concatenate(parts) for parts in zip(*embedded, strict=True))
    columns = {name: _text(opened.obs[name][rows]) if name in opened.obs else [""] * len(rows) for name in COLUMNS}
    split = np.array(columns["split"])
    method = _map_method(map_method)
    say(f"drawing the map ({method})")
    xy, method = draw_map(z_nk, method)
    say("measuring the limits on the validation part")
    calibration = calibrate(model, z_nk, np.array(columns["tissue"]), split, method)
    calibration = replace(calibration, detected_below=detection_limit(detected[split == "train"]))
    _write(run, z_nk, _text(opened.sample_ids[rows]), columns, xy, calibration)
    _write_example(run, model, opened)
    return calibration


def _text(values: Array) -> list[str]:
    """Values as text without the two characters that would break a TSV."""
    return [str(value).replace("\t", " ").replace("\n", " ") for value in values]


def calibrate(model: TissueModel, z_nk: Array, tissue_n: Array, split_n: Array, map_method: str, alpha: float = ALPHA) -> Calibration:
    """Conformal threshold and similarity limit from the validation rows among `z_nk` (n, k)."""
    validation, train = np.flatnonzero(split_n == "validation"), np.flatnonzero(split_n == "train")
    if not len(validation):
        raise ModellingError(
            "the compendium has no labelled validation samples: nothing to measure confidence on; build it with a validation split"
        )
    index = {tissue: number for number, tissue in enumerate(model.tissues)}
    probability_nt = model.probabilities_of(z_nk[validation])
    own = probability_nt[np.arange(len(validation)), [index[tissue] for tissue in tissue_n[validation]]]
    k = min(N_NEIGHBOURS, len(train))
    _, similarity = cosine_neighbours(z_nk[validation], z_nk[train], k)
    far_below = float(np.quantile(similarity.mean(axis=1), FAR_SHARE))
    return Calibration(alpha, conformal_threshold(own, alpha), far_below, len(validation), k, map_method)


def detection_limit(detected_share_n: Array) -> float:
    """The share of genes above zero under which a sample lies below the range of these training samples."""
    return SPARSE_MARGIN * float(np.quantile(detected_share_n, SPARSE_SHARE))


def conformal_threshold(own_probability_n: Array, alpha: float) -> float:
    """The probability that a tissue must reach to be in the set: the floor(alpha (n + 1))-th smallest; 0 with too few for `alpha`.

    Never above 1 - alpha: a model that is certain of all validation samples would else doubt a calibrated 99%. A lower bar only adds to sets.
    """
    rank = int(np.floor(alpha * (len(own_probability_n) + 1)))
    return min(float(np.sort(own_probability_n)[rank - 1]), 1 - alpha) if rank else 0.0


def _map_method(name: str) -> str:
    import importlib.util

    if name not in ("auto", "tsne", "pca"):
        raise ModellingError(f"no map method named {name!r}; there are: auto, tsne, pca")
    installed = importlib.util.find_spec("openTSNE") is not None
    if name == "tsne" and not installed:
        raise ModellingError("openTSNE is not installed: pip install 'bulkatlas[figures]', or draw the map with --map pca")
    return "tsne" if installed and name != "pca" else "pca"


def draw_map(z_nk: Array, method: str, seed: int = 42) -> tuple[Array, str]:
    """Two dimensions of the embeddings (n, 2), scaled into [-1, 1], and how they were made."""
    unit = z_nk / np.maximum(np.linalg.norm(z_nk, axis=1, keepdims=True), 1e-9)
    if method == "tsne" and len(z_nk) >= 50:
        from openTSNE import TSNE

        perplexity = min(30, (len(z_nk) - 1) // 3)
        n_jobs = 1 if len(z_nk) < N_ALONE else os.cpu_count() or 1
        xy = np.asarray(TSNE(perplexity=perplexity, metric="cosine", n_jobs=n_jobs, random_state=seed).fit(unit))
        said = f"t-SNE of the posterior means (openTSNE, cosine, perplexity {perplexity})"
    else:
        from sklearn.decomposition import PCA

        xy, said = PCA(2, random_state=seed).fit_transform(unit), "first two principal components of the posterior means"
    centred = xy - (xy.max(axis=0) + xy.min(axis=0)) / 2
    return (centred / max(float(np.abs(centred).max()), 1e-9)).astype(np.float32), said


def _write(run: Path, z_nk: Array, ids: list[str], columns: dict[str, list[str]], xy: Array, calibration: Calibration) -> None:
    """All three files under temporary names, then renamed."""
    import polars as pl
    from safetensors.numpy import save_file

    table = pl.DataFrame({"sample_id": ids, **columns, "map_x": np.round(xy[:, 0], 5), "map_y": np.round(xy[:, 1], 5)})
    new = {name: run / f".{name}.new" for name in FILES[:3]}
    save_file({"z": np.ascontiguousarray(z_nk, np.float32)}, new["reference.safetensors"])
    table.write_csv(new["reference.tsv"], separator="\t", quote_style="never")
    new["reference.json"].write_text(json.dumps(asdict(calibration), indent=2) + "\n", encoding="utf-8")
    for name, path in new.items():
        path.replace(run / name)


def _write_example(run: Path, model: TissueModel, compendium: Compendium) -> None:
    """Validation samples of different tissues, genes in rows, values without the logarithm."""
    rows = compendium.rows("validation", labelled=True)
    _, first = np.unique(compendium.obs["tissue"][rows].astype(str), return_index=True)
    chosen = rows[np.sort(first[np.linspace(0, len(first) - 1, min(N_EXAMPLES, len(first))).astype(int)])]
    values = np.exp2(compendium.x(chosen, model.genes)) - 1
    lines = ["gene\t" + "\t".join(_text(compendium.sample_ids[chosen]))]
    for symbol, row in zip(model.genes, values.T, strict=True):
        lines.append(symbol + "\t" + "\t".join("" if np.isnan(v) else f"{max(v, 0):.4g}" for v in row))
    new = run / ".example.tsv.new"
    new.write_text("\n".join(lines) + "\n", encoding="utf-8")
    new.replace(run / "example.tsv")
