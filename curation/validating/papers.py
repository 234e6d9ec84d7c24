"""What a release says on paper: its manifest, the RO-Crate, and what both say of the build."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from curation.build import COMPENDIUM, DATABASE, PACKAGES, make_build_id
from curation.build_report import REPORT
from curation.catalogue import UNSTATED, SourceCard, read_sources
from curation.config import SCHEMA_VERSION, BuildConfig
from curation.crate import CITATION, REFERENCES, citation_text, crate
from curation.digests import FileDigests, digests
from curation.mark import CRATE, MANIFEST
from curation.matrix.assembly import CHECKSUMS
from curation.matrix.by_gene import BY_GENE
from curation.matrix.counts import COUNTS
from curation.query.samples import SAMPLES
from curation.release import LABELS_OF, sha256
from curation.resources import ontology_folder
from curation.tables import EVIDENCE, FACTS, FUNNEL, LABELS
from curation.validating.finding import first
from profiles import filenames
from profiles.blocks import BLOCKS, DIGEST_BYTES, PAGES, block_digests, held_blocks, hex_digests, n_blocks

ALWAYS = {BLOCKS, CITATION, CHECKSUMS, COMPENDIUM, DATABASE, EVIDENCE, FACTS, FUNNEL, LABELS, REPORT, SAMPLES}
OF_MATRIX = {CHECKSUMS, COMPENDIUM}
NAMED = ALWAYS | {BY_GENE, COUNTS}
KINDS: dict[str, type | tuple[type, ...]] = {
    "schema_version": int, "build_id": str, "previous": (str, type(None)), "created": str, "parameters": dict, "inputs": list, "versions": dict,
    "notes": list, "stages": list, "sources_used": list, "outputs": list, PAGES: list,
}  # fmt: skip
OF_CARDS = ("license", "citation")  # what the crate takes from sources.tsv
Manifest = Mapping[str, Any]


def files(folder: Path, manifest: Manifest, read: dict[str, FileDigests]) -> tuple[bool, str]:
    """Every file has size and checksum of the manifest, none is missing, and nothing lies beside them: no file, link or folder.

    The digests of the files go to `read`: those of their blocks come from the same reading.
    """
    rows = manifest["outputs"]
    if outside := [
        f"{filenames.shown(row['file'])}: {why}" for row in rows if (why := filenames.fault_in(folder, row["file"], nested=True))
    ]:
        return False, f"{len(outside)} of {len(rows)} names are none of a file in it{first(outside)}"
    names = [row["file"] for row in rows]
    twice = [name for name, n in Counter(names).items() if n > 1]
    wrong = [row["file"] for row in rows if not _is_as_said(folder / row["file"], row, read)]
    parents = {parent.as_posix() for name in names for parent in Path(name).parents}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    known = {*names, MANIFEST, CRATE}
    strange = sorted(name for name, path in found.items() if name not in (parents if path.is_dir() and not path.is_symlink() else known))
    always, named = (ALWAYS - OF_MATRIX, ALWAYS - OF_MATRIX) if LABELS_OF in manifest else (ALWAYS, NAMED)
    lost, foreign = sorted(always - set(names)), sorted(set(names) - named)
    answer = f"{len(rows)} files, {len(wrong)} missing or changed{first(wrong)}, {len(strange)} not in the manifest{first(strange)}"
    for what, which in (("listed twice", twice), ("not listed", lost), ("listed that no build writes", foreign)):
        answer += f", {len(which)} {what}{first(which)}" if which else ""
    return not (wrong or strange or twice or lost or foreign), answer


def checksums(folder: Path, manifest: Manifest) -> tuple[bool, str]:
    """Every file that a manifest of any schema names has its size and checksum."""
    rows = manifest["outputs"]
    wrong = [filenames.shown(row["file"]) for row in rows if filenames.fault(row["file"]) or not _is_as_said(folder / row["file"], row, {})]
    return not wrong, f"{len(rows) - len(wrong)} of {len(rows)} have the checksum of its {MANIFEST}{first(wrong)}"


def _is_as_said(path: Path, row: Mapping[str, Any], read: dict[str, FileDigests]) -> bool:
    if not path.is_file() or path.stat().st_size != row["bytes"]:
        return False
    read[row["file"]] = digests(path)
    return bool(read[row["file"]].sha256 == row["sha256"])


def blocks(folder: Path, manifest: Manifest, read: Mapping[str, FileDigests]) -> tuple[bool, str]:
    """blocks.sha256 holds the checksum of every block of every file, and the manifest those of its own blocks. `read` has files that were read."""
    held = held_blocks(folder, manifest["outputs"])
    wrong = sorted(
        name
        for name, said in held.items()
        if filenames.fault_in(folder, name, nested=True) or (read.get(name) or digests(folder / name)).blocks != said
    )
    text = (folder / BLOCKS).read_bytes()
    if manifest[PAGES] != hex_digests(block_digests(text)):
        wrong.append(f"{PAGES} of the manifest")
    n = sum(n_blocks(row["bytes"]) for row in manifest["outputs"] if row["file"] != BLOCKS)
    if len(text) != DIGEST_BYTES * n:
        wrong.append(BLOCKS)
    return not wrong, f"{n:,} blocks, {len(wrong)} files wrong{first(wrong)}"


def form(manifest: Manifest) -> tuple[bool, str]:
    """The entries of a manifest, each of its kind, and no others."""
    wrong = [f"no {name}" for name in KINDS.keys() - manifest.keys()]
    wrong += [f"{name} is unknown" for name in manifest.keys() - KINDS.keys() - {LABELS_OF}]
    wrong += [] if re.fullmatch("[0-9a-f]{64}", str(manifest.get(LABELS_OF, "0" * 64))) else [f"{LABELS_OF} is no id of a release"]
    wrong += [
        f"{name} is {type(manifest[name]).__name__}"
        for name in KINDS.keys() & manifest.keys()
        if not isinstance(manifest[name], KINDS[name])
    ]
    if not wrong:
        wrong = [
            f"{what} {row!r}" for what in ("inputs", "outputs") for row in manifest[what] if not _is_row(row, has_source=what == "inputs")
        ]
        versions = {"bulkatlas", "python", *PACKAGES}
        wrong += [f"version of {name}" for name in versions ^ manifest["versions"].keys()]
        wrong += [f"version {name} {text!r}" for name, text in manifest["versions"].items() if not re.fullmatch(r"\d+(\.\w+)+", str(text))]
        wrong += [] if datetime.fromisoformat(manifest["created"]).tzinfo else [f"created {manifest['created']}"]
        wrong += (
            [] if manifest["schema_version"] == SCHEMA_VERSION else [f"schema_version {manifest['schema_version']}, not {SCHEMA_VERSION}"]
        )
    return not wrong, f"{len(KINDS)} entries, {len(wrong)} wrong{first(sorted(wrong))}"


def _is_row(row: Any, *, has_source: bool) -> bool:
    keys = {"file", "bytes", "sha256"} | ({"source"} if has_source else set())
    if not isinstance(row, dict) or row.keys() != keys or not isinstance(row["bytes"], int):
        return False
    names = [row["file"], *([row["source"]] if has_source else [])]
    return bool(re.fullmatch("[0-9a-f]{64}", str(row["sha256"]))) and not any(filenames.fault(name) for name in names)


def parameters(manifest: Manifest) -> tuple[bool, str]:
    """The parameters are all those of a build, and each within its range."""
    said = manifest["parameters"]
    config = config_of(manifest)
    wrong = sorted(
        name for name in config.parameters().keys() | said.keys() if config.parameters().get(name, "none") != said.get(name, "lost")
    )
    return not wrong, f"{len(said)} parameters, {len(wrong)} wrong{first(wrong)}"


def config_of(manifest: Manifest) -> BuildConfig:
    """The parameters of a manifest. Raises TypeError, BadParameter for what are none."""
    lists = ("licences", "locus_groups")
    given: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in manifest["parameters"].items()}
    return BuildConfig(**given)


def build_id(manifest: Manifest) -> tuple[bool, str]:
    """The build's id is made of the program's version, the parameters, the inputs and the build before."""
    made = make_build_id(
        manifest["versions"]["bulkatlas"], manifest["schema_version"], manifest["parameters"], manifest["inputs"], manifest["previous"]
    )
    said = str(manifest["build_id"])
    return made == said, f"{made}, as stated" if made == said else f"{made}, but {said[:16]!r} is stated"


def cards_of(manifest: Manifest) -> dict[str, SourceCard] | None:
    """The cards of the sources, where sources.tsv here is the one of the build."""
    said = {row["sha256"] for row in manifest["inputs"] if (row["source"], row["file"]) == ("ontology", "sources.tsv")}
    return read_sources() if said == {sha256(ontology_folder() / "sources.tsv")} else None


def ro_crate(folder: Path, manifest: Manifest) -> tuple[bool, str]:
    """The RO-Crate is the one that these files and this manifest give, entity by entity."""
    cards = cards_of(manifest)
    names = {*manifest["sources_used"], *REFERENCES, *(row["source"] for row in manifest["inputs"])}
    neutral = {name: SourceCard(name, "own", "8", name, "", UNSTATED, "", "", "", "") for name in names}
    ours = crate(folder, manifest, cards or neutral)
    theirs = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    mine, held = (_entities(content["@graph"], with_cards=cards is not None) for content in (ours, theirs))
    wrong = sorted(name for name in mine.keys() | held.keys() if mine.get(name) != held.get(name))
    if theirs.keys() != ours.keys() or theirs["@context"] != ours["@context"]:
        wrong.append("its context")
    if MANIFEST not in held:
        return False, f"it does not name {MANIFEST} by its checksum"
    without = "" if cards else "; licences and citations are not compared: sources.tsv here is another than the build's"
    return not wrong, f"{len(mine)} entities, {len(wrong)} differ{first(wrong)}{without}"


def _entities(graph: list[dict[str, Any]], *, with_cards: bool) -> dict[str, Any]:
    """The entities by id, each with how often it stands there; without what comes from sources.tsv, if so asked."""
    n = Counter(str(entity["@id"]) for entity in graph)
    if with_cards:
        return {entity["@id"]: (n[entity["@id"]], entity) for entity in graph}
    links = {link["@id"] for entity in graph for name in OF_CARDS for link in _as_list(entity.get(name))}
    plain = {
        entity["@id"]: {key: value for key, value in entity.items() if key not in OF_CARDS}
        for entity in graph
        if entity["@id"] not in links
    }
    return {name: (n[name], entity) for name, entity in plain.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def citation(folder: Path, manifest: Manifest) -> tuple[bool, str]:
    """CITATION.txt is what is to be cited for the sources."""
    cards = cards_of(manifest)
    if cards is None:
        return True, "not compared: sources.tsv here is another than the build's"
    same = (folder / CITATION).read_text(encoding="utf-8") == citation_text(manifest["sources_used"], cards)
    return same, f"{len(manifest['sources_used'])} sources" + ("" if same else ", the text differs")


def ontology(manifest: Manifest, folder: Path) -> tuple[bool, str]:
    """The tables of an ontology folder are those that the build read."""
    from curation.ontology import content_files

    said = {row["file"]: row["sha256"] for row in manifest["inputs"] if row["source"] == "ontology"}
    here = {path.name: sha256(path) for path in content_files(folder)}
    wrong = sorted(name for name in said.keys() | here.keys() if said.get(name) != here.get(name))
    return not wrong, f"{len(here)} files, {len(wrong)} differ{first(wrong)}"
