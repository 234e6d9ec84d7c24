"""`model train` as people see it: what goes in, the bar, what came out and where."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from modelling.bundle.model import TissueModel
from modelling.commands import telling
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.network.device import chosen_device
from modelling.training.card import batch_for
from modelling.training.train import Run, train
from profiles.printing import asked_format


def sized(compendium: Compendium, config: TrainConfig, device: str) -> TrainConfig:
    """The settings with as many samples a step as suit the card and the compendium; the same on a CPU."""
    n_train = len(compendium.rows("train"))
    n_epoch = n_train + min(len(compendium.trainable_unlabelled()), round(config.unlabelled_ratio * n_train))
    batch = batch_for(chosen_device(device), config.batch_size, max(n_epoch, config.epoch_samples), len(compendium.genes))
    return config.replace(batch_size=batch)


def train_and_tell(
    compendium: Compendium, out: Path, config: TrainConfig, *, device: str, resume: bool, also_standard: bool, compiled: bool = False
) -> list[Run]:
    """Train one run, or with `also_standard` a second one without masking into OUT-standard."""
    variants = [(out, config)]
    if also_standard:
        variants.append((out.with_name(f"{out.name}-standard"), config.replace(mask_fraction=0.0)))
    first = os.environ.get("RANK", "0") == "0"
    console = Console(quiet=not first, soft_wrap=True, highlight=False)
    runs = []
    for folder, settings in variants:
        if resume and len(variants) > 1 and (folder / "model.safetensors").exists():
            console.print(f"{folder}: finished already")
            continue
        _tell_input(console, compendium, settings, folder)
        run = train(compendium, folder, settings, device=device, resume=resume and folder.exists(), progress=first, compiled=compiled)
        _tell_result(console, run)
        runs.append(run)
    return runs


def tune_and_tell(compendium: Compendium, out: Path, search: str, *, n_trials: int | None, epochs: int | None, seed: int) -> Run:
    """Search, say what won, and train it."""
    from modelling.training.tune import tune

    people = telling.console()
    run = tune(compendium, out, search, n_trials=n_trials, epochs=epochs, seed=seed, progress=True)
    table = (out / "trials.tsv").read_text(encoding="utf-8").rstrip()
    if asked_format() is None:
        people.print(table)
    header, *lines = (line.split("\t") for line in table.splitlines())
    telling.tell_table([dict(zip(header, line, strict=True)) for line in lines])
    _tell_result(people, run)
    return run


def _tell_input(console: Console, compendium: Compendium, config: TrainConfig, folder: Path) -> None:
    sizes = {split: len(compendium.rows(split)) for split in ("train", "validation", "unlabelled")}
    console.print(
        f"{folder}: {sizes['train']:,} training samples, {sizes['validation']:,} for validation, {sizes['unlabelled']:,} unlabelled; "
        f"{len(compendium.genes):,} genes, {len(compendium.tissues)} tissues; preset {config.preset}, batch {config.batch_size},"
        f" masking {config.mask_fraction:.0%}, seed {config.seed}"
    )
    for note in compendium.notes:
        console.print(f"  note: {note}")


def _tell_result(console: Console, run: Run) -> None:
    best = run.history[run.best_epoch]
    console.print(
        f"best of {len(run.history)} epochs: {run.best_epoch + 1}; validation balanced accuracy {best['validation_balanced_accuracy']:.3f}, "
        f"explained {best['validation_explained']:.3f}; temperature {run.model.temperature:.2f}"
    )
    for line in doubt(run.model):
        console.print(f"  {line}")
    console.print(f"wrote {run.folder}/ ({', '.join(sorted(path.name for path in run.folder.iterdir() if not path.name.startswith('.')))})")


def doubt(model: TissueModel) -> list[str]:
    """What the model knows of its own doubt, as lines."""
    limits = model.calibration
    lines = [limits.claim(), f"similarity below {limits.far_below:.2f} is far"]
    if limits.foreign_below is not None:
        lines[-1] += f": {limits.foreign_below:.0%} of the samples of a tissue that was left out are (mean over tissues)"
    if limits.untestable:
        lines.append(f"one group only, nothing to hold out: {', '.join(limits.untestable)}")
    return lines
