"""The test part of a compendium as a trained model sees it: read once, in blocks, embedded and restored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Advance, ignore
from modelling.scratch import let_go, scratch_array

BLOCK = 256
REFUSED_BELOW = 0.5
WARNED_BELOW = 0.9


class TooFewGenes(ModellingError):
    """The samples measure too few of the model's genes for a score to mean anything."""


class NothingHeldOut(ModellingError):
    """The compendium has no sample in split 'test'."""


@dataclass(frozen=True)
class HeldOut:
    """Samples (n) with what the model made of them.

    classes: the model's tissues, then tissues that only the test part holds; truth: class number, -1 where unlabelled;
    truth_ng, restored_ng: standardised, unclipped, NaN = not measured (memory maps when large); measured_g: whether any sample measures a gene.
    """

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
    certainty_n: Floats
    term_id: np.ndarray
    measured_g: Bools

    @property
    def labelled(self) -> Bools:
        """Which samples (n) have a tissue."""
        return np.asarray(self.truth >= 0)

    @property
    def predicted(self) -> Ints:
        """Number of the most probable class (n)."""
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


def read_held_out(model: TissueModel, compendium: Compendium, advance: Advance = ignore) -> HeldOut:
    """Embed and restore every sample of split 'test'. Raises NothingHeldOut."""
    rows = compendium.rows("test")
    if not len(rows):
        raise NothingHeldOut(f"{compendium.path}: no sample in split 'test'; a compendium from `curate build` has one")
    tissue = compendium.text("tissue", rows)
    extra = sorted(set(tissue) - set(model.tissues) - {""})
    classes = [*model.tissues, *extra]
    number = {name: i for i, name in enumerate(classes)}
    n_genes = len(model.genes)
    truth_ng, restored_ng = scratch_array((len(rows), n_genes)), scratch_array((len(rows), n_genes))
    z_parts, certain, start, measured_g = [], [], 0, np.zeros(n_genes, bool)
    for _, x in compendium.blocks(rows, BLOCK, model.genes):
        found = model.infer(x)
        measured_g |= ~np.isnan(x).all(axis=0)
        truth_ng[start : start + len(x)] = (x - model.mean_g) / model.std_g
        restored_ng[start : start + len(x)] = model.reconstruct(found.z_nk)
        z_parts.append(found.z_nk)
        certain.append(found.certainty_n)
        start += len(x)
        let_go(truth_ng, restored_ng)
        advance(len(x))
    z_nk, certainty_n = np.concatenate(z_parts), np.concatenate(certain)
    return HeldOut(
        rows, compendium.sample_ids[rows].astype(str).astype(object), tissue, compendium.text("source", rows), compendium.text("group_id", rows),
        compendium.conditions(rows), classes, np.array([number.get(name, -1) for name in tissue]),
        z_nk, model.logits(z_nk, certainty_n), model.probabilities_of(z_nk, certainty_n), truth_ng, restored_ng,
        certainty_n, compendium.text("term_id", rows), measured_g,
    )  # fmt: skip
