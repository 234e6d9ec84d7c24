"""One table about samples under our column names, with what was read as what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profiles.account import Account, some
from profiles.errors import MetadataFault
from profiles.limits import Limits
from profiles.metadata.accessions import id_by_value, other_species
from profiles.metadata.archives import DONORS, OWN, ROW_NAMES, SERIES, archive_of, columns_with, first_of, plain
from profiles.metadata.frame import SHOWN, Frame, without_kinds, without_prefix
from profiles.metadata.heading import below_title
from profiles.metadata.missing import missing_to_null, words_for_nothing
from profiles.metadata.reading import read_frame
from profiles.metadata.texts import TEXTS, find_texts, named_texts
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

SOME_MISSING = r"(?i)(^|,)\s*(na|n/a|nan|none|null|unknown|not applicable|missing|-|)\s*(,|$)"


@dataclass(frozen=True)
class Metadata:
    """`source`: the table as it is. `samples`: one row per sample in its order: sample_id, series_id, donor_id (missing words null) and
    the texts that the table has; `tissue_term` where the archive gives one. `notes`: what was read as what, and what was not read."""

    name: str
    archive: str
    id_column: str
    source: Frame
    samples: pl.DataFrame
    read: dict[str, list[str]] = field(default_factory=dict)  # our column -> theirs
    notes: tuple[str, ...] = ()
    text_note: str = ""  # a table of nobody's: which columns were taken for its text

    @property
    def frame(self) -> pl.DataFrame:
        """The table's own columns: stripped text, empty cells null."""
        return self.source.frame

    def account(self, also_read: Collection[str] = ()) -> Account:
        """What became of each column; `also_read`: those that the caller takes from `frame` himself."""
        account = Account(n_columns=len(self.source.raw.columns), n_rows=len(self.samples))
        taken = {column for columns in self.read.values() for column in columns} | set(also_read)
        for column in self.source.raw.columns:
            account.add("column", [column], "text" if column in taken else "not read")
        account.add("row", self.samples["sample_id"].to_list(), "sample")
        return account

    @property
    def has_text(self) -> bool:
        """Whether any column of text was found."""
        return any(name in self.samples.columns for name in TEXTS)

    @property
    def is_foreign(self) -> bool:
        """Whether an archive's layout was recognised; a column `tissue` is then the submitter's word and not one of our tissues."""
        return self.archive != OWN


def read_metadata(
    table: Any,
    *,
    id: str | None = None,
    text: Sequence[str] | None = None,
    speaking: bool = False,
    name: str | None = None,
    limits: Limits | None = None,
) -> Metadata:
    """Read and describe a table about samples: a path, bytes, an AnnData or a pandas frame.

    `id` names the column of sample ids ("" or `row names` for the unnamed first one), `text` the columns to read as text, in place of those
    that are found by name. `speaking`: where nothing is found, columns such as `tissue` are the text. Raises MetadataFault, which names the
    columns that there are, and TableFault.
    """
    return describe(read_frame(table, name, limits), id=id, text=text, speaking=speaking)


def describe(found: Frame, *, id: str | None = None, text: Sequence[str] | None = None, speaking: bool = False) -> Metadata:
    """Our names for the columns of a table. Raises MetadataFault: no id column, an id missing or twice, a column that is not there."""
    import polars as pl

    found = without_kinds(below_title(found) if id is None else found)
    found = without_prefix(found) if archive_of(found.raw.columns) in (OWN, "GEO") else found
    frame = found.raw
    archive = archive_of(frame.columns)
    id_column = _named_id(found, id) if id is not None else _find_id(found, archive)
    texts = named_texts(found.name, frame.columns, text) if text else find_texts(archive, frame.columns, id_column, speaking=speaking)
    keys = _key_columns(archive, frame.columns, id_column)
    columns: list[pl.Expr | pl.Series] = [missing_to_null(pl.col(id_column)).alias("sample_id")]
    columns += [
        _series(frame[theirs]).alias(ours) if ours == "series_id" else missing_to_null(pl.col(theirs)).alias(ours)
        for ours, theirs in keys.items()
    ]
    columns += texts.expressions()
    samples = frame.select(columns)
    said = words_for_nothing(frame, [id_column, *keys.values(), *(column for _, column in texts.pairs)])
    said += other_species(frame)
    if archive != OWN and samples["sample_id"].is_duplicated().any():
        found, samples, repeated = _once(found, samples)
        said += repeated
    _refuse_bad_ids(samples, id_column, found)
    read = {"sample_id": [id_column], **{ours: [theirs] for ours, theirs in keys.items()}, **texts.read}
    notes = [
        *found.notes,
        *(f"{found.name}: {note}" for note in (*said, *texts.odd_words(frame))),
        *_said_of_id(found, archive, id_column, id_given=id is not None),
        *_notes(found, archive, read, id_given=id is not None),
    ]
    return Metadata(found.name, archive, id_column, found, samples, read, tuple(notes), f"{found.name}: {texts.note}" if texts.note else "")


def _named_id(found: Frame, id: str) -> str:
    columns = found.raw.columns
    if id in columns:
        return id
    if plain(id) in ROW_NAMES and found.has_row_names:
        return columns[0]
    close = first_of([plain(id)], columns)
    if close is None:
        raise MetadataFault(
            f"{found.name} has no column {id!r} to take the sample ids from{near(id, columns)}; its columns are: {some(columns, SHOWN)}"
        )
    return close


