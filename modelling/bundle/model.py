"""A trained model as a folder that loads without its training data: safetensors, JSON and TSV, nothing pickled.

model.safetensors  weights, scaler and temperature      config.json   settings and sizes
genes.tsv          symbol (and ids), in input order     tissues.tsv   tissue, organ_system, n_train
scaler.tsv         symbol, mean, std (for people; the model reads its own copy)
levels.tsv         what an answer may be (levels.py); the published network has none
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from modelling.arrays import Array, Floats, Ints
from modelling.bundle import checks
from modelling.bundle.calibration import Calibration
from modelling.bundle.inference import Imputed, Inferred, completer_of, impute, infer
from modelling.bundle.levels import COLUMNS as LEVEL_COLUMNS
from modelling.bundle.levels import Levels
from modelling.bundle.manifest import MANIFEST, BundleError, verify
from modelling.bundle.weights import Weights, read_weights, tensors_of, whole_state
from modelling.config import TrainConfig
from modelling.errors import ModellingError
from modelling.forward import blocks
from modelling.forward.applied import Applied, AppliedHead, applied, head_shapes
from modelling.forward.completion import Completer
from modelling.forward.head import Head
from modelling.forward.library import as_array, like, softmax
from modelling.forward.networks import Forward
from profiles import aside

FILES = ("model.safetensors", "config.json", "genes.tsv", "tissues.tsv")
LEVELS = "levels.tsv"
FORMAT = 3


@dataclass
class TissueModel:
    """A trained model for numpy users: arrays in, arrays out, in blocks of samples, always in float32 and evaluation mode.

    x_ng is expression (n, g) in `genes` order and the training unit, NaN = not measured; tissues are in `tissues` order. residual_g (g): variance of
    each gene that the decoder leaves on the validation part, in training variances. levels: what an answer may be; None for the published network.
    """

    network: Forward
    genes: list[str]
    tissues: list[str]
    config: TrainConfig
    temperature: float
    details: dict[str, Any]
    gene_rows: list[dict[str, str]] = field(default_factory=list)
    tissue_rows: list[dict[str, str]] = field(default_factory=list)
    folder: Path | None = None
    calibration: Calibration = field(default_factory=Calibration)
    residual_g: Floats | None = None
    levels: Levels | None = None

    @property
    def unit(self) -> str:
        """Unit of the training matrix, as `log2(TPM+1)`."""
        return str(self.details.get("unit", "unknown"))

    @property
    def mean_g(self) -> Floats:
        """Mean of each gene (g,) over the training part, in the training unit."""
        return as_array(self.network.standardise.mean_g)

    @property
    def std_g(self) -> Floats:
        """Standard deviation of each gene (g,) over the training part, in the training unit."""
        return as_array(self.network.standardise.std_g)

    @property
    def n_latent(self) -> int:
        """Dimensions of the embedding."""
        return self.config.n_latent

    def standardise(self, x_ng: NDArray[Any]) -> Floats:
        """Unclipped z-scores (n, g) with training statistics; NaN stays NaN."""
        return self._one(self.network.standardise, self._expression(x_ng))

    def infer(self, x_ng: NDArray[Any]) -> Inferred:
        """Posterior mean z_nk (n, k) and how certain the genes measured leave it (n)."""
        return Inferred(*self._pieces(partial(infer, self.network, self.completer), self._expression(x_ng)))

    def embed(self, x_ng: NDArray[Any]) -> Floats:
        """Posterior mean z_nk (n, k)."""
        return self.infer(x_ng).z_nk

    def impute(self, x_ng: NDArray[Any]) -> Imputed:
        """Every gene (n, g) in the training unit, measured ones as restored, and its standard deviation."""
        residual_g = np.ones(len(self.genes), np.float32) if self.residual_g is None else self.residual_g
        residual = like(residual_g, self.network.standardise.mean_g)
        values, sd = self._pieces(lambda x: impute(self.network, self.completer, x, residual), self._expression(x_ng))
        return Imputed(values * self.std_g + self.mean_g, sd * self.std_g)

    @cached_property
    def completer(self) -> Completer | None:
        """Inference of missing genes; None where the network has none. Made at its first use: the network must be finished by then."""
        return completer_of(self.network)

    def logits(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats:
        """Tissue logits (n, t), before the temperature."""
        if certainty_n is None or self.prototypes is None:
            return self._one(self.network.classify, self._latent(z_nk))
        return self._one(self.prototypes.forward, self._latent(z_nk), certainty_n)

    def directions(self, z_nk: NDArray[Any]) -> Floats:
        """The space (n, k) in which embeddings are compared, rows of length one: cosines there are similarities."""
        return self._one(self.network.unit, self._latent(z_nk))

    def similarities(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats | None:
        """Cosine (n, t) to each tissue's prototype, times the certainty; None where the network has none."""
        head = self.prototypes
        if head is None:
            return None
        return self._one(head.similarity, self._latent(z_nk), *([] if certainty_n is None else [certainty_n]))

    def second_tissue(self, z_nk: NDArray[Any]) -> tuple[Ints, Floats] | None:
        """A tissue (n) that each sample holds beside its nearest one, and how clearly (n); None where the network has no prototypes."""
        head = self.prototypes
        if head is None:
            return None
        tissue, strength = self._pieces(head.second, self._latent(z_nk))
        return tissue, strength

    @property
    def prototypes(self) -> Head | None:
        """The head, where it is one of prototypes."""
        head = getattr(self.network, "head", None)
        return head if isinstance(head, Head) else None

    def probabilities(self, x_ng: NDArray[Any]) -> Floats:
        """Calibrated tissue probabilities (n, t): the temperature fitted on the validation part is applied."""
        found = self.infer(x_ng)
        return self.probabilities_of(found.z_nk, found.certainty_n)

    def probabilities_of(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats:
        """Calibrated tissue probabilities (n, t) of embeddings; without a certainty (n) every gene is taken as measured."""
        return softmax(self.logits(z_nk, certainty_n) / np.float32(self.temperature))

    def level_probabilities(self, found: Inferred, probability_nt: Floats) -> Floats | None:
        """Of every level (n, v) in the order of `levels.levels`, given tissue probabilities (n, t); None where the model has no levels."""
        if self.levels is None:
            return None
        leaf_nl = self.levels.leaf_probabilities(found.z_nk, found.certainty_n, probability_nt)
        return self.levels.probabilities(leaf_nl)

    def reconstruct(self, z_nk: NDArray[Any]) -> Floats:
        """Standardised expression (n, g) that the decoder expects at z; `* std_g + mean_g` gives the training unit."""
        return self._one(self.network.decode, self._latent(z_nk))

    def _expression(self, x_ng: NDArray[Any]) -> Array:
        return _rows(x_ng, len(self.genes))

    def _latent(self, z_nk: NDArray[Any]) -> Array:
        return _rows(z_nk, self.n_latent)

    def _one(self, function: Callable[..., Any], *rows: Array) -> Array:
        """What `function` makes of rows, where that is one array."""
        return self._pieces(lambda *pieces: (function(*pieces),), *rows)[0]

    def _pieces(self, function: Callable[..., tuple[Any, ...]], *rows: Array) -> tuple[Array, ...]:
        """What `function` makes of rows, in pieces of samples."""
        if isinstance(self.network, Applied):
            return blocks.in_pieces(function, *rows)
        from modelling.network.device import in_pieces

        return in_pieces(cast(Any, self.network), function, *rows)


def _rows(values: NDArray[Any], width: int) -> Array:
    """As float32 (n, width). Raises ModellingError."""
    if values.ndim != 2 or values.shape[1] != width:
        raise ModellingError(f"an array of shape {values.shape} was given where (n, {width}) is needed")
    return np.ascontiguousarray(values, dtype=np.float32)


def save(folder: Path, model: TissueModel, gene_rows: Sequence[dict[str, str]], tissue_rows: Sequence[dict[str, str]]) -> None:
    """Write the bundle part of a run folder; `details` of the model go into config.json beside the settings."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    residual = np.ones(len(model.genes)) if model.residual_g is None else model.residual_g
    leaves = {} if model.levels is None else tensors_of(model.levels.head)
    if model.levels is not None:
        leaves["temperature"] = np.array(model.levels.temperature, np.float32)
    state = whole_state(folder, Weights(tensors_of(model.network), leaves, model.temperature, np.asarray(residual)))
    sizes = {"n_genes": len(model.genes), "n_tissues": len(model.tissues)}
    content = {
        "format": FORMAT, "train": model.config.as_dict(), "sizes": sizes, "calibration": model.calibration.as_dict(), "details": model.details,
    }  # fmt: skip
    scaler = [
        {"symbol": s, "mean": repr(float(m)), "std": repr(float(d))} for s, m, d in zip(model.genes, model.mean_g, model.std_g, strict=True)
    ]
    with aside.together(folder, last="model.safetensors") as place:  # the weights come last: a run without them is one that was stopped
        _write_tsv(place / "genes.tsv", gene_rows)
        _write_tsv(place / "tissues.tsv", tissue_rows)
        _write_tsv(place / "scaler.tsv", scaler)
        _write_json(place / "config.json", content)
        if model.levels is not None:
            _write_tsv(place / LEVELS, model.levels.rows())
        save_file(state, place / "model.safetensors")


def load(folder: str | Path, device: str = "cpu") -> TissueModel:
    """Load a run folder or bundle; BundleError names a file that is missing, damaged, or differs from a bundle's manifest, TrainingError a device."""
    folder, place = Path(folder), _device(device)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"{folder}: not a finished run, missing {', '.join(missing)}; was `model train` stopped? (continue it with --resume)"
        )
    if (folder / MANIFEST).is_file():
        verify(folder, FILES)
    content = _read_config(folder)
    config, calibration, details = checks.settings(folder, content)
    gene_rows, tissue_rows = checks.read_table(folder / "genes.tsv", ["symbol"]), checks.read_table(folder / "tissues.tsv", ["tissue"])
    genes, tissues = [row["symbol"] for row in gene_rows], [row["tissue"] for row in tissue_rows]
    if {"n_genes": len(genes), "n_tissues": len(tissues)} != content.get("sizes"):
        raise BundleError(
            f"{folder}: {len(genes)} genes and {len(tissues)} tissues listed, config.json says {str(content.get('sizes'))[:80]}; a file was changed"
        )
    weights = read_weights(folder, len(genes))
    levels = _read_levels(folder, weights.leaves, tissues, config.n_latent)
    checks.refuse_other_weights(folder, weights.network, len(genes), len(tissues), config)
    if place is None:
        network = applied(weights.network, config)
    else:
        from modelling.bundle.modules import modules

        network = modules(weights.network, len(genes), len(tissues), config, place)
    return TissueModel(
        network,
        genes,
        tissues,
        config,
        weights.temperature,
        details,
        gene_rows,
        tissue_rows,
        folder,
        calibration,
        weights.residual_g,
        levels,
    )


