"""A release without expression: labels, samples, evidence, facts and the database, under a manifest of its own that names the whole release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curation.audit import DATABASE
from curation.blocks import PAGES
from curation.build_report import REPORT
from curation.crate import CITATION, write_crate
from curation.errors import CurationError
from curation.query.samples import SAMPLES
from curation.release import BadRelease, read_manifest, write_manifest
from curation.remote.place import Place, Remote
from curation.seal import release_id
from curation.tables import EVIDENCE, FACTS, FUNNEL, LABELS
from profiles.sharing.entry import Item
from profiles.sharing.publish import copy_files

LABELS_OF = "labels_of"  # in the manifest: the id of the release whose labels these are
FILES = (CITATION, DATABASE, EVIDENCE, FACTS, FUNNEL, LABELS, REPORT, SAMPLES)


class NoExpression(CurationError):
    """Expression is asked of a release that holds labels only."""


def is_labels_only(manifest: Mapping[str, Any]) -> bool:
    """Whether a release was published without expression."""
    return LABELS_OF in manifest


def refuse_without_expression(place: Place) -> None:
    """Raise NoExpression for a release that holds labels only."""
    try:
        manifest = read_manifest(place) if isinstance(place, Remote) or place.is_dir() else {}
    except BadRelease:
        return  # a folder with a compendium and no manifest may be read too
    if is_labels_only(manifest):
        raise NoExpression(
            f"{place} holds labels and no expression; the release that they are of has the id {str(manifest[LABELS_OF])[:64]}: pull that one, or build it"
        )


def write_labels_only(release: Path, draft: Path) -> None:
    """Write the labels of a release into an empty folder. Raises BadRelease, SharingFault for a file that is not what the manifest says."""
    manifest = read_manifest(release)
    rows = {row["file"]: Item(row["file"], row["bytes"], row["sha256"]) for row in manifest["outputs"]}
    if missing := [name for name in (DATABASE, LABELS, SAMPLES) if name not in rows]:
        raise BadRelease(f"{release} holds no {' and no '.join(missing)}; build it again with this version, then publish its labels")
    copy_files(release, draft, [rows[name] for name in FILES if name in rows], f"manifest.json lists it; see `curate validate {release}`")
    content = {name: value for name, value in manifest.items() if name not in ("outputs", PAGES)}
    write_manifest(draft, content | {LABELS_OF: release_id(release)})
    write_crate(draft, read_manifest(draft))
