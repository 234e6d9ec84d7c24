"""Bundles in a catalogue, or on the Hugging Face hub: put in once, and brought whole, every file as it was exported."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from modelling.bundle.manifest import MANIFEST, SCHEMA_VERSION, BundleDamaged, BundleError, listed, verify
from modelling.errors import ModellingError
from profiles.fetching.bars import Watch
from profiles.fetching.download import Patience
from profiles.plain_json import NoObject, read_object
from profiles.sharing.catalogue import read_catalogue
from profiles.sharing.entry import Entry, Item, Kind, SharingFault
from profiles.sharing.lone import address_in, paper
from profiles.sharing.publish import copy_files, publish
from profiles.sharing.pull import Pulled, arriving, bring, clear, free_place

KINDS: tuple[Kind, ...] = ("model",)
HUB = "hf://"
ON_HUB = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
LICENCE = re.compile(r"\A---\n(?:.*\n)*?license: *(\S+) *\n", re.MULTILINE)

Address = Callable[[str], str]


def push(bundle: Path, target: str, wanted: str) -> tuple[Entry, bool]:
    """Put a bundle into a catalogue; returns its entry, and whether it is new. Raises BundleError, BundleDamaged, SharingFault."""
    manifest = verify(bundle)
    entry = entry_of(bundle, manifest)

    def fill(draft: Path) -> Entry:
        copy_files(bundle, draft, entry.files, f"{MANIFEST} lists it; export the run again")
        return entry

    return publish(target, wanted, fill, lambda known: known.id == entry.id, bundle)


def entry_of(bundle: Path, manifest: Mapping[str, Any]) -> Entry:
    """What a catalogue says of a bundle; name, version and day are left open."""
    said = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    items = [*_items(manifest), Item(MANIFEST, (bundle / MANIFEST).stat().st_size, said)]
    found = (
        LICENCE.search((bundle / "README.md").read_text(encoding="utf-8", errors="replace")) if (bundle / "README.md").is_file() else None
    )
    return Entry(
        name="",
        version="",
        kind="model",
        id=said,
        schema_version=manifest["schema_version"],
        made_by=str(manifest["made_by"]),
        published="",
        licences={"weights": found[1] if found else "unknown"},
        files=tuple(sorted(items, key=lambda item: item.file)),
        about=_about(bundle),
    )


def _items(manifest: Mapping[str, Any]) -> list[Item]:
    return [Item(name, stated["bytes"], stated["sha256"]) for name, stated in manifest["files"].items()]


def _about(bundle: Path) -> str:
    """Its size in the words of its config.json."""
    try:
        content = read_object(bundle / "config.json")
        sizes, details = content["sizes"], content["details"]
        simulated = "simulated: " if details.get("simulated") else ""
        return f"{simulated}{int(sizes['n_tissues'])} tissues, {int(sizes['n_genes']):,} genes, build {details.get('build_id') or 'not stated'}"
    except (NoObject, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{bundle}/config.json: is damaged; export the run again") from error


def pull(source: str, wanted: str, out: Path, *, patience: Patience | None = None, watch: Watch | None = None) -> tuple[Entry, Pulled]:
    """Bring a bundle into a new folder. Without `wanted`, `source` is the bundle itself. Raises BundleError, SharingFault, DownloadFault."""
    free_place(out)
    if source.startswith(HUB):
        return _from_hub(source, out)
    entry, address = _chosen(source, wanted, patience) if wanted else _lone(source, patience)
    with arriving(out) as part:
        pulled = bring(entry.files, address, part, patience=patience, watch=watch)
        return _checked(part, entry, source), pulled


def _chosen(source: str, wanted: str, patience: Patience | None) -> tuple[Entry, Address]:
    catalogue = read_catalogue(source, patience)
    entry = catalogue.choose(wanted, KINDS)
    if entry.schema_version > SCHEMA_VERSION:
        raise SharingFault(
            f"{entry} of {source} is a bundle of schema version {entry.schema_version}, this program reads version {SCHEMA_VERSION};"
            " install a newer bulkatlas"
        )
    return entry, partial(catalogue.at, entry)


def _lone(source: str, patience: Patience | None) -> tuple[Entry, Address]:
    with paper(source, MANIFEST, KINDS, patience) as folder:
        files = (*_items(listed(folder)), Item(MANIFEST, 0, ""))
    return Entry("", "", "model", "", SCHEMA_VERSION, "", "", {}, files), address_in(source)


def _checked(part: Path, entry: Entry, source: str) -> Entry:
    """Index, manifest and files tell of one bundle. Raises BundleDamaged, SharingFault."""
    found = entry_of(part, verify(part))
    if entry.id and (found.id != entry.id or set(found.files) != set(entry.files)):
        raise SharingFault(f"{entry} of {source}: index and {MANIFEST} disagree; ask who publishes it")
    return replace(found, name=entry.name, version=entry.version, published=entry.published, deprecated=entry.deprecated)


def _from_hub(source: str, out: Path) -> tuple[Entry, Pulled]:
    """hf://ORG/NAME[@REVISION]: what the manifest lists of one commit; the hub's client resumes what was cut, HF_ENDPOINT and HF_TOKEN are heeded."""
    named = ON_HUB.fullmatch(source)
    if not named:
        raise ModellingError(f"{source} is no model of the hub; give hf://ORG/NAME, or hf://ORG/NAME@REVISION")
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    with arriving(out) as part:
        try:
            commit = str(HfApi().model_info(named[1], revision=named[2]).sha)
            hf_hub_download(named[1], MANIFEST, revision=commit, local_dir=part)
            items = _items(listed(part))
            snapshot_download(named[1], revision=commit, local_dir=part, allow_patterns=[*(item.file for item in items), MANIFEST])
        except (HfHubHTTPError, OSError, ValueError) as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModellingError(
                f"{source}: {said}; check the name, HF_TOKEN for a model that is not public, or run again to go on"
            ) from error
        shutil.rmtree(part / ".cache", ignore_errors=True)
        try:
            found = replace(entry_of(part, verify(part)), name=named[1].replace("/", "-"), version=commit[:12])
        except BundleDamaged as error:
            clear(part, ())  # the hub sent what it has: it would come again
            raise BundleDamaged(str(error).replace(str(part), source)) from error
    return found, Pulled(found.bytes, 0)
