"""GET routes over the compendium: the map, what to colour it by, terms, genes, studies and samples."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import FastAPI, Query, Response
from fastapi import Path as PathPart
from fastapi.responses import FileResponse

from modelling.web import answers
from modelling.web.gate import Refused
from modelling.web.genes import MAKE_IT, NoGenes, boxes

if TYPE_CHECKING:
    from modelling.web.service import Service
    from modelling.web.terms import Terms

NAME_LENGTH = 200
MOST_FOUND = 8
BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
ABSENT: dict[int | str, dict[str, Any]] = {404: {"model": answers.Problem}, 422: {"model": answers.Problem}}
NamePart = Annotated[str, PathPart(max_length=NAME_LENGTH)]
Words = Annotated[str, Query(max_length=NAME_LENGTH)]


def add_browse_routes(app: FastAPI, service: Service) -> None:
    """All of them."""
    _add_map(app, service)
    _add_colours(app, service)
    _add_terms(app, service)
    _add_genes(app, service)
    _add_samples(app, service)


def _add_map(app: FastAPI, service: Service) -> None:
    @app.get("/api/about")
    def about() -> answers.About:
        """The model behind this page."""
        return service.about()

    @app.get("/api/map", response_class=Response, responses=BYTES)
    def points() -> Response:
        """The map: n (uint32), x, y (float32 each), tissue, source, split (uint8 each), little-endian, one array after the other."""
        return Response(service.atlas.points(), media_type="application/octet-stream")

    @app.get("/api/map/names", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def names() -> Response:
        """Sample and study of each point of the map, one line each."""
        return Response(service.atlas.names(), media_type="text/plain; charset=utf-8")

    @app.get("/api/example", response_class=Response, responses={200: {"content": {"text/tab-separated-values": {}}}, **ABSENT})
    def example() -> Response:
        """A table to try: validation samples of the compendium."""
        path = service.folder / "example.tsv"
        if not path.is_file():
            raise Refused(404, "this run has no example.tsv; `model reference` writes one")
        return FileResponse(path, media_type="text/tab-separated-values", filename="example.tsv")


def _add_colours(app: FastAPI, service: Service) -> None:
    @app.get("/api/facts/{name}", responses=ABSENT)
    def fact(name: NamePart) -> answers.ColourCodes:
        """A fact of every point of the map; about names those that there are."""
        if service.facts is None or name not in {one["by"] for one in service.facts.choices() if one["kind"] == "fact"}:
            raise Refused(404, f"no fact named {name!r} here")
        return answers.ColourCodes(**service.facts.codes(name))

    @app.get("/api/measures/{name}", response_class=Response, responses={**BYTES, **ABSENT})
    def measure(name: NamePart) -> Response:
        """A measure of every point: n (uint32), then float32 each, NaN where it is unknown."""
        if service.facts is None or name not in {one["by"] for one in service.facts.choices() if one["kind"] == "measure"}:
            raise Refused(404, f"no measure named {name!r} here")
        return _floats(service.facts.measure(name))


def _add_terms(app: FastAPI, service: Service) -> None:
    building = Lock()  # the first two that search at once wait for one index

    @app.get("/api/search", responses={422: {"model": answers.Problem}})
    def search(q: Words) -> answers.Found:
        """Tissues, studies and samples by a part of their name; terms by name, synonym or id; genes by any name; diseases."""
        found = service.atlas.search(q)
        if not q.strip():
            return answers.Found(**found)
        with building:
            terms = service.terms
        genes = service.genes.find(q, MOST_FOUND) if service.genes else []
        diseases = service.facts.named("disease", q, MOST_FOUND) if service.facts else []
        return answers.Found(
            **found,
            terms=[answers.TermFound(**one) for one in terms.find(q, MOST_FOUND)],
            genes=[answers.GeneFound(**one) for one in genes],
            diseases=diseases,
        )

    @app.get("/api/terms/{term_id}", responses=ABSENT)
    def term(term_id: NamePart) -> answers.TermSamples:
        """The samples within a term of UBERON or CL, its parts included."""
        with building:
            terms = service.terms
        rows = terms.rows(term_id)
        if not rows:
            raise Refused(404, f"no sample lies within {term_id!r}")
        return answers.TermSamples(term_id=term_id, name=terms.name.get(term_id, term_id), points=rows, parts=_parts(terms, rows))

    @app.get("/api/tissues/{tissue}/terms", responses=ABSENT)
    def tissue_terms(tissue: NamePart) -> list[answers.TermFound]:
        """The finest terms of a tissue's samples."""
        if tissue not in service.atlas.organ_system:
            raise Refused(404, f"no tissue named {tissue!r}")
        with building:
            terms = service.terms
        return _parts(terms, np.flatnonzero(service.atlas.tissue == tissue))

    @app.get("/api/diseases/{name}", responses=ABSENT)
    def disease(name: NamePart) -> answers.TermSamples:
        """The samples of a disease, as their text states it."""
        rows = service.facts.rows("disease", name) if service.facts else []
        if not rows:
            raise Refused(404, f"no sample of {name!r}")
        with building:
            terms = service.terms
        return answers.TermSamples(term_id="", name=name, points=rows, parts=_parts(terms, rows))


