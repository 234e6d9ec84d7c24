"""The free text of a table about samples: title, source, description, and characteristics put together as `key: value; key: value`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.account import some
from profiles.errors import MetadataFault
from profiles.metadata.archives import OWN, SPEAKING, TECHNICAL, columns_with, first_of, plain
from profiles.metadata.frame import SHOWN
from profiles.metadata.missing import MISSING_WORDS, missing_to_null
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("title", "source_name", "characteristics", "description")
GEO_LIKE = (OWN, "GEO", "GEOmetadb")
LISTED = re.compile(r"characteristics(_ch1)?([._]\d+)?", re.IGNORECASE)  # GEO, GEOquery: "tissue: liver" in each
KEYED = re.compile(r"characteristics_ch1\.\d+\.(.+)", re.IGNORECASE)  # GEOparse: the key in the column's name
BY_KEY = re.compile(r"(.+)[:.]ch1", re.IGNORECASE)  # GEOquery's further copy; R turns the colon into a dot
SDRF = re.compile(r"(?:characteristics|factor[ .]?value)(?: ?\[(?P<key>.+)\]|\.(?P<dotted>.+?)\.?)", re.IGNORECASE)  # R writes dots
TERM = r"^((?:UBERON|CL):\d{7})"
CULTURED = ("cell line", "cell culture", "primary cell culture", "organoid")
NOT_KEYS = (
    "title", "source name", "organism", "molecule", "label", "taxid", "characteristics", "extract protocol", "label protocol", "growth protocol",
    "treatment protocol", "hyb protocol",
)  # fmt: skip


@dataclass
class Texts:
    """What each text is made of: columns as they are, or (key, column) pairs."""

    whole: dict[str, list[str]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    attributes: str | None = None  # recount3: key;;value|key;;value
    term: str | None = None
    culture: str | None = None  # CELLxGENE: tissue, organoid, cell culture, cell line
    note: str = ""

    @property
    def read(self) -> dict[str, list[str]]:
        """Our column -> theirs."""
        parts = [
            *self.whole.get("characteristics", []),
            *([self.attributes] if self.attributes else []),
            *(column for _, column in self.pairs),
        ]
        parts += [self.culture] if self.culture else []
        found = {name: columns for name, columns in self.whole.items() if name != "characteristics"}
        return found | ({"characteristics": parts} if parts else {}) | ({"tissue_term": [self.term]} if self.term else {})

    def expressions(self) -> list[pl.Expr]:
        """The columns of the sample table, in the order of TEXTS."""
        import polars as pl

        found = []
        for name in TEXTS:
            columns = [_stripped(column) for column in self.whole.get(name, [])]
            if name == "characteristics":
                columns = [_unlisted(column) for column in columns]
                columns += [_attributes(pl.col(self.attributes))] if self.attributes else []
                columns += [_pair(key, column) for key, column in self.pairs]
            if self.read.get(name) == self.whole.get(name) and len(columns) == 1:
                one = pl.col(self.whole[name][0])
                found.append(
                    (_unlisted(one) if name == "characteristics" else one).alias(name)
                )  # one column of text stays as it is, blanks included
            elif len(columns) == 1:
                found.append(columns[0].alias(name))
            elif columns:
                joined = pl.concat_str(columns, separator="; ", ignore_nulls=True)
                found.append(pl.when(joined == "").then(None).otherwise(joined).alias(name))
        if self.term:
            term = missing_to_null(pl.col(self.term)).str.extract(TERM)
            found.append(term.alias("tissue_term"))
        if self.culture:
            kind = pl.col(self.culture).str.to_lowercase()
            found.append(pl.when(kind.is_in(CULTURED)).then(kind == "cell line").alias("is_cell_line"))
        return found

    def odd_words(self, frame: pl.DataFrame) -> list[str]:
        """Cells that are none of the terms or kinds that their column holds, in sentences."""
        odd = []
        for column, known in ((self.term, TERM), (self.culture, f"(?i)^({'|'.join((*CULTURED, 'tissue'))})$")):
            if column is None:
                continue
            cells = frame[column].drop_nulls()
            cells = cells.filter(~cells.str.contains(known) & ~cells.str.strip_chars().str.to_lowercase().is_in(sorted(MISSING_WORDS)))
            if len(cells):
                odd.append(
                    f"{len(cells):,} cells of {column} are not understood and read as empty: {some(cells.unique().sort().to_list(), 3)}"
                )
        return odd


def _stripped(column: str) -> pl.Expr:
    """Text that is to be joined; null where there is none."""
    import polars as pl

    text = pl.col(column).str.strip_chars()
    return pl.when(text == "").then(None).otherwise(text)


def _unlisted(text: pl.Expr) -> pl.Expr:
    """Python's way to write a list, ['age: 23', 'tissue: ovary'], as it stands in tables made from GEOparse; other text as it is."""
    import polars as pl

    inside = text.str.strip_chars().str.slice(2).str.head(-2).str.replace_all(r"""['"]\s*,\s*['"]""", "; ")
    return pl.when(text.str.contains(r"""^\s*\[['"].*['"]\]\s*$""")).then(inside).otherwise(text)


