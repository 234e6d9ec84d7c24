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
from starlette.exceptions import HTTPException

from modelling.web.answers import PredictionAnswer, Problem
from modelling.web.browsing import NAME_LENGTH, add_browse_routes
from modelling.web.gate import Places, Refused, read_body
from modelling.web.guard import HEADERS, Guard
from modelling.web.service import NOTICE, Service
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
