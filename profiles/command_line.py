"""How a command ends: the one place where errors of ours, of the machine and of libraries become one line and an exit code.

0 done · 1 the user's input or machine is wrong · 2 wrong usage · 130 Ctrl-C. `--debug`, anywhere on the line, shows the traceback instead.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from profiles import __version__
from profiles.errors import BulkatlasError
from profiles.nearest import near_path
from profiles.saying import heeding, logging_the_end

DONE: Final = 0
WRONG_INPUT: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
DEBUG: Final = "--debug"

# What the operating system says, and what a person can do about it.
MACHINE: Final[dict[int, str]] = {
    errno.ENOSPC: "no space is left on its disk; free some, or write elsewhere",
    errno.EDQUOT: "your quota of its disk is used up; free some, or write elsewhere",
    errno.EROFS: "its file system is read-only; write elsewhere",
    errno.EACCES: "you have no permission for it; change it, or use another place",
    errno.EPERM: "the system does not permit it; change the permissions, or use another place",
    errno.ENAMETOOLONG: "its name is too long for the file system; use a shorter one",
    errno.ENOENT: "there is no such file or folder; check the path",
    errno.EISDIR: "is a folder where a file is needed",
    errno.ENOTDIR: "a part of its path is a file, not a folder; check the path",
    errno.ELOOP: "its links lead in a circle; give the real path",
    errno.EIO: "the disk cannot be read or written there (input/output error); check the disk, or copy the file again",
    errno.ESTALE: "the network file system has lost it (stale handle); run again",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n`)",
    errno.ENFILE: "too many files are open on this machine; try again later",
    errno.ENOMEM: "the memory of this machine is used up; use fewer threads or samples, or a larger machine",
    errno.EFBIG: "the file system cannot hold a file that large; write elsewhere",
    errno.ETXTBSY: "it is in use; close what uses it",
    errno.EBUSY: "it is in use; close what uses it",
}


# How libraries in C++ say that they got no memory.
OUT_OF_MEMORY: Final = ("can't allocate memory", "std::bad_alloc", "Cannot allocate memory", "Out of Memory Error", "failed to allocate")

# The extra of pyproject.toml that brings a package which is not always installed.
EXTRAS: Final[dict[str, str]] = {
    "matplotlib": "model",
    "sklearn": "model",
    "torch": "model",
    "optuna": "tune",
    "openTSNE": "figures",
    "umap": "figures",
    "cleanlab": "audit",
    "fastapi": "web",
    "uvicorn": "web",
    "python_calamine": "excel",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "huggingface_hub": "hub",
    "dask": "cluster",
    "distributed": "cluster",
}


def run(app: Callable[..., object], name: str, version: str) -> NoReturn:
    """Run a Typer app with the arguments of this process, and exit as documented above.

    Args: app, called with standalone_mode=False; name and version are told where something unexpected happens.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files may hold bytes that are no text, and a terminal may know few letters
            stream.reconfigure(errors="backslashreplace")
    debug = DEBUG in sys.argv[1:]
    sys.argv = [sys.argv[0], *(argument for argument in sys.argv[1:] if argument != DEBUG)]
    sys.exit(_call(app, name, version, debug=debug))


def say_version(asked: bool) -> None:
    """What `--version` does, of either program."""
    if asked:
        import typer

        typer.echo(f"bulkatlas {__version__}")
        raise typer.Exit


