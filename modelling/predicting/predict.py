"""Tissues of anyone's samples: calibrated probability, what else it may be, nearest training samples, place on the map.

`predict(model, source)` takes a path or an AnnData and returns everything; `Predictor.blocks` streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.arrays import Array, Ints
from modelling.bundle.inference import Imputed
from modelling.bundle.model import TissueModel
from modelling.bundle.reference import Reference, load_reference
from modelling.predicting.cohort import MIN_COVERAGE, Block, Cohort, read_cohort
from modelling.predicting.cohort_report import CohortReport
from modelling.predicting.doubt import Evidence, is_sparse, reasons, suggested, tissue_sets
from modelling.predicting.genes import GeneSpace
from modelling.scores.detected import detected_genes

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from anndata import AnnData

N_TOP = 3


@dataclass
class PredictedBlock:
    """Predictions of some samples. Arrays follow `sample_ids`; neighbours and map are None without a reference, every gene unless asked for."""

    sample_ids: list[str]
    z_nk: Array
    probability_nt: Array
    coverage: Array
    refused: Array
    evidence: Evidence
    neighbours: Array | None = None
    similarity: Array | None = None
    map_xy: Array | None = None
    level_nv: Array | None = None
    imputed: Imputed | None = None
    reads: Array | None = None


@dataclass
class Predictor:
    """A model with what its predictions are compared with; safe to share between threads."""

    model: TissueModel
    space: GeneSpace
    reference: Reference | None

    @classmethod
    def of(cls, model: TissueModel, *, without_reference: bool = False) -> Predictor:
        """From a loaded model; ReferenceMissing unless its folder holds the reference or `without_reference` is said."""
        reference = None if without_reference or model.folder is None else load_reference(model.folder, model.n_latent)
        return cls(model, GeneSpace.of(model), reference)

    def block(self, samples: Block, min_coverage: float = MIN_COVERAGE, *, impute: bool = False) -> PredictedBlock:
        """Predict one block of samples (n, g), with `impute` also the genes that they lack."""
        model, found = self.model, self.model.infer(samples.x_ng)
        z_nk = found.z_nk
        probability = model.probabilities_of(z_nk, found.certainty_n)
        similarities = model.similarities(z_nk, found.certainty_n)
        nearness = None if similarities is None else similarities.max(axis=1)
        neighbours = similarity = xy = near = None
        if self.reference is not None:
            neighbours, similarity = self.reference.neighbours(model.directions(z_nk))
            xy = self.reference.place(neighbours, similarity)
            near = self.tissue_of_row[neighbours]
            nearness = similarity.mean(axis=1) if nearness is None else nearness
        evidence = Evidence(probability, nearness, model.second_tissue(z_nk), near, *detected_genes(samples.x_ng))
        refused = samples.coverage < min_coverage
        imputed = model.impute(samples.x_ng) if impute else None
        level_nv = model.level_probabilities(found, probability)
        near_by = (neighbours, similarity, xy)
        return PredictedBlock(
            samples.sample_ids, z_nk, probability, samples.coverage, refused, evidence, *near_by, level_nv, imputed, samples.reads
        )

    @cached_property
    def tissue_of_row(self) -> Ints:
        """Tissue number of each reference sample, -1 where the model does not know it."""
        assert self.reference is not None
        number = {tissue: i for i, tissue in enumerate(self.model.tissues)}
        return np.array([number.get(tissue, -1) for tissue in self.reference.column("tissue")], dtype=np.int64)

    def blocks(self, cohort: Cohort, *, impute: bool = False) -> Iterator[PredictedBlock]:
        """Predict a whole cohort, block by block; its report is complete afterwards."""
        n_sparse = 0
        for samples in cohort:
            predicted = self.block(samples, cohort.min_coverage, impute=impute)
            n_sparse += int((is_sparse(predicted.evidence, self.model.calibration) & ~predicted.refused).sum())
            yield predicted
        if n_sparse:
            cohort.report.warnings.append(
                f"{n_sparse:,} of {cohort.report.n_samples:,} samples have a value above zero for less than"
                f" {self.model.calibration.detected_below:.0%} of the genes measured: too few to name a tissue surely"
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
        columns |= self._answers(predicted)
        columns |= self._doubt(predicted)
        columns |= self._near(predicted)
        frame = pl.DataFrame(
            {name: list(values) if getattr(values, "dtype", None) == np.dtype(object) else values for name, values in columns.items()}
        )
        refused = pl.Series(predicted.refused)
        frame = frame.with_columns(pl.when(refused).then(None).otherwise(pl.col(name)).alias(name) for name in frame.columns[1:])
        return frame.with_columns(
            coverage=pl.Series(predicted.coverage.astype(np.float32)),
            genes_detected=pl.Series(predicted.evidence.n_detected.astype(np.int64)),
            status=pl.Series(self._status(predicted)),
        )

    def tissue_sets(self, predicted: PredictedBlock) -> list[list[str]]:
        """The set of each sample, most probable tissue first, never empty."""
        return [[self.model.tissues[t] for t in held] for held in tissue_sets(predicted.evidence, self.model.calibration)]

    def _answers(self, predicted: PredictedBlock) -> dict[str, Any]:
        """The finest level that holds each sample; nothing for a model without levels."""
        levels, limits = self.model.levels, self.model.calibration
        if levels is None or predicted.level_nv is None or limits.answer_above is None:
            return {}
        may_be_nt, told_n = suggested(predicted.evidence, limits)
        answer = levels.answer(predicted.level_nv, limits.answer_above, may_be_nt[:, levels.leaf_tissue])
        return levels.named(np.where(told_n, answer, -1), predicted.level_nv)

    def _doubt(self, predicted: PredictedBlock) -> dict[str, Any]:
        """Whether and why a sample is unsure."""
        why = reasons(predicted.evidence, self.model.calibration, self.model.tissues)
        columns = {
            "unsure": [bool(reason) for reason in why],
            "unsure_because": why,
            "tissue_set": [";".join(held) for held in self.tissue_sets(predicted)],
        }
        nearness = predicted.evidence.nearness
        return columns if nearness is None else columns | {"similarity": nearness}

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


@dataclass
class Predictions:
    """All predictions of one source.

    `table`: one row per sample; `embedding` (n, k) posterior means; `probabilities` (n, t) in `tissues` order; `neighbours` (n, 5) rows of the
    reference table with their cosine `similarity`, None without a reference; `reads` (n) of the model's genes, NaN where the source holds no counts;
    `report`: what the source was found to be.
    """

    table: pl.DataFrame
    embedding: Array
    probabilities: Array
    tissues: list[str]
    report: CohortReport
    neighbours: Array | None = None
    similarity: Array | None = None
    reads: Array | None = None


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
        np.concatenate([block.reads for block in blocks if block.reads is not None]),
    )
