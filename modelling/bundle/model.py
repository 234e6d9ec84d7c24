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
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modelling.arrays import Floats, Ints
from modelling.bundle import checks
from modelling.bundle.calibration import Calibration
from modelling.bundle.inference import Imputed, Inferred, completer_of, impute, infer
from modelling.bundle.levels import COLUMNS as LEVEL_COLUMNS
from modelling.bundle.levels import Levels
from modelling.bundle.manifest import MANIFEST, BundleError, verify
from modelling.config import TrainConfig
from modelling.errors import ModellingError
from modelling.network.base import block_rows
from modelling.network.completion import Completer
from modelling.network.device import chosen_device
from modelling.network.ours import Network, Standardise, build
from modelling.network.prototypes import Prototypes
from profiles import aside

FILES = ("model.safetensors", "config.json", "genes.tsv", "tissues.tsv")
LEVELS, LEAF = "levels.tsv", "leaf."
FORMAT = 3


@dataclass
class TissueModel:
    """A trained model for numpy users: arrays in, arrays out, in blocks of samples, always in float32 and evaluation mode.

    x_ng is expression (n, g) in `genes` order and the training unit, NaN = not measured; tissues are in `tissues` order. residual_g (g): variance of
    each gene that the decoder leaves on the validation part, in training variances. levels: what an answer may be; None for the published network.
    """

    network: Network
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
        return np.asarray(self.network.standardise.mean_g.cpu())

    @property
    def std_g(self) -> Floats:
        """Standard deviation of each gene (g,) over the training part, in the training unit."""
        return np.asarray(self.network.standardise.std_g.cpu())

    @property
    def n_latent(self) -> int:
        """Dimensions of the embedding."""
        return self.config.n_latent

    def standardise(self, x_ng: NDArray[Any]) -> Floats:
        """Unclipped z-scores (n, g) with training statistics; NaN stays NaN."""
        return self._blocks(self.network.standardise, x_ng, len(self.genes))

    def infer(self, x_ng: NDArray[Any]) -> Inferred:
        """Posterior mean z_nk (n, k) and how certain the genes measured leave it (n)."""
        both = self._blocks(lambda x: torch.column_stack(infer(self.network, self.completer, x)), x_ng, len(self.genes))
        return Inferred(both[:, :-1], both[:, -1])

    def embed(self, x_ng: NDArray[Any]) -> Floats:
        """Posterior mean z_nk (n, k)."""
        return self.infer(x_ng).z_nk

    def impute(self, x_ng: NDArray[Any]) -> Imputed:
        """Every gene (n, g) in the training unit, measured ones as restored, and its standard deviation."""
        residual_g = torch.ones(len(self.genes)) if self.residual_g is None else torch.from_numpy(self.residual_g)
        residual_g = residual_g.to(self.network.standardise.mean_g.device)
        both = self._blocks(lambda x: torch.stack(impute(self.network, self.completer, x, residual_g), 1), x_ng, len(self.genes))
        return Imputed(both[:, 0] * self.std_g + self.mean_g, both[:, 1] * self.std_g)

    @cached_property
    def completer(self) -> Completer | None:
        """Inference of missing genes; None where the network has none. Made at its first use: the network must be finished by then."""
        return completer_of(self.network)

    def logits(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats:
        """Tissue logits (n, t), before the temperature."""
        if certainty_n is None or self.prototypes is None:
            return self._blocks(self.network.classify, z_nk, self.n_latent)
        return self._of_certain(self.prototypes.forward, z_nk, certainty_n)

    def directions(self, z_nk: NDArray[Any]) -> Floats:
        """The space (n, k) in which embeddings are compared, rows of length one: cosines there are similarities."""
        return self._blocks(self.network.unit, z_nk, self.n_latent)

    def similarities(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats | None:
        """Cosine (n, t) to each tissue's prototype, times the certainty; None where the network has none."""
        head = self.prototypes
        if head is None or certainty_n is None:
            return None if head is None else self._blocks(head.similarity, z_nk, self.n_latent)
        return self._of_certain(head.similarity, z_nk, certainty_n)

    def second_tissue(self, z_nk: NDArray[Any]) -> tuple[Ints, Floats] | None:
        """A tissue (n) that each sample holds beside its nearest one, and how clearly (n); None where the network has no prototypes."""
        head = self.prototypes
        if head is None:
            return None
        both = self._blocks(lambda z: torch.stack([part.to(z.dtype) for part in head.second(z)], 1), z_nk, self.n_latent)
        return both[:, 0].astype(np.int64), both[:, 1]

    @property
    def prototypes(self) -> Prototypes | None:
        """The head, where it is one of prototypes."""
        head = getattr(self.network, "head", None)
        return head if isinstance(head, Prototypes) else None

    def probabilities(self, x_ng: NDArray[Any]) -> Floats:
        """Calibrated tissue probabilities (n, t): the temperature fitted on the validation part is applied."""
        found = self.infer(x_ng)
        return self.probabilities_of(found.z_nk, found.certainty_n)

    def probabilities_of(self, z_nk: NDArray[Any], certainty_n: Floats | None = None) -> Floats:
        """Calibrated tissue probabilities (n, t) of embeddings; without a certainty (n) every gene is taken as measured."""
        return torch.softmax(torch.from_numpy(self.logits(z_nk, certainty_n)) / self.temperature, 1).numpy()

    def level_probabilities(self, found: Inferred, probability_nt: Floats) -> Floats | None:
        """Of every level (n, v) in the order of `levels.levels`, given tissue probabilities (n, t); None where the model has no levels."""
        if self.levels is None:
            return None
        leaf_nl = self.levels.leaf_probabilities(found.z_nk, found.certainty_n, probability_nt)
        return self.levels.probabilities(leaf_nl)

    def reconstruct(self, z_nk: NDArray[Any]) -> Floats:
        """Standardised expression (n, g) that the decoder expects at z; `* std_g + mean_g` gives the training unit."""
        return self._blocks(self.network.decode, z_nk, self.n_latent)

    def _of_certain(self, function: Callable[[Tensor, Tensor], Tensor], z_nk: NDArray[Any], certainty_n: Floats) -> Floats:
        both = np.column_stack([z_nk, certainty_n])
        return self._blocks(lambda rows: function(rows[:, :-1], rows[:, -1]), both, self.n_latent + 1)

    @torch.inference_mode()
    def _blocks(self, function: Callable[[Tensor], Tensor], values: NDArray[Any], width: int) -> Floats:
        if values.ndim != 2 or values.shape[1] != width:
            raise ModellingError(f"an array of shape {values.shape} was given where (n, {width}) is needed")
        device = next(self.network.parameters()).device
        rows = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
        self.network.eval()
        size = block_rows(device)
        pieces = [function(rows[i : i + size].to(device)).cpu().numpy() for i in range(0, len(rows), size)]
        return np.concatenate(pieces) if pieces else function(rows.to(device)).cpu().numpy()


def save(folder: Path, model: TissueModel, gene_rows: Sequence[dict[str, str]], tissue_rows: Sequence[dict[str, str]]) -> None:
    """Write the bundle part of a run folder; `details` of the model go into config.json beside the settings."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    residual = np.ones(len(model.genes)) if model.residual_g is None else model.residual_g
    state |= {"temperature": torch.tensor(model.temperature), "residual_g": torch.from_numpy(np.asarray(residual, np.float32))}
    if model.levels is not None:
        state |= {LEAF + name: value.detach().cpu().contiguous() for name, value in model.levels.head.state_dict().items()}
        state[LEAF + "temperature"] = torch.tensor(model.levels.temperature)
    checks.refuse_bad_numbers(folder, state, model.temperature)
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
    folder, place = Path(folder), chosen_device(device)
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
    state, temperature, residual_g = _read_weights(folder, len(genes))
    levels = _read_levels(folder, state, tissues, config.n_latent)
    checks.refuse_other_weights(folder, state, len(genes), len(tissues), config)
    with torch.device("meta"):  # without memory and without drawing weights that would be replaced
        scaler = Standardise(
            torch.zeros(len(genes)), torch.ones(len(genes)), config.clip, sample_norm=config.sample_norm, input_scale=config.input_scale
        )
        network = build(len(genes), len(tissues), config, scaler)
    network.load_state_dict(state, assign=True)
    network = network.to(place).eval()
    return TissueModel(
        network, genes, tissues, config, temperature, details, gene_rows, tissue_rows, folder, calibration, residual_g, levels
    )


def _read_levels(folder: Path, state: dict[str, Tensor], tissues: list[str], n_latent: int) -> Levels | None:
    """What the model may answer, its tensors taken out of `state`; None for a run without any. Raises BundleError."""
    held = {name.removeprefix(LEAF): state.pop(name) for name in list(state) if name.startswith(LEAF)}
    if not held:
        return None
    place, temperature = folder / LEVELS, held.pop("temperature", torch.zeros(1))
    if not place.is_file():
        raise BundleError(f"{folder}: not a finished run, missing {LEVELS}; copy or export it again")
    rows = checks.read_table(place, LEVEL_COLUMNS)
    head = Prototypes(sum(row["leaves"] == row["level"] for row in rows), n_latent)
    wanted = {name: tensor.shape for name, tensor in head.state_dict().items()}
    if {name: tensor.shape for name, tensor in held.items()} != wanted or temperature.numel() != 1 or not float(temperature) > 0:
        raise BundleError(f"{folder}/model.safetensors: what it holds of the finest terms is not that of {LEVELS}; copy or export it again")
    head.load_state_dict(held)
    return Levels.read(rows, tissues, head.eval(), float(temperature), str(place))


def _read_weights(folder: Path, n_genes: int) -> tuple[dict[str, Tensor], float, Floats]:
    """The network's tensors, the temperature and what the decoder leaves of each gene. Raises BundleError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    place = f"{folder}/model.safetensors"
    try:
        state = load_file(folder / "model.safetensors")
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise BundleError(f"{place}: is damaged or cut short ({str(error).splitlines()[0][:200]}); copy or export it again") from error
    if beside := sorted({"temperature", "residual_g"} - state.keys()):
        raise BundleError(f"{place}: lacks {' and '.join(beside)}; train again with `model train`, or get the bundle again")
    if state["temperature"].numel() != 1 or state["residual_g"].shape != (n_genes,) or not state["residual_g"].is_floating_point():
        raise BundleError(f"{place}: temperature and residual_g must be one number and one a gene; copy or export it again")
    temperature = float(state["temperature"])
    checks.refuse_bad_numbers(place, state, temperature)
    residual_g: Floats = state.pop("residual_g").float().numpy()
    del state["temperature"]
    return state, temperature, residual_g


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