def _call(app: Callable[..., object], name: str, version: str, *, debug: bool) -> int:
    import typer

    usage_error: type[Exception] = typer.BadParameter.__mro__[
        1
    ]  # Typer carries a Click of its own since 0.27: its classes are reached through a public one
    try:
        with heeding(sys.argv[1:]) as arguments:
            sys.argv = [sys.argv[0], *arguments]
            with logging_the_end(f"{name} {' '.join(arguments)}"):
                code = app(standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # how newer releases of Typer tell Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else DONE
    except typer.Exit as end:
        return int(end.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except usage_error as wrong:
        _show_usage(wrong)
        return WRONG_USAGE
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:  # Click turns a broken pipe into one
        if isinstance(end.__context__, BrokenPipeError):
            return _unread()
        raise
    except Exception as error:  # noqa: BLE001 - this is the one place that may: everything is told, nothing is swallowed
        if _is_interruption(error):
            return _stopped()
        if debug:
            traceback.print_exc()
        line = told(error)
        _say(f"error: {line + near_path(line, sys.argv[1:]) if line else _unexpected(error, name, version)}")
        _flush_or_silence()
        return WRONG_INPUT


def _stopped() -> int:
    _say("stopped: nothing half-written is left under its final name")
    _flush_or_silence()
    return INTERRUPTED


def _is_interruption(error: BaseException | None) -> bool:
    """Whether Ctrl-C stands behind an error: DuckDB, in the middle of a query, makes one of its own of it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or (isinstance(error, RuntimeError) and str(error) == "Query interrupted"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _flush_or_silence() -> None:
    """What is still buffered is written; where it cannot be (the output lies on a full disk), it must not raise once more at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _unread()


def _unread() -> int:
    """Whoever read the output has had enough, as `| head` has: no fault. What is still buffered must not raise once more at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def told(error: BaseException) -> str | None:
    """The one line for an error that has a known reason; None for a fault of the program.

    A reason given by the machine wins over the words of whoever noticed it: a full disk is a full disk, however it came up.
    """
    if isinstance(error, BulkatlasError):
        return str(error)
    cause: BaseException | None = error
    while cause is not None:
        if (line := _of_the_machine(cause)) is not None:
            return line
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, ModuleNotFoundError) and (extra := EXTRAS.get((error.name or "").split(".")[0])):
        return f"{error.name} is not installed here; it comes with: pip install 'bulkatlas[{extra}]'"
    if isinstance(error, UnicodeEncodeError) and any(0xDC80 <= ord(letter) <= 0xDCFF for letter in error.object):
        shown = error.object.encode("utf-8", "backslashreplace").decode()
        return f"{shown[:200]}: a name with bytes that are no UTF-8 text; rename the file or folder"
    if isinstance(error, UnicodeDecodeError):
        return f"text that is not {error.encoding} (byte {error.object[error.start]:#04x}); save it as UTF-8"
    return None


def _of_the_machine(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return f"the memory of this machine is used up ({str(error) or 'out of memory'}); use fewer threads or samples, or a larger machine"
    is_numbered = isinstance(error, OSError) and error.errno in MACHINE
    if not is_numbered and any(words in str(error) for words in OUT_OF_MEMORY):
        return (
            f"the memory of this machine is used up ({str(error).splitlines()[0][:120]}); use fewer threads or samples, or a larger machine"
        )
    if "No space left on device" in str(error):  # libraries in C and C++ pass the words on, not the number
        return f"{_file_of(error)}: {MACHINE[errno.ENOSPC]}"
    if isinstance(error, OSError) and error.errno in MACHINE:
        return f"{_file_of(error)}: {MACHINE[error.errno]}"
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"{_file_of(error)}: the system answers: {os.strerror(error.errno)} ({errno.errorcode[error.errno]})"
    return None


def _file_of(error: BaseException) -> str:
    names = [str(name) for name in (getattr(error, "filename", None), getattr(error, "filename2", None)) if name is not None]
    return " -> ".join(name if len(name) <= 200 else f"{name[:100]}...{name[-60:]}" for name in names) or str(error).splitlines()[0][:200]


def _unexpected(error: BaseException, name: str, version: str) -> str:
    """The line for a fault of the program: what, where, which version, and the file that holds the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    first = (str(error).splitlines() or [""])[0][:200]
    line = f"{name} {version} did not expect this: {type(error).__name__}: {first}{place}"
    try:
        descriptor, path = tempfile.mkstemp(prefix=f"{name}-fault-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            told = f"{name} {version}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
            file.write(told.encode("utf-8", "backslashreplace").decode())
    except OSError as why:
        return f"{line}; the details could not be written ({why.strerror}): run again with {DEBUG}"
    return f"{line}; the details are in {path}: please send them with a report, or run again with {DEBUG}"


def _show_usage(wrong: Any) -> None:
    """Usage errors as Typer shows them."""
    from typer import rich_utils

    rich_utils.rich_format_error(wrong)


def _say(line: str) -> None:
    from rich.console import Console

    with suppress(OSError, ValueError):  # standard error may be closed or full: the exit code still says it
        Console(stderr=True, soft_wrap=True).print(line, style="bold red", markup=False, highlight=False)
