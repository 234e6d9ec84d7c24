"""The programs that the benchmarks compare with, each in an environment of its own: `make peers`, or

    python benchmarks/peers.py [NAME ...] [--folder .peers] [--dry-run]

What is there already with these versions stays. Flexynesis and bulkDGD bring torch: some gigabytes each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".peers"
INSTALLED = "installed.txt"  # in an environment: what was asked for, written when all of it is there


@dataclass(frozen=True)
class Peer:
    """What is installed, what is taken out again, what must then be importable, and which benchmarks ask for it."""

    requirements: tuple[str, ...]
    imports: str
    benchmarks: tuple[str, ...]
    without: tuple[str, ...] = ()


PEERS = {
    "archs4py": Peer(("archs4py==1.0.4",), "archs4py.data", ("gather",)),
    "flexynesis": Peer(
        ("flexynesis==1.1.14", "torch==2.13.0"),
        "flexynesis.models.supervised_vae",
        ("flexynesis_parity", "load_memory", "model_quality", "train_speed", "write"),
        without=("torchvision",),  # its build does not go with this torch, and nothing here needs it
    ),
    "scib-metrics": Peer(("scib-metrics==0.5.10",), "scib_metrics", ("lisi",)),
    "bulkdgd": Peer(("bulkdgd==2.0.1",), "bulkdgd", ("compare_pairs",)),
}


def python_of(name: str) -> str:
    """The interpreter of a peer's environment: that of the variable NAME_PYTHON, or the one that is made here."""
    return os.environ.get(f"{name.replace('-', '_').upper()}_PYTHON", str(FOLDER / name / "bin" / "python"))


def made(folder: Path, peer: Peer) -> bool:
    """Whether an environment holds what is asked for."""
    place = folder / INSTALLED
    return place.is_file() and place.read_text(encoding="utf-8").split() == list(peer.requirements)


def make(folder: Path, peer: Peer) -> None:
    """Make an environment, and import what the benchmarks will. Raises CalledProcessError."""
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    subprocess.run([*pip, "install", *peer.requirements], check=True)
    if peer.without:
        subprocess.run([*pip, "uninstall", "--yes", *peer.without], check=True)
    subprocess.run([python, "-c", f"import {peer.imports}"], check=True)
    (folder / INSTALLED).write_text("\n".join(peer.requirements) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PEERS)}; all without one")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    if strange := sorted(set(options.names) - set(PEERS)):
        parser.error(f"{', '.join(strange)}: no such peer; there are {', '.join(PEERS)}")
    for name in options.names or PEERS:
        peer, folder = PEERS[name], options.folder / name
        here = made(folder, peer)
        print(
            f"{name}: {', '.join(peer.requirements)} {'is in' if here else 'into'} {folder}; for {', '.join(peer.benchmarks)}", flush=True
        )
        if folder.exists() and not here and not (folder / "pyvenv.cfg").is_file():
            parser.error(f"{folder} is no environment of Python; move it away")
        if not here and not options.dry_run:
            make(folder, peer)


if __name__ == "__main__":
    main()
