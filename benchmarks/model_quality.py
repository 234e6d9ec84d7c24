"""Our default, the published model as Flexynesis trains it, and simple methods, on one compendium and one split, in one table.

    python benchmarks/model_quality.py COMPENDIUM OUT [--seeds 3] [--peer-seeds 3] [--threads 1]

OUT keeps every run and its metrics.json, so a stopped benchmark goes on. Flexynesis trains in an environment of its own (flexynesis_peer.py)
on z-scores of the training part; its weights are then scored through `--preset paper`, which equals it (flexynesis_parity.py).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers import python_of
from safetensors.torch import load_file, save_file

from modelling.bundle.model import TissueModel, save
from modelling.config import TrainConfig, paper
from modelling.data import Compendium
from modelling.network.base import Standardise
from modelling.network.loss import fit_temperature
from modelling.network.paper import PaperVAE
from modelling.network.pca import fit_components
from modelling.reports.json import plain
from modelling.scores.metrics import classification_scores, draw_groups
from modelling.scores.reconstruction import rank_scores, sample_errors
from modelling.studies.baselines import methods, read_parts
from modelling.studies.evaluate import evaluate
from modelling.training.train import train

PEER = python_of("flexynesis")
TUNED_MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"}
BASELINES = ("kNN, all genes", "kNN, variable genes", "logistic regression")
N_COMPONENTS = 121


def kept(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A result that is computed once."""
    if not path.exists():
        result = plain(make())
        path.write_text(json.dumps(result), encoding="utf-8")
        print(path.stem, {name: round(value, 4) for name, value in flat(result).items()}, flush=True)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def flat(metrics: dict[str, Any]) -> dict[str, float]:
    names = (
        "balanced_accuracy",
        "weighted_f1",
        "r2",
        "per_gene_spearman",
        "per_sample_spearman",
        "ece",
        "epochs",
        "samples_per_second",
        "peak_mb",
    )
    row = {name: float(metrics[name]) for name in names if metrics.get(name) is not None}
    return row | {f"imputation {key}": float(value) for key, value in metrics.get("imputation", {}).items()}


