"""The test part of a compendium as a trained model sees it: read once, in blocks, embedded and restored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.scores.imputation import FRACTIONS, HiddenCells, Restore, masks

BLOCK = 256
MEMORY_LIMIT = 512 * 2**20
REFUSED_BELOW = 0.5
WARNED_BELOW = 0.9

Advance = Callable[[int], None]


class TooFewGenes(ModellingError):
    """The samples measure too few of the model's genes for a score to mean anything."""


class NoTestPart(ModellingError):
    """The compendium has no sample in split 'test'."""


@dataclass(frozen=True)
class TestPart:
    """Samples (n) with what the model made of them.

    classes: the model's tissues, then tissues that only the test part holds; truth: class number, -1 where unlabelled;
    truth_ng, restored_ng: standardised, unclipped, NaN = not measured (memory maps when large).
    """

    __test__ = False

    rows: Ints
    sample_id: np.ndarray
    tissue: np.ndarray
    source: np.ndarray
    group_id: np.ndarray
    condition: np.ndarray
    classes: list[str]
    truth: Ints
    z_nk: Floats
    logits_nt: Floats
    probability_nt: Floats
    truth_ng: Floats
    restored_ng: Floats

    @property
    def labelled(self) -> Bools:
        return np.asarray(self.truth >= 0)

    @property
    def predicted(self) -> Ints:
        return np.asarray(self.probability_nt.argmax(1))


def shared_genes(model: TissueModel, symbols: np.ndarray, what: str) -> str | None:
    """A warning when `symbols` cover under 90% of the model's genes; TooFewGenes when under half."""
    n_shared = len(set(model.genes) & set(symbols.tolist()))
    share = n_shared / len(model.genes)
    found = f"{what} has {n_shared:,} of the model's {len(model.genes):,} genes ({share:.0%})"
    if share < REFUSED_BELOW:
        raise TooFewGenes(
            f"{found}; at least {REFUSED_BELOW:.0%} are needed: check gene ids and species, or train on the genes that both have"
        )
    return f"{found}: the rest is taken as missing, scores are likely lower than on complete samples" if share < WARNED_BELOW else None


def read_test_part(model: TissueModel, compendium: Compendium, advance: Advance = lambda n: None) -> TestPart:
    """Embed and restore every sample of split 'test'. Raises NoTestPart."""
    rows = compendium.rows("test")
    if not len(rows):
        raise NoTestPart(f"{compendium.path}: no sample in split 'test'; a compendium from `curate build` has one")
    tissue = compendium.text("tissue", rows)
    extra = sorted(set(tissue) - set(model.tissues) - {""})
    classes = [*model.tissues, *extra]
    number = {name: i for i, name in enumerate(classes)}
    n_genes = len(model.genes)
    truth_ng, restored_ng = scratch_array((len(rows), n_genes)), scratch_array((len(rows), n_genes))
    z_parts, start = [], 0
    for _, x in compendium.blocks(rows, BLOCK, model.genes):
        z = model.embed(x)
        truth_ng[start : start + len(x)] = (x - model.mean_g) / model.std_g
        restored_ng[start : start + len(x)] = model.reconstruct(z)
        z_parts.append(z)
        start += len(x)
        advance(len(x))
    z_nk = np.concatenate(z_parts)
    return TestPart(
        rows, compendium.sample_ids[rows].astype(str).astype(object), tissue, compendium.text("source", rows), compendium.text("group_id", rows),
        compendium.conditions(rows), classes, np.array([number.get(name, -1) for name in tissue]),
        z_nk, model.logits(z_nk), model.probabilities_of(z_nk), truth_ng, restored_ng,
    )  # fmt: skip


def scratch_array(shape: tuple[int, int]) -> Floats:
    """A float32 array: in memory when small, else in an unnamed temporary file that goes away with it."""
    if shape[0] * shape[1] * 4 <= MEMORY_LIMIT:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=shape)


def score_imputation(
    model: TissueModel, part: TestPart, imputers: dict[str, Restore], seed: int, advance: Advance = lambda n: None
) -> dict[str, dict[str, Any]]:
    """Hide 10, 20 and 30% of the measured cells of every test sample and score what comes back.

    The model and each imputer see the same standardised values with the same cells missing. Returns fraction -> scores.
    """
    out = {}
    n, n_genes = part.truth_ng.shape
    sizes = [min(BLOCK, n - start) for start in range(0, n, BLOCK)]
    for fraction in FRACTIONS:
        cells = HiddenCells(model.mean_g, model.std_g)
        for number, mask in enumerate(masks(n_genes, fraction, seed, iter(sizes))):
            truth = part.truth_ng[number * BLOCK : number * BLOCK + len(mask)]
            visible = np.where(mask, np.float32(np.nan), truth)
            restored = {"model": model.reconstruct(model.embed(visible * model.std_g + model.mean_g))}
            restored |= {name: restore(visible) for name, restore in imputers.items()}
            cells.add(truth, mask, restored)
            advance(len(mask))
        out[str(fraction)] = cells.scores()
    return out
