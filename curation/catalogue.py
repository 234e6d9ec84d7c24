"""The known sources: layout, licence and citation (ontology/sources.tsv), and where they are downloaded (ontology/downloads.tsv)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from curation.errors import CurationError
from curation.resources import ontology_folder
from profiles import filenames
from profiles.nearest import near

UNSTATED = "NOASSERTION"
ARCHIVE, PROJECT, OWN, REFERENCE = ROLES = ("archive", "project", "own", "reference")


class CatalogueFault(CurationError):
    """A table of sources or downloads is not what it should be, or does not hold what was asked for."""


@dataclass(frozen=True)
class SourceCard:
    """One row of sources.tsv. `licence` is an SPDX id, LicenseRef-... or NOASSERTION; `commercial_use` is yes, no or unstated.

    `role` is archive, project, own (see sql/schema/source.sql) or reference; the first three enter the funnel at `funnel_step`.
    """

    source: str
    role: str
    funnel_step: str
    title: str
    layout: str
    licence: str
    licence_url: str
    commercial_use: str
    citation: str
    doi: str

    @property
    def is_data(self) -> bool:
        """Whether samples come from it."""
        return self.role != REFERENCE


@dataclass(frozen=True)
class Download:
    """One row of downloads.tsv: `kind` is file or gdc:PROGRAM; `n_bytes` and `checksum` (algorithm:hex) may be empty: not published."""

    source: str
    variant: str
    release: str
    file: str
    url: str
    n_bytes: str
    checksum: str
    kind: str
    note: str


def _rows(path: Path, names: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
            found = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueFault(f"{path} cannot be read: {error}") from error
    if found != names:
        raise CatalogueFault(f"{path.name} has the columns {', '.join(found)[:300]}; it needs {', '.join(names)} in this order")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise CatalogueFault(f"{path.name} line {number} does not have {len(names)} tab-separated fields")
    return rows


def read_sources(path: Path | None = None) -> dict[str, SourceCard]:
    """Source name -> card, in the order of the table. Raises CatalogueFault."""
    names = tuple(field.name for field in fields(SourceCard))
    table = path or ontology_folder() / "sources.tsv"
    cards = {row["source"]: SourceCard(**row) for row in _rows(table, names)}
    for card in cards.values():
        if card.role not in ROLES or card.is_data != card.funnel_step.isdigit() or (card.role == "archive") != (card.funnel_step == "1"):
            raise CatalogueFault(
                f"{table.name}: {card.source} has role {card.role!r} and funnel_step {card.funnel_step!r}; an archive enters at step 1, "
                "a project or own samples at 5 to 8, a reference nowhere"
            )
    return cards


def read_downloads(path: Path | None = None) -> list[Download]:
    """All downloads, in the order of the table; the last release of a variant is its default. Raises CatalogueFault."""
    columns = tuple(field.name for field in fields(Download))
    table = path or ontology_folder() / "downloads.tsv"
    downloads = [Download(**row) for row in _rows(table, columns)]
    for download in downloads:
        for name in (download.source, download.file):
            if why := filenames.fault(name):
                raise CatalogueFault(f"{table.name}: {filenames.shown(name)} is not a plain file name: {why}")
        if download.n_bytes and not download.n_bytes.isdigit():
            raise CatalogueFault(f"{table.name}: n_bytes of {download.file} is {download.n_bytes!r}, not a number")
    return downloads


def choose_downloads(downloads: Iterable[Download], source: str, variant: str | None = None, release: str | None = None) -> list[Download]:
    """The files of one release of one variant; without a choice the first variant and its default release. Raises CatalogueFault."""
    known = list(downloads)
    mine = [row for row in known if row.source == source]
    if not mine:
        sources = sorted({row.source for row in known})
        raise CatalogueFault(f"no download is known for {source!r}{near(source, sources)}; known: {', '.join(sources)}")
    variants = list(dict.fromkeys(row.variant for row in mine))
    if variant is not None and variant not in variants:
        raise CatalogueFault(f"{source} has no variant {variant!r}{near(variant, variants)}; it has {', '.join(variants)}")
    mine = [row for row in mine if row.variant == (variant or variants[0])]
    releases = list(dict.fromkeys(row.release for row in mine))
    if release is not None and release not in releases:
        raise CatalogueFault(
            f"{source} ({mine[0].variant}) has no release {release!r}{near(release, releases)}; it has {', '.join(releases)}"
        )
    default = next((name for name in reversed(releases) if name != "latest"), releases[-1])
    return [row for row in mine if row.release == (release or default)]


def card_of(source: str, cards: Mapping[str, SourceCard]) -> SourceCard:
    """The row of a source of samples. Raises CatalogueFault without one: nobody could say whose samples these are and what may be done."""
    card = cards.get(source)
    if card is None or not card.is_data:
        known = ", ".join(name for name, card in cards.items() if card.is_data)
        raise CatalogueFault(
            f"{source!r} has no row in sources.tsv, which says its licence and what to cite; add one, or use one of {known}"
        )
    return card


def permitted(sources: Iterable[str], terms: str, cards: dict[str, SourceCard] | None = None) -> dict[str, bool]:
    """Source -> whether its licence meets `terms`: commercial, stated, or licence ids, comma-separated. Raises CatalogueFault."""
    known = cards or read_sources()
    wanted = {term.strip() for term in terms.split(",") if term.strip()}
    ids = {card.licence for card in known.values()}
    unknown = sorted(wanted - ids - {"commercial", "stated"})
    if unknown or not wanted:
        wrong = ", ".join(unknown) or repr(terms)
        meant = near(unknown, {*ids, "commercial", "stated"})
        raise CatalogueFault(f"unknown licence {wrong}{meant}; use commercial, stated, or one of {', '.join(sorted(ids))}")

    def allowed(source: str) -> bool:
        card = card_of(source, known)
        return (
            card.licence in wanted
            or ("commercial" in wanted and card.commercial_use == "yes")
            or ("stated" in wanted and card.licence != UNSTATED)
        )

    return {source: allowed(source) for source in sources}
