"""One file over HTTP: resumed with Range, retried with backoff, checked, and put in place only when whole."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from curation.checksum import digests, published_checksum
from curation.errors import CurationError
from curation.lock import Held, lock

BLOCK = 1 << 20
RETRIED = {408, 425, 429, 500, 502, 503, 504}
AGENT = "bulkatlas (https://pypi.org/project/bulkatlas)"

Progress = Callable[[int, int | None], None]


class DownloadFault(CurationError):
    """A file could not be fetched, or is not the file that was published."""


class _Retry(Exception):
    """A passing fault; carries the seconds that the server asked to wait."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How long to keep trying: `attempts` in a row without one new byte, waiting `first` seconds, doubled up to `longest`."""

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    timeout: float = 60.0
    notice: Callable[[str], None] | None = None  # told of every wait


@dataclass(frozen=True)
class Fetched:
    """What was fetched: `checksum` is the published one it was compared with ('' where nobody published one)."""

    file: str
    url: str
    n_bytes: int
    sha256: str
    checksum: str
    etag: str


def download(
    url: str,
    target: Path,
    *,
    n_bytes: int | None = None,
    checksum: str = "",
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch `url` to `target`, resuming what an earlier try left in `target`.part. Proxies come from the environment.

    `checksum` is algorithm:hex; without one the md5 that the server sends in its headers is used. Raises DownloadFault.
    """
    patience = patience or Patience()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with _locked(part) as handle:
        headers = _transfer(url, handle, part, n_bytes, patience, progress)
        handle.flush()
        os.fsync(handle.fileno())
        fetched = _verified(url, part, headers, n_bytes, checksum)
        os.replace(part, target)
        _state_file(part).unlink(missing_ok=True)
    return Fetched(file=target.name, **fetched)


@contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    try:
        with lock(part.with_name(f".{part.name}.lock")):
            _refuse_strange(part)
            with part.open("a+b") as handle:
                try:
                    yield handle
                finally:
                    handle.flush()
                    if part.exists() and part.stat().st_size == 0:
                        part.unlink()
                        _state_file(part).unlink(missing_ok=True)
    except Held as error:
        raise DownloadFault(f"{part} is being fetched by another process ({error.holder}); wait for it, or stop it") from error


def _refuse_strange(part: Path) -> None:
    """What was not begun by us is not gone on with, and not written over: unfinished downloads have a state file beside them."""
    if part.is_symlink() or (part.exists() and part.stat().st_size and not _state_file(part).exists()):
        raise DownloadFault(f"{part} was not begun by `curate fetch` ({_state_file(part).name} is missing); it is left alone: move it away")


def _transfer(url: str, handle: IO[bytes], part: Path, n_bytes: int | None, patience: Patience, progress: Progress | None) -> Message:
    """Append to `handle` until the server has sent everything; returns the headers of the last answer."""
    failures = 0
    while True:
        before = handle.seek(0, os.SEEK_END)
        try:
            return _one_answer(url, handle, part, n_bytes, patience, progress)
        except _Retry as fault:
            failures = 1 if handle.seek(0, os.SEEK_END) > before else failures + 1
            if failures >= patience.attempts:
                rest = f"what came so far stays in {part.name}, run the command again to go on" if before else "nothing came"
                raise DownloadFault(f"{url}: {fault} ({failures} tries without a new byte); {rest}") from fault
            backoff = min(patience.longest, patience.first * 2 ** (failures - 1))
            wait = backoff if fault.wait is None else fault.wait
            if patience.notice:
                patience.notice(f"{part.stem}: {fault}; trying again in {wait:g} s")
            time.sleep(wait)


def _one_answer(url: str, handle: IO[bytes], part: Path, n_bytes: int | None, patience: Patience, progress: Progress | None) -> Message:
    have = handle.seek(0, os.SEEK_END)
    known = _state(part)
    if have and known.get("url") != url:
        handle.truncate(have := 0)
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if known.get("validator"):
            request.add_header("If-Range", known["validator"])
    try:
        with urllib.request.build_opener().open(request, timeout=patience.timeout) as answer:
            return _receive(url, answer, handle, part, have, n_bytes, progress)
    except urllib.error.HTTPError as error:
        return _refused(url, error, handle, have)
    except (TimeoutError, ConnectionError, http.client.HTTPException, urllib.error.URLError) as error:
        raise _Retry(f"the connection failed: {getattr(error, 'reason', None) or error or type(error).__name__}") from error


def _receive(url: str, answer: Any, handle: IO[bytes], part: Path, have: int, n_bytes: int | None, progress: Progress | None) -> Message:
    headers: Message = answer.headers
    if answer.status == 206 and _range_start(headers) != have:
        raise DownloadFault(f"{url}: asked for bytes from {have:,}, the server sent {headers.get('Content-Range')!r}")
    if answer.status != 206 and have:  # the server knows no ranges, or the file has changed: start again
        handle.truncate(have := 0)
    _refuse_a_web_page(url, headers, part)
    length = headers.get("Content-Length")
    total = have + int(length) if length else n_bytes
    _refuse_a_full_disk(part, (total or 0) - have)
    _state_file(part).write_text(json.dumps({"url": url, "validator": _validator(headers)}), encoding="utf-8")
    received = have
    while block := answer.read(BLOCK):
        handle.write(block)
        received += len(block)
        if progress:
            progress(received, total)
    handle.flush()
    if total is not None and received < total:
        raise _Retry(f"the connection was cut at {received:,} of {total:,} bytes")
    return headers


def _refused(url: str, error: urllib.error.HTTPError, handle: IO[bytes], have: int) -> Message:
    if error.code == 416:  # nothing is left to send: the part is whole, or longer than the file
        total = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if total.isdigit() and int(total) == have:
            return error.headers
        handle.truncate(0)
        raise _Retry(f"the part held {have:,} bytes, the file has {total or 'another number'}") from error
    if error.code in RETRIED:
        asked = error.headers.get("Retry-After") or ""
        raise _Retry(f"the server answered {error.code} {error.reason}", float(asked) if asked.isdigit() else None) from error
    raise DownloadFault(f"{url}: the server answered {error.code} {error.reason}; see `curate sources` for other releases") from error


def _range_start(headers: Message) -> int | None:
    start = (headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else None


def _validator(headers: Message) -> str:
    """What If-Range may carry: a strong ETag, else the date of the last change (RFC 9110, 13.1.5)."""
    etag = headers.get("ETag") or ""
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified") or ""


def _refuse_a_web_page(url: str, headers: Message, part: Path) -> None:
    if headers.get_content_type() == "text/html" and ".htm" not in part.name:
        raise DownloadFault(f"{url}: the server sent a web page (a login or a challenge), not {part.stem}; fetch it by hand in a browser")


def _refuse_a_full_disk(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise DownloadFault(f"{part.parent} has {free / 1e9:,.1f} GB free, {part.stem} needs {needed / 1e9:,.1f} GB more; make room first")


def _state_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _state(part: Path) -> dict[str, str]:
    try:
        return dict(json.loads(_state_file(part).read_text(encoding="utf-8")))
    except (OSError, ValueError):  # no state, or half of one: the part cannot be trusted, and is fetched anew
        return {}


def look(url: str, timeout: float = 10.0) -> tuple[int | None, str]:
    """Size in bytes and published checksum, as the server states them now without sending the file. Raises DownloadFault."""
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"}, method="HEAD")
    try:
        with urllib.request.build_opener().open(request, timeout=timeout) as answer:
            length = answer.headers.get("Content-Length")
            return int(length) if length else None, published_checksum(answer.headers)
    except (TimeoutError, ConnectionError, http.client.HTTPException, urllib.error.URLError) as error:
        raise DownloadFault(f"{url}: {getattr(error, 'reason', None) or error}") from error


def _verified(url: str, part: Path, headers: Message, n_bytes: int | None, checksum: str) -> dict[str, Any]:
    published = checksum or published_checksum(headers)
    algorithm, _, wanted = published.partition(":")
    found = digests(part, {"sha256"} | ({algorithm} if published else set()))
    size = part.stat().st_size
    wrong = ""
    if n_bytes is not None and size != n_bytes:
        wrong = f"{size:,} bytes came, {n_bytes:,} are published"
    elif published and found[algorithm] != wanted.lower():
        wrong = f"{algorithm} is {found[algorithm]}, published is {wanted.lower()}"
    if wrong:
        part.unlink()
        _state_file(part).unlink(missing_ok=True)
        raise DownloadFault(f"{url}: {wrong}; the file was deleted; fetch again, and if this stays so, the published file has changed")
    return {"url": url, "n_bytes": size, "sha256": found["sha256"], "checksum": published, "etag": headers.get("ETag") or ""}
