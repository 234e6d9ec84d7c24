"""Bundles: complete, checked file by file, loaded without running anything of theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import serving_world as world
from typer.testing import CliRunner

from modelling.bundle import hub
from modelling.bundle import onnx as onnx_export
from modelling.bundle.manifest import BundleDamaged, BundleError, verify
from modelling.bundle.model import TissueModel, load
from modelling.bundle.onnx import OnnxMismatch
from modelling.bundle.reference import ReferenceMissing
from modelling.cli import app
from modelling.errors import ModellingError
from modelling.predicting.predict import predict


@pytest.fixture(scope="module")
def exported(serving_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "tissues"
    metrics = folder.parent / "metrics.json"
    metrics.write_text(json.dumps({"balanced_accuracy": 0.9375, "r2": 0.61, "per_class": {}, "compendium": {"build_id": "test-build"}}))
    hub.export(serving_run, folder, licence="cc-by-4.0", metrics=metrics)
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def test_a_bundle_holds_only_data_and_predicts_like_its_run(exported: Path, serving_run: Path) -> None:
    suffixes = {path.suffix for path in exported.iterdir()}
    assert suffixes == {".safetensors", ".json", ".tsv", ".csv", ".md", ".onnx"}
    example = serving_run / "example.tsv"
    ours, theirs = (predict(load(folder), example) for folder in (serving_run, exported))
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    assert ours.table.equals(theirs.table)


def test_the_card_is_filled_from_the_run(exported: Path) -> None:
    card = (exported / "README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-4.0\n")
    for said in (
        "| balanced accuracy | 0.938 |",
        "| r2 | 0.610 |",
        "test-build",
        "Trained on simulated data",
        "| brain | nervous |",
        "log2(TPM+1)",
        "## Limits",
        "research use",
    ):
        assert said in card, said


def test_metrics_of_another_compendium_are_refused(serving_run: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.json"
    metrics.write_text(json.dumps({"balanced_accuracy": 0.9, "compendium": {"build_id": "another"}}))
    with pytest.raises(ModellingError, match="measured on compendium build another"):
        hub.export(serving_run, tmp_path / "b", metrics=metrics, onnx=False)
    metrics.write_text("{}")
    with pytest.raises(ModellingError, match=r"give the metrics\.json"):
        hub.export(serving_run, tmp_path / "b", metrics=metrics, onnx=False)
    assert not (tmp_path / "b").exists()


def test_onnx_takes_any_number_of_samples_and_missing_genes(exported: Path) -> None:
    model = load(exported)
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    x_ng = np.log2(world.new_samples()[0] + 1).astype(np.float32)
    x_ng[:, ::7] = np.nan
    for rows in (x_ng, x_ng[:1], x_ng[:5]):
        probability, latent = session.run(["probability", "latent"], {"expression": rows})
        np.testing.assert_allclose(probability, model.probabilities(rows), atol=1e-4)
        np.testing.assert_allclose(latent, model.embed(rows), atol=1e-4)


def test_an_onnx_file_that_computes_something_else_is_not_kept(serving_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TissueModel, "embed", lambda self, x_ng: np.zeros((len(x_ng), self.n_latent), np.float32))
    with pytest.raises(OnnxMismatch, match="differs from the model by"):
        onnx_export.write_onnx(load(serving_run), tmp_path / "model.onnx")
    with pytest.raises(OnnxMismatch):
        hub.export(serving_run, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "genes.tsv", "reference.tsv", "README.md", "model.onnx", "config.json"])
def test_a_changed_cut_or_missing_file_is_named(copy: Path, name: str) -> None:
    whole = (copy / name).read_bytes()
    middle = len(whole) // 2
    for content, said in (
        (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], f"{name} was changed"),
        (whole[:-10], f"{name} has .* bytes"),
        (None, f"{name} is missing"),
    ):
        (copy / name).unlink() if content is None else (copy / name).write_bytes(content)
        with pytest.raises(BundleDamaged, match=said):
            verify(copy)
        with pytest.raises(BundleError, match=name):
            load(copy)


def test_a_damaged_run_without_manifest_names_its_file_too(serving_run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(serving_run, tmp_path / "run"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BundleError, match=r"model.safetensors: is damaged or cut short"):
        load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(BundleError, match=r"config.json: is damaged"):
        load(folder)


@pytest.mark.parametrize(("version", "advice"), [(0, "model export RUN"), (99, "install a newer bulkatlas")])
def test_another_schema_version_says_what_to_do(copy: Path, version: int, advice: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema_version": version}))
    with pytest.raises(BundleError, match=f"schema version {version}.*{advice}"):
        load(copy)


def test_a_manifest_cannot_point_outside_its_folder(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["../../outside.txt"] = {"bytes": 1, "sha256": ""}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy.parent.parent / "outside.txt").write_text("x")
    with pytest.raises(BundleDamaged, match=r"outside the bundle \('\.\./\.\./outside\.txt': it leads into another folder"):
        verify(copy)
    (copy / "manifest.json").write_text("[]")
    with pytest.raises(BundleDamaged, match="is damaged"):
        verify(copy)


def test_export_and_load_on_the_command_line(serving_run: Path, tmp_path: Path) -> None:
    made = CliRunner().invoke(
        app, ["export", str(serving_run), "--to", str(tmp_path / "b"), "--without-onnx", "--without-reference"], catch_exceptions=False
    )
    assert made.exit_code == 0
    assert "model.onnx" not in made.output
    told = CliRunner().invoke(app, ["load", str(tmp_path / "b")], catch_exceptions=False).output
    assert "6 tissues, 1,500 genes in log2(TPM+1), 16 dimensions" in told
    assert "without reference samples" in told
    again = CliRunner().invoke(app, ["export", str(serving_run), "--to", str(tmp_path / "b")])
    assert "exists and is not empty" in str(again.exception)
    assert "not a bundle" in str(CliRunner().invoke(app, ["load", str(serving_run)]).exception)


def test_export_needs_the_reference_or_a_word_that_it_does_not(serving_run: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(serving_run, tmp_path / "bare", ignore=shutil.ignore_patterns("reference.*")))
    with pytest.raises(ReferenceMissing, match="--without-reference"):
        hub.export(bare, tmp_path / "b", onnx=False)
    with pytest.raises(ModellingError, match="no licence named 'gpl'"):
        hub.export(serving_run, tmp_path / "b", licence="gpl")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda state: state.pop("residual_g"), "lacks residual_g"),
        (lambda state: state.pop("temperature"), "lacks temperature"),
        (lambda state: state.pop("decode_linear.weight"), "its weights are not those of config.json"),
    ],
)
def test_a_run_that_lacks_a_tensor_is_refused_by_its_name(
    serving_run: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], told: str
) -> None:
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(serving_run, tmp_path / "run")
    state = load_file(copy / "model.safetensors")
    change(state)
    save_file(state, copy / "model.safetensors")
    with pytest.raises(BundleError, match=told):
        load(copy)
