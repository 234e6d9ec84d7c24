"""Starts the page of `model serve`."""

from __future__ import annotations

import importlib.util
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelling.errors import ModellingError

if TYPE_CHECKING:
    from modelling.web.service import Service

LOCAL = ("127.0.0.1", "localhost", "::1")
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")


class CannotServe(ModellingError):
    """The page cannot be started."""


def serve(
    run: Path,
    *,
    curation: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    max_upload_mb: int = 256,
    allow_hosts: Sequence[str] = (),
) -> None:
    """Serve until interrupted. Raises BundleError, ReferenceMissing, NoEvidence, CannotServe before anything listens."""
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotServe(f"{' and '.join(missing)} not installed: pip install 'bulkatlas[web]'")
    import typer
    import uvicorn

    from modelling.web.app import create_app
    from modelling.web.connections import Connection
    from modelling.web.service import NOTICE

    hosts = names(host, allow_hosts)
    listening = _listen(host, port)
    service = load_service(run, curation, max_upload_mb)
    app = create_app(service, hosts)
    app.state.workshop.start()
    listening.listen()  # from here on a browser waits instead of being turned away
    shown = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    typer.echo(f"{shown}  (stop with Ctrl-C)\n{NOTICE}")
    if host not in LOCAL:
        typer.echo("warning: reachable from other machines, without passwords or encryption: put it behind a proxy that has both", err=True)
    config = uvicorn.Config(
        app, http=Connection, ws="none", log_level="error", timeout_keep_alive=15, timeout_graceful_shutdown=5, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])


def names(host: str, allowed: Sequence[str]) -> list[str]:
    """The names under which the page answers. Raises CannotServe where it is open to others and nobody said how they call it."""
    if host not in LOCAL and not allowed:
        raise CannotServe(
            f"--host {host} opens the page to other machines; say under which name they ask for it: --allow-host NAME (repeatable), such as "
            f"--allow-host {socket.gethostname()}; any other name is refused, so that no other site's page can ask in a visitor's browser"
        )
    if wrong := [name for name in allowed if not NAME.fullmatch(name)]:
        raise CannotServe(f"--allow-host {wrong[0]!r} is no name or address of a machine; give it without http:// and without a port")
    return [*LOCAL, "[::1]", *(f"[{name}]" if ":" in name else name for name in allowed)]


def load_service(run: Path, curation: Path | None = None, max_upload_mb: int = 256) -> Service:
    """Load the run, its reference, its normal samples and the label files."""
    from modelling.bundle.model import load
    from modelling.predicting.predict import Predictor
    from modelling.web.evidence import Evidence
    from modelling.web.gate import WebLimits
    from modelling.web.service import Service

    evidence = Evidence.open(curation) if curation else None
    service = Service(Predictor.of(load(run)), evidence, WebLimits(megabytes=max_upload_mb), Path(run))
    service.normal_tissues()  # damaged ones are told before anything listens
    return service


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise CannotServe(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port, 0 takes a free one") from error
    return listening
