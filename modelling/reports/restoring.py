"""The sections of the evaluation report on restored expression and on hidden values, each model that was asked in the same pictures."""

from __future__ import annotations

from collections.abc import Mapping

from modelling.figures import expression
from modelling.figures.canvas import FigureFolder
from modelling.reports.json import plain
from modelling.reports.opening import Metrics
from modelling.reports.page import Section, Table, number, shown, with_interval
from modelling.studies.evaluate import Evaluation


def expression_section(folder: FigureFolder, evaluation: Evaluation, metrics: Metrics, beside: Mapping[str, Evaluation]) -> Section:
    """Rank histograms and the gene scatter."""
    kept = metrics["reconstruction"]
    model, found = evaluation.model, {name: one.ranks for name, one in beside.items()}
    expression.rank_histograms(folder, {name: (ranks.per_gene, ranks.per_sample) for name, ranks in found.items()})
    expression.gene_scatter(folder, model.genes, model.mean_g, model.std_g, {name: ranks.per_gene for name, ranks in found.items()})
    rows = [
        ["R²", with_interval(metrics["r2"], kept["intervals"]["r2"]), f"{kept['n_cells']:,} cells"],
        [
            "R², values within ±10",
            with_interval(metrics["r2_clipped"], metrics["r2_clipped_interval"]),
            f"{kept['n_cells']:,} cells",
        ],
        ["mean squared error", number(metrics["mse"]), f"{kept['n_cells']:,} cells"],
        [
            "Spearman per gene, median",
            with_interval(metrics["per_gene_spearman"], kept["intervals"]["per_gene_spearman"]),
            f"{metrics['n']['genes'] - kept['n_genes_undefined']:,} genes",
        ],
        [
            "Spearman per sample, median",
            with_interval(metrics["per_sample_spearman"], kept["intervals"]["per_sample_spearman"]),
            f"{kept['n_samples'] - kept['n_samples_undefined']:,} samples",
        ],
    ]
    figures = [
        shown(
            folder.folder,
            "reconstruction",
            "Rank correlation between measured and restored values, gene by gene across samples, and sample by sample across genes.",
        ),
        shown(
            folder.folder,
            "genes",
            "Every gene by how much it varies in training. Genes that hardly vary cannot be restored by anyone: there is nothing to follow.",
        ),
    ]
    return Section(
        "Restoring expression",
        ["Values are standardised per gene with the training part's mean and standard deviation, so that a gene's own mean earns nothing."],
        figures,
        [Table(["score", "value [95% interval]", "over"], rows)],
    )


def imputation_section(folder: FigureFolder, metrics: Metrics, beside: Mapping[str, Evaluation]) -> Section:
    """Hidden cells."""
    detail = metrics["imputation_detail"]
    expression.imputation(folder, {name: plain(one.metrics["imputation_detail"]) for name, one in beside.items()})
    shares = [scores["interval_90_holds"] for scores in detail.values() if scores["n_cells"]]
    held = f"{min(shares):.1%} to {max(shares):.1%}" if shares else "none"
    text = (
        "A share of all measured values of the test part was hidden at random and then restored from the rest, by the model and by three simple "
        "methods that saw the same training part. In standardised units a gene's mean is a constant and has no rank correlation. In log2 units the "
        "gene mean alone scores high: a score in those units says little. The model gives every restored value a standard deviation; its 90% "
        f"intervals hold {held} of the hidden values."
    )
    return Section(
        "Restoring hidden values",
        [text],
        [
            shown(
                folder.folder,
                "imputation",
                "Spearman correlation over all hidden cells together; the gene mean has none in standardised units.",
            )
        ],
    )
