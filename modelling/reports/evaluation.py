"""The report of `model evaluate`: figures, captions and words around the numbers of metrics.json."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from modelling.arrays import Ints
from modelling.data import Compendium
from modelling.figures import latent, tissues
from modelling.figures.canvas import FigureFolder, spaced
from modelling.figures.palette import Look, looks
from modelling.reports.across import across
from modelling.reports.answers import answers_section
from modelling.reports.beside import embeddings_section, models_section
from modelling.reports.definitions import definitions
from modelling.reports.history import funnel, training
from modelling.reports.intervals import interval_words
from modelling.reports.json import plain
from modelling.reports.opening import Metrics, lead, tiles
from modelling.reports.page import Report, Section, Shown, Table, number, shown, with_interval
from modelling.reports.restoring import expression_section, imputation_section
from modelling.reports.tables import write_tables
from modelling.scores.metrics import confusion
from modelling.studies.beside import headline
from modelling.studies.evaluate import SEED, Evaluation
from profiles import __version__


def write_report(
    evaluation: Evaluation,
    run: Path,
    compendium: Compendium,
    out: Path,
    seed: int = SEED,
    others: Mapping[str, Evaluation] | None = None,
) -> None:
    """metrics.json, tables, figures/ and report.html in folder `out`; `others`: runs that are drawn beside this one."""
    write_tables(evaluation, out)
    metrics: Metrics = plain(evaluation.metrics)
    beside = {metrics["run"]: evaluation, **(others or {})}
    systems = organ_systems(compendium, run)
    colours = looks([name for name in evaluation.part.classes if name], systems)
    figures = Figures(evaluation, metrics, FigureFolder(out / "figures"), colours, seed)
    sections = [
        across(metrics, figures.folder),
        *models_section(figures.folder, {name: headline(plain(one.metrics)) for name, one in beside.items()}),
        *embeddings_section(figures.folder, metrics.get("embeddings") or []),
        figures.tissues(),
        figures.mistakes(),
        figures.sources(),
        figures.confidence(),
        answers_section(metrics),
        figures.maps(),
        expression_section(figures.folder, evaluation, metrics, beside),
        imputation_section(figures.folder, metrics, beside),
        figures.mixing(),
        *funnel(figures.folder, compendium.uns.get("funnel")),
        *training(figures.folder, run),
        definitions(metrics),
    ]
    Report(
        title="What this model knows about tissues",
        subject=f"Run “{metrics['run']}” on the test part of {metrics['compendium']['file']}"
        + (f" (build {metrics['compendium']['build_id']})" if metrics["compendium"]["build_id"] else ""),
        lead=lead(metrics),
        simulated=metrics["simulated"],
        tiles=tiles(metrics),
        notes=metrics["notes"],
        sections=[section for section in sections if section is not None],
        colophon=f"Made by bulkatlas {__version__}, `model evaluate`. All numbers: metrics.json; every "
        "test sample: predictions.tsv; every figure's data: figures/*.csv.",
    ).write(out / "report.html")


def organ_systems(compendium: Compendium, run: Path) -> dict[str, str]:
    """Tissue -> organ system, from the compendium or else from the run's tissues.tsv."""
    stated = compendium.uns.get("tissues")
    if isinstance(stated, dict) and stated:
        return {str(tissue): str(system) for tissue, system in stated.items()}
    with (run / "tissues.tsv").open(encoding="utf-8", newline="") as file:
        return {row["tissue"]: row.get("organ_system") or "" for row in csv.DictReader(file, delimiter="\t")}


