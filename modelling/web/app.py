"""The FastAPI application: routes over a predictor, its atlas and, where given, the curation's evidence."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import anyio
import numpy as np
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from modelling import __version__
from modelling.predicting.cohort import MIN_COVERAGE, Reading, read_text
from modelling.predicting.predict import Predictor, collect
from modelling.predicting.results import tsv
from modelling.web.answers import About, Colour, PredictionAnswer, Problem, TissueSummary, answer
from modelling.web.atlas import Atlas
from modelling.web.browsing import NAME_LENGTH, add_browse_routes
from modelling.web.colours import Facts
from modelling.web.evidence import Evidence
from modelling.web.gate import Gate, Refused, WebLimits, guard, read_body
from modelling.web.genes import NAME, Genes
from modelling.web.terms import Terms
from profiles.errors import BulkatlasError
from profiles.limits import LimitExceeded, Limits

STATIC = Path(__file__).with_name("static")
NOTICE = "For research use only. Not a diagnostic device: do not use it to decide about the care of a person."
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": why}
    for status, why in (
        (408, "The table did not arrive in time"),
        (413, "The table is too large"),
        (415, "Not a text table"),
        (422, "The table cannot be understood; the error says what, where and what to do"),
        (503, "Too many tables at once"),
    )
}
TABLE_BODY = {
    "requestBody": {
        "required": True,
        "description": "Expression of all genes: CSV, TSV or GCT text, genes in rows or samples in rows",
        "content": {"text/tab-separated-values": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
    }
}


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
    def terms(self) -> Terms:
        """Names of what the reference samples are, read when first asked for."""
        return Terms(self.atlas.term_ids())

    def reads(self) -> str:
        """What tables the model takes, said where it is less than all: without the lengths of its genes nothing can be divided by them."""
        space = self.predictor.space
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
            has_example=(self.folder / "example.tsv").is_file(),
            has_genes=self.genes is not None,
            colours=[Colour(**one) for one in self.facts.choices()] if self.facts else [],
            reads=self.reads(),
            detected_below=model.calibration.detected_below,
            limits=asdict(self.limits),
        )

    def predict(self, content: bytes, name: str, reading: Reading) -> tuple[PredictionAnswer, bytes]:
        """Predict the samples of a text table, within the limits."""
        asked = self.limits
        limits = Limits(asked.samples, asked.columns, asked.rows, asked.cells, time.monotonic() + asked.seconds)
        cohort = read_text(content, name, self.predictor.space, reading, limits=limits)
        predictions = collect(self.predictor, cohort)
        return answer(self.predictor, predictions), tsv(predictions.table, for_spreadsheet=True)


def create_app(service: Service, hosts: list[str]) -> FastAPI:
    """The application; `hosts` are the names under which it may be asked (a page that rebinds its name to this address is refused)."""
    app = FastAPI(title="bulkatlas", version=__version__, summary=NOTICE, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.middleware("http")(guard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    add_error_answers(app)
    add_browse_routes(app, service)
    add_predict_route(app, service)
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def add_error_answers(app: FastAPI) -> None:
    """Every error becomes {"error": ...} with a fitting status; no answer shows a stack."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        headers = {"Retry-After": "30"} if error.status == 503 else {"Connection": "close"}
        return JSONResponse({"error": error.why}, error.status, headers)

    @app.exception_handler(BulkatlasError)
    async def wrong_input(_: Request, error: BulkatlasError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 413 if isinstance(error, LimitExceeded) else 422)

    @app.exception_handler(RequestValidationError)
    async def wrong_request(_: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return JSONResponse({"error": said}, 422)


def add_predict_route(app: FastAPI, service: Service) -> None:
    """POST /api/predict."""
    gate = Gate(service.limits)
    threads = anyio.CapacityLimiter(service.limits.at_once)

    @app.post(
        "/api/predict",
        responses={200: {"model": PredictionAnswer, "content": {"text/tab-separated-values": {"schema": {"type": "string"}}}}, **REFUSALS},
        openapi_extra=TABLE_BODY,
    )
    async def predict(
        request: Request,
        name: Annotated[str, Query(max_length=NAME_LENGTH, description="file name, for messages")] = "table",
        unit: Annotated[str, Query(max_length=40, description="auto, counts, tpm, fpkm, cpm, log2-tpm, ...")] = "auto",
        layout: Annotated[str, Query(max_length=10, description="auto, genes (in rows) or samples (in rows)")] = "auto",
        samples: Annotated[list[str] | None, Query(max_length=1000, description="columns that are samples: names or patterns")] = None,
        annotation: Annotated[list[str] | None, Query(max_length=1000, description="columns that are none: names or patterns")] = None,
        format: Annotated[str, Query(pattern="^(json|tsv)$", description="json or tsv")] = "json",
    ) -> Response:
        """Name the tissue of each sample of a table."""
        reading = Reading(unit, layout, samples=tuple(samples or ()), annotation=tuple(annotation or ()))
        async with gate.turn():
            content = await read_body(request, service.limits)
            found, text = await anyio.to_thread.run_sync(service.predict, content, Path(name).name or "table", reading, limiter=threads)
        if format == "tsv":
            return Response(
                text, media_type="text/tab-separated-values", headers={"Content-Disposition": 'attachment; filename="tissues.tsv"'}
            )
        return Response(found.model_dump_json(), media_type="application/json")
