"""How commands end: one line and an exit code for every kind of fault, whoever noticed it; a traceback for nobody who did not ask."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from profiles import command_line
from profiles.errors import BulkatlasError


def ends(monkeypatch: pytest.MonkeyPatch, body: Callable[[], object], *arguments: str) -> int:
    """The exit code of a command with this body."""
    app = typer.Typer()

    @app.command()
    def one(n: int = 1) -> None:
        body()

    monkeypatch.setattr(sys, "argv", ["curate", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line.run(app, "curate", "9.9")
    assert isinstance(end.value.code, int)
    return end.value.code


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> None:
        raise error

    return body


@pytest.mark.parametrize("number", sorted(command_line.MACHINE))
def test_what_the_machine_says_is_one_line_that_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert ends(monkeypatch, raising(OSError(number, os.strerror(number), "/data/x.h5"))) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: /data/x.h5: ")
    assert said.count("\n") == 1


def test_a_full_disk_is_told_however_a_library_words_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> None:
        try:
            raise RuntimeError("IO Error: could not write file 'x': No space left on device")
        except RuntimeError as first:
            raise ValueError("export failed") from first

    assert ends(monkeypatch, body) == 1
    assert "no space is left on its disk" in capsys.readouterr().err


def test_our_own_errors_are_told_as_they_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, raising(BulkatlasError("[bold] 3 of 4 rows are bad"))) == 1
    assert capsys.readouterr().err == "error: [bold] 3 of 4 rows are bad\n"


def test_a_package_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, raising(ModuleNotFoundError("No module named 'torch'", name="torch"))) == 1
    assert capsys.readouterr().err == "error: torch is not installed here; it comes with: pip install 'bulkatlas[model]'\n"


def test_every_extra_that_is_named_brings_the_package() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {"sklearn": "scikit-learn", "umap": "umap-learn", "python_calamine": "python-calamine"}
    for package, extra in command_line.EXTRAS.items():
        brought = {re.split(r"[<>=\[]", requirement)[0] for requirement in project["optional-dependencies"][extra]}
        assert named.get(package, package) in brought
        assert not any(requirement.startswith(named.get(package, package)) for requirement in project["dependencies"])


def test_memory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, raising(MemoryError())) == 1
    assert "memory of this machine is used up" in capsys.readouterr().err


def test_a_fault_of_the_program_is_one_line_with_the_version_and_a_file_of_details(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ends(monkeypatch, lambda: {}["missing"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.match(r"error: curate 9\.9 did not expect this: KeyError: 'missing' \(test_command_line\.py:\d+\)", said)
    (details,) = tmp_path.iterdir()
    assert str(details) in said
    assert "Traceback" in details.read_text()


def test_debug_shows_the_traceback_wherever_it_stands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, lambda: {}["missing"], "--n", "2", "--debug") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_wrong_usage_is_two_and_interruption_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, lambda: None, "--n", "many") == 2
    assert ends(monkeypatch, lambda: None, "--unknown") == 2
    assert ends(monkeypatch, raising(KeyboardInterrupt())) == 130
    assert ends(monkeypatch, raising(typer.Exit(3))) == 3
    assert ends(monkeypatch, lambda: None) == 0
    assert "Traceback" not in capsys.readouterr().err


def start(code: str) -> subprocess.Popen[bytes]:
    program = f"import signal, time, typer\nfrom profiles.command_line import run\napp = typer.Typer()\n@app.command()\ndef one():\n{code}\nrun(app, 'curate', '9.9')"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_reader_that_has_had_enough_is_no_fault() -> None:
    process = start("    for i in range(100_000): print(i)")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as said:
        assert said.read() == b""
    assert process.wait(60) == 0


# A shell that starts tests in the background has them ignore Ctrl-C, and what they start inherits it: the handler is set again.
def test_ctrl_c_ends_a_real_process_with_130() -> None:
    process = start("    signal.signal(signal.SIGINT, signal.default_int_handler)\n    print('ready', flush=True)\n    time.sleep(60)")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith(b"stopped: ")


def test_ctrl_c_ends_a_query_whose_rows_are_fetched() -> None:
    """DuckDB heeds no signal there by itself: this would take days."""
    process = start(
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    from curation.database import connect, run_select\n"
        "    print('ready', flush=True)\n"
        "    run_select(connect(), 'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range % 7 = 3', most_rows=9)"
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said.startswith(b"stopped: ")


@pytest.mark.parametrize("command", ["curate", "model"])
def test_version_and_short_help(command: str) -> None:
    def out(*arguments: str) -> str:
        return subprocess.run([Path(sys.executable).with_name(command), *arguments], capture_output=True, text=True, check=True).stdout

    assert re.fullmatch(r"bulkatlas \d+\.\d+\.\d+\n", out("--version"))
    assert out("-h") == out("--help")
    assert errno.ENOSPC in command_line.MACHINE


@pytest.mark.parametrize(
    ("words", "offered"), [("curate qu", {"query"}), ("model tr", {"train", "transfer"}), ("curate query --form", {"--format"})]
)
def test_a_shell_completes_commands_and_options(words: str, offered: set[str]) -> None:
    program = words.split()[0]
    package = {"curate": "curation", "model": "modelling"}[program]
    asked = {f"_{program.upper()}_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    code = f"import sys; sys.argv = [{program!r}]; from {package}.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True)
    assert set(done.stdout.split()) == offered, done.stderr
