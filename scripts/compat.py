"""Does the wheel work with the newest and the lowest allowed packages, on every interpreter of this machine? `make compat`; not part of CI.

For each interpreter from 3.11 on (on PATH, and under ~/.pyenv/versions) and each of `newest` (what pip resolves today, no constraints) and
`lowest` (the floors of pyproject.toml: uv's lowest-direct, among versions that have a wheel for that interpreter), a fresh environment gets
the wheel and runs STEPS. Printed: one row per environment, with the versions that matter and the first step that failed. Logs stay in the
folder. torch costs up to 3 GB an environment; `--torch 3.11=2.13.0` takes that version on that interpreter instead, and the table says so.

    python scripts/compat.py [--folder .compat] [--only 3.12] [--which newest] [--torch 3.11=2.13.0] [--keep]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOWEST_PYTHON = (3, 11)
MARK = ".bulkatlas-compat"  # only environments that carry it are deleted
SHOWN = ("anndata", "pandas", "numpy", "polars", "pyarrow", "duckdb", "torch")
LABEL_TABLE = "sample_id\ttitle\tsource_name_ch1\nS1\tliver biopsy 1\tliver\nS2\tleft ventricle\theart\nS3\twhole blood\tblood\n"
STEPS = {
    "demo": "curate demo world --samples 300 --genes 1000",
    "build": "curate build --input world --out release --cap 100",
    "validate": "curate validate release",
    "label": "curate label texts.tsv --out labels.parquet",
    "train": "model train release/compendium.h5ad --out run --epochs 1 --map pca",
    "predict": "model predict run release/compendium.h5ad --out predicted.h5ad",
}


@dataclass
class Outcome:
    """What one environment did: `steps` maps each step that ran to seconds; `failed` holds the first failure."""

    python: str
    which: str
    versions: dict[str, str] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    note: str = ""


def interpreters() -> dict[str, Path]:
    """Version -> executable, one for each minor version from 3.11 on: the newest patch found."""
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    candidates = [Path(sys.executable), *(p for f in folders if f.is_dir() for p in f.glob("python3.*"))]
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin/python"))
    found: dict[tuple[int, int], tuple[int, Path]] = {}
    for path in candidates:
        if not re.fullmatch(r"python(3(\.\d+)?)?", path.name):
            continue
        asked = "import sys; print(*sys.version_info[:3])"
        done = subprocess.run([path, "-c", asked], capture_output=True, text=True, check=False)
        numbers = [int(part) for part in done.stdout.split()] if done.returncode == 0 else []
        if len(numbers) == 3 and tuple(numbers[:2]) >= LOWEST_PYTHON:
            key = (numbers[0], numbers[1])
            found[key] = max(found.get(key, (-1, path)), (numbers[2], path), key=lambda item: item[0])
    return {f"{major}.{minor}.{patch}": path for (major, minor), (patch, path) in sorted(found.items())}


def floors(python: str, tools: Path) -> dict[str, str]:
    """Direct dependencies -> lowest allowed version with a wheel for this interpreter."""
    command = [
        tools / "uv",
        "pip",
        "compile",
        ROOT / "pyproject.toml",
        "--resolution",
        "lowest-direct",
        "--only-binary",
        ":all:",
        "--extra",
        "model",
    ]
    command += ["--python-version", python, "--no-header", "--no-annotate", "--quiet"]
    pinned = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    versions = dict(line.split("==") for line in pinned.split() if "==" in line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = [re.split(r"[<>=!~;\[ ]", text)[0].lower() for text in (*project["dependencies"], *project["optional-dependencies"]["model"])]
    return {name: versions[name] for name in direct}


def run(command: list[str | Path], cwd: Path, log: Path) -> float:
    """Seconds of a command whose output goes to a file. Raises CalledProcessError."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    started = time.monotonic()
    with log.open("a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        out.flush()
        subprocess.run(command, cwd=cwd, check=True, stdout=out, stderr=subprocess.STDOUT, env=environment)
    return time.monotonic() - started


def fresh(folder: Path) -> None:
    """An empty folder with our mark; a folder without it is never deleted."""
    if folder.exists():
        if not (folder / MARK).is_file():
            sys.exit(f"{folder} exists and was not made by this script; choose another --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def requirements(python: str, which: str, wheel: Path, tools: Path, torch: dict[str, str]) -> tuple[list[str], str]:
    """What pip is asked for, and what was asked for otherwise than the name of the environment says."""
    pinned = floors(python, tools) if which == "lowest" else {}
    chosen = torch.get(python.rpartition(".")[0])
    note = ""
    if chosen:
        pinned["torch"] = chosen
        note = f"torch {chosen} was asked for"
    return [f"{wheel}[model]", *(f"{name}=={version}" for name, version in pinned.items())], note


def try_environment(python: str, executable: Path, which: str, wheel: Path, folder: Path, torch: dict[str, str]) -> Outcome:
    """Make one environment and run the steps until one fails."""
    outcome = Outcome(python, which)
    fresh(folder)
    log = folder / "log.txt"
    step = "install"
    try:
        wanted, outcome.note = requirements(python, which, wheel, folder.parent / "tools" / "bin", torch)
        run([executable, "-m", "venv", folder / "venv"], folder, log)
        bin_folder = folder / "venv" / "bin"
        outcome.steps[step] = run([bin_folder / "python", "-m", "pip", "install", "--prefer-binary", *wanted], folder, log)
        listed = subprocess.run([bin_folder / "python", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
        outcome.versions = dict(line.split("==") for line in listed.stdout.split() if "==" in line)
        (folder / "texts.tsv").write_text(LABEL_TABLE, encoding="utf-8")
        for step, text in STEPS.items():
            program, *arguments = text.split()
            outcome.steps[step] = run([bin_folder / program, *arguments], folder, log)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or (log.read_text(encoding="utf-8", errors="replace"))).strip().splitlines()
        outcome.failed = f"{step}: {said[-1][:160] if said else error}"
    return outcome


def as_table(outcomes: list[Outcome]) -> str:
    """Markdown: versions, and seconds of each step or where it stopped."""
    names = ["install", *STEPS]
    lines = ["| Python | which | " + " | ".join([*SHOWN, *names]) + " | |", "|" + "---|" * (3 + len(SHOWN) + len(names))]
    for outcome in outcomes:
        steps = [f"{outcome.steps[name]:.0f} s" if name in outcome.steps else "-" for name in names]
        last = "; ".join(text for text in (f"FAILED {outcome.failed}" if outcome.failed else "works", outcome.note) if text)
        lines.append(
            " | ".join([f"| {outcome.python}", outcome.which, *(outcome.versions.get(n, "-") for n in SHOWN), *steps, last]) + " |"
        )
    return "\n".join(lines)


def prepare(folder: Path) -> Path:
    """uv in an environment of its own, and the wheel; returns the wheel."""
    if not (folder / "tools" / "bin" / "uv").exists():
        fresh(folder / "tools")
        subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
        subprocess.run([folder / "tools" / "bin" / "python", "-m", "pip", "install", "--quiet", "uv", "build", "hatchling"], check=True)
    fresh(folder / "wheel")
    build = [folder / "tools" / "bin" / "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "wheel", ROOT]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    return next((folder / "wheel").glob("*.whl"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / ".compat")
    parser.add_argument("--only", action="append", default=[], help="such as 3.12; may be repeated")
    parser.add_argument("--which", action="append", choices=("newest", "lowest"), default=[])
    parser.add_argument("--torch", action="append", default=[], metavar="PYTHON=VERSION")
    parser.add_argument("--keep", action="store_true", help="keep the environments, not only their logs")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = prepare(folder)
    torch = dict(text.split("=") for text in asked.torch)
    outcomes = []
    for python, executable in interpreters().items():
        if asked.only and python.rpartition(".")[0] not in asked.only:
            continue
        for which in asked.which or ("newest", "lowest"):
            place = folder / f"{python}-{which}"
            outcomes.append(try_environment(python, executable, which, wheel, place, torch))
            if not asked.keep:
                shutil.rmtree(place / "venv", ignore_errors=True)
            print(as_table(outcomes), flush=True)
    (folder / "table.md").write_text(as_table(outcomes) + "\n", encoding="utf-8")
    return 1 if any(outcome.failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
