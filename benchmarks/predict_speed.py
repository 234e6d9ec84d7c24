"""1,000 samples x 16,115 genes from a text table to tissues: time and memory of `model predict`, beside pandas and the same network.

    python benchmarks/predict_speed.py [--samples 1000] [--genes 16115] [--reference 118263] [--rounds 3]

The weights are random (speed does not depend on them); the reference has as many rows as a full training part. Each round runs both readers
one after the other, in processes of their own; the page's answer to another visitor is timed while it predicts the same table.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

MISSING = 0.2


def write_run(folder: Path, n_genes: int, n_reference: int) -> list[str]:
    """A bundle of the default architecture with random weights, and a reference of random embeddings."""
    import torch

    from modelling.bundle.model import TissueModel, save
    from modelling.bundle.reference import About, _write
    from modelling.config import TrainConfig
    from modelling.network.ours import Standardise, build
    from profiles.genes import load_genes

    torch.manual_seed(0)
    table = load_genes()
    genes = [i for i, ensembl in enumerate(table.ensembl_gene_id) if ensembl and table.length_bp[i] > 0][:n_genes]
    symbols = [table.symbol[i] for i in genes]
    config, tissues = TrainConfig(), [f"tissue_{i:02d}" for i in range(42)]
    network = build(
        len(symbols), len(tissues), config, Standardise(torch.full((len(symbols),), 3.0), torch.ones(len(symbols)), config.clip)
    ).eval()
    model = TissueModel(network, symbols, tissues, config, 1.0, {"unit": "log2(TPM+1)", "n_train": n_reference})
    rows = [{"symbol": table.symbol[i], "ensembl_gene_id": table.ensembl_gene_id[i], "hgnc_id": table.hgnc_id[i]} for i in genes]
    save(folder, model, rows, [{"tissue": t, "organ_system": "", "n_train": "1"} for t in tissues])
    rng = np.random.default_rng(0)
    z_nk = rng.normal(size=(n_reference, config.n_latent)).astype(np.float32)
    names = [tissues[i % 42] for i in range(n_reference)]
    columns = {"series_id": ["GSE1"] * n_reference, "source": ["archs4"] * n_reference, "tissue": names, "term_id": [""] * n_reference}
    columns |= {"is_tumour": [""] * n_reference, "split": ["train"] * n_reference}
    _write(
        folder,
        z_nk,
        [f"GSM{i}" for i in range(n_reference)],
        columns,
        rng.uniform(-1, 1, (n_reference, 2)),
        About(5, "random"),
    )
    return symbols


def write_table(path: Path, symbols: list[str], n_samples: int, missing: float = 0.0) -> None:
    """Genes in rows, TPM with two decimals; each value missing with this probability, so that every sample lacks genes of its own."""
    rng = np.random.default_rng(1)
    tpm = np.exp2(rng.normal(3, 2, (len(symbols), n_samples)))
    tpm *= 1e6 / tpm.sum(axis=0)
    with path.open("w") as file:
        file.write("gene\t" + "\t".join(f"s{i}" for i in range(n_samples)) + "\n")
        for symbol, row in zip(symbols, tpm, strict=True):
            shown = rng.random(n_samples) >= missing
            file.write(symbol + "\t" + "\t".join(f"{v:.2f}" if here else "" for v, here in zip(row, shown, strict=True)) + "\n")


def ours(run: Path, table: Path) -> dict[str, float]:
    """`model predict` as a library, reading and predicting."""
    from modelling.bundle.model import load
    from modelling.predicting.predict import predict

    model = load(run)
    start = time.perf_counter()
    found = predict(model, table)
    return {"seconds": time.perf_counter() - start, "sum": float(found.probabilities[:, 0].sum())}


def pandas_and_torch(run: Path, table: Path) -> dict[str, float]:
    """The same network behind pandas.read_csv: no ids, units, neighbours or reasons."""
    import pandas as pd

    from modelling.bundle.model import load

    model = load(run)
    start = time.perf_counter()
    frame = pd.read_csv(table, sep="\t", index_col=0).T.reindex(columns=model.genes)
    linear = frame.to_numpy()
    x_ng = np.log2(linear / np.nansum(linear, axis=1, keepdims=True) * 1e6 + 1).astype(np.float32)
    probabilities = model.probabilities(x_ng)
    return {"seconds": time.perf_counter() - start, "sum": float(probabilities[:, 0].sum())}


def measured(which: str, run: Path, table: Path) -> dict[str, float]:
    """One measurement in a process of its own, with its peak memory."""
    out = subprocess.run([sys.executable, __file__, "--measure", which, str(run), str(table)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(out.stdout.splitlines()[-1])
    return found


def page(run: Path, table: Path) -> dict[str, float]:
    """Seconds from starting `model serve` to its first page, for one upload, and for another visitor meanwhile."""
    start = time.perf_counter()
    command = [sys.executable, "-c", "from modelling.cli import main; main()", "serve", str(run), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().split()[0]
    urllib.request.urlopen(url).read()
    first_page = time.perf_counter() - start
    waits: list[float] = []
    done = threading.Event()

    def visit() -> None:
        while not done.is_set():
            began = time.perf_counter()
            urllib.request.urlopen(f"{url}/api/tissues/tissue_01").read()
            waits.append(time.perf_counter() - began)
            time.sleep(0.05)

    visitor = threading.Thread(target=visit)
    visitor.start()
    began = time.perf_counter()
    request = urllib.request.Request(f"{url}/api/predict", table.read_bytes(), {"Content-Type": "text/plain"})
    urllib.request.urlopen(request).read()
    upload = time.perf_counter() - began
    done.set()
    visitor.join()
    process.terminate()
    process.wait()
    return {"first_page": first_page, "upload": upload, "visitor_median": float(np.median(waits)), "visitor_slowest": max(waits)}


def main() -> None:
    """Print one line per round and the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--genes", type=int, default=16_115)
    parser.add_argument("--reference", type=int, default=118_263)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=3, metavar=("WHICH", "RUN", "TABLE"))
    asked = parser.parse_args()
    if asked.measure:
        which, run, table = asked.measure
        found = {"ours": ours, "pandas": pandas_and_torch}[which](Path(run), Path(table))
        print(json.dumps(found | {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as folder:
        run, table = Path(folder) / "run", Path(folder) / "table.tsv"
        symbols = write_run(run, asked.genes, asked.reference)
        write_table(table, symbols, asked.samples)
        print(
            f"{asked.samples:,} samples x {len(symbols):,} genes, {table.stat().st_size / 1e6:.0f} MB of text, {asked.reference:,} reference samples"
        )
        ratios = []
        for number in range(asked.rounds):
            us, them = measured("ours", run, table), measured("pandas", run, table)
            ratios.append(them["seconds"] / us["seconds"])
            said = [f"{one['seconds']:.1f} s, {one['megabytes']:,.0f} MB" for one in (us, them)]
            print(f"round {number + 1}: model predict {said[0]}; pandas + network {said[1]}", end="")
            print(f"; ratio {ratios[-1]:.2f}; probabilities differ by {abs(us['sum'] - them['sum']):.1e} in sum")
        print(f"median ratio {np.median(ratios):.2f}")
        gaps = Path(folder) / "gaps.tsv"
        write_table(gaps, symbols, asked.samples, MISSING)
        rounds = [(measured("ours", run, gaps)["seconds"], measured("ours", run, table)["seconds"]) for _ in range(asked.rounds)]
        print(f"{MISSING:.0%} of each sample's genes missing: {np.median([a / b for a, b in rounds]):.2f} times the time of full coverage")
        on_page = page(run, table)
        print(
            f"page: first page after {on_page['first_page']:.1f} s; upload answered in {on_page['upload']:.1f} s; meanwhile another visitor",
            end=" ",
        )
        print(f"waited {1000 * on_page['visitor_median']:.0f} ms (median), {1000 * on_page['visitor_slowest']:.0f} ms (longest)")


if __name__ == "__main__":
    main()
