"""A release without expression: labels, samples, evidence, facts and the database, under a manifest of its own that names the whole release."""

from __future__ import annotations

from pathlib import Path

from curation.audit import DATABASE
from curation.build_report import REPORT
from curation.crate import CITATION, write_crate
from curation.query.samples import SAMPLES
from curation.release import LABELS_OF, BadRelease, read_manifest, write_manifest
from curation.seal import release_id
from curation.tables import EVIDENCE, FACTS, FUNNEL, LABELS
from profiles.blocks import PAGES
from profiles.sharing.entry import Item
from profiles.sharing.publish import copy_files

FILES = (CITATION, DATABASE, EVIDENCE, FACTS, FUNNEL, LABELS, REPORT, SAMPLES)


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
