"""`model evaluate` as people see it: bars while it works, the headline scores and where everything lies."""

from __future__ import annotations

from pathlib import Path

from modelling.data import Compendium
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.evaluation import write_report
from modelling.reports.page import with_interval
from modelling.studies.evaluate import evaluate


def run_evaluate(run: Path, compendium: Path, out: Path, seed: int) -> None:
    """Evaluate, write the folder, print the headline."""
    from rich.console import Console

    with Compendium.open(compendium) as opened, new_folder(out) as folder, bars() as stage:
        found = evaluate(run, opened, seed, stage)
        advance = stage("figures and report", 1)
        write_report(found, run, opened, folder, seed)
        advance(1)
    metrics, console = found.metrics, Console(soft_wrap=True, highlight=False)
    if metrics["simulated"]:
        console.print("simulated data: the scores say nothing about biology", style="yellow")
    n = metrics["n"]
    console.print(
        f"{n['test']:,} test samples ({n['labelled']:,} labelled, {n['groups']:,} groups), {n['classes_in_test']} tissues, {n['genes']:,} genes"
    )
    for name in ("balanced_accuracy", "weighted_f1", "macro_f1", "ece"):
        console.print(f"  {name.replace('_', ' '):24}{with_interval(metrics[name], metrics['intervals'][name])}")
    for name in ("r2", "per_gene_spearman", "per_sample_spearman"):
        console.print(f"  {name.replace('_', ' '):24}{with_interval(metrics[name], metrics['reconstruction']['intervals'][name])}")
    restored = ", ".join(f"{value:.3f} at {float(fraction):.0%}" for fraction, value in metrics["imputation"].items() if value is not None)
    console.print(f"  {'imputation':24}{restored}")
    for note in metrics["notes"]:
        console.print(f"  note: {note}")
    console.print(f"wrote {out}/ (report.html, metrics.json, predictions.tsv, figures/)")
