"""Which groups (studies, donors, patients) are trained on, validated on and tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SHARES = {"train": 0.80, "validation": 0.05, "test": 0.15}
DOMINANT_SHARE = 1 / 3
"""A group with a larger share of some tissue is trained on: held out, it would leave too little to learn from and a test on one study."""
MIN_GROUPS = 3
"""Fewest groups of a tissue from which it can stand in all three parts."""


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

    A group's own draw decides, so that it does not move when other groups come or go. Three exceptions, in this order: a
    group that an earlier release has placed stays there (`previous`); a group that dominates a tissue is trained on; and a
    tissue of at least three groups that would miss a part gets the group whose draw lies nearest to that part.
    """
    placed = dict(previous or {})
    total: dict[str, int] = {}
    for group in groups.values():
        for tissue, n in group.n_by_tissue.items():
            total[tissue] = total.get(tissue, 0) + n
    dominant = {g.group_id for g in groups.values() if any(n > DOMINANT_SHARE * total[t] for t, n in g.n_by_tissue.items())}
    result: dict[str, tuple[str, str]] = {}
    for group in groups.values():
        if group.group_id in placed:
            result[group.group_id] = (placed[group.group_id], "as in the previous release")
        elif group.group_id in dominant:
            result[group.group_id] = ("train", "holds more than a third of a tissue")
        else:
            result[group.group_id] = (_by_draw(group.draw), "drawn")
    _repair(groups, result, fixed=dominant | placed.keys())
    return result


def _by_draw(draw: float) -> str:
    if draw < SHARES["train"]:
        return "train"
    return "validation" if draw < SHARES["train"] + SHARES["validation"] else "test"


def _repair(groups: Mapping[str, Group], result: dict[str, tuple[str, str]], fixed: set[str]) -> None:
    """Move single groups so that every tissue stands in the training part and, where it has three groups, in all parts."""
    members: dict[str, list[Group]] = {}
    for group in groups.values():
        for tissue in group.n_by_tissue:
            members.setdefault(tissue, []).append(group)

    def n_in(tissue: str, part: str) -> int:
        return sum(result[g.group_id][0] == part for g in members[tissue])

    def may_leave(group: Group) -> bool:
        part = result[group.group_id][0]
        return group.group_id not in fixed and all(n_in(t, part) > 1 for t in group.n_by_tissue)

    rarest_first = sorted(members, key=lambda t: (len(members[t]), t))
    by_draw = {t: sorted(members[t], key=lambda g: (g.draw, g.group_id)) for t in rarest_first}
    for tissue in rarest_first:
        if n_in(tissue, "train") == 0 and (free := [g for g in by_draw[tissue] if g.group_id not in fixed]):
            result[free[0].group_id] = ("train", f"{tissue} had no training group")
    for tissue in rarest_first:
        for part in ("test", "validation") if len(by_draw[tissue]) >= MIN_GROUPS else ():
            if n_in(tissue, part) == 0 and (free := [g for g in reversed(by_draw[tissue]) if may_leave(g)]):
                result[free[0].group_id] = (part, f"{tissue} had no {part} group")