class Figures:
    """Draws the figures of one evaluation and puts words to them."""

    def __init__(
        self,
        evaluation: Evaluation,
        metrics: Metrics,
        folder: FigureFolder,
        colours: Mapping[str, Look],
        seed: int,
    ) -> None:
        self.evaluation, self.metrics, self.folder, self.colours, self.seed = evaluation, metrics, folder, colours, seed
        chosen = evaluation.part.labelled
        self.counts: Ints = confusion(evaluation.part.truth[chosen], evaluation.part.predicted[chosen], len(evaluation.part.classes))

    def _show(self, name: str, caption: str) -> Shown:
        return shown(self.folder.folder, name, caption)

    def tissues(self) -> Section | None:
        """Recall per tissue."""
        per_class = self.metrics["per_class"]
        if not self.metrics["n"]["labelled"]:
            return Section("Tissue by tissue", ["No test sample has a tissue: nothing to classify."])
        tissues.tissue_accuracy(self.folder, per_class, self.colours)
        rows = [
            [
                spaced(name),
                number(s["n"]),
                number(s["n_groups"]),
                with_interval(s["recall"], s["recall_interval"], 2),
                number(s["precision"], 2),
                number(s["f1"], 2),
                *(f"{number(s[state]['recall'], 2)} ({s[state]['n']:,})" if s[state]["n"] else "–" for state in ("tumour", "normal")),
            ]
            for name, s in sorted(per_class.items(), key=lambda item: -item[1]["n"])
        ]
        head = ["tissue", "n", "studies or donors", "recall [95%]", "precision", "F1", "tumour (n)", "normal (n)"]
        caption = (
            "Share of each tissue's test samples that the model calls right. Line: 95% Wilson interval, "
            f"wide where n is small. {self.metrics['n']['labelled']:,} labelled samples."
        )
        overall = Table(
            ["score", "value [95% interval]"],
            [[word, with_interval(self.metrics[key], self.metrics["intervals"][key])] for key, word in SCORES.items()],
            f"All {self.metrics['n']['labelled']:,} labelled samples",
        )
        knn = self.metrics["latent_knn"]
        words = (
            f"Asked in place of the classifier, the five nearest of {knn['n_reference']:,} training samples in the latent "
            f"space reach a balanced accuracy of {with_interval(knn['balanced_accuracy'], knn['interval'])}."
        )
        return Section(
            "Tissue by tissue",
            [words, *interval_words(self.metrics, SCORES)],
            [self._show("tissue_accuracy", caption)],
            [overall, Table(head, rows, "Every tissue as a table", folded=True)],
        )

    def mistakes(self) -> Section | None:
        """Confusion matrix and the most frequent mistakes."""
        if not self.metrics["n"]["labelled"]:
            return None
        classes = self.evaluation.part.classes
        tissues.confusion_matrix(self.folder, self.counts, classes, self.colours)
        off = self.counts.copy()
        np.fill_diagonal(off, 0)
        worst = [divmod(int(i), len(classes)) for i in np.argsort(-off, axis=None, kind="stable")[:12]]
        rows = [
            [spaced(classes[a]), spaced(classes[b]), number(int(off[a, b])), f"{off[a, b] / self.counts[a].sum():.0%}"]
            for a, b in worst
            if off[a, b]
        ]
        caption = "Rows: the label, with its number of test samples. Columns: what the model calls them. Colour: share of the row; number: samples."
        tables = [Table(["label", "called", "n", "share of the label"], rows, "Most frequent mistakes")] if rows else []
        return Section("What it mistakes for what", [], [self._show("confusion", caption)], tables)

    def sources(self) -> Section | None:
        """Scores per source and per condition."""
        found = []
        for name, key, title, word in (
            ("sources", "per_source", "score per source", "Each source"),
            ("conditions", "per_condition", "score", "Tumour and normal samples"),
        ):
            if any(value["n"] for value in self.metrics[key].values()):
                tissues.score_bars(self.folder, name, self.metrics[key], title)
                found.append(
                    self._show(
                        name,
                        f"{word}, scored apart. Balanced accuracy averages over the tissues that each "
                        "holds, so the two scores can differ much where tissues are few.",
                    )
                )
        per_source = self.metrics["reconstruction"]["r2_per_source"] | self.metrics["reconstruction"]["r2_per_condition"]
        table = Table(
            ["samples", "n", "R²"],
            [[name, number(value["n"]), number(value["r2"])] for name, value in per_source.items()],
            "Variance restored",
        )
        return Section("Sources, tumours and normal tissue", [], found, [table])

    def confidence(self) -> Section | None:
        """Reliability diagram."""
        if not self.metrics["reliability"]:
            return None
        tissues.reliability(self.folder, self.metrics["reliability"], self.metrics["ece"])
        caption = (
            "Samples sorted by the probability that the model states, in 15 bins; on the dashed line "
            "it is right as often as it says. Below: samples per bin (log scale)."
        )
        return Section("Does it know when it is unsure?", [], [self._show("reliability", caption)])

    def maps(self) -> Section:
        """Latent maps by tissue and source, and the multi-scale variant."""
        part = self.evaluation.part
        samples = {"sample_id": part.sample_id, "tissue": part.tissue, "source": part.source, "condition": part.condition}
        figures = []
        drawn = latent.latent_map(part.z_nk, self.seed)
        latent.map_by_tissue(self.folder, "map_tissue", drawn, samples, self.colours)
        figures.append(self._show("map_tissue", f"Test samples by tissue; names stand beside each tissue's densest spot. {drawn.method}."))
        latent.map_by_source(self.folder, "map_source", drawn, samples)
        figures.append(self._show("map_source", "The same map by source."))
        wide = latent.latent_map(part.z_nk, self.seed, multiscale=True)
        if wide.method != drawn.method:
            latent.map_by_tissue(self.folder, "map_multiscale", wide, samples, self.colours)
            figures.append(
                self._show("map_multiscale", f"Multi-scale variant, which keeps more of the order between groups. {wide.method}.")
            )
        text = "Each point is a test sample. Near points are alike; distances between far groups, and the size of a group, mean little in such a map."
        return Section("The latent space", [text], figures)

    def mixing(self) -> Section | None:
        """Source mixing."""
        mixing = self.metrics["source_mixing"]
        if mixing is None:
            return None
        tissues.source_mixing(self.folder, mixing)
        value = self.metrics["source_lisi"]
        text = (
            f"If the source left no trace in the latent space, a sample's neighbours would come from the sources in the proportions in which the sources are "
            "there (the bar). Sources hold different tissues, so only the comparison within a tissue is "
            f"fair. LISI: median {number(value['median'], 2)}, where 1 is no mixing and "
            f"{number(value['ceiling'], 2)} is the highest that these shares allow ({value['n_sources']} "
            f"sources, {value['n']:,} samples, perplexity {self.metrics['settings']['perplexity']})."
        )
        return Section(
            "Do the sources mix?",
            [text],
            [self._show("source_mixing", "Point: observed share of neighbours from another source. Bar: the share under perfect mixing.")],
        )


SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "weighted_f1": "F1, weighted by samples",
    "macro_f1": "F1, mean over tissues",
    "mcc": "Matthews correlation",
    "top3": "right among the first three",
    "ece": "expected calibration error",
}
