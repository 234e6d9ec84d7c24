"""One file over HTTP: resumed with Range, retried with backoff, checked, and put in place only when whole."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from profiles.fetching.checksum import digests, published_checksum
from profiles.fetching.headers import DownloadFault, Redirects, Refused, number, range_start, stated_length, validator, wish
from profiles.fetching.patience import Patience, Progress
from profiles.lock import Held, lock
from profiles.plain_json import NoObject, read_object

BLOCK = 1 << 20
LEAST_BYTES = 1024  # of an answer that counts as progress
LONGEST_WISH = 600.0  # seconds of a Retry-After that are waited
MOST_BYTES = 1 << 40  # of a file whose length nobody states
RETRIED = {408, 425, 429, 500, 502, 503, 504}
AGENT = "bulkatlas (https://pypi.org/project/bulkatlas)"

__all__ = ["DownloadFault", "Fetched", "Patience", "Progress", "Refused", "download", "look"]


class _Retry(Exception):
    """A passing fault; carries the seconds that the server asked to wait."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


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
        headers = _transfer(url, handle, part, n_bytes, patience, progress, is_checked=bool(checksum))
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
            with part.open("a+b", buffering=0) as handle:
                try:
                    yield handle
                finally:
                    if part.exists() and part.stat().st_size == 0:
                        part.unlink()
                        _state_file(part).unlink(missing_ok=True)
    except Held as error:
        raise DownloadFault(f"{part} is being fetched by another process ({error.holder}); wait for it, or stop it") from error
    except OSError as error:
        rest = "; what came so far stays, run the command again to go on" if part.exists() else ""
        raise DownloadFault(f"{part} cannot be written: {error.strerror or error}{rest}") from error


def _refuse_strange(part: Path) -> None:
    """What was not begun by us is not gone on with, and not written over: unfinished downloads have a state file beside them."""
    if part.is_symlink() or (part.exists() and part.stat().st_size and not _state_file(part).exists()):
        raise DownloadFault(f"{part} was not begun by `curate fetch` ({_state_file(part).name} is missing); it is left alone: move it away")


def _transfer(
    url: str, handle: IO[bytes], part: Path, n_bytes: int | None, patience: Patience, progress: Progress | None, *, is_checked: bool
) -> Message:
    """Append to `handle` until the server has sent everything; returns the headers of the last answer."""
    failures = 0
    while True:
        before = handle.seek(0, os.SEEK_END)
        try:
            return _one_answer(url, handle, part, n_bytes, patience, progress, is_checked=is_checked)
        except _Retry as fault:
            failures = 1 if handle.seek(0, os.SEEK_END) >= before + LEAST_BYTES else failures + 1
            if failures >= patience.attempts:
                rest = f"what came so far stays in {part.name}, run the command again to go on" if before else "nothing came"
                raise DownloadFault(f"{url}: {fault} ({failures} tries without a new byte); {rest}") from fault
            backoff = min(patience.longest, patience.first * 2 ** (failures - 1))
            wait = backoff if fault.wait is None else min(fault.wait, max(patience.longest, LONGEST_WISH))
            if patience.notice:
                patience.notice(f"{part.stem}: {fault}; trying again in {wait:g} s")
            if patience.stop.wait(wait):
                raise DownloadFault(f"{url}: stopped; {rest_of(part)}") from fault


def rest_of(part: Path) -> str:
    """What is to be said of an unfinished download."""
    return f"what came so far stays in {part.name}, run the command again to go on"


def _one_answer(
    url: str, handle: IO[bytes], part: Path, n_bytes: int | None, patience: Patience, progress: Progress | None, *, is_checked: bool
) -> Message:
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
        answer = urllib.request.build_opener(Redirects(url, is_checked=is_checked)).open(request, timeout=patience.timeout)
    except urllib.error.HTTPError as error:
        with error:
            return _refused(url, error, handle, have)
    except (OSError, http.client.HTTPException) as error:
        raise _Retry(f"the connection failed: {_reason(error)}") from error
    except (ValueError, UnicodeError) as error:
        raise DownloadFault(f"{url}: the server answers with what is no HTTP ({str(error)[:100]}); fetch the file by hand") from error
    with answer:
        return _receive(url, answer, handle, part, have, n_bytes, patience, progress)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)[:200]


