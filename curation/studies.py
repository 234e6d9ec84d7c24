"""`curate fetch studies`: title and summary of GEO series from their records, as a table for `--studies`."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from curation.tiers import COLUMNS
from profiles import aside
from profiles.fetching.download import DownloadFault, Patience, download

TABLE = "studies.tsv"
GEO = "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc={series}&targ=self&form=text&view=brief"
SERIES = re.compile(r"GSE[0-9]+")


def series_of(names: Iterable[str]) -> list[str]:
    """The GEO series among comma-joined series ids, each once, in their order of numbers; others have no record there."""
    found = {name.strip() for joined in names for name in joined.split(",") if SERIES.fullmatch(name.strip())}
    return sorted(found, key=lambda name: int(name[3:]))


def fetch_studies(
    series: Iterable[str], table: Path, *, url: str = GEO, patience: Patience | None = None, notice: Callable[[str], None] | None = None
) -> tuple[int, int]:
    """Add the records of `series` to `table` (series_id, title, summary), which keeps what it holds: a stopped run goes on.

    Returns how many were fetched and how many the table holds. Raises DownloadFault for a record that cannot be had or is none.
    """
    rows = _read(table)
    wanted = [name for name in series if name not in rows]
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(wanted, 1):
            path = Path(scratch) / f"{name}.txt"
            download(url.format(series=name), path, patience=patience)
            rows[name] = record(name, path.read_text(encoding="utf-8", errors="replace"))
            path.unlink()
            _write(table, rows)
            if notice:
                notice(f"{name} ({number} of {len(wanted)})")
    return len(wanted), len(rows)


def record(series: str, text: str) -> tuple[str, str]:
    """Title and summary from a SOFT record of a series. Raises DownloadFault when it is the record of nothing, or of another series."""
    cells: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" = ")
        cells.setdefault(key.strip(), []).append(" ".join(value.split()))
    if cells.get("^SERIES") != [series] or not cells.get("!Series_title"):
        raise DownloadFault(f"the answer for {series} is no record of that series; see whether it is public, or leave it out")
    return " ".join(cells["!Series_title"]), " ".join(cells.get("!Series_summary", []))


def _read(table: Path) -> dict[str, tuple[str, str]]:
    if not table.exists():
        return {}
    other = "move it away, or choose another --out"
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DownloadFault(f"{table} has other columns than {', '.join(COLUMNS)}; {other}")
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DownloadFault(f"{table} cannot be read: {error}; {other}") from error
    if any(None in row or None in row.values() for row in rows):
        raise DownloadFault(f"{table} has rows without {len(COLUMNS)} tab-separated fields; {other}")
    return {row["series_id"]: (row["title"], row["summary"]) for row in rows}


def _write(table: Path, rows: dict[str, tuple[str, str]]) -> None:
    lines = ["\t".join(COLUMNS), *("\t".join((name, *(cell.replace("\t", " ") for cell in cells))) for name, cells in sorted(rows.items()))]
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(table, "\n".join(lines) + "\n")
    except OSError as error:
        raise DownloadFault(f"{table} cannot be written: {error.strerror}") from error
