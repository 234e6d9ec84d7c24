"""Which groups (studies, donors, patients) are trained on, validated on and tested on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curation.database import insert_arrow

if TYPE_CHECKING:
    from curation.database import Connection

SHARES = {"train": 0.80, "validation": 0.05, "test": 0.15}
DOMINANT_SHARE = 1 / 3
"""A group with a larger share of some tissue is trained on: held out, it would leave too little to learn from and a test on one study."""
MIN_GROUPS = 3
"""Fewest groups of a tissue from which it can stand in all three parts."""
LOW, HIGH = 0.5, 2.0
"""A tissue's samples in a held-out part are left as drawn while they lie between these multiples of the part's share."""


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
    """Split and reason for every group.

    A group's own draw decides, so that it does not move when other groups come or go. Exceptions, in this order: a group that an
    earlier release has placed stays there (`previous`); a group that dominates a tissue is trained on; and where chance left a tissue
    of at least three groups far from the shares, the groups whose draws lie nearest to the border are moved. The larger the archive,
    the fewer are moved; `previous` keeps them all.
    """
    placed = dict(previous or {})
    total = tissue_totals(groups.values())
    dominant = {g.group_id for g in groups.values() if any(n > DOMINANT_SHARE * total[t] for t, n in g.n_by_tissue.items())}
    result: dict[str, tuple[str, str]] = {}
    for group in groups.values():
        if group.group_id in placed:
            result[group.group_id] = (placed[group.group_id], "as in the previous release")
        elif group.group_id in dominant:
            result[group.group_id] = ("train", "holds more than a third of a tissue")
        else:
            result[group.group_id] = (_by_draw(group.draw), "drawn")
    Balance(groups, result, fixed=dominant | placed.keys()).mend()
    return result


def tissue_totals(groups: Iterable[Group]) -> Counter[str]:
    """Number of labelled samples by tissue."""
    total: Counter[str] = Counter()
    for group in groups:
        total.update(group.n_by_tissue)
    return total


def _by_draw(draw: float) -> str:
    if draw < SHARES["train"]:
        return "train"
    return "validation" if draw < SHARES["train"] + SHARES["validation"] else "test"


class Balance:
    """Moves single groups so that every tissue is trained on and, where it has three groups, stands in all parts at about their shares."""

    def __init__(self, groups: Mapping[str, Group], result: dict[str, tuple[str, str]], fixed: set[str]) -> None:
        self.result, self.fixed = result, fixed
        self.total = tissue_totals(groups.values())
        self.members: dict[str, list[Group]] = {}
        self.n_samples: Counter[tuple[str, str]] = Counter()
        self.n_groups: Counter[tuple[str, str]] = Counter()
        for group in sorted(groups.values(), key=lambda g: (g.draw, g.group_id)):
            for tissue in group.n_by_tissue:
                self.members.setdefault(tissue, []).append(group)
            self._count(group, result[group.group_id][0], 1)

    def mend(self) -> None:
        """Change `result` in place, rarest tissues first."""
        tissues = sorted(self.members, key=lambda t: (len(self.members[t]), t))
        for tissue in tissues:
            if not self.n_groups["train", tissue] and (free := [g for g in self.members[tissue] if g.group_id not in self.fixed]):
                self._move(free[0], "train", f"{tissue} had no training group")
        for part in ("test", "validation"):
            for tissue in tissues:
                if len(self.members[tissue]) >= MIN_GROUPS:
                    self._shrink(tissue, part)
                    self._grow(tissue, part)

    def _shrink(self, tissue: str, part: str) -> None:
        for group in self._in(tissue, part):
            if self.n_samples[part, tissue] <= HIGH * SHARES[part] * self.total[tissue]:
                return
            if self._may_move(group, "train"):
                self._move(group, "train", f"{tissue} had too many samples in {part}")

    def _grow(self, tissue: str, part: str) -> None:
        for group in reversed(self._in(tissue, "train")):
            if self.n_samples[part, tissue] >= LOW * SHARES[part] * self.total[tissue] and self.n_groups[part, tissue]:
                return
            if self._may_move(group, part):
                self._move(group, part, f"{tissue} had too few samples in {part}")

    def _in(self, tissue: str, part: str) -> list[Group]:
        return [g for g in self.members[tissue] if self.result[g.group_id][0] == part]

    def _may_move(self, group: Group, part: str) -> bool:
        """Not fixed; no tissue loses its last group in the old part, or gets far beyond its share in the new one."""
        old = self.result[group.group_id][0]
        if group.group_id in self.fixed or any(self.n_groups[old, t] < 2 for t in group.n_by_tissue):
            return False
        return part == "train" or all(
            not self.n_groups[part, t] or self.n_samples[part, t] + n <= HIGH * SHARES[part] * self.total[t]
            for t, n in group.n_by_tissue.items()
        )

    def _move(self, group: Group, part: str, reason: str) -> None:
        self._count(group, self.result[group.group_id][0], -1)
        self._count(group, part, 1)
        self.result[group.group_id] = (part, reason)

    def _count(self, group: Group, part: str, sign: int) -> None:
        for tissue, n in group.n_by_tissue.items():
            self.n_samples[part, tissue] += sign * n
            self.n_groups[part, tissue] += sign


def group_split(con: Connection) -> None:
    """group_split: one row per group with a labelled sample, with its part of the data and why it is there."""
    import pyarrow as pa

    rows = con.execute("SELECT group_id, tissue, n_samples, draw FROM group_tissue ORDER BY group_id, tissue").fetchall()
    placed = con.execute(
        "SELECT sample_group.group_id, any_value(previous_split.split) FROM sample_group JOIN previous_split USING (sample_id) GROUP BY ALL"
    ).fetchall()
    result = assign(groups_of(rows), dict(placed))
    con.execute("CREATE OR REPLACE TABLE group_split (group_id VARCHAR PRIMARY KEY, split VARCHAR NOT NULL, reason VARCHAR NOT NULL)")
    splits, reasons = ([value[i] for value in result.values()] for i in (0, 1))
    text = pa.string()
    insert_arrow(
        con,
        "group_split",
        pa.table({"group_id": pa.array(result, text), "split": pa.array(splits, text), "reason": pa.array(reasons, text)}),
    )
