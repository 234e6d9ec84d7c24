"""What a finished training leaves in its folder beside the weights: calibration, facts, genes, tissues, and what it ran on."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

import torch

from modelling import threads, yielding
from modelling.bundle.model import TissueModel
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.network.base import Network
from modelling.training.calibration import finish
from profiles import aside

PACKAGES = ("bulkatlas", "torch", "numpy", "safetensors", "h5py", "anndata")


def finished_model(network: Network, compendium: Compendium, config: TrainConfig) -> TissueModel:
    """The model with its head, temperature and limits fitted on held-out groups."""
    model = TissueModel(network.eval(), [str(gene) for gene in compendium.genes], compendium.tissues, config, 1.0, {})
    finish(model, compendium)
    return model


def details(compendium: Compendium, history: list[dict[str, float]], best_epoch: int, seconds: float, sha256: str) -> dict[str, Any]:
    """What config.json says of the run beside its settings."""
    return {
        "best_epoch": best_epoch,
        "epochs": len(history),
        "seconds": round(seconds, 1),
        "unit": compendium.unit,
        "n_train": len(compendium.rows("train")),
        "n_unlabelled": len(compendium.rows("unlabelled")),
        "compendium_sha256": sha256,
        "build_id": compendium.build_id,
        "simulated": bool(compendium.uns.get("simulated", False)),
        "validation": history[best_epoch],
        "notes": compendium.notes,
    }


def write_environment(folder: Path, device: torch.device, n_processes: int, facts: dict[str, Any]) -> None:
    """environment.json: what the run ran on and was trained from."""
    content = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "threads_from": threads.reason() or "the process that called",
        "threads_wait": yielding.policy(),
        "processes": n_processes,
        "compendium": {"sha256": facts["compendium_sha256"], "build_id": facts["build_id"]},
    }
    aside.write_text(folder / "environment.json", json.dumps(content, indent=2) + "\n")


def gene_rows(compendium: Compendium) -> list[dict[str, str]]:
    """Rows of genes.tsv: symbol and, where the compendium has them, ids."""
    extra = [name for name in ("ensembl_gene_id", "hgnc_id") if name in compendium.var]
    columns = {name: compendium.kept_var(name) for name in ("symbol", *extra)}
    return [dict(zip(columns, map(str, values), strict=True)) for values in zip(*columns.values(), strict=True)]


def tissue_rows(compendium: Compendium) -> list[dict[str, str]]:
    """Rows of tissues.tsv: tissue, organ system, number of training samples."""
    systems = compendium.uns.get("tissues", {})
    systems = systems if isinstance(systems, dict) else {}
    return [
        {"tissue": tissue, "organ_system": str(systems.get(tissue, "")), "n_train": str(int(count))}
        for tissue, count in zip(compendium.tissues, compendium.tissue_counts(), strict=True)
    ]
