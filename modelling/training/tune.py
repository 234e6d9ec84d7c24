"""Searches settings with Optuna: TPE, pruning, a study in a file that a later call goes on with. The test part is never read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.config import TrainConfig, paper
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.training import history, mark
from modelling.training.train import Run, train
from profiles import aside
from profiles.nearest import near

if TYPE_CHECKING:
    import optuna

STUDY = "study.log"


class TuneError(ModellingError):
    """The search cannot start."""


@dataclass(frozen=True)
class Search:
    """A named search: where it starts, how many trials, and what each trial draws."""

    start: TrainConfig
    n_trials: int
    draw: Callable[[Any], dict[str, Any]]
    prunes: bool


def _draw_default(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "n_hidden": trial.suggest_categorical("n_hidden", [64, 256, 512, 1024]),
        "learning_rate": trial.suggest_float("learning_rate", 2e-4, 5e-3, log=True),
        "class_weight": trial.suggest_float("class_weight", 0.0, 0.2),
        "shift_share": trial.suggest_float("shift_share", 0.0, 0.9),
        "prior_weight": trial.suggest_float("prior_weight", 0.01, 2.0, log=True),
        "mask_fraction": trial.suggest_float("mask_fraction", 0.0, 0.5),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.2),
    }


def _draw_paper(trial: optuna.Trial) -> dict[str, Any]:
    """The published space: latent size, hidden share, head size, learning rate; three draws in all."""
    return {
        "n_latent": trial.suggest_int("n_latent", 16, 128),
        "hidden_share": trial.suggest_float("hidden_share", 0.2, 0.5),
        "head_hidden": trial.suggest_int("head_hidden", 8, 32),
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
    }


SEARCHES = {
    "default": Search(TrainConfig(), 20, _draw_default, prunes=True),
    "paper": Search(paper(), 3, _draw_paper, prunes=False),
}


def tune(
    compendium: Compendium,
    out: str | Path,
    search: str = "default",
    *,
    n_trials: int | None = None,
    epochs: int | None = None,
    seed: int = 42,
    progress: bool = False,
) -> Run:
    """Search, then train the best settings into `out`/run; the study, its table and the trials so far are kept in `out`.

    A trial's value is its best validation balanced accuracy plus explained share, both between 0 and 1: class weights and loss weights differ
    between trials, so losses cannot be compared. A validation split by group makes the search group-aware. Called again, it goes on until
    `n_trials` are finished. Raises TuneError for an unknown search, or when `out`/run exists.
    """
    if search not in SEARCHES:
        raise TuneError(f"no search named {search!r}{near(search, SEARCHES)}; there are: {', '.join(SEARCHES)}")
    out, plan = Path(out), SEARCHES[search]
    if (out / "run").exists():
        raise TuneError(f"{out / 'run'}: this search has ended; choose another folder for --out")
    if out.exists() and not (out / STUDY).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise TuneError(f"{out}: is not empty and holds no search ({STUDY}); choose another folder for --out")
    _check_groups(compendium)
    out.mkdir(parents=True, exist_ok=True)
    start = plan.start.replace(seed=seed, **({"epochs": epochs} if epochs else {}))
    study = _study(out, search, plan, seed)
    left = (n_trials or plan.n_trials) - len([trial for trial in study.trials if trial.state.is_finished()])
    if left > 0:
        study.optimize(lambda trial: _value(trial, compendium, out, start.replace(**plan.draw(trial)), progress), n_trials=left)
    _write_table(out, study)
    return train(compendium, out / "run", start.replace(**study.best_params), progress=progress)


def value(row: dict[str, float]) -> float:
    """What a search maximises, from one row of a history."""
    return row["validation_balanced_accuracy"] + row["validation_explained"]


def _check_groups(compendium: Compendium) -> None:
    """A group on both sides would reward settings that memorise it."""
    groups = compendium.obs.get("group_id")
    if groups is None:
        compendium.notes.append("obs has no group_id: whether a donor or series is on both sides of the validation split cannot be checked")
        return
    both = set(groups[compendium.rows("train")]) & set(groups[compendium.rows("validation")]) - {""}
    if both:
        raise TuneError(
            f"{compendium.path}: {len(both)} groups are in train and validation, first: {sorted(both)[:3]}; split by group first"
        )


def _study(out: Path, search: str, plan: Search, seed: int) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    from optuna.storages.journal import JournalFileBackend

    storage = optuna.storages.JournalStorage(JournalFileBackend(str(out / STUDY)))
    n_done = len(optuna.study.get_all_study_summaries(storage))
    n_trials = len(optuna.load_study(study_name=search, storage=storage).trials) if n_done else 0
    # A sampler that goes on must not repeat its first draws: its seed follows the number of trials so far.
    sampler = optuna.samplers.TPESampler(seed=seed + n_trials)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3) if plan.prunes else optuna.pruners.NopPruner()
    return optuna.create_study(
        storage=storage, study_name=search, direction="maximize", sampler=sampler, pruner=pruner, load_if_exists=True
    )


class _Pruning(history.Silence):
    """Tells Optuna of each epoch and stops the trial when it says so."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def epoch(self, row: dict[str, float], best_epoch: int) -> None:
        import optuna

        self.trial.report(value(row), int(row["epoch"]))
        if self.trial.should_prune():
            raise optuna.TrialPruned


def _value(trial: optuna.Trial, compendium: Compendium, out: Path, config: TrainConfig, progress: bool) -> float:
    folder = out / f"trial-{trial.number}"
    mark.remove(folder)
    try:
        run = train(compendium, folder, config, progress=progress, watch=_Pruning(trial), checkpoint_seconds=float("inf"))
    finally:
        mark.remove(folder)
    return value(run.history[run.best_epoch])


def _write_table(out: Path, study: optuna.Study) -> None:
    """trials.tsv: one row per trial, best first; best.json: the settings that won."""
    trials = sorted(study.trials, key=lambda trial: -(trial.value if trial.value is not None else -np.inf))
    names = sorted({name for trial in trials for name in trial.params})
    lines = ["\t".join(["trial", "state", "value", *names])]
    lines += [
        "\t".join([str(t.number), t.state.name.lower(), f"{t.value}", *(f"{t.params.get(name, '')}" for name in names)]) for t in trials
    ]
    aside.write_text(out / "trials.tsv", "\n".join(lines) + "\n")
    aside.write_text(out / "best.json", json.dumps(study.best_params, indent=2) + "\n")
