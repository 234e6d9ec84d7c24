"""One sample of a table against its closest normal, in the shape of the API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelling.comparing.cohort import Compared, Comparer
from modelling.comparing.compare import Background
from modelling.comparing.folder import FILE, load_background
from modelling.comparing.listing import gene_table
from modelling.predicting.cohort import Cohort
from modelling.predicting.predict import Predictor
from modelling.predicting.results import tsv
from modelling.web.answers import ComparisonAnswer, GeneDifference
from profiles.errors import TableFault

FDR = 0.05
LISTED = 25  # genes of either direction; the download has all
MAKE_IT = f"this run has no {FILE}: write it with `model normals RUN COMPENDIUM` and start the page again"


class Comparing:
    """What compares for one worker; the normal samples are read when first asked for."""

    def __init__(self, predictor: Predictor, folder: Path) -> None:
        self.predictor, self.folder = predictor, folder

    @cached_property
    def background(self) -> Background:
        """The normal samples of the run. Raises NormalsMissing, BundleError."""
        return load_background(self.folder, self.predictor.model.genes)

    def compared(self, cohort: Cohort, order: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Sample number `order["position"]` of a table, as JSON and with all genes as TSV. Raises TableFault where the table has no such sample."""
        comparer = Comparer(self.predictor, self.background, order["tissue"])
        position = int(order["position"])
        found = list(comparer.samples(cohort, only={position}))
        if not found:
            raise TableFault(
                f"{order['name']}: has {cohort.report.n_samples:,} samples, none at place {position}; places are counted from 0"
            )
        one, genes = found[0], np.array(self.predictor.model.genes, dtype=object)
        table = gene_table(one, genes) if one.found else None
        return comparison(one, table).model_dump_json().encode(), b"" if table is None else tsv(table, for_spreadsheet=True)


def comparison(one: Compared, table: pl.DataFrame | None) -> ComparisonAnswer:
    """A comparison and its genes as the API gives them."""
    answer = ComparisonAnswer(sample_id=one.sample_id, status=one.status, called=one.called, unsure_because=one.unsure_because, fdr=FDR)
    if one.found is None or table is None:
        return answer
    expected, known = one.found.expected, table.filter(pl.col("fdr").is_not_null())
    higher, lower = known.filter(pl.col("difference") > 0), known.filter(pl.col("difference") <= 0)
    return answer.model_copy(
        update={
            "tissue": one.found.tissue, "sex": one.found.sex, "n_normal": expected.n, "also": expected.neighbour or None,
            "also_counts_for": expected.weight if expected.neighbour else None, "n_genes": int(np.isfinite(one.found.p_g).sum()),
            "n_higher": _n_sure(higher), "n_lower": _n_sure(lower), "higher": _listed(higher), "lower": _listed(lower),
        }
    )  # fmt: skip


def _n_sure(table: pl.DataFrame) -> int:
    return table.filter(pl.col("fdr") < FDR).height


def _listed(table: pl.DataFrame) -> list[GeneDifference]:
    columns = list(GeneDifference.model_fields)
    return [GeneDifference(**row) for row in table.head(LISTED).select(columns).iter_rows(named=True)]
