"""The search: better than its worst trial, resumable, pruned, blind to the test part and to groups on both sides."""

import json

import optuna
import pytest
from training_world import SMALL, frame, write

from modelling.bundle.model import load
from modelling.data import Compendium
from modelling.training import tune

QUICK = {"n_latent": 4, "n_hidden": 6, "head_hidden": 4, "batch_size": 32, "epoch_samples": 1}


@pytest.fixture
def world(tmp_path, monkeypatch):
    def draw(trial):
        return {
            "n_hidden": trial.suggest_categorical("n_hidden", [4, 8]),
            "learning_rate": trial.suggest_float("learning_rate", 1e-6, 1e-1, log=True),
        }

    monkeypatch.setitem(tune.SEARCHES, "quick", tune.Search(SMALL.replace(**QUICK), 6, draw, prunes=True))
    with Compendium.open(write(tmp_path / "c.h5ad", *frame())) as compendium:
        yield compendium


def states(out):
    return [line.split("\t")[1] for line in (out / "trials.tsv").read_text().splitlines()[1:]]


def test_the_best_trial_is_trained_and_kept(world, tmp_path):
    run = tune.tune(world, tmp_path / "search", "quick", epochs=5)
    best = json.loads((tmp_path / "search/best.json").read_text())
    assert {"n_hidden": run.model.config.n_hidden, "learning_rate": run.model.config.learning_rate} == best
    values = [float(line.split("\t")[2]) for line in (tmp_path / "search/trials.tsv").read_text().splitlines()[1:] if "complete" in line]
    assert values == sorted(values, reverse=True)
    assert tune.value(run.history[run.best_epoch]) == pytest.approx(values[0], rel=1e-6)
    assert load(tmp_path / "search/run").config == run.model.config
    with pytest.raises(tune.TuneError, match="this search has ended"):
        tune.tune(world, tmp_path / "search", "quick")


def test_a_stopped_search_goes_on(world, tmp_path, monkeypatch):
    train, calls = tune.train, []

    def stopped(*arguments, **options):
        calls.append(options)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    monkeypatch.setattr(tune, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        tune.tune(world, tmp_path / "search", "quick", n_trials=4, epochs=1)
    tune.tune(world, tmp_path / "search", "quick", n_trials=4, epochs=1)
    assert len([state for state in states(tmp_path / "search") if state in ("complete", "pruned", "fail")]) >= 4
    assert not list((tmp_path / "search").glob("trial-*"))


def test_bad_trials_are_pruned(tmp_path):
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0))
    good = study.ask()
    tune._Pruning(good).epoch({"epoch": 0, "validation_balanced_accuracy": 0.9, "validation_explained": 0.7}, 0)
    study.tell(good, 1.6)
    with pytest.raises(optuna.TrialPruned):
        tune._Pruning(study.ask()).epoch({"epoch": 0, "validation_balanced_accuracy": 0.1, "validation_explained": 0.0}, 0)


def test_the_published_search_has_three_trials_of_the_published_network():
    plan = tune.SEARCHES["paper"]
    assert plan.n_trials == 3
    assert plan.start.preset == "paper"
    drawn = plan.draw(optuna.trial.FixedTrial({"n_latent": 121, "hidden_share": 0.2002, "head_hidden": 32, "learning_rate": 1.7178e-3}))
    assert plan.start.replace(**drawn) == plan.start


def test_a_group_in_train_and_validation_stops_the_search(tmp_path):
    x, obs = frame()
    obs.loc[["S0", "S6"], "group_id"] = "both"
    with (
        Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium,
        pytest.raises(tune.TuneError, match="1 groups are in train and validation"),
    ):
        tune.tune(compendium, tmp_path / "search")
    assert not (tmp_path / "search").exists()
    with Compendium.open(tmp_path / "c.h5ad") as compendium, pytest.raises(tune.TuneError, match="no search named 'grid'"):
        tune.tune(compendium, tmp_path / "search", "grid")