def _device(name: str) -> Any:
    """Where torch computes; None for the CPU, where it is not needed. Raises TrainingError."""
    if name == "cpu":
        return None
    from modelling.network.device import chosen_device

    place = chosen_device(name)
    return None if place.type == "cpu" else place


def _read_levels(folder: Path, held: dict[str, Array], tissues: list[str], n_latent: int) -> Levels | None:
    """What the model may answer, from the tensors of its leaves; None for a run without any. Raises BundleError."""
    if not held:
        return None
    place, temperature = folder / LEVELS, held.pop("temperature", np.zeros(1))
    if not place.is_file():
        raise BundleError(f"{folder}: not a finished run, missing {LEVELS}; copy or export it again")
    rows = checks.read_table(place, LEVEL_COLUMNS)
    wanted = head_shapes(sum(row["leaves"] == row["level"] for row in rows), n_latent)
    if {name: array.shape for name, array in held.items()} != wanted or temperature.size != 1 or not temperature.item() > 0:
        raise BundleError(f"{folder}/model.safetensors: what it holds of the finest terms is not that of {LEVELS}; copy or export it again")
    head = AppliedHead(**{name: array.astype(np.float32) for name, array in held.items()}, tensors=held)
    return Levels.read(rows, tissues, head, float(temperature.item()), str(place))


def _read_config(folder: Path) -> dict[str, Any]:
    """config.json; BundleError when it is damaged or of another format version."""
    content = checks.read_json(folder / "config.json")
    version = content.get("format")
    if version != FORMAT:
        advice = "install a newer bulkatlas" if isinstance(version, int) and version > FORMAT else "train it again with `model train`"
        raise BundleError(f"{folder}: run of format {str(version)[:40]}, this program reads format {FORMAT}; {advice}")
    return content


def _write_tsv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