def ours(path: Path, out: Path, config: TrainConfig) -> dict[str, Any]:
    """Train in a process of its own (peak memory) and score."""
    if not (out / "model.safetensors").exists():
        with Compendium.open(path) as compendium:
            train(compendium, out, config, resume=out.exists())
    with Compendium.open(path) as compendium:
        metrics = dict(evaluate(out, compendium).metrics)
    rows = [row["samples_per_second"] for row in bundle_history(out)]
    return metrics | {
        "epochs": len(rows),
        "samples_per_second": float(np.median(rows)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def bundle_history(run: Path) -> list[dict[str, float]]:
    lines = (run / "history.csv").read_text().splitlines()
    return [dict(zip(lines[0].split(","), map(float, line.split(",")), strict=True)) for line in lines[1:]]


def write_parts(compendium: Compendium, folder: Path) -> None:
    """What Flexynesis gets: z-scores with training statistics, tissues as numbers."""
    mean, std = compendium.moments()
    tensors = {"n_tissues": torch.tensor(len(compendium.tissues))}
    for split in ("train", "validation"):
        rows = compendium.rows(split, labelled=True)
        tensors[f"x_{split}"] = torch.from_numpy(np.nan_to_num((compendium.x(rows) - mean) / std))
        tensors[f"y_{split}"] = torch.from_numpy(compendium.targets[rows])
    save_file(tensors, folder / "parts.safetensors")


def peer(path: Path, folder: Path, seed: int, threads: int) -> dict[str, Any]:
    """Train Flexynesis, take its weights over, fit a temperature (so that its calibration is not held against it), score."""
    weights = folder / f"peer-{seed}.safetensors"
    with Compendium.open(path) as compendium:
        if not weights.exists():
            if not (folder / "parts.safetensors").exists():
                write_parts(compendium, folder)
            command = [PEER, str(Path(__file__).with_name("flexynesis_peer.py")), "train", str(folder), str(seed)]
            environment = {**os.environ, **TUNED_MALLOC, "OMP_NUM_THREADS": str(threads)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            weights.with_suffix(".json").write_text(done.stdout.strip().splitlines()[-1])
        run = folder / f"peer-{seed}"
        if not run.exists():
            mean, std = (torch.from_numpy(a) for a in compendium.moments())
            network = PaperVAE(len(compendium.genes), len(compendium.tissues), paper(), Standardise(mean, std, None))
            network.copy_weights(load_file(weights), "tissue")
            model = TissueModel(network.eval(), list(compendium.genes), compendium.tissues, paper(), 1.0, {"unit": compendium.unit})
            rows = compendium.rows("validation", labelled=True)
            model.temperature = fit_temperature(
                torch.from_numpy(model.logits(model.embed(compendium.x(rows)))), torch.from_numpy(compendium.targets[rows])
            )
            genes = [{"symbol": str(gene)} for gene in compendium.genes]
            save(run, model, genes, [{"tissue": tissue, "organ_system": "", "n_train": ""} for tissue in compendium.tissues])
        return dict(evaluate(run, compendium).metrics) | json.loads(weights.with_suffix(".json").read_text())


def baseline(path: Path, name: str) -> dict[str, Any]:
    with Compendium.open(path) as compendium:
        parts = read_parts(compendium, None)
    method = next(method for method in methods(42) if method.name == name)
    scores = classification_scores(parts.y["test"], method.predict(parts)[0], len(parts.classes), draw_groups(parts.group_id, 42))
    return {name: value for name, (value, _) in scores.items()}


def principal_components(path: Path) -> dict[str, Any]:
    """Reconstruction of the test part from 121 components of the unclipped training z-scores."""
    with Compendium.open(path) as compendium:
        mean, std = compendium.moments()
        train_x, test_x = (np.nan_to_num((compendium.x(compendium.rows(split)) - mean) / std) for split in ("train", "test"))
        groups = draw_groups(compendium.obs["group_id"][compendium.rows("test")], 42)
    components = fit_components(lambda: iter([train_x]), N_COMPONENTS, 42)
    restored = components.rebuild(components.project(test_x)).astype(np.float32)
    ranks = rank_scores(test_x, restored, groups)
    return {
        "r2": sample_errors(test_x, restored).r2(),
        "per_gene_spearman": float(np.nanmedian(ranks.per_gene)),
        "per_sample_spearman": float(np.nanmedian(ranks.per_sample)),
    }


def table(results: dict[str, list[dict[str, float]]]) -> str:
    columns = list(dict.fromkeys(name for rows in results.values() for row in rows for name in row))
    lines = ["| method | seeds | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for name, rows in results.items():
        cells = []
        for column in columns:
            values = [row[column] for row in rows if column in row]
            digits = 0 if column in ("epochs", "samples_per_second", "peak_mb") else 3
            cells.append(
                "" if not values else f"{np.mean(values):.{digits}f}" + (f" ± {np.std(values):.{digits}f}" if len(values) > 1 else "")
            )
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", help="one result in this process: default-SEED, peer-SEED")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    path, out = options.compendium, options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.only:
        kind, seed = options.only.rsplit("-", 1)
        number = int(seed)
        make = (
            (lambda: peer(path, out, number, options.threads))
            if kind == "peer"
            else (lambda: ours(path, out / options.only, TrainConfig(seed=number)))
        )
        kept(out / f"{options.only}.json", make)
        return
    names = [f"default-{seed}" for seed in range(options.seeds)] + [f"peer-{seed}" for seed in range(options.peer_seeds)]
    for name in names:
        again = ["--threads", str(options.threads), "--only", name]
        subprocess.run([sys.executable, __file__, str(path), str(out), *again], check=True)
    results = {"default": [flat(kept(out / f"{name}.json", dict)) for name in names if name.startswith("default")]}
    results["Flexynesis 1.1.14"] = [flat(kept(out / f"{name}.json", dict)) for name in names if name.startswith("peer")]
    for name in BASELINES:
        results[name] = [flat(kept(out / f"baseline {name}.json", lambda name=name: baseline(path, name)))]
    results["PCA(121)"] = [flat(kept(out / "baseline PCA.json", lambda: principal_components(path)))]
    print(table(results))


if __name__ == "__main__":
    main()
