"""The list of a bundle's files with their sizes and checksums: written on export, checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelling.errors import ModellingError
from profiles import __version__, filenames
from profiles.plain_json import NoObject, read_object

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1


class BundleError(ModellingError):
    """The folder is not a complete run."""


class BundleDamaged(BundleError):
    """A file of a bundle is missing, cut short or changed."""


def write_manifest(folder: Path, names: Sequence[str]) -> None:
    """Write manifest.json for the files `names` of a bundle."""
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)} for name in names}
    content = {"format": "bulkatlas bundle", "schema_version": SCHEMA_VERSION, "made_by": f"bulkatlas {__version__}", "files": files}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: str | Path, needed: Sequence[str] = ()) -> dict[str, Any]:
    """Check every file of a bundle against its manifest and return the manifest: all of `needed` are listed, all listed are as they were exported,
    nothing lies beside them (but hidden files, which nobody reads). BundleDamaged names what is wrong.
    """
    folder = Path(folder)
    manifest = listed(folder)
    files = manifest["files"]
    wrong = [said for name, stated in files.items() if (said := _wrong(folder / name, stated))]
    if wrong:
        raise BundleDamaged(
            f"{folder}: {len(wrong)} of {len(files)} files are not as they were exported: {'; '.join(wrong[:5])}; get the bundle again"
        )
    _refuse_beside(folder, files, needed)
    return manifest


def listed(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle, of this schema and with names of files only; the files are not looked at. Raises BundleError, BundleDamaged."""
    if not (folder / MANIFEST).is_file():
        raise BundleError(f"{folder}: has no {MANIFEST}: not a bundle; make one from a run with `model export RUN --to FOLDER`")
    manifest, version, files = _read(folder / MANIFEST)
    if version != SCHEMA_VERSION:
        is_newer = isinstance(version, int) and version > SCHEMA_VERSION
        advice = "install a newer bulkatlas" if is_newer else f"its run is needed: `model export RUN --to {folder}-new`"
        raise BundleError(f"{folder}: bundle of schema version {str(version)[:40]}, this program reads version {SCHEMA_VERSION}; {advice}")
    # Links are not followed up: the cache of a model hub holds every file as a link to a folder of blobs, and files are read here, not written.
    if outside := [f"{filenames.shown(name)}: {why}" for name in files if (why := filenames.fault(name))]:
        raise BundleDamaged(f"{folder}/{MANIFEST}: names files outside the bundle ({outside[0]}); get the bundle again")
    return manifest


def _read(path: Path) -> tuple[dict[str, Any], Any, dict[str, dict[str, Any]]]:
    """The manifest, its version, and what it states of each file. Raises BundleDamaged."""
    try:
        manifest = read_object(path)
    except (NoObject, OSError) as error:
        raise BundleDamaged(f"{path}: is damaged: it {error}; get the bundle again") from error
    files = manifest.get("files")
    whole = isinstance(files, dict) and all(
        isinstance(stated, dict) and isinstance(stated.get("bytes"), int) and isinstance(stated.get("sha256"), str)
        for stated in files.values()
    )
    if not whole or not isinstance(files, dict) or "schema_version" not in manifest or not isinstance(manifest.get("made_by"), str):
        raise BundleDamaged(f"{path}: is damaged: it does not state the bytes and sha256 of each file; get the bundle again")
    return manifest, manifest["schema_version"], files


def _refuse_beside(folder: Path, listed: Mapping[str, Any], needed: Sequence[str]) -> None:
    if absent := [name for name in needed if name not in listed]:
        raise BundleDamaged(
            f"{folder}/{MANIFEST}: does not list {', '.join(absent)}, without which there is no model; get the bundle again"
        )
    beside = sorted(path.name for path in folder.iterdir() if path.name not in {*listed, MANIFEST} and not path.name.startswith("."))
    if beside:
        raise BundleDamaged(
            f"{folder}: holds {len(beside)} files that its {MANIFEST} does not list ({', '.join(beside[:3])}); move them away"
        )


def _wrong(path: Path, stated: dict[str, Any]) -> str:
    if not path.is_file():
        return f"{path.name} is missing"
    size = path.stat().st_size
    if size != stated["bytes"]:
        return f"{path.name} has {size:,} bytes, {stated['bytes']:,} were exported"
    return "" if _sha256(path) == stated["sha256"] else f"{path.name} was changed"
