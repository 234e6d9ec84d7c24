"""Other runs and outside embeddings on the test part that a run is scored on: the same samples, cells and bootstrap draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelling.bundle.model import load
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Stage, silent
from modelling.studies.baselines import embedding_methods, model_methods, read_parts, score_methods
from modelling.studies.evaluate import Evaluation, evaluate

SCORES = ("balanced_accuracy", "weighted_f1", "macro_f1", "r2", "per_gene_spearman", "per_sample_spearman", "ece")
STANDARD = "-standard"


class NotBeside(ModellingError):
    """A run cannot stand beside another: it has the same name or other genes."""


def standard_of(run: Path) -> Path:
    """The run without masking that `model train --also-standard` wrote beside this one. Raises NotBeside where there is none."""
    run = run.resolve()
    standard = run.with_name(f"{run.name}{STANDARD}")
    if not (standard / "model.safetensors").is_file():
        raise NotBeside(f"{standard}: no finished run; `model train --also-standard` writes it beside {run.name}")
    return standard


def check_beside(run: Path, others: Sequence[Path]) -> None:
    """Before hours are spent: raises NotBeside for two runs of one name, or a run of other genes than the first's."""
    names = [path.resolve().name for path in (run, *others)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NotBeside(f"{', '.join(twice)}: the name of two runs; rename a folder")
    genes = load(run).genes if others else []
    for other in others:
        if load(other).genes != genes:
            raise NotBeside(f"{other}: has other genes than {run}; only runs of the same genes stand beside each other")


def others_beside(
    others: Sequence[Path], compendium: Compendium, seed: int, stage: Stage = silent, device: str = "cpu"
) -> dict[str, Evaluation]:
    """Name of the folder -> how that run does on the same test part; simple imputers stand beside the first run alone."""
    return {path.resolve().name: evaluate(path, compendium, seed, stage, device=device, simple=False) for path in others}


def embeddings_beside(
    run: Path, embeddings: Mapping[str, Path], compendium: Compendium, seed: int, stage: Stage = silent
) -> list[dict[str, Any]]:
    """The run's head and kNN, then kNN and logistic regression on each embedding, as rows of `model baselines`. Raises EmbeddingError."""
    parts = read_parts(compendium, run)
    chosen = [*model_methods(run), *(method for name, path in embeddings.items() for method in embedding_methods(name, path))]
    return score_methods(chosen, parts, seed, stage)


def headline(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The scores that stand side by side, each with its interval, and what is restored of hidden cells."""
    intervals = metrics["intervals"] | metrics["reconstruction"]["intervals"]
    return {
        **{name: metrics[name] for name in SCORES},
        "intervals": {name: intervals[name] for name in SCORES},
        "imputation": metrics["imputation"],
    }
