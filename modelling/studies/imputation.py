"""Hides cells of the held-out samples and scores what the model and simple imputers restore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.network.pca import PASSES, fit_components
from modelling.progress import Advance, Stage, ignore
from modelling.scores.imputation import FRACTIONS, HiddenCells, KnnImputer, PcaImputer, SimpleImputers, masks
from modelling.scratch import let_go
from modelling.studies.held_out import BLOCK, HeldOut

N_COMPONENTS = 121
MOST_FITTED = 20_000  # more samples move these components by less than another seed does, and cost six readings of each


def score_imputation(
    model: TissueModel,
    part: HeldOut,
    imputers: SimpleImputers | None,
    seed: int,
    advance: Advance = ignore,
    fractions: Sequence[float] = FRACTIONS,
) -> dict[str, dict[str, Any]]:
    """Hide shares (`fractions`) of the measured cells of every test sample and score what comes back.

    The model and the simple imputers see the same standardised values with the same cells missing. Returns fraction -> scores.
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
            restored |= imputers.restore(visible) if imputers else {}
            cells.add(truth, mask, restored, found.sd_ng / model.std_g)
            let_go(part.truth_ng)
            advance(len(mask))
        out[str(fraction)] = cells.scores()
    return out


def simple_imputers(model: TissueModel, compendium: Compendium, seed: int, stage: Stage) -> tuple[SimpleImputers, Floats]:
    """PCA and kNN imputers fitted on the training part, and the model's embedding (m, k) of it.

    The components are those of at most `MOST_FITTED` training samples, drawn by `seed`; neighbours are sought among all of them.
    """
    rows, mean_g, std_g = compendium.rows("train"), model.mean_g, model.std_g
    few = rows if len(rows) <= MOST_FITTED else np.sort(np.random.default_rng(seed).choice(rows, MOST_FITTED, replace=False))
    advance = stage("training samples for the imputers", len(few) * PASSES + len(rows))

    def standardised(x_ng: Floats) -> Floats:
        x_ng -= mean_g
        x_ng /= std_g
        return x_ng

    def filled(x_ng: Floats) -> Floats:
        x_ng = standardised(x_ng)
        np.copyto(x_ng, 0, where=np.isnan(x_ng))
        return x_ng

    def blocks() -> Iterable[Floats]:
        for _, x in compendium.blocks(few, BLOCK, model.genes):
            yield filled(x)
            advance(len(x))

    n_components = min(N_COMPONENTS, len(few) - 1, len(model.genes))
    pca = PcaImputer(fit_components(blocks, n_components, seed))
    scores, z, done = np.empty((len(rows), n_components), np.float32), np.empty((len(rows), model.n_latent), np.float32), 0
    for _, x in compendium.blocks(rows, BLOCK, model.genes):
        z[done : done + len(x)] = model.embed(x)
        scores[done : done + len(x)] = pca.components.project(filled(x))
        done += len(x)
        advance(len(x))
    return SimpleImputers(pca, KnnImputer(scores, lambda index: standardised(compendium.x(rows[index], model.genes)))), z
