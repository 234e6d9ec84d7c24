"""Trains a model: early stopping on the validation split only, best weights restored and verified, resumable, repeatable."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modelling.bundle.model import TissueModel, save
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.errors import TrainingError
from modelling.network.device import chosen_device
from modelling.network.loss import class_weights
from modelling.network.ours import Standardise, build
from modelling.training import checkpoint, history, mark, run_folder, usable
from modelling.training.adam import AdamW
from modelling.training.batches import Feed, draw_unlabelled, epoch_windows
from modelling.training.distributed import Workers
from modelling.training.fast import fast_products, keep_freed_memory
from modelling.training.head import fit_prototypes
from modelling.training.shifts import Shifts
from modelling.training.step import Step
from modelling.training.terms import TERMS
from modelling.training.validation import validation_scores
from modelling.yielding import yielding

__all__ = ["Run", "Trainer", "TrainingError", "train"]

DEFAULT_BALANCE = 0.5


@dataclass
class Run:
    """One finished training."""

    folder: Path
    model: TissueModel
    history: list[dict[str, float]]
    best_epoch: int


def train(
    compendium: Compendium,
    out: str | Path,
    config: TrainConfig | None = None,
    *,
    device: str = "auto",
    resume: bool = False,
    progress: bool = False,
    checkpoint_seconds: float = 30.0,
    watch: history.Report | None = None,
    compiled: bool = False,
) -> Run:
    """Train and write the run folder `out`.

    Raises TrainingError when `out` exists (without `resume`), is no run (with it), or when the loss is not a number. A run that was stopped goes
    on from its last checkpoint with `resume`, to the same weights as one that was not. `watch` is told of every batch and epoch, and may end
    the training by raising. `compiled`: steps through torch.compile, which needs a compiler on this machine and pays on long runs only.
    """
    out, config = Path(out), config or TrainConfig()
    workers = Workers.start()
    place = chosen_device(device)
    is_new = workers.is_first and mark.claim(out, resume, config)
    workers.wait()
    keep_freed_memory()
    try:
        with fast_products(config.precision), yielding(), workers:
            trainer = Trainer(compendium, config, workers, place, out, compiled=compiled)
            with history.bar(progress and workers.is_first, config.epochs) as report:
                trainer.resume_or_start(report.preparing)
                report.starts(trainer.epoch)
                trainer.fit([report, *([watch] if watch else [])], checkpoint_seconds)
            return trainer.finish()
    except Exception:
        if is_new and not (out / checkpoint.NAME).exists():
            mark.remove(out)
        raise


class Trainer:
    """The state of one training: network, optimiser, place in the epochs, best weights so far."""

    def __init__(
        self, compendium: Compendium, config: TrainConfig, workers: Workers, device: torch.device, out: Path, *, compiled: bool = False
    ) -> None:
        self.compendium, self.config, self.workers, self.device, self.out = compendium, config, workers, device, out
        usable.check(compendium)
        if not len(compendium.rows("validation", labelled=True)):
            why = next((note for note in compendium.notes if note.startswith("no labelled validation")), "no labelled validation sample")
            raise TrainingError(f"{compendium.path}: {why}; training stops by the validation part")
        self.targets = torch.from_numpy(compendium.targets)
        self.balance = DEFAULT_BALANCE if config.class_balance is None else config.class_balance
        self.rows = {
            "train": compendium.rows("train"),
            "unlabelled": compendium.trainable_unlabelled(),
            "validation": compendium.rows("validation"),
        }
        self.weight_t = class_weights(torch.from_numpy(compendium.tissue_counts()), self.balance).to(device)
        self.identity: dict[str, Any] = {"compendium_sha256": compendium.sha256(), "train": config.as_dict()}
        torch.manual_seed(config.seed)
        mean, std = (torch.from_numpy(a) for a in compendium.moments())
        scaler = Standardise(mean, std, config.clip, sample_norm=config.sample_norm, input_scale=config.input_scale)
        self.network = build(len(compendium.genes), len(compendium.tissues), config, scaler).to(device)
        self.optimiser = AdamW(self.network.parameter_groups(config), config.scaled_learning_rate, config.weight_decay)
        self.feed = Feed(compendium, np.concatenate(list(self.rows.values())), device)
        shifts = Shifts.of(compendium.genes, compendium.unit, device) if config.shift_share else None
        self.step = Step(
            self.network, self.optimiser, config, workers, self.targets, self.weight_t, shifts, compendium.sample_ids, compiled=compiled
        )
        self.epoch, self.rate, self.learning_rate, self.seconds = 0, 1.0, 0.0, 0.0
        self.history: list[dict[str, float]] = []
        self.best_epoch, self.best_score = -1, math.inf
        self.best: dict[str, Tensor] = {}

    # -- start and resume ------------------------------------------------------------------------------------------------------------------

    def resume_or_start(self, tell: Callable[[str], None] = lambda text: None) -> None:
        """Take up the last checkpoint, or set the network's starting point from the training part. Args: tell, what is being done."""
        saved = checkpoint.read(self.out)
        if saved is None:
            passes = itertools.count(1)

            def inputs() -> Iterator[Tensor]:
                tell(f"principal components, pass {next(passes)} over {len(self.rows['train']):,} samples")
                yield from self._training_inputs()

            self.network.begin(inputs, len(self.rows["train"]), self.config.seed)
            self._fit_head()
            return
        tensors, facts = saved
        if facts["identity"] != self.identity:
            raise checkpoint.CheckpointError(
                f"{self.out}: the stopped run used other settings or another compendium; resume it with the same ones"
            )
        self.network.load_state_dict({name[8:]: value for name, value in tensors.items() if name.startswith("network.")})
        self.best = {name[5:]: value.to(self.device) for name, value in tensors.items() if name.startswith("best.")}
        self.optimiser.restore(tensors)
        for name in ("epoch", "rate", "seconds", "history", "best_epoch", "best_score"):
            setattr(self, name, facts[name])

    def _fit_head(self) -> None:
        fit_prototypes(self.network, self.compendium, self.feed, self.targets, self.balance)

    def _training_inputs(self) -> Iterator[Tensor]:
        """The training rows as the encoder sees them, in blocks, missing genes at the mean."""
        scaler = self.network.standardise
        for x in self.feed.blocks(self.rows["train"]):
            yield scaler.network_input(scaler(x))[0]

    def _write_checkpoint(self) -> None:
        tensors = {f"network.{n}": v for n, v in self.network.state_dict().items()} | {f"best.{n}": v for n, v in self.best.items()}
        facts = {name: getattr(self, name) for name in ("identity", "epoch", "rate", "seconds", "history", "best_epoch", "best_score")}
        checkpoint.write(self.out, tensors | self.optimiser.tensors(), facts)

    # -- epochs ----------------------------------------------------------------------------------------------------------------------------

    def fit(self, reports: list[history.Report], checkpoint_seconds: float) -> None:
        """Train until the validation score has not improved for `patience` epochs."""
        written = time.monotonic()
        while self.epoch < self.config.epochs and self.epoch - 1 - self.best_epoch < self.config.patience:
            started = time.monotonic()
            row = {"epoch": float(self.epoch), **self._train_epoch(reports), **self._judge(), "learning_rate": self.learning_rate}
            spent = time.monotonic() - started
            self.seconds += spent
            row |= {"seconds": spent, "samples_per_second": row.pop("n_samples") / row.pop("train_seconds")}
            self._remember(row)
            self.epoch += 1
            for report in reports:
                report.epoch(row, self.best_epoch)
            if self.workers.is_first and time.monotonic() - written >= checkpoint_seconds:
                self._write_checkpoint()
                written = time.monotonic()

    def _remember(self, row: dict[str, float]) -> None:
        self.history.append(row)
        if row["validation_score"] < self.best_score:
            self.best_epoch, self.best_score = self.epoch, row["validation_score"]
            now = {name: value.detach() for name, value in self.network.state_dict().items()}
            self.best = self.best or {name: torch.empty_like(value) for name, value in now.items()}
            for name, value in now.items():  # they stay on the device
                self.best[name].copy_(value)
        elif self.config.schedule == "plateau" and (self.epoch - self.best_epoch) % max(1, self.config.patience // 2) == 0:
            self.rate *= 0.5

    def _train_epoch(self, reports: list[history.Report]) -> dict[str, float]:
        """One pass over the training rows and some unlabelled ones. All randomness comes from (seed, epoch), so that resuming repeats it."""
        config, started = self.config, time.monotonic()
        rng = np.random.default_rng([config.seed, self.epoch])
        torch.manual_seed(config.seed * 100_003 + self.epoch)
        noise = torch.Generator(self.device).manual_seed(self.workers.seed(config.seed * 100_003 + self.epoch))
        limit = round(config.unlabelled_ratio * len(self.rows["train"]))
        rows = np.sort(np.concatenate([self.rows["train"], draw_unlabelled(self.rows["unlabelled"], limit, rng)]))
        n_passes = max(1, round(config.epoch_samples / len(rows)))
        order = np.concatenate([window for _ in range(n_passes) for window in epoch_windows(rows, rng)])
        if self.network.needs_two_samples and len(order) % config.batch_size == 1:
            order = order[:-1]
        self.network.train()
        self.step.begin_epoch()
        n_batches = -(-len(order) // config.batch_size)
        for number, batch in enumerate(self.feed.batches(order, config.batch_size, self.workers.share)):
            self._set_rate(self.epoch + number / n_batches)
            self.step(batch, noise, self.epoch, number)
            for report in reports:
                report.batch((number + 1) / n_batches, len(batch.rows))
        self.step.read(self.epoch, n_batches - 1)
        means = self.workers.mean(self.step.sums) / len(order)
        names = ["train_loss", *(f"train_{term.name}" for term in TERMS)]
        return dict(zip(names, means.tolist(), strict=True)) | {"n_samples": float(len(order)), "train_seconds": time.monotonic() - started}

    def _set_rate(self, epoch: float) -> None:
        """Learning rate: a rise over the first epoch's steps, then cosine to 1%, or as the plateau rule left it."""
        config = self.config
        rate = self.rate
        if config.schedule == "cosine":
            rate = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / config.epochs)))
            rate *= min(1.0, 0.1 + epoch / config.warmup_epochs)
        self.learning_rate = config.scaled_learning_rate * rate
        self.optimiser.learning_rate = self.learning_rate

    # -- validation and end ----------------------------------------------------------------------------------------------------------------

    def _judge(self) -> dict[str, float]:
        """Scores of the validation part, with prototypes that follow the latents."""
        self._fit_head()
        return self.validate()

    def validate(self) -> dict[str, float]:
        """Loss and scores of the validation part; the score to be lowered decides on the best epoch."""
        return validation_scores(self.network, self.compendium, self.feed, self.config, self.weight_t)

    def finish(self) -> Run:
        """Restore the best weights, check that they score as they did, fit the temperature, write the run folder."""
        self.network.load_state_dict(self.best)
        again = self.validate()["validation_score"]
        if again != self.best_score:
            raise TrainingError(f"restored weights score {again}, epoch {self.best_epoch} scored {self.best_score}: memory or disk fault")
        model = run_folder.finished_model(self.network, self.compendium, self.config)
        model.details = run_folder.details(self.compendium, self.history, self.best_epoch, self.seconds, self.identity["compendium_sha256"])
        if self.workers.is_first:
            history.write(self.out, self.history, self.best_epoch)
            run_folder.write_environment(self.out, self.device, self.workers.count, model.details)
            save(self.out, model, run_folder.gene_rows(self.compendium), run_folder.tissue_rows(self.compendium))
            (self.out / checkpoint.NAME).unlink(missing_ok=True)
        self.workers.wait()
        return Run(self.out, model, self.history, self.best_epoch)
