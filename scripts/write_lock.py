"""requirements.lock from pyproject.toml and constraints.txt: each version that the tests run with, and the sha256 of every file that PyPI has of it.

    python scripts/write_lock.py        needs uv on PATH (or pip install uv)

The files hold for Linux, macOS and Windows and each Python from 3.11 on (markers say what is for which). torch of PyPI brings NVIDIA's libraries on
Linux, two gigabytes of them: they stand in requirements-cuda.lock. PyTorch's own CPU build does without and lies on another index, so the
checksums of those that this project was tested with are written into requirements-cpu.lock by hand; `make venv` asks for it first.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, CUDA, CPU = (ROOT / f"requirements{part}.lock" for part in ("", "-cuda", "-cpu"))
EXTRAS = ("all", "dev", "docs")
OF_CUDA = re.compile(r"(nvidia|cuda)-|triton==")
# version -> checksums of wheels of https://download.pytorch.org/whl/cpu
CPU_BUILDS = {
    "2.13.0+cpu": {
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b": "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    }
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


def cpu_builds() -> list[str]:
    """The entries of the CPU builds of torch; one version at a time can be asked for."""
    return [
        f"torch=={version}" + "".join(f" \\\n    --hash=sha256:{digest}" for digest in wheels) for version, wheels in CPU_BUILDS.items()
    ]


def main() -> None:
    """Write the three files."""
    found = entries(compiled())
    for path, what, lines in (
        (LOCK, "Everything but what torch of PyPI needs for CUDA.", [entry for entry in found if not OF_CUDA.match(entry)]),
        (CUDA, "What torch of PyPI needs on Linux.", [entry for entry in found if OF_CUDA.match(entry)]),
        (CPU, "torch without CUDA, where an index offers it.", cpu_builds()),
    ):
        path.write_text(HEAD.format(what=what, name=path.name) + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
