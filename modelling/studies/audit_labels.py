"""`model audit-labels`: samples whose label their expression contradicts, found by cross-validated confident learning (Northcutt et al. 2021).

Every sample is judged by a classifier that saw neither it nor any other sample of its study, donor or patient. What comes out is a
suggestion: the table shows the label's evidence beside the expression's opinion, and overrides.tsv waits for a person's name.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Stage, silent
from modelling.scratch import scratch_array
from modelling.studies.baselines import ExtraMissing, components_of, project
from modelling.studies.held_out import BLOCK
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

N_COMPONENTS = 200
STRENGTH = 0.1
MIN_GROUPS = 2
RELABEL_ABOVE = 0.5
EVIDENCE = ("term_id", "term_name", "decided_by", "field", "matched_text", "evidence_id", "margin", "title", "source_name")
OVERRIDE_COLUMNS = ("override_id", "scope", "target", "term_id", "is_cell_line", "curator", "date", "reason", "fact", "value")


class AuditError(ModellingError):
    """The labels of this compendium cannot be audited."""


@dataclass(frozen=True)
class Suspicion:
    """The audited samples (n) and what cross-validation thinks of them; `order` ranks the suspects, most certain first."""

    rows: Ints
    classes: list[str]
    label: Ints
    probability_nt: Floats
    suspect: Bools
    order: Ints
    not_audited: dict[str, int]

    @property
    def margin(self) -> Floats:
        """Probability of the best other tissue minus that of the label: (n,), above 0 where another one is more likely."""
        own = self.probability_nt[np.arange(len(self.label)), self.label]
        other = self.probability_nt.copy()
        other[np.arange(len(self.label)), self.label] = -1
        return np.asarray(other.max(axis=1) - own)

    @property
    def suggested(self) -> Ints:
        """The most likely tissue other than the label: (n,)."""
        other = self.probability_nt.copy()
        other[np.arange(len(self.label)), self.label] = -1
        return np.asarray(other.argmax(axis=1))


def audit(compendium: Compendium, n_folds: int = 5, seed: int = 42, stage: Stage = silent) -> Suspicion:
    """Judge every labelled sample of all splits. Tissues with samples of fewer than two groups cannot be cross-validated and are left out.

    Raises ExtraMissing without cleanlab, AuditError when nothing is left to audit.
    """
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise ExtraMissing("model audit-labels needs cleanlab: pip install 'bulkatlas[audit]'") from error
    rows, label, classes, group, left_out = _auditable(compendium)
    x = _standardised(compendium, rows, stage("reading samples", len(rows)))
    probability = cross_validated(x, label, group, len(classes), n_folds, seed, stage)
    suspect = np.zeros(len(rows), bool)
    suspect[find_label_issues(label, probability, return_indices_ranked_by="normalized_margin", filter_by="both", n_jobs=1)] = True
    found = Suspicion(rows, classes, label, probability, suspect, np.empty(0, np.int64), left_out)
    suspect &= found.margin > 0
    order = np.flatnonzero(suspect)[np.argsort(-found.margin[suspect], kind="stable")]
    return Suspicion(rows, classes, label, probability, suspect, order, left_out)


def _auditable(compendium: Compendium) -> tuple[Ints, Ints, list[str], Ints, dict[str, int]]:
    """Rows, label numbers, class names, group numbers, and samples left out per tissue."""
    tissue = compendium.text("tissue").astype(str)
    group_id = compendium.text("group_id").astype(str)
    group_id = np.where(group_id == "", compendium.sample_ids.astype(str), group_id)
    left_out = {}
    for name in sorted(set(tissue) - {""}):
        if len(set(group_id[tissue == name])) < MIN_GROUPS:
            left_out[str(name)] = int((tissue == name).sum())
    classes = sorted(set(tissue) - {""} - set(left_out))
    rows = np.flatnonzero(np.isin(tissue, classes))
    if len(classes) < 2:
        raise AuditError(
            f"{compendium.path}: {len(classes)} tissues have samples of {MIN_GROUPS} or more studies or donors; at least 2 are needed"
        )
    _, group = np.unique(group_id[rows], return_inverse=True)
    number = {name: i for i, name in enumerate(classes)}
    return rows, np.array([number[name] for name in tissue[rows]]), classes, group, left_out


def _standardised(compendium: Compendium, rows: Ints, advance: Any) -> Floats:
    mean, std = compendium.moments()
    x = scratch_array((len(rows), len(mean)))
    for start, (_, block) in enumerate(compendium.blocks(rows, BLOCK)):
        x[start * BLOCK : start * BLOCK + len(block)] = np.nan_to_num((block - mean) / std)
        advance(len(block))
    return x


def cross_validated(x_ng: Floats, label: Ints, group: Ints, n_classes: int, n_folds: int, seed: int, stage: Stage = silent) -> Floats:
    """Probabilities (n, t) of every sample from a classifier that saw no sample of its group.

    Components of the fold's own training samples, then logistic regression that weighs tissues alike. A tissue absent from a fold's
    training samples has probability 0 there.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(n_folds, len(set(group)))
    probability = np.zeros((len(label), n_classes))
    advance = stage("cross-validation", n_folds)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="The least populated class in y"
        )  # a small tissue is absent from some folds, as said above
        folds = list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(x_ng, label, group))
    for train, held in folds:
        components = components_of(x_ng[train], N_COMPONENTS, seed)
        known, unknown = project(components, x_ng[train]), project(components, x_ng[held])
        scale = known.std()
        classifier = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3, class_weight="balanced").fit(known / scale, label[train])
        probability[np.ix_(held, classifier.classes_)] = classifier.predict_proba(unknown / scale)
        advance(1)
    return probability


