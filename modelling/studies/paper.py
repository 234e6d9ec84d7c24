"""What `model paper` has to do, and the cohort that it makes of a source where none was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modelling.arrays import Ints
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.studies.across import FEWEST
from modelling.studies.retrain import labelled_training_rows
from modelling.studies.subset import write_subset

FEWEST_TISSUES = 2
PUBLISHED_CAP = 10_000


class NoCohort(ModellingError):
    """The source that is to be held out cannot be a cohort."""


@dataclass(frozen=True)
class Effort:
    """How much is done: epochs at most (None: as the preset says), sizes of the training part, trainings a size, the slow baselines."""

    epochs: int | None
    fractions: tuple[float, ...]
    n_seeds: int
    slow: bool


FULL = Effort(None, (0.33, 0.66, 1.0), 3, slow=True)
QUICK = Effort(3, (0.5, 1.0), 1, slow=False)


def across_field(compendium: Compendium) -> str | None:
    """`study` where two studies have samples enough to be left out in turn, else `source`, else None."""
    rows = np.concatenate([compendium.rows(split, labelled=True) for split in ("train", "validation", "test")])
    for field, column in (("study", "series_id"), ("source", "source")):
        names, counts = np.unique(compendium.text(column, rows).astype(str), return_counts=True)
        if ((counts >= FEWEST) & (names != "")).sum() >= FEWEST_TISSUES:
            return field
    return None


def source_to_hold_out(compendium: Compendium, asked: str | None) -> str | None:
    """The smallest source that can be a cohort, or the one that was asked for; None where no source can. Raises NoCohort for one that cannot."""
    found = {str(name): _as_cohort(compendium, str(name)) for name in np.unique(compendium.text("source").astype(str)) if name}
    if asked is not None:
        if asked not in found:
            raise NoCohort(f"{compendium.path}: no source {asked!r}; there are: {', '.join(found) or 'none'}")
        if found[asked] is None:
            raise NoCohort(
                f"{compendium.path}: {asked} cannot be held out: it needs {FEWEST} samples of {FEWEST_TISSUES} tissues that others have too"
            )
        return asked
    able = {name: len(rows) for name, rows in found.items() if rows is not None}
    return min(able, key=lambda name: (able[name], name)) if able else None


def _as_cohort(compendium: Compendium, source: str) -> Ints | None:
    """Labelled samples of a source whose tissue others can teach; None where they are too few or nothing is left to train and test on."""
    of_source = compendium.text("source").astype(str) == source
    train = np.concatenate(list(labelled_training_rows(compendium).values()))
    taught = set(compendium.obs["tissue"][train[~of_source[train]]].astype(str))
    rows = np.flatnonzero(of_source & np.isin(compendium.obs["tissue"].astype(str), sorted(taught)))
    left = [np.setdiff1d(compendium.rows(split, labelled=True), np.flatnonzero(of_source)) for split in ("validation", "test")]
    n_tissues = len(set(compendium.obs["tissue"][rows]))
    enough = len(taught) >= FEWEST_TISSUES and len(rows) >= FEWEST and n_tissues >= FEWEST_TISSUES and all(len(part) for part in left)
    return rows if enough else None


def write_held_out(compendium: Compendium, source: str, folder: Path) -> None:
    """rest.h5ad (all other sources, their splits kept) and cohort.h5ad (the source's labelled samples that can be named) in `folder`."""
    rows = _as_cohort(compendium, source)
    assert rows is not None
    write_subset(compendium, np.flatnonzero(compendium.text("source").astype(str) != source), folder / "rest.h5ad")
    write_subset(compendium, rows, folder / "cohort.h5ad")


def cap_that_bites(compendium: Compendium, without: str | None = None) -> int | None:
    """The published cap where a tissue has more training samples (those of source `without` do not count), else the median
    tissue's or the smallest's; None where all tissues are of one size."""
    source = compendium.text("source").astype(str)
    sizes = [n for rows in labelled_training_rows(compendium).values() if (n := int((source[rows] != (without or "\0")).sum()))]
    for cap in (PUBLISHED_CAP, int(np.median(sizes)), min(sizes)):
        if max(sizes) > cap >= 1:
            return cap
    return None


def has_cell_lines(compendium: Compendium, flags: Sequence[bool] | np.ndarray) -> bool:
    """Whether the training part holds labelled cell lines, and other samples of their tissues."""
    chosen = np.asarray(flags, bool)
    return any(chosen[rows].any() and not chosen[rows].all() for rows in labelled_training_rows(compendium).values())
