"""A file server with ranges that can be told to misbehave: to drop, stall, refuse, change or damage what it sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@dataclass
class Behaviour:
    """What the server does, and what it did: `n_sent` bytes of content, `asked` (path, Range)."""

    folder: Path
    refuse: list[int] = field(default_factory=list)  # status codes of the next answers
    drop: list[int] = field(default_factory=list)  # of the next answers, the bytes after which the connection is cut
    stall: list[float] = field(default_factory=list)  # seconds that the next answers stand still in their middle
    ranges: bool = True
    damage: set[str] = field(default_factory=set)  # files whose bytes come wrong
    longer: int = 0  # bytes by which files seem longer than they are
    etag: str = ""  # of every file
    n_sent: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, what: list) -> object:  # type: ignore[type-arg]
        with self.lock:
            return what.pop(0) if what else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        mine = self.behaviour
        path = mine.folder / unquote(self.path).lstrip("/")
        asked = self.headers.get("Range", "")
        with mine.lock:
            mine.asked.append((path.name, asked))
        if (code := mine.next(mine.refuse)) is not None:
            self._send(int(str(code)), b"busy", {})
            return
        if not path.is_file():
            self._send(404, b"nothing here", {})
            return
        total = path.stat().st_size
        if not asked or not mine.ranges:
            self._send(200, self._content(path, 0, total), {})
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last) + 1, total) if last else total
        self._send(206, self._content(path, start, stop), {"Content-Range": f"bytes {start}-{stop - 1}/{total + mine.longer}"})

    def _content(self, path: Path, start: int, stop: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(stop - start)
        return bytes(byte ^ 1 for byte in content) if path.name in self.behaviour.damage else content

    def _send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        mine = self.behaviour
        self.send_response(code)
        tag = {"ETag": mine.etag} if mine.etag else {}
        for name, value in {**headers, **tag, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut, pause = mine.next(mine.drop), mine.next(mine.stall)
        sent = len(body) if cut is None else min(int(str(cut)), len(body))
        try:
            self.wfile.write(body[: sent // 2])
            self.wfile.flush()
            if pause is not None:
                time.sleep(float(str(pause)))
            self.wfile.write(body[sent // 2 : sent])
        except OSError:
            return  # the other side had enough of waiting
        with mine.lock:
            mine.n_sent += sent
        if cut is not None:
            self.close_connection = True


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Behaviour]]:
    """The address of a server of this folder, and how it behaves."""
    behaviour = Behaviour(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"behaviour": behaviour}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
