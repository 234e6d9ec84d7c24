"""Tissues of anyone's samples: calibrated probability, what else it may be, nearest training samples, place on the map.

`predict(model, source)` takes a path or an AnnData and returns everything; `Predictor.blocks` streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelling.bundle import TissueModel
from modelling.geneids import GeneSpace
from modelling.reference import Reference, load_reference
from modelling.userdata import MIN_COVERAGE, Block, Cohort, CohortReport, read_cohort

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from anndata import AnnData

Array = NDArray[Any]
N_TOP = 3


@dataclass
class PredictedBlock:
    """Predictions of some samples. Arrays follow `sample_ids`; what needs a reference is None without one."""

    sample_ids: list[str]
    z_nk: Array
    probability_nt: Array
    coverage: Array
    refused: Array
    neighbours: Array | None = None
    similarity: Array | None = None
    map_xy: Array | None = None


@dataclass
class Predictor:
    """A model with what its predictions are compared with; safe to share between threads."""

    model: TissueModel
    space: GeneSpace
    reference: Reference | None

    @classmethod
    def of(cls, model: TissueModel, *, without_reference: bool = False) -> Predictor:
        """From a loaded model; ReferenceMissing unless its folder holds the reference or `without_reference` is said."""
        reference = None if without_reference or model.folder is None else load_reference(model.folder)
        return cls(model, GeneSpace.of(model), reference)

    def block(self, samples: Block, min_coverage: float = MIN_COVERAGE) -> PredictedBlock:
        """Predict one block of samples (n, g)."""
        z_nk = self.model.embed(samples.x_ng)
        predicted = PredictedBlock(
            samples.sample_ids, z_nk, self.model.probabilities_of(z_nk), samples.coverage, samples.coverage < min_coverage
        )
        if self.reference is not None:
            predicted.neighbours, predicted.similarity = self.reference.neighbours(z_nk)
            predicted.map_xy = self.reference.place(predicted.neighbours, predicted.similarity)
        return predicted

    def blocks(self, cohort: Cohort) -> Iterator[PredictedBlock]:
        """Predict a whole cohort, block by block; its report is complete afterwards."""
        for samples in cohort:
            yield self.block(samples, cohort.min_coverage)

    def table(self, predicted: PredictedBlock) -> pl.DataFrame:
        """One row per sample, as `model predict` writes it. Refused samples keep id, coverage and status only."""
        import polars as pl

        tissues = np.array(self.model.tissues, dtype=object)
        order = np.argsort(-predicted.probability_nt, axis=1, kind="stable")[:, :N_TOP]
        top = np.take_along_axis(predicted.probability_nt, order, axis=1)
        columns: dict[str, Any] = {"sample_id": predicted.sample_ids, "tissue": tissues[order[:, 0]], "probability": top[:, 0]}
        for place, word in list(enumerate(("first", "second", "third")))[1 : order.shape[1]]:
            columns |= {f"{word}_tissue": tissues[order[:, place]], f"{word}_probability": top[:, place]}
        columns |= self._doubt(predicted)
        columns |= self._near(predicted)
        frame = pl.DataFrame(
            {name: list(values) if getattr(values, "dtype", None) == np.dtype(object) else values for name, values in columns.items()}
        )
        refused = pl.Series(predicted.refused)
        frame = frame.with_columns(pl.when(refused).then(None).otherwise(pl.col(name)).alias(name) for name in frame.columns[1:])
        return frame.with_columns(coverage=pl.Series(predicted.coverage.astype(np.float32)), status=pl.Series(self._status(predicted)))

    def tissue_sets(self, predicted: PredictedBlock) -> list[list[str]]:
        """The conformal set of each sample, most probable first; empty where no tissue is as probable as required."""
        assert self.reference is not None
        threshold = self.reference.calibration.threshold
        order = np.argsort(-predicted.probability_nt, axis=1, kind="stable")
        return [[self.model.tissues[t] for t in row if p[t] >= threshold] for row, p in zip(order, predicted.probability_nt, strict=True)]

    def _doubt(self, predicted: PredictedBlock) -> dict[str, Any]:
        """Whether and why a sample is unsure."""
        if self.reference is None or predicted.similarity is None:
            return {}
        limit = self.reference.calibration.far_below
        mean_similarity = predicted.similarity.mean(axis=1)
        sets = self.tissue_sets(predicted)
        why = [_why(held, similarity < limit) for held, similarity in zip(sets, mean_similarity, strict=True)]
        return {
            "unsure": [bool(reason) for reason in why],
            "unsure_because": why,
            "tissue_set": [";".join(held) for held in sets],
            "similarity": mean_similarity,
        }

    def _near(self, predicted: PredictedBlock) -> dict[str, Any]:
        """Nearest training samples, their studies, and the place on the map."""
        if self.reference is None or predicted.neighbours is None or predicted.similarity is None or predicted.map_xy is None:
            return {}
        ids, series, tissue = (self.reference.column(name) for name in ("sample_id", "series_id", "tissue"))
        return {
            "nearest_samples": [";".join(ids[row]) for row in predicted.neighbours],
            "nearest_series": [";".join(dict.fromkeys(name for name in series[row] if name)) for row in predicted.neighbours],
            "nearest_tissues": [";".join(tissue[row]) for row in predicted.neighbours],
            "nearest_similarity": [";".join(f"{s:.3f}" for s in row) for row in predicted.similarity],
            "map_x": predicted.map_xy[:, 0],
            "map_y": predicted.map_xy[:, 1],
        }

    @staticmethod
    def _status(predicted: PredictedBlock) -> list[str]:
        return [
            f"refused: {share:.0%} of the model's genes have a value" if refused else "predicted"
            for share, refused in zip(predicted.coverage, predicted.refused, strict=True)
        ]


def _why(held: list[str], far: bool) -> str:
    reasons = []
    if len(held) > 1:
        reasons.append(f"may be {' or '.join(held)}")
    elif not held:
        reasons.append("no tissue is probable enough")
    if far:
        reasons.append("far from all training samples")
    return "; ".join(reasons)


@dataclass
class Predictions:
    """All predictions of one source.

    `table`: one row per sample; `embedding` (n, k) posterior means; `probabilities` (n, t) in `tissues` order; `neighbours` (n, 5) rows of the
    reference table with their cosine `similarity`, None without a reference; `report`: what the source was found to be.
    """

    table: pl.DataFrame
    embedding: Array
    probabilities: Array
    tissues: list[str]
    report: CohortReport
    neighbours: Array | None = None
    similarity: Array | None = None


def predict(
    model: TissueModel,
    source: str | Path | AnnData | pd.DataFrame,
    *,
    unit: str = "auto",
    layout: str = "auto",
    layer: str | None = None,
    samples: Sequence[str] = (),
    annotation: Sequence[str] = (),
    min_coverage: float = MIN_COVERAGE,
    without_reference: bool = False,
) -> Predictions:
    """Predict every sample of a source held in memory; the options are those of `read_cohort`. Raises BulkatlasError with what to do."""
    predictor = Predictor.of(model, without_reference=without_reference)
    cohort = read_cohort(
        source, predictor.space, unit=unit, layout=layout, layer=layer, samples=samples, annotation=annotation, min_coverage=min_coverage
    )
    return collect(predictor, cohort)


def collect(predictor: Predictor, cohort: Cohort) -> Predictions:
    """Predict a cohort and put the blocks together."""
    import polars as pl

    blocks = list(predictor.blocks(cohort))
    near = [(block.neighbours, block.similarity) for block in blocks if block.neighbours is not None and block.similarity is not None]
    return Predictions(
        pl.concat([predictor.table(block) for block in blocks]),
        np.concatenate([block.z_nk for block in blocks]),
        np.concatenate([block.probability_nt for block in blocks]),
        predictor.model.tissues,
        cohort.report,
        np.concatenate([rows for rows, _ in near]) if near else None,
        np.concatenate([values for _, values in near]) if near else None,
    )