def _pair(key: str, column: str) -> pl.Expr:
    """`key: value`; null where nothing is known."""
    import polars as pl

    return pl.concat_str([pl.lit(f"{key}: "), missing_to_null(pl.col(column))])


def _attributes(column: pl.Expr) -> pl.Expr:
    """recount3's `age;;50|tissue;;kidney` as `age: 50; tissue: kidney`; a bar inside a value stays."""
    first = column.str.strip_chars().str.replace(r"^([^|;]*);;", "$1: ")
    return first.str.replace_all(r"\|([^|;]*);;", "; $1: ")


def find_texts(archive: str, columns: Sequence[str], id_column: str, *, speaking: bool = False) -> Texts:
    """The texts of a table by its archive. `speaking`: a table of nobody's without texts speaks by columns such as `tissue`."""
    if archive in GEO_LIKE:
        return _geo_texts(columns, may_speak=speaking)
    found = Texts()
    for name in ("title", "source_name", "description"):
        if named := columns_with(archive, name, columns):
            found.whole[name] = [named[0][0]]
    found.attributes = next((column for column, _ in columns_with(archive, "attributes", columns)), None)
    found.term = next((column for column, _ in columns_with(archive, "term", columns)), None)
    found.culture = next((column for column, _ in columns_with(archive, "culture", columns)), None)
    lines = columns_with(archive, "line", columns)[:1]
    found.pairs = [(key, column) for column, key in (*lines, *columns_with(archive, "pair", columns)) if column != id_column]
    if archive in ("SRA run table", "ENA or pysradb"):
        used = {id_column, *(column for names in found.whole.values() for column in names)}
        found.pairs = [
            (_key(column), column) for column in columns if column not in used and plain(column) not in TECHNICAL and _key(column)
        ]
    if archive == "ArrayExpress SDRF":
        found.pairs = [(_key(match["key"] or match["dotted"]), column) for column in columns if (match := SDRF.fullmatch(column))]
        found.pairs = found.pairs or [
            (_key(column), column) for column in columns if plain(column) in (*SPEAKING, "sex", "age", "organism part")
        ]
    if archive == "recount3" and not found.attributes:
        found.pairs += [(_key(column[14:]), column) for column in columns if plain(column).startswith("sra attribute ")]
    return found


def _geo_texts(columns: Sequence[str], *, may_speak: bool) -> Texts:
    found = Texts()
    for name, names in (("title", ["title"]), ("source_name", ["source name ch1", "source name"])):
        if theirs := first_of(names, columns):
            found.whole[name] = [theirs]
    descriptions = [column for column in columns if re.fullmatch(r"description([._]\d+)?", column, re.IGNORECASE)]
    listed = [column for column in columns if LISTED.fullmatch(column)]
    if "characteristics_ch1" in listed and "characteristics" in listed:
        listed.remove("characteristics_ch1")  # our name stands for both
    found.pairs = [(_key(match[1]), column) for column in columns if (match := KEYED.fullmatch(column)) and not LISTED.fullmatch(column)]
    if listed:
        found.whole["characteristics"] = listed
    elif not found.pairs:
        keyed = [(match[1], column) for column in columns if (match := BY_KEY.fullmatch(column))]
        found.pairs = [(_key(key), column) for key, column in keyed if not plain(key).startswith(NOT_KEYS)]
    if descriptions:
        found.whole["description"] = descriptions
    speaking = [column for column in columns if plain(column) in SPEAKING]
    if may_speak and not found.whole and not found.pairs and speaking:
        found.pairs = [(_key(column), column) for column in speaking]
        found.note = f"no column of text that GEO or this program knows; read as text: {some(speaking, 8)} (others with --text)"
    return found


def named_texts(table: str, columns: Sequence[str], given: Sequence[str]) -> Texts:
    """The texts that a person names: our own names are themselves, any other column is a characteristic. Raises MetadataFault."""
    found = Texts()
    for name in given:
        theirs = name if name in columns else first_of([plain(name)], columns)
        if theirs is None:
            raise MetadataFault(
                f"{table} has no column {name!r} to read as text{near(name, columns)}; its columns are: {some(columns, SHOWN)}"
            )
        ours = next((ours for ours in TEXTS if plain(theirs) in (plain(ours), f"{plain(ours)} ch1")), None)
        if ours:
            found.whole.setdefault(ours, []).append(theirs)
        else:
            found.pairs.append((_key(theirs), theirs))
    return found


def _key(column: str) -> str:
    """A column's name as the key of a pair: a letter first, no separator in it."""
    return re.sub(r"[^A-Za-z0-9 ()/'+-]+", " ", re.sub(r"^[^A-Za-z]+", "", column.replace("_", " ").replace(".", " "))).strip()[:60]
