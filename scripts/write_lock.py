"""requirements.lock from pyproject.toml and constraints.txt: each version that the tests run with, and the sha256 of every file that PyPI has of it.

    python scripts/write_lock.py        needs uv on PATH (or pip install uv)

The file holds for Linux, macOS and Windows and each Python from 3.11 on (markers say what is for which). torch of PyPI brings NVIDIA's
libraries on Linux, two gigabytes of them, and PyTorch's own CPU build does without: what only the first needs stands in requirements-cuda.lock,
and `make venv` reads it where that one was taken. The CPU builds lie on another index, so the checksums of those that this project was tested
with are added here by hand.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, CUDA = ROOT / "requirements.lock", ROOT / "requirements-cuda.lock"
EXTRAS = ("all", "dev")
OF_CUDA = re.compile(r"(nvidia|cuda)-|triton==")
# version -> checksums of wheels of https://download.pytorch.org/whl/cpu
CPU_BUILDS = {
    "2.13.0": {"6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b": "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"}
}
HEAD = """# {what} By scripts/write_lock.py; constraints.txt is for people.
# pip install --require-hashes --no-deps -r {name}
"""


def compiled() -> str:
    """What uv makes of pyproject.toml for every system, with the checksums of PyPI and no other index."""
    command = ["uv", "pip", "compile", "pyproject.toml", *(part for name in EXTRAS for part in ("--extra", name))]
    command += ["--constraint", "constraints.txt", "--generate-hashes", "--universal", "--python-version", "3.11", "--no-header"]
    command += ["--no-annotate", "--no-config", "--default-index", "https://pypi.org/simple", "--quiet"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def entries(text: str) -> list[str]:
    """One entry a package: its pin and the lines of its checksums."""
    return [entry.rstrip() for entry in re.split(r"\n(?=\S)", text.strip())]


def with_cpu_builds(entry: str) -> str:
    """The entry of torch, with the checksums of the CPU builds of its version."""
    match = re.match(r"torch==([\w.]+)", entry)
    more = CPU_BUILDS.get(match[1], {}) if match else {}
    return entry + "".join(f" \\\n    --hash=sha256:{digest}" for digest in more)


def main() -> None:
    """Write both files."""
    found = entries(compiled())
    for path, what, is_cuda in (
        (LOCK, "Everything but what torch of PyPI needs for CUDA.", False),
        (CUDA, "What torch of PyPI needs on Linux.", True),
    ):
        lines = [with_cpu_builds(entry) for entry in found if bool(OF_CUDA.match(entry)) is is_cuda]
        path.write_text(HEAD.format(what=what, name=path.name) + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
