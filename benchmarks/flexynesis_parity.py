"""Does `--preset paper` compute what Flexynesis 1.1.14 computes? Copies its weights and compares every output.

python benchmarks/flexynesis_parity.py [N_GENES]     (environment: see flexynesis_peer.py)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peers import python_of
from safetensors.torch import load_file

from modelling.config import paper
from modelling.network.base import Standardise
from modelling.network.loss import paper_mmd
from modelling.network.paper import PaperVAE

PEER = python_of("flexynesis")
TOLERANCE = 1e-5


def main(n_genes: int = 2000) -> int:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [PEER, str(Path(__file__).with_name("flexynesis_peer.py")), "parity", folder, str(n_genes)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        theirs = load_file(f"{folder}/peer.safetensors")
    state = {name.removeprefix("state."): value for name, value in theirs.items() if name.startswith("state.")}
    ours = PaperVAE(n_genes, 42, paper(), Standardise(torch.zeros(n_genes), torch.ones(n_genes), None))
    ours.copy_weights(state, "tissue")
    ours.eval()
    with torch.inference_mode():
        mean, log_var = ours.encode(*ours.standardise.network_input(ours.standardise(theirs["x"])))
        found = {"mean": mean, "log_var": log_var, "x_hat": ours.decode(theirs["z"]), "logits": ours.classify(theirs["z"])}
        found["mmd"] = paper_mmd(theirs["z"], theirs["draws"])
    n_own = sum(value.numel() for value in ours.parameters())
    n_theirs = sum(value.numel() for name, value in state.items() if "running" not in name and "batches" not in name)
    print(f"{n_genes:,} genes, hidden {paper().hidden(n_genes)}, {n_own:,} parameters, theirs {n_theirs:,}")
    worst = 0.0
    for name, value in found.items():
        difference = float((value - theirs[name]).abs().max())
        worst = max(worst, difference)
        print(
            f"{name:8} {tuple(value.shape)!s:14} largest |value| {float(theirs[name].abs().max()):8.4f}   largest difference {difference:.1e}"
        )
    print("equal" if worst <= TOLERANCE else "NOT EQUAL", f"to {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
