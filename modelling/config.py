"""Every choice of a training run in one frozen record, written whole into the run folder."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from modelling.errors import ModellingError
from profiles.nearest import near

Preset = Literal["default", "paper"]
InputScale = Literal["none", "soft", "z"]


class ConfigError(ModellingError):
    """A training setting is out of range or unknown."""


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one training; `paper()` gives the published ones.

    `n_hidden` None means int(hidden_share x genes), the published rule. Loss weights multiply per-sample means. `learning_rate` holds at
    `reference_batch`; another batch size scales it by the square root of the ratio (Adam's rule: the noise of a sign-like step falls with
    the root of the batch). An epoch visits at least `epoch_samples` samples: a small compendium is gone through several times between two
    validations, so that its training has as many steps as it needs. `shift_share` of each batch is shown as another study might have measured
    it (training/shifts.py). `class_balance` None is chosen on held-out groups (scores/balance.py).
    """

    preset: Preset = "default"
    n_latent: int = 121
    n_hidden: int | None = 512
    hidden_share: float = 0.2002
    head_hidden: int = 32
    dropout: float = 0.1
    input_scale: InputScale = "none"
    shift_share: float = 0.5
    clip: float | None = 10.0
    sample_norm: bool = False
    reconstruction_weight: float = 1.0
    class_weight: float = 0.0
    prior: Literal["mmd", "kl", "paper_mmd"] = "kl"
    prior_weight: float = 0.05
    prior_draws: int = 200
    linear_encoder_rate: float = 0.01
    linear_decoder_rate: float = 0.1
    hidden_rate: float = 0.1
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.05
    class_balance: float | None = None
    mask_fraction: float = 0.1
    unlabelled_ratio: float = 0.5
    epochs: int = 10
    epoch_samples: int = 2048
    patience: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    reference_batch: int = 64
    weight_decay: float = 0.0
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    precision: Literal["auto", "float32"] = "auto"
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("n_latent", "head_hidden", "epochs", "patience", "epoch_samples", "batch_size", "reference_batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}, must be at least 1")
        if self.n_hidden is not None and self.n_hidden < 1:
            raise ConfigError(f"n_hidden is {self.n_hidden}, must be at least 1")
        for name, high in (
            ("mask_fraction", 0.95),
            ("label_smoothing", 0.9),
            ("dropout", 0.95),
            ("class_balance", 1.0),
            ("shift_share", 1.0),
        ):
            if getattr(self, name) is not None and not 0 <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {getattr(self, name)}, must lie between 0 and {high}")
        if self.learning_rate <= 0:
            raise ConfigError(f"learning_rate is {self.learning_rate}, must be above 0")

    @property
    def scaled_learning_rate(self) -> float:
        """The learning rate at this batch size."""
        return float(self.learning_rate * (self.batch_size / self.reference_batch) ** 0.5)

    def hidden(self, n_genes: int) -> int:
        """Width of the hidden layers for this number of genes."""
        return self.n_hidden if self.n_hidden is not None else max(1, int(self.hidden_share * n_genes))

    def replace(self, **changes: Any) -> TrainConfig:
        """The same settings with some changed; an unknown name is an error."""
        unknown = changes.keys() - {field.name for field in dataclasses.fields(self)}
        if unknown:
            raise ConfigError(f"unknown settings: {sorted(unknown)}")
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def load(cls, path: Path) -> TrainConfig:
        """Read the settings back from a run's config.json."""
        return cls().replace(**json.loads(path.read_text(encoding="utf-8"))["train"])


def paper() -> TrainConfig:
    """The published settings (Pande, Uyar, Akalin), as Flexynesis 1.1.14 runs them."""
    return TrainConfig(
        preset="paper",
        input_scale="z",
        shift_share=0.0,
        n_hidden=None,
        clip=None,
        class_weight=1.0,
        prior="paper_mmd",
        prior_weight=1.0,
        label_smoothing=0.0,
        class_balance=0.0,
        mask_fraction=0.0,
        unlabelled_ratio=0.0,
        epochs=500,
        epoch_samples=1,
        patience=10,
        batch_size=32,
        learning_rate=1.7178e-3,
        reference_batch=32,
        schedule="constant",
    )


def preset(name: str) -> TrainConfig:
    """The settings of a preset by name."""
    presets = {"default": TrainConfig, "paper": paper}
    if name not in presets:
        raise ConfigError(f"no preset named {name!r}{near(name, presets)}; there are: {', '.join(presets)}")
    return presets[name]()
