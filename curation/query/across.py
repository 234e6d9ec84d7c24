"""One question to every release of a catalogue: each sample once, with the release that it is taken from, and the others that hold it too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.catalogue import OWN, read_sources
from curation.database import DatabaseFault
from curation.query.answer import Answer
from curation.query.conditions import Condition
from curation.query.output import H5AD, CannotWriteAnswer, check_ending
from curation.query.samples import NothingFound, Selection, select
from curation.query.terms import UnknownName
from curation.release import BadRelease
from curation.remote.place import Place, Remote
from curation.remote.ranges import RangeFault, Web
from profiles.sharing.catalogue import Catalogue
from profiles.sharing.entry import Entry

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

KINDS = ("release", "labels")
RELEASE, ALSO = "release", "also_in"


@dataclass(frozen=True)
class Question:
    """What is asked of each release; see `curation.query.samples.select`."""

    query: str = ""
    where: str = ""
    exact: bool = False
    outside: bool = False


def ask_all(catalogue: Catalogue, asked: Question, web: Web | None = None, *, out: Path | None = None, has_genes: bool = False) -> Answer:
    """The samples of the newest version of each release that is not deprecated. Raises UnknownName, NothingFound, CannotWriteAnswer.

    The answer has the columns of `samples` behind `release` and `also_in`. A sample of an archive that several releases hold stands once, with
    what the release that was published last says; samples of people's own tables are kept apart, as their ids are nobody else's.
    """
    if out is not None:
        check_ending(out)
    if has_genes or (out is not None and out.suffix.lower() == H5AD):
        raise CannotWriteAnswer(f"expression comes of one release: ask {catalogue.place}/NAME/VERSION for it, one after the other")
    entries = sorted(catalogue.newest(KINDS), key=catalogue.entries.index, reverse=True)
    if not entries:
        raise NothingFound(f"{catalogue.place} holds no release that is not deprecated; see `curate releases {catalogue.place}`")
    notes, found = [*_left_out(catalogue, entries)], []
    faults: list[NothingFound | UnknownName] = []
    for entry in entries:
        try:
            found.append((entry, select(_place(catalogue, entry, web), asked.query, where=asked.where, exact=asked.exact, outside=True)))
        except (NothingFound, UnknownName) as fault:
            faults.append(fault)
            notes += [f"{entry}: {fault}"] if isinstance(fault, UnknownName) else []
        except (RangeFault, BadRelease, DatabaseFault) as fault:
            notes.append(f"{entry} is left out: {fault}")
    if not found:
        raise faults[0] if faults else NothingFound(f"no release of {catalogue.place} can be read: {'; '.join(notes)}")
    return _answer(found, len(entries), notes, asked)


def _answer(found: list[tuple[Entry, Selection]], n_asked: int, notes: list[str], asked: Question) -> Answer:
    import polars as pl

    rows = pl.concat([_rows(entry, selection.samples) for entry, selection in found], how="diagonal_relaxed")
    once, told = _once(rows)
    inside = once.filter(pl.col("row").is_not_null())
    n_outside = 0 if asked.outside else once.height - inside.height
    kept = once if asked.outside else inside
    if kept.height == 0:
        raise NothingFound(f"no sample meets this and is in a matrix; {n_outside:,} that are in none do: --all shows them")
    notes += [*told, f"{n_asked} releases were asked, {len(found)} have an answer: {', '.join(str(entry) for entry, _ in found)}"]
    selection = Selection(kept.to_arrow(), list(_conditions(selection for _, selection in found)), n_outside, notes)
    return Answer(selection, None, {"conditions": asked.query, "where": asked.where, "exact": asked.exact})


def _place(catalogue: Catalogue, entry: Entry, web: Web | None) -> Place:
    return Remote.open(catalogue.at(entry), web) if catalogue.is_remote else Path(catalogue.at(entry))


def _left_out(catalogue: Catalogue, asked: list[Entry]) -> Iterator[str]:
    """What of the catalogue is not asked, and why."""
    names = {entry.name for entry in asked}
    for entry in catalogue.entries:
        if entry.kind in KINDS and entry.deprecated is not None:
            yield f"{entry} is left out: {entry.deprecated}"
    older = [str(entry) for entry in catalogue.entries if entry.kind in KINDS and entry not in asked and entry.deprecated is None]
    if older:
        yield f"older versions of {len(names)} names are left out: {', '.join(older)}"


def _rows(entry: Entry, samples: pa.Table) -> pl.DataFrame:
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(samples))
    return frame.select(pl.lit(str(entry)).alias(RELEASE), pl.lit("").alias(ALSO), *frame.columns)


def _once(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Each sample once, rows of a matrix before others; and what is to be said of those that stand in several releases."""
    import polars as pl

    own = [name for name, card in read_sources().items() if card.role == OWN]
    is_own = pl.col("source").is_in(own)
    marked = rows.with_columns(pl.when(is_own).then(pl.col(RELEASE)).otherwise(pl.lit("")).alias("of"))
    key, order = ["of", "source", "sample_id"], pl.col("row").is_null()
    groups = marked.sort(order, maintain_order=True).group_by(key, maintain_order=True)
    others = pl.col(RELEASE).slice(1).str.join(", ").alias(ALSO)
    first = groups.agg(pl.all().exclude(ALSO).first(), others, pl.col("tissue").n_unique().alias("n_tissues"))
    twice = first.filter(pl.col(ALSO) != "")
    told = []
    if twice.height:
        differ = int((twice["n_tissues"] > 1).sum())
        told.append(
            f"{twice.height:,} samples stand in several releases and are counted once, as the last published one in whose matrix they are has them;"
            f" {differ:,} of them have another tissue elsewhere (column {ALSO})"
        )
    shared = marked.filter(is_own).group_by("source", "sample_id").agg(pl.col(RELEASE).n_unique().alias("n")).filter(pl.col("n") > 1)
    if shared.height:
        told.append(
            f"{shared.height:,} ids of people's own tables stand in several releases; they are kept apart: nobody says that they are the same"
        )
    return first.select(rows.columns), told


def _conditions(selections: Iterator[Selection]) -> Iterator[tuple[Condition, int]]:
    """What each condition was taken for, in the first release that knew it; rows of all releases together."""
    for together in zip(*(selection.conditions for selection in selections), strict=True):
        first = together[0][0]
        yield replace(first, meaning=f"{first.meaning}, in all releases together"), sum(n for _, n in together)
