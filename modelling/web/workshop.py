"""The workers of a page and the line before them: who has fewest tables on hand comes first, and small tables have a worker of their own."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from modelling.web.gate import Refused, WebLimits
from modelling.web.worker import Answer, Worker, WorkerLost

TABLES_OF_A_WORKER = 100  # then it is replaced: what a library keeps does not add up


@dataclass(eq=False)
class Ticket:
    """One table that waits."""

    client: str
    n_bytes: int
    number: int
    turn: asyncio.Future[Seat]


@dataclass(eq=False)
class Seat:
    """A place for a worker, which may be replaced; it takes tables of up to `most_bytes`."""

    most_bytes: int
    worker: Worker | None = None
    successor: Worker | None = None

    @property
    def is_ready(self) -> bool:
        """Whether its worker need not load the run first."""
        return self.worker is not None and self.worker.is_ready and self.worker.is_alive

    def close(self) -> None:
        """End its workers."""
        for worker in (self.worker, self.successor):
            if worker is not None:
                worker.end()
        self.worker = self.successor = None


@dataclass
class Workshop:
    """`at_once` workers for any table and one for small ones."""

    run: Path
    limits: WebLimits
    free: list[Seat] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    waiting: list[Ticket] = field(default_factory=list)
    on_hand: Counter[str] = field(default_factory=Counter)
    n_tickets: int = 0
    is_closed: bool = False

    def __post_init__(self) -> None:
        any_table = [Seat(self.limits.megabytes << 20) for _ in range(self.limits.at_once)]
        self.seats = [*any_table, Seat(self.limits.quick_megabytes << 20)]
        self.free = list(self.seats)
        self.threads = anyio.CapacityLimiter(len(self.seats))

    def start(self) -> None:
        """Start every worker; a table that comes before its worker has loaded the run waits for that."""
        for seat in self.seats:
            seat.worker = seat.worker or Worker(self.run)

    def close(self) -> None:
        """End every worker."""
        self.is_closed = True
        for seat in self.seats:
            seat.close()

    async def ask(self, client: str, order: Mapping[str, Any], content: bytes) -> Answer:
        """The answer to one table, when its turn has come. Refused 503 when that takes too long, 413, 422 and 500 as the worker says."""
        seat = await self._turn(client, len(content))
        self.on_hand[client] += 1
        try:
            return await run_sync(self._work, seat, order, content, limiter=self.threads)
        except WorkerLost as error:
            raise Refused(503, f"{error}; try again in a minute") from error
        finally:
            self.on_hand -= Counter({client: 1})
            self.free.append(seat)
            self._call()

    async def _turn(self, client: str, n_bytes: int) -> Seat:
        self.n_tickets += 1
        ticket = Ticket(client, n_bytes, self.n_tickets, asyncio.get_running_loop().create_future())
        self.waiting.append(ticket)
        self._call()
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await ticket.turn
        except TimeoutError as error:
            raise Refused(503, "busy: no place became free in time; try again in a minute") from error
        finally:
            if ticket in self.waiting:
                self.waiting.remove(ticket)

    def _call(self) -> None:
        """Give every free seat, those that are ready and then the one for the smallest tables first, to the next in line."""
        for seat in sorted(self.free, key=lambda seat: (not seat.is_ready, seat.most_bytes)):
            fitting = [ticket for ticket in self.waiting if ticket.n_bytes <= seat.most_bytes]
            if fitting:
                ticket = min(fitting, key=lambda ticket: (self.on_hand[ticket.client], ticket.number))
                self.waiting.remove(ticket)
                self.free.remove(seat)
                ticket.turn.set_result(seat)

    def _work(self, seat: Seat, order: Mapping[str, Any], content: bytes) -> Answer:
        """In a thread: ask the worker of the seat. One that fell is replaced; one that has done its share when its successor has loaded the run."""
        if seat.successor is not None and seat.successor.is_ready:
            if seat.worker is not None:
                seat.worker.end()
            seat.worker, seat.successor = seat.successor, None
        if seat.worker is None or not seat.worker.is_alive:
            seat.worker = Worker(self.run)
        worker = seat.worker
        try:
            return worker.ask(order, content)
        finally:
            if not worker.is_alive:
                worker.end()
                seat.worker = None if self.is_closed else Worker(self.run)  # loads while nobody waits
            elif worker.n_done >= TABLES_OF_A_WORKER and seat.successor is None:
                seat.successor = Worker(self.run)
                threading.Thread(target=_load, args=(seat,), daemon=True).start()


def _load(seat: Seat) -> None:
    """Wait until a successor is ready; one that cannot be started is tried again after the next table."""
    try:
        if seat.successor is not None:
            seat.successor.wait()
    except WorkerLost:
        seat.successor = None