def _find_id(found: Frame, archive: str) -> str:
    columns = found.raw.columns
    named = next(iter(columns_with(archive, "id", columns)), None) or next(iter(columns_with(OWN, "id", columns)), None)
    if named:
        return named[0]
    if found.has_row_names or plain(columns[0]) in ROW_NAMES:
        return columns[0]
    if accessions := id_by_value(found.frame):
        return accessions
    known = ", ".join(row for row in ("sample_id", "sample_accession", "geo_accession", "sample"))
    raise MetadataFault(
        f"{found.name} has no column that is known to hold sample ids ({known}, or an archive's own); name it with --id; its columns are:"
        f" {some(columns, SHOWN)}"
    )


def _said_of_id(found: Frame, archive: str, id_column: str, *, id_given: bool) -> list[str]:
    """Which column names the samples, where neither the user nor its name says so."""
    if (
        id_given
        or not id_column
        or columns_with(archive, "id", [id_column])
        or columns_with(OWN, "id", [id_column])
        or plain(id_column) in ROW_NAMES
    ):
        return []
    return [f"{found.name}: the sample ids are taken from {id_column}, each of whose cells is another one (--id names another column)"]


def _key_columns(archive: str, columns: Sequence[str], id_column: str) -> dict[str, str]:
    """Series and donor: by the archive's names, then by the usual ones."""
    found: dict[str, str] = {}
    for ours, role, usual in (("series_id", "series", SERIES), ("donor_id", "donor", DONORS)):
        named = next(iter(columns_with(archive, role, columns)), None)
        theirs = named[0] if named else first_of(usual, columns)
        if theirs is not None and theirs != id_column:
            found[ours] = theirs
    return found


def _series(column: pl.Series) -> pl.Series:
    """Ids of series joined by commas; archives also write `;` and `|`. Each missing word among them is left out."""
    import polars as pl

    known = column.unique().to_frame("given")
    text = missing_to_null(pl.col("given"))
    words = text.str.replace_all(r"\s*[;|]\s*", ",").str.strip_chars(",")
    parts = words.str.split(",").list.eval(missing_to_null(pl.element())).list.drop_nulls().list.join(",")
    cleaned = pl.when(words.str.contains(SOME_MISSING)).then(pl.when(parts == "").then(None).otherwise(parts)).otherwise(words)
    known = known.with_columns(cleaned.alias("cleaned"))
    if known["given"].eq_missing(known["cleaned"]).all():
        return column
    return column.to_frame("given").join(known, on="given", how="left", nulls_equal=True, maintain_order="left")["cleaned"]


def _once(found: Frame, samples: pl.DataFrame) -> tuple[Frame, pl.DataFrame, list[str]]:
    """Archives give a row to each file: rows that say the same of one sample are one. Contradictions stay, and are refused."""
    first = samples.with_row_index("row").unique(subset=samples.columns, keep="first", maintain_order=True)
    if first["sample_id"].is_duplicated().any():
        return found, samples, []
    once = Frame(found.name, found.raw[first["row"].to_list()], found.notes, found.has_row_names)
    n_more = samples.height - first.height
    return once, first.drop("row"), [f"{n_more:,} rows say of their sample what another row says (as of a second file) and count once"]


def _refuse_bad_ids(samples: pl.DataFrame, id_column: str, found: Frame) -> None:
    name = id_column or "the unnamed first column"
    ids = samples["sample_id"]
    if not len(ids):
        raise MetadataFault(f"{found.name} has no rows below its header; is it cut off?")
    if ids.null_count():
        raw = found.raw[id_column].filter(ids.is_null()).unique(maintain_order=True).fill_null("").to_list()
        words = f" ({some([repr(word) for word in raw], 3)})" if any(raw) else ""
        raise MetadataFault(
            f"{found.name}: {ids.null_count()} rows have no {name}{words}, first: row {ids.is_null().arg_max()}; every sample needs an id:"
            " fill them in, delete the rows, or name another column with --id"
        )
    twice = ids.filter(ids.is_duplicated()).unique(maintain_order=True)
    if len(twice):
        raise MetadataFault(
            f"{found.name}: {len(twice)} values of {name} occur more than once, first: {some(twice.to_list(), 3)}; give each sample one row,"
            " or name another column with --id"
        )


def _notes(found: Frame, archive: str, read: dict[str, list[str]], *, id_given: bool) -> list[str]:
    notes = []
    if archive != OWN and archive != "GEO":
        parts = "; ".join(f"{ours} from {some([c if c else repr(c) for c in theirs], 8)}" for ours, theirs in read.items())
        notes.append(f"{found.name}: read as {archive}: {parts}")
    else:
        other = [
            f"{ours} from {theirs[0]}"
            for ours, theirs in read.items()
            if ours in ("series_id", "donor_id") and plain(theirs[0]) != plain(ours)
        ]
        if read["sample_id"] == [""] and not id_given:
            other.insert(0, "sample_id from the first column, which has no name")
        notes += [f"{found.name}: {'; '.join(other)}"] if other else []
    return notes
