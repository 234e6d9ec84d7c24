"""Writes walkthrough.md into docs: an empty environment, the wheel, a release behind HTTP, AnnData, a prediction and an explanation, with seconds and bytes.

    python scripts/write_walkthrough.py RELEASE RUN TABLE [--torch-index URL]

RELEASE is served from this machine by Starlette's StaticFiles (a server of others, with ranges); RUN is a trained run, TABLE samples of one's
own. Everything else happens in a fresh environment in a temporary folder, by the commands that the page shows.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "logs" / "walkthrough.md"
MOST_LINES = 14
HEAD = """# From nothing to an explanation

Written by `python scripts/write_walkthrough.py RELEASE RUN TABLE` on {date}: {machine}. The release is the demo's ({size:.0f} MB, simulated), served over HTTP
from the same machine; packages came from the registry that pip is set to. Seconds are wall time of the whole command, bytes are those that the server sent.
"""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A server of this folder, and the bytes of content of each of its answers."""
    import uvicorn
    from starlette.staticfiles import StaticFiles

    sent: list[int] = []
    files = StaticFiles(directory=folder)

    async def counted(scope, receive, send):  # type: ignore[no-untyped-def]
        async def told(message):  # type: ignore[no-untyped-def]
            if message["type"] == "http.response.body":
                sent.append(len(message.get("body", b"")))
            await send(message)

        await files(scope, receive, told)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(counted, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}", sent
    finally:
        server.should_exit = True
        thread.join()


class Walk:
    """The page so far, and the place where commands run."""

    def __init__(self, place: Path, sent: list[int]) -> None:
        self.place, self.sent, self.parts = place, sent, [""]
        self.environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        self.environment |= {"PATH": f"{place / 'env' / 'bin'}:/usr/bin:/bin", "XDG_CACHE_HOME": str(place / "cache"), "NO_COLOR": "1"}

    def step(self, title: str, shown: str, command: list[str], hide: dict[str, str]) -> None:
        """Run a command, and write down what it said, how long it took, and what came over the network."""
        before, start = sum(self.sent), time.perf_counter()
        done = subprocess.run(command, cwd=self.place, env=self.environment, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{shown}\n{done.stdout}\n{done.stderr}")
        moved = sum(self.sent) - before
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("WARNING")]
        for value, name in hide.items():
            said = [line.replace(value, name) for line in said]
        said = said if len(said) <= MOST_LINES else [*said[: MOST_LINES // 2], "...", *said[-MOST_LINES // 2 :]]
        body = "\n".join([*(f"$ {x}" if i == 0 else x for i, x in enumerate(shown.splitlines())), *said])
        told = f"{seconds:.1f} s" + (f", {moved:,} bytes" if moved else "")
        self.parts.append(f"**{title}** ({told})\n\n```text\n{body}\n```\n")
        print(f"{title}: {told}", flush=True)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("release", "run", "table"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--torch-index", default="https://download.pytorch.org/whl/cpu")
    asked = parser.parse_args()
    release, run, table = (path.resolve() for path in (asked.release, asked.run, asked.table))
    with tempfile.TemporaryDirectory(prefix="walkthrough-") as folder, serving(release.parent) as (url, sent):
        walk = Walk(Path(folder), sent)
        (walk.place / "run").symlink_to(run)
        (walk.place / "mine.tsv").symlink_to(table)
        go(walk, f"{url}/{release.name}", asked.torch_index)
    size = sum(path.stat().st_size for path in release.iterdir()) / 1e6
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.0f} from other work"
    PAGE.write_text(HEAD.format(date=date.today().isoformat(), machine=machine, size=size) + "\n".join(walk.parts), encoding="utf-8")


def go(walk: Walk, url: str, torch_index: str) -> None:
    """The steps."""
    python, home = str(walk.place / "env" / "bin" / "python"), "http://server/release"
    hide = {url: home, str(walk.place / "cache"): "~/.cache", str(walk.place): "."}
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(walk.place), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = walk.place.glob("*.whl")
    walk.step("An empty environment", "python -m venv env", [sys.executable, "-m", "venv", "env"], hide)
    walk.step("The wheel", f"pip install {wheel.name}", [python, "-m", "pip", "install", "-q", str(wheel)], hide)
    query = ["query", url, "tissue=liver", "--genes", "ALB", "--out", "alb.tsv"]
    shown = f'curate query {home} "tissue=liver" --genes ALB --out alb.tsv'
    walk.step("One gene of one tissue", shown, ["env/bin/curate", *query], hide)
    walk.step("The same again: what was read lies here", shown, ["env/bin/curate", *query], hide)
    code = f'import bulkatlas\natlas = bulkatlas.open("{url}")\nprint(atlas.get_anndata("liver, gtex"))\nprint(atlas.traffic)'
    walk.step("AnnData", f"python -c '{code.replace(url, home)}'", [python, "-c", code], hide)
    walk.step(
        "What models need",
        f"pip install torch --index-url {torch_index} && pip install '{wheel.name}[model]'",
        ["sh", "-c", f"{python} -m pip install -q torch --index-url {torch_index} ; {python} -m pip install -q '{wheel}[model]'"],
        hide,
    )
    code = (
        "import bulkatlas\nmodel = bulkatlas.load_model('run')\nadata = model.predict('mine.tsv')\n"
        "print(adata.obs[['predicted_tissue', 'predicted_probability', 'predicted_unsure']].head(4))"
    )
    walk.step("Tissues of samples of one's own", f'python -c "{code}"', [python, "-c", code], hide)
    with (walk.place / "alb.tsv").open(encoding="utf-8", newline="") as file:
        sample = next(row["sample_id"] for row in csv.DictReader(file, delimiter="\t") if row["source"] == "archs4")
    walk.step("Why is it liver?", f"curate explain {sample} --db {home}", ["env/bin/curate", "explain", sample, "--db", url], hide)


if __name__ == "__main__":
    main()
