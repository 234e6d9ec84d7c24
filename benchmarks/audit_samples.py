"""`model audit-samples` on planted faults: precision and recall of each audit.

    python benchmarks/audit_samples.py COMPENDIUM [--lines LABELS.parquet] [--each 20] [--seed 42]

Into a copy of the compendium go: samples with the other sex stated; second copies of samples of other studies, sequenced again at half the depth; single
cells (few molecules, in bursts); mixtures of two tissues, one half or three tenths of the second; samples of another species (genes that only people have
are silent, all others moved by a two-fold, log-normal). Cell lines are those that LABELS.parquet of a build with `--cell-line-cap none` names; without it
none count.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from record import record

from modelling.auditing.samples import against_truth, audit_samples
from modelling.auditing.species import HUMAN_ONLY
from modelling.data import Compendium
from modelling.scores.sex import sex_signs

SEED, DEPTH, MOLECULES = 42, 10_000_000, 3_000


def resequenced(linear: np.ndarray, rng: np.random.Generator, reads: float, burst: float = 0.0) -> np.ndarray:
    """Values of the same RNA counted again: Poisson, with gamma bursts between cells."""
    share = linear / linear.sum(1, keepdims=True) * reads
    if burst:
        share = rng.gamma(1 / burst, burst, share.shape) * share
    counts = rng.poisson(share).astype(float)
    again: np.ndarray = counts / np.maximum(counts.sum(1, keepdims=True), 1) * linear.sum(1, keepdims=True)
    return again


def plant(adata: anndata.AnnData, each: int, lines: set[str], seed: int = SEED) -> tuple[anndata.AnnData, list[tuple[str, str]]]:
    """The compendium with faults, and which sample holds which."""
    rng = np.random.default_rng(seed)
    obs, x = adata.obs.copy(), np.asarray(adata.X)
    ordinary = rng.permutation(np.flatnonzero((obs["tissue"].astype(str) != "") & ~obs.index.isin(list(lines)).astype(bool)))
    truth: list[tuple[str, str]] = []
    if "sex" in obs:
        obs["sex"] = obs["sex"].astype(str)
        stated = [i for i in ordinary[4 * each :] if obs["sex"].iloc[i] in ("male", "female")][:each]
        for i in stated:
            obs.iloc[i, obs.columns.get_loc("sex")] = "male" if obs["sex"].iloc[i] == "female" else "female"
            truth.append((str(obs.index[i]), "sex"))
        if "sex_ontology_term_id" in obs:
            obs["sex_ontology_term_id"] = ""
    made = {
        "duplicates": ordinary[:each],
        "single_cells": ordinary[each : 2 * each],
        "mixtures": ordinary[2 * each : 3 * each],
        "species": ordinary[3 * each : 4 * each],
    }
    rows, tables = [], []
    for audit, chosen in made.items():
        linear = np.exp2(x[chosen]) - 1
        if audit == "duplicates":
            values = resequenced(linear, rng, DEPTH / 2)
            truth += [(str(obs.index[i]), audit) for i in chosen]
        elif audit == "single_cells":
            values = resequenced(linear, rng, MOLECULES, burst=2.0)
        elif audit == "mixtures":
            tissue, sex = obs["tissue"].astype(str).to_numpy(), sex_signs(x, list(adata.var_names), by_groups=True).sex
            other = [next(int(j) for j in rng.permutation(ordinary) if tissue[j] != tissue[i] and sex[j] == sex[i]) for i in chosen]
            share = np.where(np.arange(each) % 2, 0.5, 0.3)[:, None]
            values = resequenced((1 - share) * linear + share * (np.exp2(x[other]) - 1), rng, DEPTH)
        else:
            silent = np.isin(adata.var_names, HUMAN_ONLY)
            values = np.where(silent, 0, linear * np.exp2(rng.normal(0, 1, linear.shape)))
            values *= linear.sum(1, keepdims=True) / values.sum(1, keepdims=True)
        table = obs.iloc[chosen].copy()
        table.index = [f"planted_{audit}_{k}" for k in range(each)]
        table["group_id"] = table["series_id"] = table.index
        if "sex" in table:
            table["sex"] = ""
        truth += [(name, audit) for name in table.index]
        rows.append(np.log2(values + 1).astype(np.float32))
        tables.append(table)
    truth += [(str(name), "cell_lines") for name in obs.index if name in lines]
    whole = pd.concat([obs.astype({"group_id": str, "series_id": str}), *tables])
    return anndata.AnnData(np.concatenate([x, *rows]), obs=whole, var=adata.var, uns={"unit": adata.uns["unit"]}), truth


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium", type=Path)
    parser.add_argument("--lines", type=Path)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=SEED, help="which samples hold the faults, and their reads")
    asked = parser.parse_args()
    lines: set[str] = set()
    if asked.lines:
        labels = pd.read_parquet(asked.lines)
        lines = set(labels.loc[labels["is_cell_line"].astype(bool), "sample_id"])
    adata, truth = plant(anndata.read_h5ad(asked.compendium), asked.each, lines, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        adata.obs = adata.obs.apply(lambda column: column.astype(str) if str(column.dtype) in ("object", "category") else column)
        adata.write_h5ad(Path(folder) / "planted.h5ad")
        pd.DataFrame(truth, columns=["sample_id", "audit"]).to_csv(Path(folder) / "truth.tsv", sep="\t", index=False)
        with Compendium.open(Path(folder) / "planted.h5ad") as compendium:
            found = audit_samples(compendium)
            scores = against_truth(found, Path(folder) / "truth.tsv")
    figures = {}
    for one in found:
        score = scores[one.name]
        said = {key: "–" if score[key] is None else f"{score[key]:.3f}" for key in ("precision", "recall")}
        counts = f"planted {score['n_planted']:>4}, found {score['n_found']:>4}, right {score['n_right']:>4}"
        print(
            f"  {one.name:13} {counts}: precision {said['precision']}, recall {said['recall']}{''.join(f'; {note}' for note in one.notes)}"
        )
        figures |= {f"{one.name}_{key}": score[key] for key in ("precision", "recall") if score[key] is not None}
    record("audit_samples", **figures)


if __name__ == "__main__":
    main()
