"""Training: repeatable, resumable after a kill, stopped by validation only, the same over two processes."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import anndata
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from training_world import SMALL, frame, write
from typer.testing import CliRunner

from modelling.bundle.model import load
from modelling.cli import app
from modelling.config import paper
from modelling.data import Compendium
from modelling.errors import ModellingError, TrainingError
from modelling.training import checkpoint
from modelling.training.completing import fit_completion
from modelling.training.train import train
from modelling.training.validation import residual_variance

WORKER = Path(__file__).with_name("train_worker.py")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def world(tmp_path):
    return write(tmp_path / "c.h5ad", *frame())


def run(path, out, config=SMALL, **options):
    with Compendium.open(path) as compendium:
        return train(compendium, out, config, device="cpu", **options)


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_learns_and_its_folder_holds_what_is_promised(world, tmp_path):
    found = run(world, tmp_path / "run", SMALL.replace(epochs=25, patience=25, learning_rate=5e-3))
    best = found.history[found.best_epoch]
    assert best["validation_balanced_accuracy"] > 0.9
    assert best["validation_explained"] > 0.8
    names = {
        "model.safetensors",
        "config.json",
        "genes.tsv",
        "tissues.tsv",
        "scaler.tsv",
        "history.csv",
        "history.svg",
        "environment.json",
        "levels.tsv",
    }
    assert {path.name for path in (tmp_path / "run").iterdir()} == names
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "run").iterdir()}
    assert set(rights.values()) == {rights["config.json"]}, "a server of another user reads the weights as well"
    environment = json.loads((tmp_path / "run/environment.json").read_text())
    with Compendium.open(world) as compendium:
        assert environment["compendium"]["sha256"] == compendium.sha256()


def test_a_gene_restored_without_error_and_without_doubt_leaves_the_width_of_intervals_a_number(tmp_path):
    """As one that no sample expresses is, where the decoder begins with principal components."""
    x, obs = frame()
    x[:, 3] = 0
    path = write(tmp_path / "silent.h5ad", x, obs)
    network = run(path, tmp_path / "run").model.network
    with torch.no_grad():
        network.decode_linear.weight[3] = 0
        network.decode_linear.bias[3] = network.standardise(torch.zeros(1, x.shape[1]))[0, 3]
    with Compendium.open(path) as compendium:
        residual_g = residual_variance(network, compendium)
        assert residual_g[3] == 0
        fit_completion(network, compendium, residual_g)
    assert 0.2 < float(network.completion.width) < 5


def test_a_bundle_loads_without_its_compendium_and_agrees(world, tmp_path):
    found = run(world, tmp_path / "run")
    x = frame()[0][:7]
    x[0, :9] = np.nan
    world.unlink()
    loaded = load(tmp_path / "run")
    for name in ("embed", "probabilities"):
        np.testing.assert_allclose(getattr(loaded, name)(x), getattr(found.model, name)(x), atol=1e-5)
    assert loaded.tissues == found.model.tissues
    assert loaded.reconstruct(loaded.embed(x)).shape == x.shape
    np.testing.assert_allclose(loaded.probabilities(x).sum(1), 1, rtol=1e-5)
    assert loaded.embed(x[:0]).shape == (0, 6)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(world, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(world, tmp_path / name, SMALL.replace(epochs=3, seed=seed))
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_test_samples_have_no_part_in_training(tmp_path):
    x, obs = frame()
    changed = x.copy()
    changed[obs["split"] == "test"] += 50
    run(write(tmp_path / "a.h5ad", x, obs), tmp_path / "a")
    run(write(tmp_path / "b.h5ad", changed, obs), tmp_path / "b")
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_best_weights_come_back_and_patience_ends_the_run(world, tmp_path):
    found = run(world, tmp_path / "run", SMALL.replace(epochs=60, patience=3, learning_rate=0.3, schedule="constant", hidden_rate=1.0))
    scores = [row["validation_score"] for row in found.history]
    assert found.best_epoch == int(np.argmin(scores))
    assert len(scores) == found.best_epoch + 1 + 3
    loaded = load(tmp_path / "run")
    with Compendium.open(world) as compendium:
        rows = compendium.rows("validation")
        scores_ng = np.clip(loaded.standardise(compendium.x(rows)), -10, 10)
        error = np.square(loaded.reconstruct(loaded.embed(compendium.x(rows))) - scores_ng).mean()
    assert error == pytest.approx(found.history[found.best_epoch]["validation_reconstruction"], rel=1e-5)


def test_resuming_after_a_kill_equals_the_unbroken_run(world, tmp_path):
    config = SMALL.replace(epochs=30, patience=30, schedule="plateau")
    run(world, tmp_path / "whole", config)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(WORKER.parents[1])}
    process = subprocess.Popen(
        [sys.executable, str(WORKER), str(world), str(tmp_path / "cut"), json.dumps(asdict(config))], env=environment
    )
    path = tmp_path / "cut" / checkpoint.NAME
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists():
            with safe_open(path, "pt") as file:
                if json.loads(file.metadata()["facts"])["epoch"] >= 3:
                    break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut/model.safetensors").exists(), "the run ended before it could be killed"
    resumed = run(world, tmp_path / "cut", config, resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    assert len(resumed.history) == 30
    assert not path.exists()


def test_resuming_with_other_settings_is_refused(world, tmp_path):
    (tmp_path / "run").mkdir()
    checkpoint.write(tmp_path / "run", {"network.a": torch.zeros(1)}, {"identity": {"train": "others"}})
    with pytest.raises(checkpoint.CheckpointError, match="other settings or another compendium"):
        run(world, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / checkpoint.NAME).exists()


def test_a_loss_that_is_no_number_stops_with_its_batch_named(world, tmp_path):
    with pytest.raises(TrainingError, match=r"loss is (nan|inf) at epoch 0, batch \d \(reconstruction .*; samples S"):
        run(world, tmp_path / "run", SMALL.replace(learning_rate=1e30, schedule="constant"))
    assert not (tmp_path / "run").exists()


def test_two_processes_with_the_same_global_batch_lose_the_same(world, tmp_path):
    """Earns its seconds: two gloo processes have to import torch and meet."""
    config = SMALL.replace(epochs=3, dropout=0.0, batch_size=15)
    run(world, tmp_path / "one", config)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(WORKER)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(WORKER.parents[1])}
    done = subprocess.run(
        [*command, str(world), str(tmp_path / "two"), json.dumps(asdict(config))], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    losses = [np.genfromtxt(tmp_path / name / "history.csv", delimiter=",", names=True) for name in ("one", "two")]
    for column in ("train_loss", "train_class", "train_reconstruction", "train_prior", "validation_score"):
        np.testing.assert_allclose(losses[1][column], losses[0][column], rtol=1e-4)


def test_a_class_without_validation_samples_a_single_class_and_a_batch_of_one(tmp_path):
    x, obs = frame()
    lacking = obs.copy()
    lacking.loc[(lacking["split"] == "validation") & (lacking["tissue"] == "liver"), "tissue"] = ""
    assert np.isfinite(run(write(tmp_path / "a.h5ad", x, lacking), tmp_path / "a").history[-1]["validation_score"])
    single = obs.assign(tissue=np.where(obs["tissue"] == "", "", "brain"))
    assert (
        run(write(tmp_path / "b.h5ad", x, single), tmp_path / "b", SMALL.replace(batch_size=1, epochs=1)).history[0][
            "validation_balanced_accuracy"
        ]
        == 1
    )


def test_unlabelled_samples_help_the_reconstruction_only(tmp_path):
    x, obs = frame()
    with_them = run(write(tmp_path / "a.h5ad", x, obs), tmp_path / "a", SMALL.replace(epochs=1))
    without = run(tmp_path / "a.h5ad", tmp_path / "b", SMALL.replace(epochs=1, unlabelled_ratio=0.0))
    assert not same(weights(with_them.folder), weights(without.folder))


def test_the_paper_preset_trains(world, tmp_path):
    with Compendium.open(world) as compendium:
        n_train = len(compendium.rows("train"))
    config = paper().replace(epochs=3, n_latent=6, batch_size=n_train - 1)  # leaves a last batch of one sample
    assert run(world, tmp_path / "run", config).history[-1]["validation_explained"] < 0.5
    assert len(load(tmp_path / "run").network.tensors["encoder.0.bias"]) == int(0.2002 * 40)


def test_command_line(world, tmp_path):
    options = ["--out", str(tmp_path / "run"), "--epochs", "1", "--batch-size", "128", "--device", "cpu", "--map", "none"]
    done = CliRunner().invoke(app, ["train", str(world), *options, "--also-standard"])
    assert done.exit_code == 0, done.output
    assert load(tmp_path / "run").config.mask_fraction > 0
    assert load(tmp_path / "run-standard").config.mask_fraction == 0
    with pytest.raises(TrainingError, match="holds a finished run"):
        run(world, tmp_path / "run")
    with pytest.raises(TrainingError, match="cannot be used here"), Compendium.open(world) as compendium:
        train(compendium, tmp_path / "gpu", SMALL, device="warp")
    assert not (tmp_path / "gpu").exists()


@pytest.mark.parametrize("mistake", [{"device": "warp"}, {"device": "cpu"}])
def test_resume_leaves_a_folder_that_is_no_run_alone(world: Path, tmp_path: Path, mistake: dict[str, str]) -> None:
    mine = tmp_path / "thesis"
    (mine / "chapters").mkdir(parents=True)
    (mine / "chapters" / "one.txt").write_text("years of work")
    (mine / "config.json").write_text('{"editor": "vim"}')
    with Compendium.open(world) as compendium, pytest.raises(TrainingError, match=r"no stopped run|cannot be used here"):
        train(compendium, mine, SMALL, resume=True, **mistake)
    assert (mine / "chapters" / "one.txt").read_text() == "years of work"
    assert (mine / "config.json").read_text() == '{"editor": "vim"}'


def test_a_training_that_fails_takes_only_its_own_files_away(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, *arguments: object) -> None:
        (tmp_path / "kept" / "notes.txt").write_text("written while it ran")
        raise TrainingError("the loss is not a number")

    monkeypatch.setattr("modelling.training.train.Trainer.fit", fail)
    with Compendium.open(world) as compendium, pytest.raises(TrainingError, match="not a number"):
        (tmp_path / "kept").mkdir()
        train(compendium, tmp_path / "kept", SMALL, device="cpu")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["notes.txt"]


def test_a_run_that_was_stopped_before_its_first_checkpoint_goes_on(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: object, *arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, Compendium.open(world) as compendium, pytest.raises(KeyboardInterrupt):
        patched.setattr("modelling.training.train.Trainer.fit", stop)
        train(compendium, tmp_path / "run", SMALL, device="cpu")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["train"] == SMALL.as_dict()
    with Compendium.open(world) as compendium:
        train(compendium, tmp_path / "run", SMALL, device="cpu", resume=True)
    assert (tmp_path / "run" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.uns.clear(), r"states no unit.*log2\(TPM\+1\) or log2\(CPM\+1\)"),
        (lambda data: data.uns.update(unit="FPKM"), "is in 'FPKM'"),
        (lambda data: setattr(data, "X", np.exp2(data.X) * 900), r"values up to .* are no log2\(TPM\+1\)"),
        (lambda data: setattr(data, "X", data.X - data.X.mean(0)), "below 0, first: -.*z-scores"),
        (lambda data: setattr(data, "X", np.minimum(data.X + 14, 19)), "sum to .* log2 of counts"),
        (
            lambda data: setattr(data, "obs_names", [*data.obs_names[:-1], "S1"]),
            "1 sample ids occur more than once, first: S1",
        ),
    ],
)
def test_a_scale_that_no_prediction_could_use_is_refused_before_training(world, tmp_path, change, message):
    data = anndata.read_h5ad(world)
    change(data)
    data.write_h5ad(tmp_path / "other.h5ad")
    with pytest.raises(ModellingError, match=message):
        run(tmp_path / "other.h5ad", tmp_path / "run")
    assert not (tmp_path / "run").exists()
