"""The few answers of the Hugging Face hub that its client asks for one public model, from a folder on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    model: str
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.asked.append(f"{self.command} {path}")
        if path.startswith(f"/api/models/{self.model}"):
            names = sorted(file.name for file in self.folder.iterdir())
            if "/tree/" in path:
                rows = [{"type": "file", "path": n, "size": (self.folder / n).stat().st_size, "oid": self._oid(n)} for n in names]
                return self._send(200, json.dumps(rows).encode(), {"Content-Type": "application/json"})
            about = {
                "id": self.model,
                "modelId": self.model,
                "sha": COMMIT,
                "private": False,
                "siblings": [{"rfilename": n} for n in names],
            }
            return self._send(200, json.dumps(about).encode(), {"Content-Type": "application/json"})
        start = f"/{self.model}/resolve/{COMMIT}/"
        file = self.folder / path.removeprefix(start)
        if path.startswith(start) and file.is_file():
            return self._send(200, file.read_bytes(), {"ETag": f'"{self._oid(file.name)}"', "X-Repo-Commit": COMMIT})
        code = "RepoNotFound" if path.startswith("/api/") else "EntryNotFound"
        return self._send(404, b'{"error": "nothing here"}', {"X-Error-Code": code})

    def _oid(self, name: str) -> str:
        return hashlib.sha1((self.folder / name).read_bytes()).hexdigest()

    def _send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def hub(folder: Path, model: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a hub that holds one model, and what it was asked."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (Handler,), {"folder": folder, "model": model, "asked": asked}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
