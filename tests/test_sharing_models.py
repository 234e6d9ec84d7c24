"""Bundles that travel: by a catalogue, and from the Hugging Face hub with its own client against a hub on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from hub_server import COMMIT, hub
from range_server import serving
from typer.testing import CliRunner

from modelling.bundle import sharing
from modelling.bundle.manifest import MANIFEST, BundleDamaged, BundleError, write_manifest
from modelling.cli import app
from modelling.errors import ModellingError
from profiles.sharing.catalogue import INDEX, read_catalogue
from profiles.sharing.entry import SharingFault
from profiles.sharing.publish import deprecate

CARD = "---\nlicense: cc-by-4.0\nlibrary_name: bulkatlas\n---\n# tissues\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder as `model export` lays it out; its weights are never loaded here."""
    folder = tmp_path / "tissues"
    folder.mkdir()
    config = {"format": 3, "sizes": {"n_genes": 1500, "n_tissues": 6}, "details": {"build_id": "abc", "simulated": True}}
    for name, content in {"README.md": CARD, "config.json": json.dumps(config), "model.safetensors": "w" * 200_000}.items():
        (folder / name).write_text(content)
    write_manifest(folder, ["README.md", "config.json", "model.safetensors"])
    return folder


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".gitattributes"}


def test_a_bundle_comes_out_of_a_catalogue_as_it_went_in(bundle: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    entry, is_new = sharing.push(bundle, str(shelf), "tissues@1")
    assert is_new and sharing.push(bundle, str(shelf), "tissues@1") == (entry, False)
    assert (entry.kind, entry.licences, entry.about) == ("model", {"weights": "cc-by-4.0"}, "simulated: 6 tissues, 1,500 genes, build abc")
    assert entry.id == hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    with serving(shelf) as (url, behaviour):
        behaviour.drop = [10**9, 10**9, 10**9, 10**9, 70_000]  # the weights, which come last, are cut once
        sharing.pull(url, "tissues", tmp_path / "named")
        assert ("model.safetensors", "bytes=70000-") in behaviour.asked
        sharing.pull(f"{url}/tissues/1", "", tmp_path / "lone")
        with pytest.raises(SharingFault, match="say which model of it is wanted: tissues@1"):
            sharing.pull(url, "", tmp_path / "other")
    assert held(tmp_path / "named") == held(tmp_path / "lone") == held(bundle)


def test_another_bundle_under_that_name_and_a_run_are_refused(bundle: Path, tmp_path: Path) -> None:
    sharing.push(bundle, str(tmp_path / "shelf"), "tissues@1")
    (bundle / "README.md").write_text(CARD + "more\n")
    with pytest.raises(BundleDamaged, match=r"README.md has"):
        sharing.push(bundle, str(tmp_path / "shelf"), "tissues@2")
    write_manifest(bundle, ["README.md", "config.json", "model.safetensors"])
    with pytest.raises(SharingFault, match="never written over"):
        sharing.push(bundle, str(tmp_path / "shelf"), "tissues@1")
    (bundle / MANIFEST).unlink()
    with pytest.raises(BundleError, match="make one from a run with `model export RUN"):
        sharing.push(bundle, str(tmp_path / "shelf"), "tissues@2")


def test_a_bundle_that_is_damaged_on_the_shelf_or_of_a_later_schema_is_one_line(bundle: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    sharing.push(bundle, str(shelf), "tissues@1")
    (shelf / "tissues/1/model.safetensors").write_text("v" * 200_000)
    with serving(shelf) as (url, _):
        told = CliRunner().invoke(app, ["pull", url, "tissues", "--out", str(tmp_path / "out")])
    assert told.exit_code == 1 and "sha256 is" in str(told.exception) and "\n" not in str(told.exception)
    index = json.loads((shelf / INDEX).read_text())
    index["entries"][0]["schema_version"] = 2
    (shelf / INDEX).write_text(json.dumps(index))
    with pytest.raises(SharingFault, match=r"tissues@1 of .* bundle of schema version 2, this program reads version 1; install a newer"):
        sharing.pull(str(shelf), "tissues", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_push_and_pull_on_the_command_line_say_what_is_deprecated(bundle: Path, tmp_path: Path) -> None:
    shelf = str(tmp_path / "shelf")
    made = CliRunner().invoke(app, ["push", str(bundle), shelf, "--as", "tissues@1"])
    assert made.exit_code == 0 and "tissues@1 published: simulated: 6 tissues, 1,500 genes" in made.output
    deprecate(shelf, "tissues@1", "trained on swapped labels")
    assert str(read_catalogue(shelf).entries[0].deprecated) == "deprecated: trained on swapped labels"
    told = CliRunner().invoke(app, ["pull", shelf, "tissues@1", "--out", str(tmp_path / "out")])
    assert told.exit_code == 0 and "note: tissues@1 is deprecated: trained on swapped labels" in told.output
    assert held(tmp_path / "out") == held(bundle)


def test_a_model_of_the_hub_is_brought_by_its_manifest(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra `hub` is not installed")
    away = Path(shutil.copytree(bundle, tmp_path / "away"))
    (away / ".gitattributes").write_text("of the hub")
    (away / "pytorch_model.bin").write_text("is not in the manifest, and must not come")
    with hub(away, "lab/tissues") as (url, asked):
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", url, raising=False)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
        entry, _ = sharing.pull("hf://lab/tissues", "", tmp_path / "out")
        assert held(tmp_path / "out") == held(bundle) and not any("pytorch_model.bin" in line for line in asked if "resolve" in line)
        assert entry.version == COMMIT[:12]
        (away / "model.safetensors").write_text("v" * 200_000)
        with pytest.raises(
            BundleDamaged, match=r"^hf://lab/tissues: 1 of 3 files are not as they were exported: model.safetensors was changed"
        ):
            sharing.pull("hf://lab/tissues", "", tmp_path / "again")
        with pytest.raises(ModellingError, match=r"hf://lab/other: .*404.*; check the name"):
            sharing.pull("hf://lab/other", "", tmp_path / "again")
        assert not (tmp_path / "again").exists()
    with pytest.raises(ModellingError, match="give hf://ORG/NAME"):
        sharing.pull("hf://tissues", "", tmp_path / "again")
