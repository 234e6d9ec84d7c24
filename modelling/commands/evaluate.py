"""`model evaluate` as people see it: bars while it works, the headline scores and where everything lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelling.commands.telling import bounded, console, tell_table
from modelling.data import Compendium
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.page import number, with_interval
from modelling.reports.tables import write_tables
from modelling.studies.beside import check_beside, embeddings_beside, headline, others_beside
from modelling.studies.evaluate import evaluate

TOLD_BESIDE = ("balanced_accuracy", "weighted_f1", "r2", "per_gene_spearman", "per_sample_spearman")


def run_evaluate(
    run: Path,
    compendium: Path,
    out: Path,
    seed: int,
    *,
    across: str | None = None,
    device: str = "cpu",
    beside: Sequence[Path] = (),
    embeddings: Mapping[str, Path] | None = None,
    verify: bool = False,
    figures: bool = True,
) -> None:
    """Evaluate, write the folder (without `figures` its tables only), print the headline.

    Args: beside, runs, and embeddings, files, that are drawn in the same pictures.
    """
    check_beside(run, beside)
    with Compendium.open(compendium, verify=verify) as opened, new_folder(out) as folder, bars() as stage:
        found = evaluate(run, opened, seed, stage, across=across, device=device)
        others = others_beside(beside, opened, seed, stage, device)
        found.metrics["beside"] = {name: headline(other.metrics) for name, other in others.items()}
        found.metrics["embeddings"] = embeddings_beside(run, embeddings, opened, seed, stage) if embeddings else []
        advance = stage("figures and report" if figures else "tables", 1)
        if figures:
            from modelling.reports.evaluation import write_report  # brings matplotlib

            write_report(found, run, opened, folder, seed, others)
        else:
            write_tables(found, folder)
        advance(1)
    _tell(found.metrics, out, "report.html, metrics.json, predictions.tsv, figures/" if figures else "metrics.json, predictions.tsv")


def _tell(metrics: dict[str, Any], out: Path, written: str) -> None:
    people = console()
    if metrics["simulated"]:
        people.print("simulated data: the scores say nothing about biology", style="yellow")
    n = metrics["n"]
    people.print(
        f"{n['test']:,} test samples ({n['labelled']:,} labelled, {n['groups']:,} groups), {n['classes_in_test']} tissues, {n['genes']:,} genes"
    )
    if metrics["across"]:
        left_out = metrics["across"]
        together = left_out["together"]
        shown = with_interval(together["balanced_accuracy"], together["intervals"]["balanced_accuracy"])
        people.print(f"  {'each ' + left_out['field'] + ' left out':24}{shown} balanced accuracy of {together['n']:,} samples")
        for row in left_out["values"]:
            shown = with_interval(row["balanced_accuracy"], row["intervals"]["balanced_accuracy"])
            people.print(f"    {row['value']:22}{shown} of {row['n']:,} samples, {row['n_tissues']} tissues")
    for name in ("balanced_accuracy", "weighted_f1", "macro_f1", "ece"):
        people.print(f"  {name.replace('_', ' '):24}{with_interval(metrics[name], metrics['intervals'][name])}")
    for name in ("r2", "per_gene_spearman", "per_sample_spearman"):
        people.print(f"  {name.replace('_', ' '):24}{with_interval(metrics[name], metrics['reconstruction']['intervals'][name])}")
    people.print(f"  {'r2 clipped':24}{with_interval(metrics['r2_clipped'], metrics['r2_clipped_interval'])}")
    for name, word in (("model", "imputation"), ("knn", "imputation by kNN"), ("pca", "imputation by PCA")):
        found_by = {fraction: scores["standardised"][name] for fraction, scores in metrics["imputation_detail"].items()}
        restored = ", ".join(f"{value:.3f} at {float(fraction):.0%}" for fraction, value in found_by.items() if value is not None)
        people.print(f"  {word:24}{restored}")
    held = ", ".join(f"{s['interval_90_holds']:.1%} at {float(f):.0%}" for f, s in metrics["imputation_detail"].items() if s["n_cells"])
    people.print(f"  {'90% intervals hold':24}{held} hidden")
    for name, scores in metrics["beside"].items():
        told = ", ".join(f"{key.replace('_', ' ')} {with_interval(scores[key], scores['intervals'][key])}" for key in TOLD_BESIDE)
        people.print(f"  beside it, {name}: {told}", markup=False)
    for row in metrics["embeddings"][2:]:
        people.print(
            f"  beside it, {row['method']}: balanced accuracy {with_interval(row['balanced_accuracy'], row['interval'])}", markup=False
        )
    for line in levels_lines(metrics["levels"]):
        people.print(f"  {line}")
    for note in metrics["notes"]:
        people.print(f"  note: {note}")
    people.print(f"wrote {out}/ ({written})")
    tell_table(score_rows(metrics))


def score_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Headline scores with their intervals, one row each."""
    restored = metrics["reconstruction"]["intervals"]
    of = {name: (metrics[name], metrics["intervals"][name]) for name in ("balanced_accuracy", "weighted_f1", "macro_f1", "ece")}
    of |= {name: (metrics[name], restored[name]) for name in ("r2", "per_gene_spearman", "per_sample_spearman")}
    of["r2_clipped"] = (metrics["r2_clipped"], metrics["r2_clipped_interval"])
    for fraction, scores in metrics["imputation_detail"].items():
        of |= {f"imputation_{name}_{float(fraction):g}": (value, None) for name, value in scores["standardised"].items()}
    for row in metrics["across"]["values"] if metrics["across"] else []:
        of[f"without {row['value']}: balanced_accuracy"] = (row["balanced_accuracy"], row["intervals"]["balanced_accuracy"])
    return [{"score": name, **bounded("value", value, interval)} for name, (value, interval) in of.items()]


def levels_lines(found: dict[str, Any] | None) -> list[str]:
    """Answers that back off beside the flat softmax, as lines."""
    if found is None:
        return []
    told = ", ".join(f"{share:.1%} {kind}" for kind, share in found["share_at_level"].items())
    lines = [f"{'answers':24}{told} (the finest level at least {found['at_least']:.0%} probable)"]
    for name, word in (
        ("back_off", "answers, back-off"),
        ("flat_same_share", "flat, as many answers"),
        ("flat_same_threshold", "flat, same threshold"),
    ):
        scores = found[name]
        kept = ", ".join(f"hierarchical {part} {number(scores[f'hierarchical_{part}'])}" for part in ("precision", "recall"))
        lines.append(f"{word:24}{scores['n_wrong']} wrong of {scores['answered'] * scores['n']:.0f} answered, {kept}")
    return lines
