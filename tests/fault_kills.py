"""kill -9 at any moment of every command that writes: python tests/fault_kills.py FOLDER [--n 20] [--only WORD,WORD].

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
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import fault_world  # noqa: E402
from fault_disk import FETCH, WRITERS, ready  # noqa: E402
from fault_runner import Runner, names_in  # noqa: E402

# Folders that a later run goes on with, and those whose files take their names one after the other.
GO_ON = ("model train", "model tune", "model paper")
IN_STEPS = ("publish", "publish labels", "model push", "export by-gene", "deprecate", "model normals", "model reference", "pull", "model pull", "diff page", "label database",
            "model predict h5ad")  # fmt: skip


def _look_at_run(world: Path, folder: Path, run: str = "out") -> list[str | Path]:
    words = ["model", "predict", folder / run, world / "samples.tsv", "--without-reference", "--out", folder / "p.tsv"]
    return words if (folder / run).exists() else []


def _list_catalogue(folder: Path) -> list[str | Path]:
    return ["curate", "releases", folder] if (folder / "catalogue.json").exists() else []


# What somebody else asks after each kill, and gets an answer.
LOOKS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "model train": _look_at_run,
    "model normals": lambda w, d: _look_at_run(w, d, "run"),
    "model reference": lambda w, d: _look_at_run(w, d, "run"),
    "publish": lambda w, d: _list_catalogue(d / "out"),
    "model push": lambda w, d: _list_catalogue(d / "out"),
    "deprecate": lambda w, d: ["curate", "releases", d / "catalogue"],
    "export by-gene": lambda w, d: ["curate", "query", d / "release", "liver"],
    "override add": lambda w, d: ["curate", "override", "check", "--ontology", d / "ontology"],
    "override import": lambda w, d: ["curate", "override", "check", "--ontology", d / "ontology"],
    "review": lambda w, d: ["curate", "term", "liver", "--ontology", d / "ontology"],
    "build": lambda w, d: ["curate", "validate", d / "out"] if (d / "out").exists() else [],
    "pull": lambda w, d: ["curate", "validate", d / "out"] if (d / "out").exists() else [],
    "model pull": lambda w, d: ["model", "load", d / "out"] if (d / "out").exists() else [],
}  # fmt: skip
SEED = 42
SERVED = random.Random(7).randbytes(3 << 20)


def shape(folder: Path) -> dict[str, str]:
    """Every file under a final name, as SIZE:DIGEST: hidden and unfinished work is for the next run to clear."""
    names = [
        name
        for name in names_in(folder)
        if not any(part.startswith(".") or part.endswith((".partial", ".parts", ".pulled")) for part in name.split("/"))
    ]
    return {name: told_of(folder / name) for name in names if (folder / name).is_file()}


def told_of(path: Path) -> str:
    """SIZE:DIGEST of a file."""
    content = path.read_bytes()
    return f"{len(content)}:{hashlib.sha256(content).hexdigest()[:16]}"


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


@dataclass(frozen=True)
class Ends:
    """What stood before a command, and what it leaves when nobody disturbs it: by name the digest, or the size where two runs differ."""

    before: dict[str, str]
    after: dict[str, str]
    all_names: frozenset[str]
    seconds: float
    writing: float

    def of(self, folder: Path) -> dict[str, str]:
        """What stands there now, told in the same way."""
        found = shape(folder)
        return {name: told if ":" in self.after.get(name, ":") else told.split(":")[0] for name, told in found.items()}


def undisturbed(name: str, world: Path, folder: Path, run: Runner) -> Ends | str:
    """Run a command twice without a kill; the reason where it does not run."""
    found = []
    for _ in range(2):
        fresh(name, world, folder)
        before = shape(folder)
        told = run(*WRITERS[name](world, folder), seconds=400, watch=folder)
        if told.code != 0:
            return f"does not run: {told.said[-300:]}"
        found.append(shape(folder))
    first, second = found
    after = {file: what if what == first.get(file) else what.split(":")[0] for file, what in second.items()}
    return Ends(before, after, frozenset(names_in(folder)), told.seconds, told.wrote)


def fresh(name: str, world: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    ready(name, world, folder)


def torn_file(ends: Ends, now: dict[str, str]) -> str:
    """Why a file under its final name is neither what stood there before nor what an undisturbed run leaves; empty where none is."""
    for file, what in now.items():
        if what in (ends.before.get(file), ends.after.get(file)):
            continue
        size, wanted = int(what.split(":")[0] or 0), ends.after.get(file, "")
        if file in ends.after and ":" not in wanted and abs(size - int(wanted or 0)) <= max(64, int(wanted or 0) // 10):
            continue  # files with a time in them
        return f"{file} is {what}, before {ends.before.get(file)}, after {ends.after.get(file)}"
    return ""


def is_whole(name: str, folder: Path, world: Path, run: Runner, ends: Ends) -> str:
    """Why what a killed command left is torn; empty where it is nothing, whole, or work that goes on."""
    now = ends.of(folder)
    if name not in GO_ON:
        if why := torn_file(ends, now):
            return why
        new = set(ends.after) - set(ends.before)
        tops = {entry.split("/")[0] for entry in new}
        if name not in IN_STEPS and (
            torn := [top for top in tops if (folder / top).exists() and any(e.split("/")[0] == top for e in new - set(now))]
        ):
            return f"torn: {torn}, missing {sorted(new - set(now))[:3]}"
    if (look := LOOKS.get(name)) and (words := look(world, folder)):
        told = run(*words, seconds=200)
        (folder / "p.tsv").unlink(missing_ok=True)
        if told.code != 0 and not (name == "model train" and "was `model train` stopped" in told.said):
            return f"{told.verdict}: {told.said[-200:]}"
    return ""


def trial(name: str, world: Path, folder: Path, run: Runner, n: int) -> tuple[int, int, list[str]]:
    """(killed, left at the end, what was torn) of n kills of one command: by turns at any moment, and while it writes."""
    rng = random.Random(f"{SEED} {name}")
    ends = undisturbed(name, world, folder, run)
    if isinstance(ends, str):
        return 0, 0, [ends]
    killed, torn = 0, []
    fresh(name, world, folder)
    for number in range(n):
        words, was_whole = WRITERS[name](world, folder), ends.of(folder) == ends.after
        if number % 2 and ends.writing:
            ended = run(*words, seconds=400, watch=folder, after_write=rng.uniform(0, 1.02) * ends.writing)
        else:
            ended = run(*words, kill_after=rng.uniform(0.02, 1.02) * ends.seconds)
        killed += ended.signal == 9
        if why := is_whole(name, folder, world, run, ends):
            torn.append(f"#{number}: {why}")
        if ended.signal != 9:
            if ended.code != 0 and not was_whole and "exist" not in ended.said and "finished" not in ended.said:
                torn.append(f"#{number}: after a kill the next run ends with {ended.code}: {ended.said[-200:]}")
            fresh(name, world, folder)
    torn += last_run(name, world, folder, run, ends)
    left = [entry for entry in names_in(folder) if entry not in ends.all_names]
    return killed, len(left), torn + ([f"left: {left[:4]}"] if left else [])


def last_run(name: str, world: Path, folder: Path, run: Runner, ends: Ends) -> list[str]:
    """After all kills the command runs to its end and leaves what it leaves undisturbed; what came whole before is taken away first."""
    if name not in GO_ON and name not in IN_STEPS:
        for top in {entry.split("/")[0] for entry in set(ends.after) - set(ends.before)}:
            shutil.rmtree(folder / top) if (folder / top).is_dir() else (folder / top).unlink(missing_ok=True)
    words = WRITERS[name](world, folder)
    resume = ["--resume"] if name == "model train" and (folder / "out").exists() else []
    last = run(*words, *resume, seconds=400)
    if (
        last.code != 0
        and not (name in GO_ON and "finished" in last.said)
        and not ("is there already" in last.said and ends.of(folder) == ends.after)
    ):
        return [f"the next run ends with {last.code}: {last.said[-300:]}"]
    missing = set(ends.after) - set(shape(folder))
    return [f"after the next run are missing: {sorted(missing)[:4]}"] if missing else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="", help="names of commands, with commas")
    given = parser.parse_args()
    world, bad = fault_world.make(given.folder / "fault-world"), 0
    with Runner(given.folder / "scratch") as run:
        for name in [*WRITERS, "fetch"]:
            if any(word in name for word in given.only.split(",")) and name not in given.without.split(","):
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
