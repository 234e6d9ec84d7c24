"""Hides cells of the held-out samples and scores what the model and simple imputers restore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.network.pca import fit_components
from modelling.progress import Advance, Stage, ignore
from modelling.scores.imputation import FRACTIONS, HiddenCells, KnnImputer, PcaImputer, Restore, SimpleImputers, masks
from modelling.studies.held_out import BLOCK, HeldOut

N_COMPONENTS = 121


def score_imputation(
    model: TissueModel,
    part: HeldOut,
    simple: Restore | None,
    seed: int,
    advance: Advance = ignore,
    fractions: Sequence[float] = FRACTIONS,
) -> dict[str, dict[str, Any]]:
    """Hide shares (`fractions`) of the measured cells of every test sample and score what comes back.

    Args: simple, imputers beside the model, of standardised values (n, g). All see the same values with the same cells missing. Returns fraction ->
    scores.
    """
    out = {}
    n, n_genes = part.truth_ng.shape
    sizes = [min(BLOCK, n - start) for start in range(0, n, BLOCK)]
    for fraction in fractions:
        cells = HiddenCells(model.mean_g, model.std_g)
        for number, mask in enumerate(masks(n_genes, fraction, seed, iter(sizes))):
            truth = part.truth_ng[number * BLOCK : number * BLOCK + len(mask)]
            visible = np.where(mask, np.float32(np.nan), truth)
            found = model.impute(visible * model.std_g + model.mean_g)
            restored: dict[str, Floats] = {"model": (found.values_ng - model.mean_g) / model.std_g}
            restored |= simple(visible) if simple else {}
            cells.add(truth, mask, restored, found.sd_ng / model.std_g)
            advance(len(mask))
        out[str(fraction)] = cells.scores()
    return out


def simple_imputers(model: TissueModel, compendium: Compendium, seed: int, stage: Stage) -> tuple[SimpleImputers, Floats]:
    """PCA and kNN imputers fitted on the training part, and the model's embedding (m, k) of it."""
    rows = compendium.rows("train")
    advance = stage("training samples for the imputers", len(rows) * 7)

    def standardised(chosen: np.ndarray) -> Floats:
        return np.asarray((compendium.x(chosen, model.genes) - model.mean_g) / model.std_g)

    def blocks() -> Iterable[Floats]:
        for start in range(0, len(rows), BLOCK):
            block = np.nan_to_num(standardised(rows[start : start + BLOCK]), nan=0.0)
            advance(len(block))
            yield block

    n_components = min(N_COMPONENTS, len(rows) - 1, len(model.genes))
    pca = PcaImputer(fit_components(blocks, n_components, seed))
    scores = np.concatenate([pca.components.project(block) for block in blocks()])
    knn = KnnImputer(scores, lambda index: standardised(rows[index]))
    z = np.concatenate([model.embed(x) for _, x in compendium.blocks(rows, BLOCK, model.genes)])
    return SimpleImputers(pca, knn), z
