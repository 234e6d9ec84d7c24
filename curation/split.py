"""Which groups (studies, donors, patients) are trained on, validated on and tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curation.database import fetch_arrow, insert_arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.database import Connection

SHARES = {"train": 0.80, "validation": 0.05, "test": 0.15}
DOMINANT_SHARE = 1 / 3
"""A group with a larger share of some tissue is trained on: held out, it would leave too little to learn from and a test on one study."""
MIN_GROUPS = 3
"""Fewest groups of a tissue from which it can stand in all three parts."""
LOW, HIGH = 0.5, 2.0
"""A tissue's samples in a held-out part are left as drawn while they lie between these multiples of the part's share."""


PARTS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
DRAWN, KEPT_AS_BEFORE, DOMINANT = "drawn", "as in the previous release", "holds more than a third of a tissue"


@dataclass
class Group:
    """One group of samples that must not be parted: its draw in [0, 1), and its number of samples by tissue."""

    group_id: str
    draw: float
    n_by_tissue: dict[str, int] = field(default_factory=dict)


def groups_of(rows: Iterable[tuple[str, str, int, float]]) -> dict[str, Group]:
    """Groups from rows of (group_id, tissue, n_samples, draw)."""
    groups: dict[str, Group] = {}
    for group_id, tissue, n_samples, draw in rows:
        groups.setdefault(group_id, Group(group_id, draw)).n_by_tissue[tissue] = n_samples
    return groups


def assign(groups: Mapping[str, Group], previous: Mapping[str, str] | None = None) -> dict[str, tuple[str, str]]:
    """Split and reason for every group; see `place`. `previous` names the part that an earlier release put groups into."""
    names = sorted(groups)
    tissues = sorted({tissue for group in groups.values() for tissue in group.n_by_tissue})
    number = {tissue: i for i, tissue in enumerate(tissues)}
    entries = [(g, number[tissue], n) for g, name in enumerate(names) for tissue, n in groups[name].n_by_tissue.items()]
    group, tissue, n_samples = (np.array([entry[i] for entry in entries], np.int64) for i in range(3))
    before = np.array([PARTS.index(previous[name]) if previous and name in previous else -1 for name in names], np.int64)
    table = GroupTable(np.array([groups[name].draw for name in names], np.float64), group, tissue, n_samples, tissues)
    part, reasons, reason = place(table, before)
    return {name: (PARTS[part[i]], reasons[reason[i]]) for i, name in enumerate(names)}


@dataclass(frozen=True)
class GroupTable:
    """All groups in numbers: the draw of each (n groups, ordered by their names); one entry per group and tissue, ordered by group."""

    draw: NDArray[np.float64]
    group: NDArray[np.int64]
    tissue: NDArray[np.int64]
    n_samples: NDArray[np.int64]
    tissues: list[str]  # sorted


def place(table: GroupTable, before: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str], NDArray[np.int64]]:
    """Part of each group, all reasons, and which of them it is.

    A group's own draw decides, so that it does not move when other groups come or go. Exceptions, in this order: a group that an
    earlier release has placed stays there (`before`, -1 for none); a group that dominates a tissue is trained on; and where chance left a tissue
    of at least three groups far from the shares, the groups whose draws lie nearest to the border are moved. The larger the archive,
    the fewer are moved; `before` keeps them all.
    """
    total = np.bincount(table.tissue, table.n_samples, minlength=len(table.tissues))
    is_dominant = np.zeros(table.draw.size, bool)
    is_dominant[table.group[table.n_samples > DOMINANT_SHARE * total[table.tissue]]] = True
    part = np.searchsorted([SHARES["train"], SHARES["train"] + SHARES["validation"]], table.draw, side="right")
    part[is_dominant] = TRAIN
    part[before >= 0] = before[before >= 0]
    reason = np.where(before >= 0, 1, np.where(is_dominant, 2, 0))
    balance = Balance(table, part, reason, is_dominant | (before >= 0))
    balance.mend()
    return part, balance.reasons, reason


class Balance:
    """Moves single groups so that every tissue is trained on and, where it has three groups, stands in all parts at about their shares."""

    def __init__(self, table: GroupTable, part: NDArray[np.int64], reason: NDArray[np.int64], is_fixed: NDArray[np.bool_]) -> None:
        self.table, self.part, self.reason, self.is_fixed = table, part, reason, is_fixed
        self.reasons = [DRAWN, KEPT_AS_BEFORE, DOMINANT]
        n_tissues = len(table.tissues)
        self.total = np.bincount(table.tissue, table.n_samples, minlength=n_tissues)
        self.first = np.searchsorted(table.group, np.arange(table.draw.size + 1))
        order = np.lexsort((table.group, table.draw[table.group], table.tissue))
        ends = np.cumsum(np.bincount(table.tissue, minlength=n_tissues))
        self.members = np.split(table.group[order], ends[:-1]) if n_tissues else []
        at = part[table.group] * n_tissues + table.tissue
        self.n_samples = np.bincount(at, table.n_samples, minlength=3 * n_tissues).reshape(3, -1)
        self.n_groups = np.bincount(at, minlength=3 * n_tissues).reshape(3, -1)

    def mend(self) -> None:
        """Change part and reason in place, rarest tissues first."""
        tissues = sorted(range(len(self.members)), key=lambda t: (self.members[t].size, t))
        for tissue in tissues:
            if not self.n_groups[TRAIN, tissue] and (free := self.members[tissue][~self.is_fixed[self.members[tissue]]]).size:
                self._move(free[0], TRAIN, f"{self.table.tissues[tissue]} had no training group")
        for part in (TEST, VALIDATION):
            for tissue in tissues:
                if self.members[tissue].size >= MIN_GROUPS:
                    self._shrink(tissue, part)
                    self._grow(tissue, part)

    def _shrink(self, tissue: int, part: int) -> None:
        most = HIGH * SHARES[PARTS[part]] * self.total[tissue]
        if self.n_samples[part, tissue] <= most:
            return
        for group in self._in(tissue, part):
            if self.n_samples[part, tissue] <= most:
                return
            if self._may_move(group, TRAIN):
                self._move(group, TRAIN, f"{self.table.tissues[tissue]} had too many samples in {PARTS[part]}")

    def _grow(self, tissue: int, part: int) -> None:
        least = LOW * SHARES[PARTS[part]] * self.total[tissue]
        if self.n_samples[part, tissue] >= least and self.n_groups[part, tissue]:
            return
        for group in self._in(tissue, TRAIN)[::-1]:
            if self.n_samples[part, tissue] >= least and self.n_groups[part, tissue]:
                return
            if self._may_move(group, part):
                self._move(group, part, f"{self.table.tissues[tissue]} had too few samples in {PARTS[part]}")

    def _in(self, tissue: int, part: int) -> NDArray[np.int64]:
        mine: NDArray[np.int64] = self.members[tissue]
        return np.asarray(mine[self.part[mine] == part], np.int64)

    def _entries(self, group: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The tissues of a group, and its samples of each."""
        entries = slice(self.first[group], self.first[group + 1])
        return self.table.tissue[entries], self.table.n_samples[entries]

    def _may_move(self, group: int, part: int) -> bool:
        """Not fixed; no tissue loses its last group in the old part, or gets far beyond its share in the new one."""
        tissue, n = self._entries(group)
        if self.is_fixed[group] or (self.n_groups[self.part[group], tissue] < 2).any():
            return False
        most = HIGH * SHARES[PARTS[part]] * self.total[tissue]
        fits = (self.n_groups[part, tissue] == 0) | (self.n_samples[part, tissue] + n <= most)
        return part == TRAIN or bool(fits.all())

    def _move(self, group: int, part: int, reason: str) -> None:
        tissue, n = self._entries(group)
        for where, sign in ((self.part[group], -1), (part, 1)):
            self.n_samples[where, tissue] += sign * n
            self.n_groups[where, tissue] += sign
        self.part[group] = part
        if self.reasons[-1] != reason:
            self.reasons.append(reason)
        self.reason[group] = len(self.reasons) - 1


