"""What the network may cost: how many tables at once and of one client, the size and time of a body, and what bytes it may begin with."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import Request
from starlette.requests import ClientDisconnect

from profiles.errors import TableFault
from profiles.text.streams import COMPRESSIONS, refuse_binary

TEXT_TYPES = ("text/csv", "text/tab-separated-values", "text/plain", "application/octet-stream", "")
MOST_DIGITS = 15  # of a Content-Length
GRACE, SLOWEST = 10.0, 16_000  # seconds after which a body must have come at so many bytes a second


class Refused(Exception):
    """A request that is not answered: status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True)
class WebLimits:
    """Bounds on one table and on the server; the page shows them.

    `at_once` tables are read, and one more of up to `quick_megabytes`; `waiting` more arrive or wait, `of_one_client` of one address at most, all
    together in `held_megabytes`. `seconds` is the time for sending, for waiting, and for reading and predicting; `pause` that without any byte.
    """

    megabytes: int = 256
    samples: int = 5000
    columns: int = 100_000
    rows: int = 100_000
    cells: int = 150_000_000
    seconds: int = 120
    at_once: int = 2
    waiting: int = 16
    of_one_client: int = 8
    held_megabytes: int = 768
    quick_megabytes: int = 2
    pause: int = 10

    @property
    def places(self) -> int:
        """Tables that may arrive, wait or be read together."""
        return self.at_once + 1 + self.waiting


@dataclass
class Places:
    """The tables that arrive, wait or are read: so many of all, so many of one client, so many bytes."""

    limits: WebLimits
    of_client: Counter[str] = field(default_factory=Counter)
    n_bytes: int = 0

    @contextmanager
    def taken(self, client: str) -> Iterator[Held]:
        """Hold one place. Refused 503 when none is left, or the client has its share."""
        if self.of_client.total() >= self.limits.places:
            raise Refused(503, f"busy: {self.limits.places} tables are being sent or read; try again in a minute")
        if self.of_client[client] >= self.limits.of_one_client:
            raise Refused(503, f"busy: {self.limits.of_one_client} tables of yours are being sent or read; wait for one of them")
        self.of_client[client] += 1
        held = Held(self)
        try:
            yield held
        finally:
            held.add(-held.n_bytes)
            self.of_client -= Counter({client: 1})  # drops the client with its last table


@dataclass
class Held:
    """The bytes of one table that are in memory."""

    places: Places
    n_bytes: int = 0

    def add(self, n: int) -> None:
        """Count further bytes. Refused 503 when all tables together would pass their bound."""
        if n > 0 and self.places.n_bytes + n > self.places.limits.held_megabytes << 20:
            raise Refused(503, "busy: the tables that are being sent fill the memory for them; try again in a minute")
        self.n_bytes += n
        self.places.n_bytes += n


async def read_body(request: Request, limits: WebLimits, held: Held) -> bytes:
    """The text of a request, in memory only. Refused 413 when too large, 415 when no text, 408 when too slow, 400 for a size that is none."""
    most = limits.megabytes << 20
    too_large = Refused(413, f"larger than {limits.megabytes} MB: split the table, or use `model predict` on the command line")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in TEXT_TYPES or request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "send the table as plain text (text/csv or text/tab-separated-values), not packed and not as a form")
    if stated_length(request) > most:
        raise too_large
    body = bytearray()
    chunks, start = request.stream(), time.monotonic()
    try:
        async with asyncio.timeout(limits.seconds):
            while True:
                async with asyncio.timeout(limits.pause):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return bytes(body)
                if not body and chunk:
                    _refuse_packed(chunk)
                if len(body) + len(chunk) > most:
                    raise too_large
                held.add(len(chunk))
                body += chunk
                spent = time.monotonic() - start
                if spent > GRACE and len(body) < SLOWEST * spent:
                    raise Refused(408, f"the table came at less than {SLOWEST:,} bytes a second: use `model predict` on the command line")
    except ClientDisconnect as error:
        raise Refused(400, "the connection was closed before the table had arrived") from error
    except TimeoutError as error:
        raise Refused(
            408, f"the table did not arrive in time: {limits.pause} seconds without a byte, or {limits.seconds} in all"
        ) from error
    except TableFault as error:
        raise Refused(415, str(error)) from error


def stated_length(request: Request) -> int:
    """What a request says of the size of its body, 0 where it says nothing. Refused 400 for what is no number of bytes."""
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Refused(400, "Content-Length is no number of bytes")
    return int(text)


def _refuse_packed(start: bytes) -> None:
    """A packed table may unpack to any size; what is no text is no table."""
    for magic, name in COMPRESSIONS.items():
        if start.startswith(magic):
            raise TableFault(f"the upload: is {name} data, not a text table; unpack it first")
    refuse_binary(start, "the upload")
