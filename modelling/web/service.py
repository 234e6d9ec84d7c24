"""What the routes of the page answer from: the model, its atlas, and what the curation's release adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from modelling.comparing.compare import Background
from modelling.comparing.folder import FILE, load_background
from modelling.comparing.normals import FEWEST
from modelling.predicting.cohort import MIN_COVERAGE, MIN_MATCHED_SHARE
from modelling.predicting.predict import Predictor
from modelling.web.answers import About, Colour, TissueSummary
from modelling.web.atlas import Atlas
from modelling.web.colours import Facts
from modelling.web.comparing import MAKE_IT
from modelling.web.evidence import Evidence
from modelling.web.gate import WebLimits
from modelling.web.genes import NAME, Genes
from modelling.web.terms import Terms
from profiles import __version__
from profiles.gene_names import parse_gene_names
from profiles.resolve import resolve

NOTICE = "For research use only. Not a diagnostic device: do not use it to decide about the care of a person."


@dataclass
class Service:
    """What the routes answer from."""

    predictor: Predictor
    evidence: Evidence | None
    limits: WebLimits
    folder: Path

    @cached_property
    def atlas(self) -> Atlas:
        """The reference samples, coded."""
        return Atlas.of(self.predictor)

    @cached_property
    def facts(self) -> Facts | None:
        """The facts of the reference samples, where the release is known."""
        if self.evidence is None:
            return None
        return Facts(self.atlas.sample_id, self.evidence.labels, self.evidence.beside("compendium.h5ad"))

    @cached_property
    def genes(self) -> Genes | None:
        """Expression by gene, where the release keeps it."""
        path = self.evidence.beside(NAME) if self.evidence else None
        return Genes.open(path, self.atlas.sample_id) if path else None

    @cached_property
    def background(self) -> Background | None:
        """The normal samples of the run, where it holds some. Raises BundleError where they are damaged or of another model."""
        return load_background(self.folder, self.predictor.model.genes) if (self.folder / FILE).is_file() else None

    def normal_tissues(self) -> list[str]:
        """Tissues with enough normal samples to compare with."""
        if self.background is None:
            return []
        normals = self.background.normals
        return [tissue for tissue, n in zip(normals.tissues, normals.sums.n_t, strict=True) if n >= FEWEST]

    def reads_range(self) -> list[float]:
        """Reads of the training samples: the 5th, 50th and 95th percentile; empty where the release does not say them."""
        if self.facts is None or "library_size" not in self.facts.columns:
            return []
        values = self.facts.measure("library_size")[self.atlas.reference.column("split") == "train"]  # log10
        known = values[np.isfinite(values)]
        return [float(10**q) for q in np.quantile(known, (0.05, 0.5, 0.95))] if len(known) else []

    @cached_property
    def terms(self) -> Terms:
        """Names of what the reference samples are, read when first asked for."""
        return Terms(self.atlas.term_ids(), self.atlas.tissue.tolist())

    @cached_property
    def is_human(self) -> bool:
        """Whether the model's genes carry human names: tables are told by theirs."""
        known = resolve(parse_gene_names(self.predictor.model.genes)).gene >= 0
        return bool(np.mean(known) >= MIN_MATCHED_SHARE)

    def reads(self) -> str:
        """What tables the model takes, said where it is less than all: without the lengths of its genes nothing can be divided by them."""
        space = self.predictor.space
        if not self.is_human:
            return "none can be read here, since the model's own genes carry no names of human genes; the compendium can be browsed."
        known = np.isfinite(space.length_bp)
        if known.mean() >= MIN_COVERAGE:
            return "CSV, TSV or GCT; all genes; counts, TPM, FPKM or log2."
        unit = self.predictor.model.unit
        return (
            f"CSV, TSV or GCT in {unit} or TPM, all genes, under the model's names: "
            f"it knows the length of {known.mean():.0%} of them, so counts cannot become TPM."
        )

    def about(self) -> About:
        """The model in numbers."""
        model, reference = self.predictor.model, self.predictor.reference
        assert reference is not None
        return About(
            name=self.folder.resolve().name,
            version=__version__,
            notice=NOTICE,
            unit=model.unit,
            n_genes=len(model.genes),
            n_latent=model.n_latent,
            n_train=int(model.details.get("n_train", 0)),
            n_points=reference.table.height,
            simulated=bool(model.details.get("simulated", False)),
            tissues=[TissueSummary(**row) for row in self.atlas.tissue_summaries()],
            sources=self.atlas.sources,
            map_method=reference.about.map_method,
            claim=model.calibration.claim(),
            min_coverage=MIN_COVERAGE,
            has_evidence=self.evidence is not None,
            has_example=self.is_human and (self.folder / "example.tsv").is_file(),
            has_genes=self.genes is not None,
            normals=self.normal_tissues(),
            no_normals=MAKE_IT if self.background is None else "",
            colours=[Colour(**one) for one in self.facts.choices()] if self.facts else [],
            reads=self.reads(),
            detected_below=model.calibration.detected_below,
            answer_above=model.calibration.answer_above,
            answer_right=model.calibration.answer_right,
            reads_range=self.reads_range(),
            limits=asdict(self.limits),
        )

    def order(self, name: str, unit: str, layout: str, samples: Sequence[str], annotation: Sequence[str]) -> dict[str, Any]:
        """What a worker is told of a table beside its text."""
        bounds = {what: getattr(self.limits, what) for what in ("samples", "columns", "rows", "cells")}
        how = {"unit": unit, "layout": layout, "samples": list(samples), "annotation": list(annotation)}
        return {"name": Path(name).name or "table", "seconds": self.limits.seconds, "limits": bounds, **how}
