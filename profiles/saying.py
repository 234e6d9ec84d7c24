"""What a command says beside its results: `--quiet`, `--verbose` and `--log FILE`, which stand anywhere on the line, of either program."""

from __future__ import annotations

import errno
import io
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from profiles.errors import BulkatlasError

QUIET, VERBOSE, LOG = "--quiet", "--verbose", "--log"


class LogFault(BulkatlasError):
    """The file of --log cannot be written, or was not named."""


@dataclass
class _Saying:
    is_quiet: bool = False
    is_verbose: bool = False
    log: TextIO | None = None


_now = _Saying()


def shows_bars() -> bool:
    """Whether bars may be drawn."""
    return not _now.is_quiet


def note_progress(line: str) -> None:
    """One line about a stage or an epoch that is done: with its time into the log, and to standard error with --verbose."""
    _log(line)
    if _now.is_verbose:
        print(line, file=sys.stderr)


@contextmanager
def logging_the_end(command: str) -> Iterator[None]:
    """The command and how it ended, as lines of the log, where there is one: no command is too short for it."""
    start, how = time.perf_counter(), "done in"
    _log(f"$ {command}")
    try:
        yield
    except BaseException as error:
        if getattr(error, "exit_code", getattr(error, "code", 1)) != 0:  # --help and --version end by an exception as well
            how = f"ended by {_told(error)}; after"
        raise
    finally:
        _log(f"{how} {time.perf_counter() - start:.1f} s")


def _told(error: BaseException) -> str:
    """The first line of an error; of one that is none of ours also its kind and where it came up, as in the file of details."""
    first = (str(error) or type(error).__name__).splitlines()[0]
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, (BulkatlasError, OSError, KeyboardInterrupt)) or hasattr(error, "exit_code") or not frames:
        return first
    return f"{type(error).__name__}: {first} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"


def _log(line: str) -> None:
    if _now.log is not None:
        try:
            print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}", file=_now.log, flush=True)
        except OSError as error:
            log, _now.log = _now.log, None  # said once: the end of the command would fail on it again
            raise LogFault(f"{LOG} {log.name}: {error.strerror}") from error


@contextmanager
def heeding(arguments: list[str]) -> Iterator[list[str]]:
    """The arguments without ours, which hold while the block runs. --quiet closes standard error: results and errors are left.

    Raises LogFault.
    """
    global _now
    rest, log = _without_log(arguments)
    before, stream = _now, sys.stderr
    _now = _Saying(QUIET in rest, VERBOSE in rest, log)
    if _now.is_quiet:
        sys.stderr = io.StringIO()
    try:
        yield [argument for argument in rest if argument not in (QUIET, VERBOSE)]
    finally:
        sys.stderr = stream
        if log is not None:
            with suppress(OSError):  # each line was written when it was said: what failed then was told
                log.close()
        _now = before


def _without_log(arguments: list[str]) -> tuple[list[str], TextIO | None]:
    for i, argument in enumerate(arguments):
        if argument != LOG and not argument.startswith(f"{LOG}="):
            continue
        named = argument.partition("=")[2] if argument != LOG else "".join(arguments[i + 1 : i + 2])
        if not named or named.startswith("--"):
            raise LogFault(f"{LOG} needs a file to write to")
        rest = arguments[:i] + arguments[i + (2 if argument == LOG else 1) :]
        try:
            # without waiting: a pipe that nobody reads is an error, and no hang
            log = open(  # noqa: SIM115 - closed by the caller
                named,
                "a",
                encoding="utf-8",
                errors="backslashreplace",
                opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK, 0o666),
            )
            os.set_blocking(log.fileno(), True)
            return rest, log
        except OSError as error:
            why = "a pipe that nobody reads" if error.errno == errno.ENXIO else error.strerror
            raise LogFault(f"{LOG} {named}: {why}") from error
    return arguments, None
