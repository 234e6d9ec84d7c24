"""Connections that may hold a place: a head that does not come, an answer that is not taken, and too many of one address end.

uvicorn bounds the time between two requests, not that of a head: without this a few hundred half-open connections keep everybody out.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from modelling.web.guard import raw_answer


class Connection(H11Protocol):  # type: ignore[misc, unused-ignore]
    """One connection of `model serve`."""

    head_seconds: ClassVar[float] = 10.0  # for the head of a request, and for what is left of a body that nobody reads
    taking_seconds: ClassVar[float] = 30.0  # in which a client must take something of its answer
    most: ClassVar[int] = 400
    of_one_address: ClassVar[int] = 100

    head_timer: asyncio.TimerHandle | None = None
    taking_timer: asyncio.TimerHandle | None = None
    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override, unused-ignore]
        """Take the connection; where there are too many, one that has asked for nothing yet gives way, the oldest first."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self.head_timer = self.loop.call_later(self.head_seconds, self._end, 408, "Request Timeout", "the request did not arrive in time")
        for others, most in ((self._of_this_address(), self.of_one_address), (list(self.connections), self.most)):
            if len(others) > most and not self._make_room(others):
                self._end(503, "Service Unavailable", "busy: too many connections; try again in a minute")
                return

    def _of_this_address(self) -> list[Any]:
        return [other for other in self.connections if other.client and self.client and other.client[0] == self.client[0]]

    def _make_room(self, others: list[Any]) -> bool:
        idle = [other for other in others if other is not self and other.is_idle()]
        if idle:
            min(idle, key=lambda other: other.since)._end(503, "Service Unavailable", "busy: this connection had to give way")
        return bool(idle)

    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; as long as they make none, the time of its head runs."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if not self.is_idle():
            self._stop("head_timer")
        elif self.head_timer is None:
            self.head_timer = self.loop.call_later(
                self.head_seconds, self._end, 408, "Request Timeout", "the request did not arrive in time"
            )

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        self._end(400, "Bad Request", msg)

    def _end(self, status: int, reason: str, why: str) -> None:
        """Close the connection; with an answer where none was begun."""
        if self.transport.is_closing():
            return
        if self.cycle is None and not self.flow.write_paused:
            self.transport.write(raw_answer(status, reason, why))
        self.connections.discard(self)
        self.transport.close()

    def pause_writing(self) -> None:
        """The client does not take what is sent."""
        super().pause_writing()
        self.taking_timer = self.loop.call_later(self.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes it again."""
        self._stop("taking_timer")
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing runs on for a connection that is gone."""
        self._stop("head_timer")
        self._stop("taking_timer")
        super().connection_lost(exc)

    def _stop(self, name: str) -> None:
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
