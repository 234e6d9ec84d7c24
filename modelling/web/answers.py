"""Shapes of the JSON API, as OpenAPI states them, and predictions put into that shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from modelling.arrays import Array
from modelling.predicting.predict import Predictions, Predictor
from modelling.predicting.results import tsv

ANSWER = ("answer", "answer_level", "answer_probability", "answer_term_id")


class Problem(BaseModel):
    """Why a request was not answered."""

    error: str


class TissueProbability(BaseModel):
    """One of the most probable tissues."""

    tissue: str
    probability: float


class Neighbour(BaseModel):
    """A near training sample; `point` is its row on the map."""

    sample_id: str
    series_id: str
    source: str
    tissue: str
    similarity: float
    point: int


class SampleAnswer(BaseModel):
    """One sample's prediction; a refused sample has a status and nothing else."""

    sample_id: str
    status: str
    coverage: float
    genes_detected: int | None = None
    reads: int | None = None
    tissue: str | None = None
    probability: float | None = None
    top: list[TissueProbability] = []
    unsure: bool | None = None
    unsure_because: str | None = None
    tissue_set: list[str] = []
    answer: str | None = None
    answer_level: str | None = None
    answer_probability: float | None = None
    answer_term_id: str | None = None
    similarity: float | None = None
    neighbours: list[Neighbour] = []
    map_x: float | None = None
    map_y: float | None = None


class PredictionAnswer(BaseModel):
    """All predictions of one table; `report` says what the table was found to be, `tsv` is the same for a spreadsheet."""

    report: dict[str, Any]
    samples: list[SampleAnswer]
    tsv: str


class GeneDifference(BaseModel):
    """One gene of a sample beside what its closest normal lets one expect: log2 values, their difference, its standard error, false discovery rate."""

    gene: str
    observed: float
    expected: float
    difference: float
    standard_error: float
    fdr: float


class ComparisonAnswer(BaseModel):
    """A sample against the closest normal: `n_higher` and `n_lower` genes lie below the rate `fdr`, `higher` and `lower` are the surest
    of either side whether they do or not; nothing of it where `status` says why not."""

    sample_id: str
    status: str
    called: str
    unsure_because: str
    tissue: str | None = None
    sex: str | None = None
    n_normal: int | None = None
    also: str | None = None
    also_counts_for: float | None = None
    fdr: float
    n_genes: int = 0
    n_higher: int = 0
    n_lower: int = 0
    higher: list[GeneDifference] = []
    lower: list[GeneDifference] = []


class TissueSummary(BaseModel):
    """A tissue of the compendium."""

    tissue: str
    organ_system: str
    n_samples: int
    n_series: int


class Colour(BaseModel):
    """Something to colour the map by; `kind` is fact or measure."""

    by: str
    title: str
    kind: str
    n_known: int


class ColourCodes(BaseModel):
    """A fact of every point: the place of its value in `values`, 255 where it is unknown."""

    values: list[str]
    codes: list[int]


class TermFound(BaseModel):
    """A term of UBERON or CL that holds samples; `word` is the synonym that found it."""

    term_id: str
    name: str
    word: str
    n_samples: int


class TermSamples(BaseModel):
    """What is within a term: its points on the map, and the finest terms of them."""

    term_id: str
    name: str
    points: list[int]
    parts: list[TermFound]


class GeneFound(BaseModel):
    """A gene; `word` is the alias or id that found it."""

    symbol: str
    word: str


class GeneBox(BaseModel):
    """A gene in one tissue: 5th, 25th, 50th, 75th and 95th percentile of n samples."""

    tissue: str
    n: int
    quantiles: list[float]


class GeneSummary(BaseModel):
    """A gene over all tissues, the highest median first."""

    symbol: str
    unit: str
    n_samples: int
    boxes: list[GeneBox]


class About(BaseModel):
    """The model behind the page; `reads_range`: 5th, 50th and 95th percentile of the training samples' reads, empty where the release is not known."""

    name: str
    version: str
    notice: str
    unit: str
    n_genes: int
    n_latent: int
    n_train: int
    n_points: int
    simulated: bool
    tissues: list[TissueSummary]
    sources: list[str]
    map_method: str
    claim: str
    min_coverage: float
    has_evidence: bool
    has_example: bool
    has_genes: bool
    normals: list[str]
    no_normals: str
    colours: list[Colour]
    reads: str
    detected_below: float | None
    answer_above: float | None
    answer_right: float | None
    reads_range: list[float]
    limits: dict[str, int]


class SeriesSummary(BaseModel):
    """A study and its samples of one tissue."""

    series_id: str
    source: str
    n_samples: int


class Found(BaseModel):
    """What a search found."""

    tissues: list[str]
    series: list[str]
    samples: list[str]
    terms: list[TermFound] = []
    genes: list[GeneFound] = []
    diseases: list[str] = []


class SampleDetails(BaseModel):
    """A sample of the compendium; `label` and `proposals` when the server knows the curation."""

    sample: dict[str, Any]
    label: dict[str, Any] | None = None
    proposals: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    rule_reason: str = ""


def answer(predictor: Predictor, predictions: Predictions) -> PredictionAnswer:
    """Predictions as the API gives them."""
    assert predictions.neighbours is not None
    assert predictions.similarity is not None
    samples = []
    for number, row in enumerate(predictions.table.iter_rows(named=True)):
        made = _sample(predictor, row, predictions.neighbours[number], predictions.similarity[number])
        if predictions.reads is not None and np.isfinite(predictions.reads[number]):
            made.reads = round(float(predictions.reads[number]))
        samples.append(made)
    text = tsv(predictions.table, for_spreadsheet=True).decode()
    return PredictionAnswer(report={**predictions.report.as_dict(), "lines": predictions.report.lines()}, samples=samples, tsv=text)


def _sample(predictor: Predictor, row: dict[str, Any], points: Array, similarity: Array) -> SampleAnswer:
    if row["tissue"] is None:
        return SampleAnswer(**{name: row[name] for name in ("sample_id", "status", "coverage", "genes_detected")})
    top = [
        TissueProbability(tissue=row[name], probability=row[value])
        for name, value in (("tissue", "probability"), ("second_tissue", "second_probability"), ("third_tissue", "third_probability"))
        if name in row
    ]
    return SampleAnswer(
        **{name: row[name] for name in ("sample_id", "status", "coverage", "genes_detected", "tissue", "probability")},
        top=top,
        unsure=row["unsure"],
        unsure_because=row["unsure_because"],
        tissue_set=[name for name in row["tissue_set"].split(";") if name],
        **{name: row[name] for name in ANSWER if name in row},
        similarity=row["similarity"],
        neighbours=_neighbours(predictor, points, similarity),
        map_x=row["map_x"],
        map_y=row["map_y"],
    )


def _neighbours(predictor: Predictor, points: Array, similarity: Array) -> list[Neighbour]:
    assert predictor.reference is not None
    held = predictor.reference.table[points].select("sample_id", "series_id", "source", "tissue")
    return [
        Neighbour(**row, similarity=float(value), point=int(point))
        for row, value, point in zip(held.iter_rows(named=True), similarity, points, strict=True)
    ]
