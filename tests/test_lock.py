"""What is installed is what is locked: every version of constraints.txt stands in requirements.lock with its checksums, and both are used."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
sys.path.insert(0, str(ROOT / "scripts"))


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text(encoding="utf-8")))


def entries(name: str) -> list[str]:
    text = "\n".join(line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return re.split(r"\n(?=\S)", text.strip())


def test_the_lock_has_the_versions_of_the_constraints_and_no_others() -> None:
    assert pins("requirements.lock") == pins("constraints.txt")


def test_every_entry_has_checksums_and_no_other_source() -> None:
    for name in ("requirements.lock", "requirements-cuda.lock", "requirements-cpu.lock"):
        for entry in entries(name):
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:60]
            assert "://" not in entry, "nothing is fetched from a place of its own"


def test_what_pyproject_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    names = {re.split(r"[><=\[ ;]", text)[0].lower().replace("_", "-") for text in asked} - {"bulkatlas"}
    assert names <= pins("requirements.lock").keys()


def test_only_what_torch_needs_for_cuda_stands_apart() -> None:
    from write_lock import OF_CUDA

    assert all(OF_CUDA.match(entry) for entry in entries("requirements-cuda.lock"))
    assert not any(OF_CUDA.match(entry) for entry in entries("requirements.lock"))


def test_the_environment_of_the_tests_is_the_locked_one() -> None:
    """torch's CPU build says so in its version; it is the same release."""
    for name in ("duckdb", "numpy", "torch", "fastapi", "uvicorn", "h11", "pyarrow", "polars"):
        assert version(name).partition("+")[0] == pins("requirements.lock")[name], f"{name}: make venv"


def test_make_venv_and_ci_install_from_the_lock() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("$(VENV)/.installed:")[2].partition("\n\n")[0]
    assert [line.split()[1] for line in re.findall(r"\$\(LOCKED\) [^\s;]+", recipe)] == [
        f"requirements{part}.lock" for part in ("-cpu", "", "-cuda")
    ]
    assert re.findall(r"pip install.*", recipe) == ["pip install $(QUIET) --no-deps --no-build-isolation --editable ."]
    assert "LOCKED = $(BIN)/python -m pip install $(QUIET) --require-hashes --no-deps" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make venv" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert pins("requirements-cpu.lock")["torch"].partition("+")[0] == pins("requirements.lock")["torch"]
