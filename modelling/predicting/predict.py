"""Tissues of anyone's samples: calibrated probability, what else it may be, nearest training samples, place on the map.

`predict(model, source)` takes a path or an AnnData and returns everything; `Predictor.blocks` streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.arrays import Array
from modelling.bundle.model import TissueModel
from modelling.bundle.reference import Reference, load_reference
from modelling.predicting.cohort import MIN_COVERAGE, Block, Cohort, read_cohort
from modelling.predicting.cohort_report import CohortReport
from modelling.predicting.genes import GeneSpace
from modelling.scores.detected import detected_genes

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from anndata import AnnData

N_TOP = 3
EVEN = 0.5  # below, a tissue is less probable than not: never sure, whatever the conformal set holds
DETECTED_FLOOR = 0.1  # share of genes above zero, for references that do not hold the training range; whole tissues detect far more


@dataclass
class PredictedBlock:
    """Predictions of some samples. Arrays follow `sample_ids`; what needs a reference is None without one."""

    sample_ids: list[str]
    z_nk: Array
    probability_nt: Array
    coverage: Array
    refused: Array
    n_detected: Array
    detected_share: Array
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
        refused = samples.coverage < min_coverage
        predicted = PredictedBlock(
            samples.sample_ids, z_nk, self.model.probabilities_of(z_nk), samples.coverage, refused, *detected_genes(samples.x_ng)
        )
        if self.reference is not None:
            predicted.neighbours, predicted.similarity = self.reference.neighbours(z_nk)
            predicted.map_xy = self.reference.place(predicted.neighbours, predicted.similarity)
        return predicted

    def blocks(self, cohort: Cohort) -> Iterator[PredictedBlock]:
        """Predict a whole cohort, block by block; its report is complete afterwards."""
        n_sparse = 0
        for samples in cohort:
            predicted = self.block(samples, cohort.min_coverage)
            n_sparse += int((self._sparse(predicted) & ~predicted.refused).sum())
            yield predicted
        self._report_sparse(cohort.report, n_sparse)

    @property
    def detected_below(self) -> float:
        """Share of the measured genes above zero that a sample needs to be sure: of the training samples, or `DETECTED_FLOOR` unknown."""
        limit = self.reference.calibration.detected_below if self.reference else None
        return DETECTED_FLOOR if limit is None else limit

    def _sparse(self, predicted: PredictedBlock) -> Array:
        return predicted.detected_share < self.detected_below

    def _report_sparse(self, report: CohortReport, n_sparse: int) -> None:
        """What the report says of samples with few genes, and of a reference that does not know the range."""
        if n_sparse:
            report.warnings.append(
                f"{n_sparse:,} of {report.n_samples:,} samples have a value above zero for less than {self.detected_below:.0%} of the genes"
                " measured: too few to name a tissue surely"
            )
        if self.reference is not None and self.reference.calibration.detected_below is None:
            report.notes.append(
                "the run's reference does not hold how many genes its training samples detect (it is older): samples under"
                f" {DETECTED_FLOOR:.0%} are called unsure; `model reference` measures it"
            )

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
        return frame.with_columns(
            coverage=pl.Series(predicted.coverage.astype(np.float32)),
            genes_detected=pl.Series(predicted.n_detected.astype(np.int64)),
            status=pl.Series(self._status(predicted)),
        )

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
        top = predicted.probability_nt.max(axis=1)
        why = [
            _why(held, bool(similarity < limit), float(p), sparse)
            for held, similarity, p, sparse in zip(sets, mean_similarity, top, self._sparse_words(predicted), strict=True)
        ]
        return {
            "unsure": [bool(reason) for reason in why],
            "unsure_because": why,
            "tissue_set": [";".join(held) for held in sets],
            "similarity": mean_similarity,
        }

    def _sparse_words(self, predicted: PredictedBlock) -> list[str]:
        """Why few detected genes make a sample unsure; empty where they do not."""
        assert self.reference is not None
        known = self.reference.calibration.detected_below is not None
        range_ = "less than half of what training samples have" if known else f"at least {DETECTED_FLOOR:.0%} are needed"
        return [
            f"only {n:,} gene{'' if n == 1 else 's'} detected, {share:.1%} of those with a value, the rest are zeros: {range_}"
            if is_sparse
            else ""
            for n, share, is_sparse in zip(predicted.n_detected, predicted.detected_share, self._sparse(predicted), strict=True)
        ]

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


def _why(held: list[str], far: bool, probability: float, sparse: str) -> str:
    reasons = [sparse] if sparse else []
    if len(held) > 1:
        reasons.append(f"may be {' or '.join(held)}")
    elif not held:
        reasons.append("no tissue is probable enough")
    elif probability < EVEN:
        reasons.append("the most probable tissue is less probable than all others together")
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
