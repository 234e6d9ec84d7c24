"""A process that reads and predicts tables for the page: `python -m modelling.web.worker RUN`, asked and answering in frames of bytes.

A thread cannot be ended. A process can: when a table takes too long, or makes it fall, only the answer to that table is lost.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from modelling.web.gate import Refused
from profiles.errors import BulkatlasError
from profiles.limits import LimitExceeded, Limits

if TYPE_CHECKING:
    from modelling.predicting.predict import Predictor
    from modelling.web.comparing import Comparing

SIZE = struct.Struct("<Q")
STARTING = 300.0  # seconds for loading a run, on the slowest disk
GRACE = 5.0  # after its time a worker may still say so itself
TOO_LONG = "the table took longer than allowed: split it, or use `model predict` on the command line"
FELL = "reading this table ended the process that read it (too little memory?): split it, or use `model predict` on the command line"


class Answer(NamedTuple):
    """What a worker makes of a table: the JSON of the API, and the same as TSV."""

    json: bytes
    tsv: bytes


class WorkerLost(Exception):
    """A worker could not be started."""


def put(stream: IO[bytes], *frames: bytes) -> None:
    """Write frames, each with its length before it."""
    for frame in frames:
        stream.write(SIZE.pack(len(frame)))
        stream.write(frame)
    stream.flush()


def take(stream: IO[bytes]) -> bytes:
    """Read one frame. Raises EOFError where the other side is gone."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        raise EOFError
    (n,) = SIZE.unpack(head)
    frame = stream.read(n)
    if len(frame) < n:
        raise EOFError
    return frame


class Worker:
    """The page's side of one process."""

    def __init__(self, run: Path) -> None:
        """Start it; it loads the run by itself."""
        command = [sys.executable, "-P", "-m", "modelling.web.worker", str(run.resolve())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.n_done, self.is_ready = 0, False

    def wait(self) -> None:
        """Wait until the run is loaded. Raises WorkerLost."""
        try:
            self._asked(STARTING, b"", b"")
        except Refused as error:
            raise WorkerLost("a process that reads tables could not be started") from error
        self.is_ready = True

    def ask(self, order: Mapping[str, Any], content: bytes) -> Answer:
        """Read and predict one table. Refused with the reason where it is none; the process is ended when `order["seconds"]` have passed."""
        if not self.is_ready:
            self.wait()
        head, *body = self._asked(float(order["seconds"]) + GRACE, json.dumps(order).encode(), content)
        self.n_done += 1
        said = json.loads(head)
        if said["status"] != 200:
            raise Refused(said["status"], said["error"])
        return Answer(*body)

    def _asked(self, seconds: float, *frames: bytes) -> tuple[bytes, bytes, bytes]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            put(self.process.stdin, *frames)
            return take(self.process.stdout), take(self.process.stdout), take(self.process.stdout)
        except (OSError, EOFError, ValueError) as error:
            self.end()
            raise Refused(413, TOO_LONG if late.is_set() else FELL) from error
        finally:
            timer.cancel()

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked again."""
        return self.process.poll() is None

    def end(self) -> None:
        """End the process and close its pipes."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # what could not be written goes nowhere


def main(run: Path) -> None:
    """Load the run, then answer one table after the other until the page is gone."""
    from modelling.bundle.model import load
    from modelling.predicting.predict import Predictor
    from modelling.web.comparing import Comparing

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not stand between the frames
    orders = sys.stdin.buffer
    predictor = Predictor.of(load(run))
    comparing = Comparing(predictor, run)
    try:
        while True:
            order, content = take(orders), take(orders)
            said = answered(predictor, json.loads(order), content, comparing) if order else ({"status": 200}, b"", b"")
            del content
            put(answers, json.dumps(said[0]).encode(), said[1], said[2])
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return


def answered(
    predictor: Predictor, order: Mapping[str, Any], content: bytes, comparing: Comparing | None = None
) -> tuple[dict[str, Any], bytes, bytes]:
    """Status and, for what is no table, the error; then the answer as JSON and as TSV. An order with a `position` is for one sample's comparison."""
    from modelling.predicting.cohort import Reading, read_text
    from modelling.predicting.predict import collect
    from modelling.predicting.results import tsv
    from modelling.web.answers import answer

    limits = Limits(**order["limits"], deadline=time.monotonic() + order["seconds"])
    reading = Reading(order["unit"], order["layout"], samples=tuple(order["samples"]), annotation=tuple(order["annotation"]))
    try:
        cohort = read_text(content, order["name"], predictor.space, reading, limits=limits)
        if comparing is not None and order.get("position") is not None:
            return {"status": 200}, *comparing.compared(cohort, order)
        predictions = collect(predictor, cohort)
        limits.check_time()
        found = answer(predictor, predictions).model_dump_json().encode()
        return {"status": 200}, found, tsv(predictions.table, for_spreadsheet=True)
    except LimitExceeded as error:
        return {"status": 413, "error": str(error)}, b"", b""
    except BulkatlasError as error:
        return {"status": 422, "error": str(error)}, b"", b""
    except MemoryError:
        return {"status": 413, "error": FELL}, b"", b""
    except Exception:  # noqa: BLE001 - a table of a stranger may raise anything: it is told to them as an error of ours, and to the log whole
        traceback.print_exc()
        why = "this table brought the program to an error of its own: please tell its authors, with the table if you may"
        return {"status": 500, "error": why}, b"", b""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
