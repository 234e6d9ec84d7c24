"""The FastAPI application: routes over a predictor, its atlas and, where given, the curation's evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from modelling.web.answers import ComparisonAnswer, PredictionAnswer, Problem
from modelling.web.browsing import NAME_LENGTH, add_browse_routes
from modelling.web.comparing import MAKE_IT
from modelling.web.gate import Places, Refused, read_body
from modelling.web.guard import HEADERS, Guard
from modelling.web.service import NOTICE, Service
from modelling.web.worker import Answer
from modelling.web.workshop import Workshop
from profiles import __version__

STATIC = Path(__file__).with_name("static")
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
TABLE_BODY = {
    "requestBody": {
        "required": True,
        "description": "Expression of all genes: CSV, TSV or GCT text, genes in rows or samples in rows",
        "content": {"text/tab-separated-values": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
    }
}
FileName = Annotated[str, Query(max_length=NAME_LENGTH, description="file name, for messages")]
UnitName = Annotated[str, Query(max_length=40, description="auto, counts, tpm, fpkm, cpm, log2-tpm, ...")]
LayoutName = Annotated[str, Query(max_length=10, description="auto, genes (in rows) or samples (in rows)")]
SampleColumns = Annotated[list[str] | None, Query(max_length=1000, description="columns that are samples: names or patterns")]
OtherColumns = Annotated[list[str] | None, Query(max_length=1000, description="columns that are none: names or patterns")]
Format = Annotated[str, Query(pattern="^(json|tsv)$", description="json or tsv")]


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
    add_browse_routes(app, service)
    add_table_routes(app, service, workshop)
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


def add_table_routes(app: FastAPI, service: Service, workshop: Workshop) -> None:
    """POST /api/predict and /api/compare: both are sent a table, and hold one place while they read it."""
    places = Places(service.limits)

    async def answered(request: Request, order: dict[str, Any]) -> Answer:
        client = request.client.host if request.client else ""
        with places.taken(client) as held:
            return await workshop.ask(client, order, await read_body(request, service.limits, held))

    @app.post("/api/predict", responses=_responses(PredictionAnswer), openapi_extra=TABLE_BODY)
    async def predict(
        request: Request,
        name: FileName = "table",
        unit: UnitName = "auto",
        layout: LayoutName = "auto",
        samples: SampleColumns = None,
        annotation: OtherColumns = None,
        format: Format = "json",
    ) -> Response:
        """Name the tissue of each sample of a table."""
        found = await answered(request, service.order(name, unit, layout, samples or (), annotation or ()))
        return _as_asked(found, format, "tissues.tsv")

    @app.post("/api/compare", responses=_responses(ComparisonAnswer), openapi_extra=TABLE_BODY)
    async def compare(
        request: Request,
        position: Annotated[int, Query(ge=0, le=10_000_000, description="place of the sample in the table, from 0")],
        tissue: Annotated[
            str, Query(max_length=NAME_LENGTH, description="compare with this one; else with the tissue that is called")
        ] = "",
        name: FileName = "table",
        unit: UnitName = "auto",
        layout: LayoutName = "auto",
        samples: SampleColumns = None,
        annotation: OtherColumns = None,
        format: Format = "json",
    ) -> Response:
        """What is higher and lower in one sample of a table than in its closest normal; as TSV, of all genes."""
        if service.background is None:
            raise Refused(422, MAKE_IT)
        order = service.order(name, unit, layout, samples or (), annotation or ()) | {"position": position, "tissue": tissue}
        return _as_asked(await answered(request, order), format, "genes.tsv")


def _responses(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "content": {"text/tab-separated-values": {"schema": {"type": "string"}}}}, **REFUSALS}


def _as_asked(found: Answer, kind: str, file: str) -> Response:
    if kind == "tsv":
        return Response(
            found.tsv, media_type="text/tab-separated-values", headers={"Content-Disposition": f'attachment; filename="{file}"'}
        )
    return Response(found.json, media_type="application/json")
