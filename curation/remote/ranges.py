"""Bytes of one file of an HTTP server, range by range: retried, held against what the server said before, and every byte counted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from profiles.fetching.download import AGENT, RETRIED, DownloadFault, Patience
from profiles.fetching.headers import number, validator

if TYPE_CHECKING:
    import httpx

SLOWEST = 1024  # bytes a second; a server that sends less for the whole of `timeout` is one that stands still
CONNECTIONS = 8
NOT_THERE = (403, 404, 410)  # a bucket that may not be listed answers 403 for what it does not hold
FIRST, LONGEST, TIMEOUT = 0.5, 20.0, 30.0  # seconds


class RangeFault(DownloadFault):
    """A part of a file behind HTTP cannot be had, or is not what was published."""


class NotThere(RangeFault):
    """The server answered that it has no such file."""


@dataclass
class Traffic:
    """What was moved: bytes of content that came (those of failed tries too), requests, and how many of them were asked again."""

    n_bytes: int = 0
    n_requests: int = 0
    n_retries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, n_bytes: int = 0, n_requests: int = 0, n_retries: int = 0) -> None:
        """Count; from any thread."""
        with self._lock:
            self.n_bytes += n_bytes
            self.n_requests += n_requests
            self.n_retries += n_retries

    def __str__(self) -> str:
        again = f", {self.n_retries:,} of them again" if self.n_retries else ""
        return f"{self.n_bytes:,} bytes in {self.n_requests:,} requests{again}"


@dataclass
class Web:
    """Connections to servers, kept open and shared by the files that are read; proxies and .netrc are those of the environment."""

    patience: Patience = field(default_factory=lambda: Patience(first=FIRST, longest=LONGEST, timeout=TIMEOUT))
    traffic: Traffic = field(default_factory=Traffic)
    connections: int = CONNECTIONS
    version: dict[str, str] | None = None  # address -> ETag or date of its file; given: an answer of another version is refused

    @cached_property
    def client(self) -> httpx.Client:
        """Made when it is first needed."""
        import httpx

        return httpx.Client(
            headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(self.patience.timeout),
            limits=httpx.Limits(max_connections=self.connections),
            follow_redirects=True,
        )

    def close(self) -> None:
        """Let go of the connections."""
        if "client" in self.__dict__:
            self.client.close()

    def whole(self, url: str, most: int) -> bytes:
        """A small file. Raises RangeFault, also where it has more than `most` bytes."""
        return self._kept_trying(url, 0, None, most)

    def part(self, url: str, start: int, stop: int, total: int | None = None) -> bytes:
        """Bytes start:stop of a file that has `total`. Raises RangeFault, also where the server's file has another size."""
        return self._kept_trying(url, start, stop, stop - start, total)

    def size(self, url: str) -> int:
        """Bytes of a file, as the answer to a range of one byte says: some servers answer no HEAD. Raises RangeFault."""
        self._kept_trying(url, 0, 1, 1)
        return self._sizes[url]

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {}

    def _kept_trying(self, url: str, start: int, stop: int | None, most: int, total: int | None = None) -> bytes:
        """What came of a cut answer is kept, and the rest is asked for; `attempts` in a row without a new byte are the end."""
        content, failures, n_requests = bytearray(), 0, 0
        while True:
            before = len(content)
            self.traffic.add(n_requests=1, n_retries=min(n_requests, 1))
            n_requests += 1
            try:
                self._one_answer(url, start, stop, most, total, content)
                return bytes(content)
            except _Again as fault:
                failures = 1 if stop is not None and len(content) > before else failures + 1
                if failures >= self.patience.attempts:
                    raise RangeFault(f"{url}: {fault} ({failures} tries without a new byte); try again later") from fault
                wait = fault.wait if fault.wait is not None else min(self.patience.longest, self.patience.first * 2 ** (failures - 1))
                if self.patience.notice:
                    self.patience.notice(f"{url}: {fault}; trying again in {wait:g} s")
                time.sleep(min(wait, self.patience.longest))
                if stop is None:
                    content.clear()

    def _one_answer(self, url: str, start: int, stop: int | None, most: int, total: int | None, content: bytearray) -> None:
        """Append to `content` what is missing of the range."""
        import httpx

        have = start + len(content)
        headers = {} if stop is None else {"Range": f"bytes={have}-{stop - 1}"}
        began = time.monotonic()
        try:
            with self.client.stream("GET", url, headers=headers) as answer:
                _refuse(url, answer, have, stop, total)
                self._note(url, answer)
                for piece in answer.iter_raw():
                    self.traffic.add(len(piece))
                    content += piece
                    if len(content) > most:
                        raise RangeFault(f"{url}: the server sends more than the {most:,} bytes that were asked for")
                    elapsed = time.monotonic() - began
                    if elapsed > self.patience.timeout and start + len(content) - have < SLOWEST * elapsed:
                        raise _Again(f"the server sent {start + len(content) - have:,} bytes in {elapsed:.0f} s")
        except httpx.TransportError as error:
            raise _Again(f"the connection failed: {error or type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RangeFault(f"{url}: {error}; give http://SERVER/FOLDER of a release") from error
        if stop is not None and start + len(content) < stop:
            raise _Again(f"the connection was cut at byte {start + len(content):,} of {stop:,}")

    def _note(self, url: str, answer: httpx.Response) -> None:
        """Keep the size that the server states, and refuse a file that was exchanged while it was being read."""
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        if size.isdigit():
            self._sizes[url] = int(size)
        elif answer.status_code == 200:
            self._sizes[url] = number(answer.headers.get("Content-Length", "")) or 0
        if self.version is not None:
            found = validator(answer.headers)
            if self.version.setdefault(url, found) != found:
                raise RangeFault(
                    f"{url}: the file has changed on the server while it was read (version {found!r}, before {self.version[url]!r})"
                )


class _Again(Exception):
    """A passing fault; carries the seconds that the server asked to wait."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def _refuse(url: str, answer: httpx.Response, have: int, stop: int | None, total: int | None) -> None:
    """Raise for an answer that is not the range that was asked for."""
    if answer.status_code in RETRIED:
        asked = answer.headers.get("Retry-After", "")
        raise _Again(f"the server answered {answer.status_code} {answer.reason_phrase}", float(asked) if asked.isdigit() else None)
    if answer.status_code == 416:
        raise RangeFault(f"{url}: the file has changed on the server (no bytes {have:,} and on); run again")
    if answer.status_code in NOT_THERE:
        raise NotThere(f"{url}: the server answered {answer.status_code} {answer.reason_phrase}; check the address")
    if answer.status_code not in (200, 206):
        raise RangeFault(f"{url}: the server answered {answer.status_code} {answer.reason_phrase}; check the address")
    if stop is None:
        return
    if answer.status_code == 200:
        if have == 0 and stop == total:  # a whole file was asked for, and comes
            return
        raise RangeFault(f"{url}: the server sends whole files only (it knows no ranges); serve it with ranges, or download the folder")
    said = answer.headers.get("Content-Range", "")
    first, _, of = said.removeprefix("bytes ").replace("-", "/", 1).partition("/")
    if first != str(have):
        raise RangeFault(f"{url}: bytes from {have:,} were asked for, the server sent {said!r}")
    size = of.rpartition("/")[2]
    if total is not None and size.isdigit() and int(size) != total:
        raise RangeFault(f"{url}: the file has {int(size):,} bytes on the server, and {total:,} in its list; it has changed, run again")
