"""What a command says beside its results: `--quiet`, `--verbose` and `--log FILE`, which stand anywhere on the line, of either program."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
            how = f"ended by {(str(error) or type(error).__name__).splitlines()[0]}; after"
        raise
    finally:
        _log(f"{how} {time.perf_counter() - start:.1f} s")


def _log(line: str) -> None:
    if _now.log is not None:
        print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}", file=_now.log, flush=True)


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
            return rest, Path(named).open("a", encoding="utf-8")
        except OSError as error:
            raise LogFault(f"{LOG} {named}: {error.strerror}") from error
    return arguments, None
