"""kill -9 at any moment of every command that writes: python tests/fault_kills.py FOLDER [--n 20] [--only WORD].

Each command is timed once, then killed n times at moments drawn over its length. After every kill what stands under the final name is nothing, or what
an undisturbed run leaves; then the command runs to its end, and nothing of the killed ones is left beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.server
import random
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import fault_world  # noqa: E402
from fault_disk import FETCH, WRITERS  # noqa: E402
from fault_runner import Runner, names_in  # noqa: E402

SEED = 42
SERVED = random.Random(7).randbytes(3 << 20)
MINE = ("ontology",)


def shape(folder: Path) -> list[str]:
    """Names of everything under final names: hidden and unfinished work is for the next run to clear."""
    return [name for name in names_in(folder) if not name.startswith((".", "out.partial", "ontology/."))]


class Slow(http.server.SimpleHTTPRequestHandler):
    """Every file of the server is the same, and takes a while."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._head(200, 0)

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        self._head(206 if asked else 200, first)
        with contextlib.suppress(OSError):
            for start in range(first, len(SERVED), 1 << 16):
                self.wfile.write(SERVED[start : start + (1 << 16)])
                time.sleep(0.004)

    def _head(self, code: int, first: int) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(SERVED) - first))
        self.send_header("ETag", '"same"')
        if code == 206:
            self.send_header("Content-Range", f"bytes {first}-{len(SERVED) - 1}/{len(SERVED)}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def downloads(folder: Path) -> Iterator[Path]:
    """A table of three files of a server that runs meanwhile."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_address[1]}"
        digest = hashlib.sha256(SERVED).hexdigest()
        rows = [f"archs4\th5\t1\tpart{i}.h5\t{place}/{i}\t{len(SERVED)}\tsha256:{digest}\tfile\t" for i in range(3)]
        table = folder / "downloads.tsv"
        table.write_text("\n".join(["source\tvariant\trelease\tfile\turl\tn_bytes\tchecksum\tkind\tnote", *rows]) + "\n")
        yield table
        server.shutdown()


def fetch_trial(folder: Path, run: Runner, n: int) -> tuple[int, int, list[str]]:
    """The same of `curate fetch`: a file under its name is whole at any time, and the next run goes on and leaves no part."""
    rng, killed, torn = random.Random(f"{SEED} fetch"), 0, []
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with downloads(folder) as table:
        words = [*FETCH, "--out", folder / "out", "--table", table]
        begun = time.monotonic()
        run(*words, seconds=300)
        whole = time.monotonic() - begun
        shutil.rmtree(folder / "out")
        for number in range(n):
            ended = run(*words, kill_after=rng.uniform(0.02, 1.02) * whole)
            killed += ended.signal == 9
            torn += [f"#{number}: {path.name}" for path in folder.glob("out/archs4/*.h5") if path.read_bytes() != SERVED]
            if ended.signal != 9:
                shutil.rmtree(folder / "out")
        last = run(*words, seconds=300)
        torn += [f"the next run ends with {last.code}: {last.said[-300:]}"] if last.code != 0 else []
    left = set(names_in(folder)) - {
        "downloads.tsv",
        "out",
        "out/archs4",
        "out/archs4/.fetched.json",
        *(f"out/archs4/part{i}.h5" for i in range(3)),
    }
    return killed, len(left), torn + ([f"left: {sorted(left)[:4]}"] if left else [])


def is_whole(name: str, folder: Path, world: Path, run: Runner, undisturbed: list[str]) -> str:
    """Why what a killed command left is torn; empty where it is nothing, whole, or a training that goes on."""
    found = shape(folder)
    if found == undisturbed:
        return ""
    if name == "model train" and (folder / "out").exists():
        told = run("model", "predict", folder / "out", world / "samples.tsv", "--without-reference", "--out", folder / "p.tsv", seconds=120)
        (folder / "p.tsv").unlink(missing_ok=True)
        return "" if told.verdict == "fine" else f"{told.verdict}: {told.said[-200:]}"
    before = {"ontology", *(entry for entry in undisturbed if entry.startswith("ontology/"))}
    missing = set(undisturbed) - set(found) - before
    if set(found) - set(undisturbed):
        return f"strange files: {sorted(set(found) - set(undisturbed))[:3]}"
    tops = {entry.split("/")[0] for entry in undisturbed} - set(MINE)
    torn = [top for top in tops if (folder / top).exists() and any(entry.split("/")[0] == top for entry in missing)]
    return f"torn: {torn}, missing {sorted(missing)[:3]}" if torn else ""


def trial(name: str, world: Path, folder: Path, run: Runner, n: int) -> tuple[int, int, list[str]]:
    """(killed, left at the end, what was torn) of n kills of one command."""
    rng = random.Random(f"{SEED} {name}")

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copytree(world / "ontology", folder / "ontology")

    words: Callable[[], list[str | Path]] = lambda: WRITERS[name](world, folder)  # noqa: E731
    fresh()
    run(*words(), seconds=300)  # warm
    fresh()
    begun = time.monotonic()
    first = run(*words(), seconds=300)
    whole = time.monotonic() - begun
    if first.code != 0:
        return 0, 0, [f"does not run: {first.said[-300:]}"]
    undisturbed, killed, torn = shape(folder), 0, []
    fresh()
    for number in range(n):
        ended = run(*words(), kill_after=rng.uniform(0.02, 1.02) * whole)
        killed += ended.signal == 9
        if why := is_whole(name, folder, world, run, undisturbed):
            torn.append(f"#{number}: {why}")
        if ended.signal != 9:
            fresh()
    if name == "model train" and (folder / "out" / "model.safetensors").exists():
        shutil.rmtree(folder / "out")
    if ended.signal == 9 and shape(folder) != undisturbed:
        for top in {entry.split("/")[0] for entry in undisturbed} - set(MINE):  # a file that came whole is written again or refused
            if name != "model train":
                shutil.rmtree(folder / top) if (folder / top).is_dir() else (folder / top).unlink(missing_ok=True)
        resume = ["--resume"] if name == "model train" and (folder / "out").exists() else []
        last = run(*words(), *resume, seconds=300)
        if last.code != 0:
            torn.append(f"the next run ends with {last.code}: {last.said[-300:]}")
    left = [entry for entry in names_in(folder) if entry not in undisturbed]
    return killed, len(left), torn + ([f"left: {left[:4]}"] if left else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    world, bad = fault_world.make(given.folder / "fault-world"), 0
    with Runner(given.folder / "scratch") as run:
        for name in [*WRITERS, "fetch"]:
            if given.only in name:
                place = given.folder / "place"
                killed, left, torn = fetch_trial(place, run, given.n) if name == "fetch" else trial(name, world, place, run, given.n)
                bad += bool(left or torn)
                print(
                    f"{'BAD ' if left or torn else ''}{name}: {given.n} tries, {killed} killed, {len(torn)} torn, {left} left behind {torn[:3]}",
                    flush=True,
                )
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
