"""The FastAPI application: routes over a predictor, its atlas and, where given, the curation's evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as PathPart
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from modelling.predicting.cohort import MIN_COVERAGE
from modelling.predicting.predict import Predictor
from modelling.web.answers import About, Found, PredictionAnswer, Problem, SampleDetails, SeriesSummary, TissueSummary
from modelling.web.atlas import Atlas
from modelling.web.evidence import Evidence
from modelling.web.gate import Places, Refused, WebLimits, read_body
from modelling.web.guard import HEADERS, Guard
from modelling.web.workshop import Workshop
from profiles import __version__

STATIC = Path(__file__).with_name("static")
NOTICE = "For research use only. Not a diagnostic device: do not use it to decide about the care of a person."
NAME_LENGTH = 200
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": why}
    for status, why in (
        (400, "The request is none: its size, or its connection was closed"),
        (403, "Asked for by the page of another site"),
        (408, "The table did not arrive in time"),
        (413, "The table is too large"),
        (415, "Not a text table"),
        (422, "The table cannot be understood; the error says what, where and what to do"),
        (500, "An error of the program"),
        (503, "Too many tables at once, of all or of one client"),
    )
}
NamePart = Annotated[str, PathPart(max_length=NAME_LENGTH)]
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
            limits=asdict(self.limits),
        )

    def order(self, name: str, unit: str, layout: str, samples: Sequence[str], annotation: Sequence[str]) -> dict[str, Any]:
        """What a worker is told of a table beside its text."""
        bounds = {what: getattr(self.limits, what) for what in ("samples", "columns", "rows", "cells")}
        how = {"unit": unit, "layout": layout, "samples": list(samples), "annotation": list(annotation)}
        return {"name": Path(name).name or "table", "seconds": self.limits.seconds, "limits": bounds, **how}


def create_app(service: Service, hosts: Sequence[str]) -> FastAPI:
    """The application; `hosts` are the names under which it may be asked (a page that rebinds its name to this address is refused)."""
    workshop = Workshop(service.folder, service.limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            workshop.close()

    app = FastAPI(
        title="bulkatlas",
        version=__version__,
        summary=NOTICE,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.workshop = workshop
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.add_middleware(Guard, hosts=hosts)
    add_error_answers(app)
    add_atlas_routes(app, service)
    add_predict_route(app, service, workshop)
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def add_error_answers(app: FastAPI) -> None:
    """Every error becomes {"error": ...} with a fitting status; no answer shows a stack."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        headers = {"Retry-After": "30"} if error.status == 503 else {"Connection": "close"}
        return JSONResponse({"error": error.why}, error.status, headers)

    @app.exception_handler(HTTPException)
    async def no_such_thing(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong_request(_: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return JSONResponse({"error": said.encode(errors="replace").decode()}, 422)

    @app.exception_handler(Exception)
    async def our_fault(_: Request, error: Exception) -> JSONResponse:
        """It stands outside the guard, so it brings the headers; the log has the error itself."""
        return JSONResponse({"error": "this is an error of the program: please tell its authors what was asked"}, 500, HEADERS)


def add_predict_route(app: FastAPI, service: Service, workshop: Workshop) -> None:
    """POST /api/predict."""
    places = Places(service.limits)

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
        order = service.order(name, unit, layout, samples or (), annotation or ())
        client = request.client.host if request.client else ""
        with places.taken(client) as held:
            found = await workshop.ask(client, order, await read_body(request, service.limits, held))
        if format == "tsv":
            return Response(
                found.tsv, media_type="text/tab-separated-values", headers={"Content-Disposition": 'attachment; filename="tissues.tsv"'}
            )
        return Response(found.json, media_type="application/json")


def add_atlas_routes(app: FastAPI, service: Service) -> None:
    """GET routes over the model and the compendium."""
    absent: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}

    @app.get("/api/about")
    def about() -> About:
        """The model behind this page."""
        return service.about()

    @app.get("/api/map", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
    def points() -> Response:
        """The map: n (uint32), x, y (float32 each), tissue, source, split (uint8 each), little-endian, one array after the other."""
        return Response(service.atlas.points(), media_type="application/octet-stream")

    @app.get("/api/map/names", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def names() -> Response:
        """Sample and study of each point of the map, one line each."""
        return Response(service.atlas.names(), media_type="text/plain; charset=utf-8")

    @app.get("/api/example", response_class=Response, responses={200: {"content": {"text/tab-separated-values": {}}}, **absent})
    def example() -> Response:
        """A table to try: validation samples of the compendium."""
        path = service.folder / "example.tsv"
        if not path.is_file():
            raise Refused(404, "this run has no example.tsv; `model reference` writes one")
        return FileResponse(path, media_type="text/tab-separated-values", filename="example.tsv")

    @app.get("/api/tissues/{tissue}", responses=absent)
    def series(tissue: NamePart) -> list[SeriesSummary]:
        """Studies that hold samples of a tissue."""
        if tissue not in service.atlas.organ_system:
            raise Refused(404, f"no tissue named {tissue!r}")
        return [SeriesSummary(**row) for row in service.atlas.series_of(tissue)]

    @app.get("/api/search", responses={422: {"model": Problem}})
    def search(q: Annotated[str, Query(max_length=NAME_LENGTH)]) -> Found:
        """Tissues, studies and samples by a part of their name."""
        return Found(**service.atlas.search(q))

    @app.get("/api/samples/{sample_id}", responses=absent)
    def sample(sample_id: NamePart) -> SampleDetails:
        """One sample of the compendium; with the evidence of its label when the server knows the curation."""
        held = service.atlas.sample(sample_id)
        evidence = service.evidence.of(sample_id) if service.evidence else None
        if held is None and evidence is None:
            raise Refused(404, f"no sample named {sample_id!r}")
        return SampleDetails(sample=held or {"sample_id": sample_id}, **(evidence or {}))