ENTRIES = """
SELECT dense_rank() OVER (ORDER BY group_id) - 1 AS number, dense_rank() OVER (ORDER BY tissue) - 1 AS tissue, n_samples, draw
FROM group_tissue ORDER BY number, tissue
"""
BEFORE = """
WITH placed AS (
    SELECT sample_group.group_id, any_value(previous_split.split) AS split FROM sample_group JOIN previous_split USING (sample_id) GROUP BY ALL
)
SELECT placed.split FROM (SELECT DISTINCT group_id FROM group_tissue) LEFT JOIN placed USING (group_id) ORDER BY group_id
"""


def group_split(con: Connection) -> None:
    """group_split: one row per group with a labelled sample, with its part of the data and why it is there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = fetch_arrow(con, "SELECT DISTINCT group_id FROM group_tissue ORDER BY group_id")["group_id"]
    tissues = [tissue for (tissue,) in con.execute("SELECT DISTINCT tissue FROM group_tissue ORDER BY tissue").fetchall()]
    rows = fetch_arrow(con, ENTRIES)
    group, tissue, n_samples, draw = (rows[name].to_numpy() for name in ("number", "tissue", "n_samples", "draw"))
    before = pc.fill_null(pc.index_in(fetch_arrow(con, BEFORE)["split"], pa.array(PARTS)), -1).to_numpy().astype(np.int64)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    part, reasons, reason = place(GroupTable(draw[first], group, tissue, n_samples, tissues), before)
    con.execute("CREATE OR REPLACE TABLE group_split (group_id VARCHAR PRIMARY KEY, split VARCHAR NOT NULL, reason VARCHAR NOT NULL)")
    text = pa.string()
    columns = {
        "group_id": names,
        "split": pa.array(PARTS, text).take(pa.array(part)),
        "reason": pa.array(reasons, text).take(pa.array(reason)),
    }
    insert_arrow(con, "group_split", pa.table(columns))
