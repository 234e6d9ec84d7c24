"""What the network may cost: size and time of a body, requests at once, who may ask, and what a browser may load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from profiles.errors import TableFault
from profiles.text.streams import COMPRESSIONS, refuse_binary

TEXT_TYPES = ("text/csv", "text/tab-separated-values", "text/plain", "application/octet-stream", "")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Refused(Exception):
    """A request that is not answered: status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True)
class WebLimits:
    """Bounds on one table and on the server; the page shows them."""

    megabytes: int = 256
    samples: int = 5000
    columns: int = 100_000
    rows: int = 100_000
    cells: int = 150_000_000
    seconds: int = 120
    at_once: int = 2
    waiting: int = 16


@dataclass
class Gate:
    """Lets `at_once` uploads in, some more wait, the rest is told to come back."""

    limits: WebLimits
    _inside: asyncio.Semaphore = field(init=False)
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._inside = asyncio.Semaphore(self.limits.at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the places; Refused 503 when too many wait or the wait is too long."""
        if self._inside.locked() and self._waiting >= self.limits.waiting:
            raise Refused(503, f"busy: {self.limits.at_once} tables are being read and {self._waiting} wait; try again in a minute")
        self._waiting += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self._inside.acquire()
        except TimeoutError as error:
            raise Refused(503, "busy: no place became free in time; try again in a minute") from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._inside.release()


async def read_body(request: Request, limits: WebLimits) -> bytes:
    """The text of a request, held in memory only. Refused 413 when too large, 415 when no text, 408 when too slow."""
    most = limits.megabytes << 20
    too_large = Refused(413, f"larger than {limits.megabytes} MB: split the table, or use `model predict` on the command line")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in TEXT_TYPES or request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "send the table as plain text (text/csv or text/tab-separated-values), not packed and not as a form")
    if int(request.headers.get("content-length") or 0) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                if not body and chunk:
                    _refuse_packed(chunk)
                body += chunk
                if len(body) > most:
                    raise too_large
    except ClientDisconnect as error:
        raise Refused(400, "the connection was closed before the table had arrived") from error
    except TimeoutError as error:
        raise Refused(408, f"the table did not arrive within {limits.seconds} seconds") from error
    except TableFault as error:
        raise Refused(415, str(error)) from error
    return bytes(body)


def _refuse_packed(start: bytes) -> None:
    """A packed table may unpack to any size; what is no text is no table."""
    for magic, name in COMPRESSIONS.items():
        if start.startswith(magic):
            raise TableFault(f"the upload: is {name} data, not a text table; unpack it first")
    refuse_binary(start, "the upload")


async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Requests that another site's page makes are refused; every answer says what a browser may load."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and request.url.path.startswith("/api"):
        return Response('{"error": "asked for by another site"}', 403, media_type="application/json", headers=HEADERS)
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response
