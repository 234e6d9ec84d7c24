"""Who may ask: under which name, and from which page. Every answer says what a browser may load, and every error is {"error": ...}."""

from __future__ import annotations

import json
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Around the application: refuses other names and other sites' pages, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app, self.hosts = app, {name.lower() for name in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        status, why = self._refusal(scope["path"], Headers(scope=scope))
        if status:
            await JSONResponse({"error": why}, status)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def _refusal(self, path: str, headers: Headers) -> tuple[int, str]:
        """Status and reason, (0, "") where there is none."""
        names = headers.getlist("host")
        if len(names) != 1 or host_name(names[0]) not in self.hosts:
            return 400, "asked for under a name that is not this page's; `model serve --allow-host NAME` adds one"
        if path.startswith("/api") and not _is_own_page(headers, names[0]):
            return 403, "asked for by another site"
        return 0, ""


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isascii() and port.isdigit() and not name.endswith(":") else host).lower()


def _is_own_page(headers: Headers, host: str) -> bool:
    """A browser says where a request comes from in Sec-Fetch-Site; older ones in Origin, which a program leaves out."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def raw_answer(status: int, reason: str, why: str) -> bytes:
    """An answer as bytes, for a connection on which no request can be read; it closes the connection."""
    body = json.dumps({"error": why}).encode()
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
