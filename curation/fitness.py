"""Is this release fit to train on? A verdict with its reasons, every number of it a query over the build's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.database import Connection, fetch_first
from curation.resources import sql_folder

FEWEST_TISSUES = 2
NAMED = 6
WORST = "cannot be learned"


@dataclass(frozen=True)
class Verdict:
    """`level`: fit, thin or unfit; `said`: one sentence; `reasons`: what is thin, worst first, each with the tissues; `thin`: tissues with a fault."""

    level: str
    said: str
    reasons: Sequence[str]
    columns: Sequence[str]
    thin: Sequence[Sequence[Any]]


def verdict(con: Connection) -> Verdict:
    """The verdict on the build that `con` holds."""
    cursor = con.execute((sql_folder() / "audits" / "thin_classes.sql").read_text(encoding="utf-8"))
    columns, rows = [column[0] for column in cursor.description or []], cursor.fetchall()
    n_classes, n_train, n_validation, n_test = _sizes(con)
    blocking = [
        said
        for wrong, said in (
            (n_classes < FEWEST_TISSUES, f"the training part holds {n_classes} tissue{'s' * (n_classes != 1)}; a classifier needs two"),
            (n_train == 0, "no labelled sample is in the training part"),
            (n_test == 0, "no labelled sample is in the test part: nothing can be judged"),
        )
        if wrong
    ]
    by_fault: dict[str, list[str]] = {}
    for row in rows:
        by_fault.setdefault(str(row[1]), []).append(str(row[0]))
    order = sorted(by_fault, key=lambda fault: (WORST not in fault, "no test" not in fault, -len(by_fault[fault]), fault))
    reasons = blocking + [f"{_tissues(by_fault[fault])}: {fault}" for fault in order]
    if n_validation == 0 and not blocking:
        reasons.insert(0, "no labelled sample is in the validation part: training takes groups of the training part in its place")
    thin = {str(row[0]) for row in rows}
    if blocking:
        level, said = "unfit", "Not fit to train on."
    elif reasons:
        said = (
            f"Fit to train on; {len(thin)} of {_n_tissues(con)} tissues are thin." if thin else "Fit to train on, with one thing to know."
        )
        level = "thin"
    else:
        level, said = "fit", "Fit to train on."
    return Verdict(
        level,
        f"{said} {n_train:,} labelled samples to train on, {n_validation:,} to choose by, {n_test:,} to judge by.",
        reasons,
        columns,
        rows,
    )


def _sizes(con: Connection) -> tuple[int, int, int, int]:
    """Tissues of the training part, and labelled samples of the three parts."""
    found = fetch_first(
        con,
        "SELECT count(DISTINCT tissue) FILTER (split = 'train'), count_if(split = 'train'), count_if(split = 'validation'), count_if(split = 'test') "
        "FROM kept WHERE tissue <> ''",
    )
    n_classes, n_train, n_validation, n_test = (int(value) for value in found or (0, 0, 0, 0))
    return n_classes, n_train, n_validation, n_test


def _n_tissues(con: Connection) -> int:
    found = fetch_first(con, "SELECT count(DISTINCT tissue) FROM kept WHERE tissue <> ''")
    return int(found[0]) if found else 0


def _tissues(names: Sequence[str]) -> str:
    """A few of them by name."""
    shown = ", ".join(name.replace("_", " ") for name in names[:NAMED])
    return f"{len(names)} tissues ({shown}{', ...' if len(names) > NAMED else ''})" if len(names) > 1 else shown
