"""Names that come from outside never lead out of the folder they are meant for."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path, PureWindowsPath

import h5py
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_world import build_tiny

from curation.catalogue import Download
from curation.export import export
from curation.fetch import fetch
from curation.validate import validate
from modelling.bundle.manifest import SCHEMA_VERSION, BundleDamaged, verify
from profiles.fetching.download import DownloadFault, Patience
from profiles.filenames import fault, fault_in

BAD = [
    "", ".", "..", "../x", "../../../../x", "/etc/passwd", "a/b", "a\\b", "..\\x", "C:", "c:x", "C:\\x", "x\0", "x\n", "x\x7f", "x\u202egpj", "x\u2028",
    "CON", "nul", "NUL.tsv", "com1.txt", "LPT9", "aux .gz", "conin$", "\u2025", "\uff0e\uff0e\uff0fx", "\u2024\u2024", "a\u2215b", "a\u2044b", "a\uff3cb",
    "x.", "x ", "...", "n" * 256, "\u00e4" * 128, "\ud800",
]  # fmt: skip
GOOD = [
    "id1.rna_seq.augmented_star_gene_counts.tsv",
    "console.txt",
    "a..b",
    ".hidden",
    "Gewebe \u00e4\u00f6\u00fc.tsv",
    "\u6a19\u672c",
    "n" * 255,
    "com10",
    "GSM1+2(3).gct.gz",
]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_leads_elsewhere_is_told(name: str) -> None:
    assert fault(name)


@pytest.mark.parametrize("name", GOOD)
def test_a_plain_name_is_taken(name: str, tmp_path: Path) -> None:
    assert not fault(name)
    assert not fault_in(tmp_path, name)
    (tmp_path / name).write_text("it can be written")


@given(st.text(st.sampled_from("./\\:aC\u2025\uff0f\0 "), max_size=8))
def test_what_is_taken_is_one_part_on_both_systems(name: str) -> None:
    """Against pathlib's own reading of a path."""
    if not fault(name):
        assert Path("/home", name).parent == Path("/home")
        assert PureWindowsPath("D:/home", name).parent == PureWindowsPath("D:/home")


def test_a_link_out_of_the_folder_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (tmp_path / "home2").mkdir()
    (home / "out").symlink_to(tmp_path / "home2" / "file")
    (home / "away").symlink_to(tmp_path / "home2", target_is_directory=True)
    (home / "in").symlink_to(home / "sub")
    assert "symbolic link" in fault_in(home, "out")
    assert "symbolic link" in fault_in(home, "away/x", nested=True)
    assert not fault_in(home, "in")
    assert not fault_in(home, "sub/x", nested=True)
    assert fault_in(home, "sub/x")
    assert fault_in(home, "sub/../../x", nested=True)


def planted(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GDC answer, as if it came from the server, whose manifest names one file `name`."""
    body = b"planted"

    def answer(url: str, target: Path, **rest: object) -> None:
        if "return_type" in url:
            target.write_text(f"id\tfilename\tmd5\tsize\nid1\t{name}\t{hashlib.md5(body).hexdigest()}\t{len(body)}\n", encoding="utf-8")
        else:
            target.write_text(json.dumps({"data": {"hits": []}}))

    def one(url: str, target: Path, **rest: object) -> object:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
        raise AssertionError(f"{target} was written")

    monkeypatch.setattr("curation.gdc.download", answer)
    monkeypatch.setattr("curation.fetch.download", one)
    folder = tmp_path / "a" / "b" / "tcga"
    fetch([Download("tcga", "gdc", "1", "x", "http://127.0.0.1:9", "", "", "gdc:TCGA", "")], folder, patience=Patience(attempts=1))
    return folder


ELSEWHERE = [
    "../../../../x",
    "/tmp/x",
    "..",
    "C:x",
    "C:\\x",
    "x\0y",
    "NUL",
    "com1.tsv",
    "\u2025/x",
    "\uff0e\uff0e",
    "a\u2215b",
    "x\u202e",
    "n" * 300,
]


@pytest.mark.parametrize("name", [*ELSEWHERE, ".fetched.json"])
def test_a_manifest_of_the_gdc_cannot_name_a_file_elsewhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DownloadFault, match="1 of 1 listed files have a name that cannot be taken"):
        planted(tmp_path, name, monkeypatch)


def test_a_download_does_not_follow_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b" / "tcga"
    folder.mkdir(parents=True)
    (folder / "x.tsv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DownloadFault, match="symbolic link that leads out"):
        planted(tmp_path, "x.tsv", monkeypatch)


def test_a_release_whose_manifest_names_files_elsewhere_is_not_valid(tiny: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    release = tmp_path / "release"
    release.mkdir()
    (release / "manifest.json").write_text(
        json.dumps({"build_id": "1", "outputs": [{"file": "../secret", "sha256": hashlib.sha256(b"x").hexdigest()}]})
    )
    found = validate(release)[0]
    assert not found.is_good
    assert "names are none of a file in it" in found.answer


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_bundle_that_names_files_elsewhere_is_not_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    bundle = tmp_path / "a" / "bundle"
    bundle.mkdir(parents=True)
    stated = {name: {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}}
    content = {"schema_version": SCHEMA_VERSION, "made_by": "somebody", "files": stated}
    (bundle / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleDamaged, match="names files outside the bundle"):
        verify(bundle)


def test_no_id_of_a_sample_or_series_becomes_the_name_of_a_file(tiny: Path, tmp_path: Path) -> None:
    """Ids of an archive may be anything: they are data in every file, and the files are those of any release and export."""
    ids = [*ELSEWHERE, "a/b", "CON", "."]
    plain = [name.replace("\0", "0") for name in ids]  # HDF5 ends a text at a NUL byte
    world, home = tmp_path / "in" / "world", tmp_path / "out"
    shutil.copytree(tiny / "world", world)
    home.mkdir()
    with h5py.File(world / "archs4" / "human_gene_v2.5.h5", "r+") as file:
        for column in ("geo_accession", "series_id"):
            values = [value.decode() for value in file[f"meta/samples/{column}"][:]]
            values[20 : 20 + len(plain)] = plain
            del file[f"meta/samples/{column}"]
            file[f"meta/samples/{column}"] = [value.encode() for value in values]
    before = sorted(path for path in tmp_path.rglob("*") if home not in (path, *path.parents))
    build_tiny(world, home / "release", cap=100, ontology=tiny / "ontology")
    assert {path.name for path in (home / "release").iterdir()} == {path.name for path in (tiny / "release").iterdir()}
    for form in ("flexynesis", "csv", "parquet"):
        export(home / "release", home / form, form)
    known = {"train", "test", "gex.h5", "gex.csv", "clin.csv", "expression.parquet", "obs.parquet", "var.parquet"}
    assert {path.name for form in ("flexynesis", "csv", "parquet") for path in (home / form).rglob("*")} == known
    assert sorted(path for path in tmp_path.rglob("*") if home not in (path, *path.parents)) == before
    held = set(pl.read_parquet(home / "release" / "labels.parquet")["sample_id"])
    assert set(plain) <= held