def _add_genes(app: FastAPI, service: Service) -> None:
    @app.get("/api/genes/{name}", responses=ABSENT)
    def gene(name: NamePart) -> answers.GeneSummary:
        """A gene in every tissue, by symbol, alias or id."""
        symbol, values = _gene(service, name)
        atlas = service.atlas
        return answers.GeneSummary(
            symbol=symbol,
            unit=service.genes.unit if service.genes else "",
            n_samples=int(np.isfinite(values).sum()),
            boxes=[answers.GeneBox(**box) for box in boxes(values, atlas.tissue, atlas.tissues)],
        )

    @app.get("/api/genes/{name}/values", response_class=Response, responses={**BYTES, **ABSENT})
    def gene_values(name: NamePart) -> Response:
        """A gene in every point of the map: n (uint32), then float32 each, NaN where the release lacks the sample."""
        return _floats(_gene(service, name)[1])


def _add_samples(app: FastAPI, service: Service) -> None:
    @app.get("/api/tissues/{tissue}", responses=ABSENT)
    def series(tissue: NamePart) -> list[answers.SeriesSummary]:
        """Studies that hold samples of a tissue."""
        if tissue not in service.atlas.organ_system:
            raise Refused(404, f"no tissue named {tissue!r}")
        return [answers.SeriesSummary(**row) for row in service.atlas.series_of(tissue)]

    @app.get("/api/samples/{sample_id}", responses=ABSENT)
    def sample(sample_id: NamePart) -> answers.SampleDetails:
        """One sample of the compendium; with the evidence of its label when the server knows the curation."""
        held = service.atlas.sample(sample_id)
        evidence = service.evidence.of(sample_id) if service.evidence else None
        if held is None and evidence is None:
            raise Refused(404, f"no sample named {sample_id!r}")
        return answers.SampleDetails(sample=held or {"sample_id": sample_id}, **(evidence or {}))


def _parts(terms: Terms, rows: Iterable[int]) -> list[answers.TermFound]:
    return [answers.TermFound(**part) for part in terms.parts(rows)]


def _gene(service: Service, name: str) -> tuple[str, Any]:
    if service.genes is None:
        raise Refused(404, f"this page knows no expression by gene: {MAKE_IT}")
    try:
        return service.genes.values(name)
    except NoGenes as error:
        raise Refused(404, str(error)) from error


def _floats(values: Any) -> Response:
    content = struct.pack("<I", len(values)) + np.asarray(values, "<f4").tobytes()
    return Response(content, media_type="application/octet-stream")