def _receive(
    url: str,
    answer: Any,
    handle: IO[bytes],
    part: Path,
    have: int,
    n_bytes: int | None,
    patience: Patience,
    progress: Progress | None,
) -> Message:
    headers: Message = answer.headers
    if answer.status == 206 and range_start(headers) != have:
        raise DownloadFault(f"{url}: asked for bytes from {have:,}, the server sent {headers.get('Content-Range')!r}")
    if answer.status != 206 and have:  # the server knows no ranges, or the file has changed: start again
        handle.truncate(have := 0)
    _refuse_a_web_page(url, headers, part)
    total = n_bytes if "Content-Length" not in headers else have + stated_length(url, headers)
    _refuse_a_full_disk(part, (total or 0) - have)
    _state_file(part).write_text(json.dumps({"url": url, "validator": validator(headers)}), encoding="utf-8")
    received = have
    for block in _blocks(answer, part, patience):
        if total is not None and received + len(block) > total:
            _forget(handle, part)
            raise DownloadFault(
                f"{url}: more than the {total:,} bytes came that were stated; what came was deleted: fetch the file by hand"
            )
        if total is None and received + len(block) > MOST_BYTES:
            _forget(handle, part)
            raise DownloadFault(
                f"{url}: more than {MOST_BYTES:,} bytes came and no end is stated; what came was deleted: fetch the file by hand"
            )
        view = memoryview(block)
        while view:
            view = view[handle.write(view) :]
        received += len(block)
        if progress:
            progress(received, total)
    if total is not None and received < total:
        raise _Retry(f"the connection was cut at {received:,} of {total:,} bytes")
    return headers


def _blocks(answer: Any, part: Path, patience: Patience) -> Iterator[bytes]:
    """What the server sends, as it comes. Raises _Retry where the connection breaks, or hardly a byte comes in the time of a timeout."""
    since, came = time.monotonic(), 0
    while True:
        try:
            block: bytes = answer.read1(BLOCK)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Retry(f"the connection failed: {_reason(error)}") from error
        if not block:
            return
        yield block
        came += len(block)
        if patience.stop.is_set():
            raise DownloadFault(f"stopped; {rest_of(part)}")
        if time.monotonic() - since > patience.timeout:
            if came < LEAST_BYTES:
                raise _Retry(f"only {came:,} bytes came in {patience.timeout:g} s")
            since, came = time.monotonic(), 0


def _forget(handle: IO[bytes], part: Path) -> None:
    handle.truncate(0)
    _state_file(part).unlink(missing_ok=True)


def _refused(url: str, error: urllib.error.HTTPError, handle: IO[bytes], have: int) -> Message:
    if error.code == 416:  # nothing is left to send: the part is whole, or longer than the file
        total = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if number(total) == have:
            return error.headers
        handle.truncate(0)
        raise _Retry(f"the part held {have:,} bytes, the file has {total[:20] or 'another number'}") from error
    if error.code in RETRIED:
        raise _Retry(f"the server answered {error.code} {_reason(error)}", wish(error.headers.get("Retry-After") or "")) from error
    raise Refused(
        f"{url}: the server answered {error.code} {_reason(error)}; see `curate sources` for other releases", error.code
    ) from error


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
        return read_object(_state_file(part))
    except (OSError, NoObject):  # no state, or half of one: the part cannot be trusted, and is fetched anew
        return {}


def look(url: str, timeout: float = 10.0) -> tuple[int | None, str]:
    """Size in bytes and published checksum, as the server states them now without sending the file. Raises DownloadFault."""
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"}, method="HEAD")
    try:
        with urllib.request.build_opener(Redirects(url, is_checked=True)).open(request, timeout=timeout) as answer:
            return number(answer.headers.get("Content-Length") or ""), published_checksum(answer.headers)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DownloadFault(f"{url}: {_reason(error)}") from error


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