def table(found: Suspicion, compendium: Compendium, labels: Path | None) -> pl.DataFrame:
    """The suspects, ranked by margin: the label with its evidence beside the expression's opinion."""
    import polars as pl

    chosen, rows = found.order, found.rows[found.order]
    names = np.array(found.classes, dtype=object)
    own = found.probability_nt[chosen, found.label[chosen]]
    ranked = pl.DataFrame(
        {
            "rank": np.arange(1, len(chosen) + 1),
            "sample_id": compendium.sample_ids[rows].astype(str).tolist(),
            **{name: compendium.text(name, rows).tolist() for name in ("source", "series_id", "group_id", "split", "is_tumour")},
            "label": names[found.label[chosen]].tolist(),
            "suggested": names[found.suggested[chosen]].tolist(),
            "probability_label": own.round(4),
            "probability_suggested": (own + found.margin[chosen]).round(4),
            "margin_of_expression": found.margin[chosen].round(4),
        }
    )
    return (
        ranked
        if labels is None
        else ranked.join(_evidence(labels), on="sample_id", how="left").with_columns(pl.selectors.string().fill_null(""))
    )


def _evidence(path: Path) -> pl.DataFrame:
    """Why each sample has its label, from a build's labels.parquet (or the same as TSV)."""
    from profiles.metadata import read_frame

    if not path.is_file():
        raise AuditError(f"{path}: no such file; labels.parquet lies beside the compendium of a build")
    content = read_frame(path, str(path)).raw
    if "sample_id" not in content.columns:
        raise AuditError(f"{path}: no column sample_id{near('sample_id', content.columns)}; columns: {', '.join(content.columns[:6])}")
    kept = [name for name in EVIDENCE if name in content.columns]
    return (
        content.select("sample_id", *kept)
        .unique("sample_id", keep="first")
        .rename({"margin": "margin_of_text"} if "margin" in kept else {})
    )


def override_rows(ranked: pl.DataFrame, term_of: dict[str, str], day: str) -> list[dict[str, str]]:
    """Decisions to review, in the columns of ontology/overrides.tsv, without id and curator: `curate override import` asks for a person.

    A label is replaced where another tissue is more likely than not, else taken away (empty term).
    """
    out = []
    for row in ranked.iter_rows(named=True):
        relabel = row["probability_suggested"] >= RELABEL_ABOVE and row["suggested"] in term_of
        said = f"{row['label']} by {row['decided_by']} '{row['matched_text']}'" if row.get("decided_by") else row["label"]
        reason = (
            f"expression says {row['suggested']} ({row['probability_suggested']:.2f}), label is "
            f"{said} ({row['probability_label']:.2f}); cross-validated audit"
        )
        out.append(
            {
                "override_id": "",
                "scope": "sample",
                "target": row["sample_id"],
                "term_id": term_of[row["suggested"]] if relabel else "",
                "is_cell_line": "",
                "curator": "",
                "date": day,
                "reason": " ".join(reason.split()),
                "fact": "",
                "value": "",
            }
        )
    return out


def terms_of_tissues(compendium: Compendium) -> dict[str, str]:
    """The term that most samples of each tissue carry."""
    tissue, term = (compendium.text(name).astype(str) for name in ("tissue", "term_id"))
    out = {}
    for name in sorted(set(tissue) - {""}):
        terms, counts = np.unique(term[(tissue == name) & (term != "")], return_counts=True)
        if len(terms):
            out[name] = str(terms[counts.argmax()])
    return out


def against_truth(found: Suspicion, compendium: Compendium, truth: Path) -> dict[str, Any]:
    """Precision and recall where the wrong labels are known: a TSV with `sample_id` and `true_tissue`.

    Wrong is an audited sample whose label is not its true tissue; average precision looks at the whole ranking by margin.
    """
    from sklearn.metrics import average_precision_score

    from profiles.metadata import read_frame

    content = read_frame(truth, str(truth)).raw
    if missing := sorted({"sample_id", "true_tissue"} - set(content.columns)):
        meant = near(missing, content.columns)
        raise AuditError(f"{truth}: no column {' and no '.join(missing)}{meant}; columns: {', '.join(content.columns[:6])}")
    true = dict(zip(content["sample_id"], content["true_tissue"], strict=True))
    ids = compendium.sample_ids[found.rows].astype(str)
    wrong = np.array([true.get(name, found.classes[own]) != found.classes[own] for name, own in zip(ids, found.label, strict=True)])
    n_hit, n_flagged, n_wrong = int((wrong & found.suspect).sum()), int(found.suspect.sum()), int(wrong.sum())
    both = np.flatnonzero(wrong & found.suspect)
    named = [found.classes[found.suggested[i]] == true[ids[i]] for i in both]
    return {
        "n_wrong_audited": n_wrong,
        "n_suspects": n_flagged,
        "n_right": n_hit,
        "precision": n_hit / n_flagged if n_flagged else None,
        "recall": n_hit / n_wrong if n_wrong else None,
        "average_precision": float(average_precision_score(wrong, found.margin)) if 0 < n_wrong < len(wrong) else None,
        "precision_at_n_wrong": float(wrong[np.argsort(-found.margin, kind="stable")[:n_wrong]].mean()) if n_wrong else None,
        "true_tissue_suggested": float(np.mean(named)) if named else None,
    }
