"""Releases in a catalogue: what is said of one there, how one is put in, and how one is brought from it and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from curation.catalogue import UNSTATED, read_sources
from curation.labels_only import write_labels_only
from curation.mark import CRATE, MANIFEST
from curation.query.samples import SAMPLES
from curation.release import LABELS_OF, BadRelease, read_columns, read_manifest, sha256
from curation.seal import release_id
from curation.tables import LABELS
from profiles import filenames
from profiles.fetching.bars import Watch
from profiles.fetching.download import Patience
from profiles.sharing.catalogue import read_catalogue
from profiles.sharing.entry import Entry, Item, Kind, SharingFault
from profiles.sharing.lone import address_in, paper
from profiles.sharing.publish import copy_files, publish
from profiles.sharing.pull import Pulled, arriving, bring, free_place
from profiles.versions import newer_release

KINDS: tuple[Kind, ...] = ("release", "labels")
SEE = "manifest.json lists it; see `curate validate {}`"


def publish_release(release: Path, target: str, wanted: str, *, labels_only: bool = False) -> tuple[Entry, bool]:
    """Put a release, or its labels only, into a catalogue; returns its entry, and whether it is new. Raises BadRelease, SharingFault."""
    read_manifest(release)
    whole = release_id(release)
    return publish(
        target,
        wanted,
        partial(_fill, release, labels_only=labels_only),
        lambda entry: entry.of == whole if labels_only else entry.id == whole,
        release,
    )


def _fill(release: Path, draft: Path, *, labels_only: bool) -> Entry:
    if labels_only and LABELS_OF not in read_manifest(release):
        write_labels_only(release, draft)
        return entry_of(draft)
    entry = entry_of(release)
    copy_files(release, draft, entry.files, SEE.format(release))
    return entry


def entry_of(release: Path) -> Entry:
    """What a catalogue says of a release folder; its files as the manifest has them. Name, version and day are left open. Raises BadRelease."""
    manifest = read_manifest(release)
    listed = {row["file"] for row in manifest["outputs"]}  # releases of schema 1 list their RO-Crate
    papers = [Item(name, (release / name).stat().st_size, sha256(release / name)) for name in (CRATE, MANIFEST) if name not in listed]
    cards, sources = read_sources(), list(manifest["sources_used"])
    return Entry(
        name="",
        version="",
        kind="labels" if LABELS_OF in manifest else "release",
        id=release_id(release),
        schema_version=int(manifest["schema_version"]),
        made_by=f"bulkatlas {manifest['versions']['bulkatlas']}",
        published="",
        licences={name: cards[name].licence if name in cards else UNSTATED for name in sources},
        files=tuple(sorted([*_items(manifest), *papers], key=lambda item: item.file)),
        about=_about(release, manifest, sources),
        of=str(manifest.get(LABELS_OF, "")),
    )


def _about(release: Path, manifest: Mapping[str, Any], sources: list[str]) -> str:
    """How many samples of which sources, in a few words."""
    simulated = "simulated: " if any("simulated" in row["file"].lower() for row in manifest["inputs"]) else ""
    for name, column in ((SAMPLES, "row"), (LABELS, "matrix_row")):  # schema 1 has no samples.parquet
        if (release / name).is_file():
            rows = read_columns(release / name, [column])[column]
            return f"{simulated}{len(rows) - rows.null_count:,} samples of {', '.join(sources)}, and {rows.null_count:,} outside the matrix"
    return f"{simulated}{', '.join(sources)}"


def _items(manifest: Mapping[str, Any]) -> list[Item]:
    try:
        items = [Item(str(row["file"]), int(row["bytes"]), str(row["sha256"])) for row in manifest["outputs"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRelease(f"a manifest does not state file, bytes and sha256 of each output ({error!r}); the release is damaged") from error
    if wrong := [f"{filenames.shown(item.file)}: {why}" for item in items if (why := filenames.fault(item.file))]:
        raise BadRelease(f"a manifest lists {len(wrong)} names that are none of a file ({wrong[0]})")
    return items


Address = Callable[[str], str]


def chosen(source: str, wanted: str, patience: Patience | None = None) -> tuple[Entry, Address]:
    """The version of a catalogue that a name means, and where its files lie. Raises NoCatalogue, SharingFault, also for one of a newer program."""
    catalogue = read_catalogue(source, patience)
    entry = catalogue.choose(wanted, KINDS)
    if why := newer_release(entry.schema_version):
        raise SharingFault(f"{entry} of {catalogue.place} {why}")
    return entry, partial(catalogue.at, entry)


def lone(source: str, patience: Patience | None = None) -> tuple[Entry, Address]:
    """A release that lies by itself in a folder or at an address. Raises SharingFault, BadRelease, DownloadFault."""
    with paper(source, MANIFEST, KINDS, patience) as folder:
        manifest = read_manifest(folder)
    items = _items(manifest)
    items += [Item(name, 0, "") for name in (MANIFEST, CRATE) if name not in {item.file for item in items}]
    return Entry("", "", "release", "", int(manifest["schema_version"]), "", "", {}, tuple(items)), address_in(source)


def pull_release(
    source: str, wanted: str, out: Path, *, expect: str = "", patience: Patience | None = None, watch: Watch | None = None
) -> tuple[Entry, Pulled]:
    """Bring a release into a new folder. Without `wanted`, `source` is the release itself. Raises SharingFault, BadRelease, DownloadFault."""
    free_place(out)
    entry, address = chosen(source, wanted, patience) if wanted else lone(source, patience)
    with arriving(out) as part:
        pulled = bring(entry.files, address, part, patience=patience, watch=watch)
        _check(part, entry, f"{entry} of {source}" if entry.name else source, expect.strip().lower())
        found = replace(entry_of(part), name=entry.name, version=entry.version, published=entry.published, deprecated=entry.deprecated)
    return found, pulled


def _check(part: Path, entry: Entry, said: str, expect: str) -> None:
    """Index, manifest and files tell of one release. Raises SharingFault."""
    listed = {item.file: item for item in entry.files}
    other = [item.file for item in _items(read_manifest(part)) if listed.get(item.file) != item]
    if other:
        raise SharingFault(f"{said}: index and {MANIFEST} disagree about {len(other)} files (first: {other[0]}); ask who publishes it")
    found = release_id(part)
    for wanted in filter(None, (entry.id, expect)):
        if found != wanted:
            raise SharingFault(
                f"{said}: its id is {found}, not {wanted[:64]}; it is not the release that is expected: ask who publishes it"
            )
