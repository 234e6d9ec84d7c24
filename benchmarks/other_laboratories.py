"""How the default model does outside its own archive, and whether it says when it does not know, in one table.

    python benchmarks/other_laboratories.py OUT [--shared ../shared] [--seeds 3] [--threads 1] [--only SEED]

OUT keeps the runs (on all of compendia/rnaseqdb.h5ad, and on its TCGA part alone) and each seed's figures, so that a stopped benchmark goes on.
Nothing here chose a setting. Measures whose data are absent under SHARED/data are left out, and said.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modelling.arrays import Floats
from modelling.bundle.model import TissueModel, load
from modelling.bundle.reference import write_reference
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.predicting.predict import predict
from modelling.scores.intervals import wilson
from modelling.scores.metrics import calibration_error, confusion, draw_groups, scores_of_confusion
from modelling.scores.reconstruction import sample_errors
from modelling.scores.spearman import row_spearman
from modelling.studies.levels import score_levels
from modelling.studies.subset import write_subset
from modelling.training.train import train
from profiles.anatomy import load_anatomy

CLIP = 10.0
ACCEPTED = {("colon", "rectum")}  # a study's colon may be rectum: both are the model's, the tables say colon for either
ARCHS4 = {
    "Kidney": "kidney", "Liver": "liver", "liver": "liver", "Lung": "lung", "Thyroid": "thyroid", "Prostate": "prostate", "Colon": "colon",
    "colon": "colon",
}  # fmt: skip


def balanced_accuracy(truth: np.ndarray, called: np.ndarray) -> float:
    names, number = np.unique(np.concatenate([truth, called]).astype(str), return_inverse=True)
    counts = confusion(number[: len(truth)], number[len(truth) :], len(names))
    return float(scores_of_confusion(counts)["balanced_accuracy"])


def asked(model: TissueModel, x_ng: Floats) -> Any:
    """Predictions of samples given in the model's genes and unit, through the door that users take."""
    import anndata
    import pandas as pd

    unit = "log2-cpm" if "CPM" in model.unit else "log2-tpm"
    adata = anndata.AnnData(
        np.nan_to_num(x_ng), obs=pd.DataFrame(index=[f"s{i}" for i in range(len(x_ng))]), var=pd.DataFrame(index=model.genes)
    )
    return predict(model, adata, unit=unit)


def thinned(x_ng: Floats, reads: float, seed: int) -> Floats:
    """As few reads, drawn in proportion to the values."""
    linear = np.exp2(x_ng.astype(np.float64)) - 1
    counts = np.random.default_rng(seed).poisson(linear / linear.sum(1, keepdims=True) * reads)
    return np.log2(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e6 + 1).astype(np.float32)


def restored(model: TissueModel, shown_ng: Floats, true_ng: Floats) -> dict[str, float]:
    """Clipped R2 and median rank correlation per sample of what the model makes of `shown_ng`, against `true_ng`."""
    truth = np.asarray(model.standardise(true_ng))
    found = model.reconstruct(model.embed(shown_ng))
    clipped = sample_errors(np.clip(truth, -CLIP, CLIP), np.clip(found, -CLIP, CLIP)).r2()
    return {"r2_clipped": clipped, "rho": float(np.nanmedian(row_spearman(truth, found)))}


def own_archive(model: TissueModel, compendium: Compendium) -> dict[str, Any]:
    """The test part as it is and thinned, junk made of it, and mixtures of two of its tissues."""
    rows = compendium.rows("test", labelled=True)
    x, truth = np.nan_to_num(compendium.x(rows, model.genes)), compendium.obs["tissue"][rows].astype(str)
    table = asked(model, x).table
    called, sets = table["tissue"].to_numpy().astype(str), [set(s.split(";")) for s in table["tissue_set"]]
    right = called == truth
    few = thinned(x, 3e4, 0)
    out = {
        "test BA": balanced_accuracy(truth, called),
        **{f"test {name}": value for name, value in restored(model, x, x).items()},
        "test right marked unsure": float(table["unsure"].to_numpy()[right].mean()),
        "test truth in set": float(np.mean([t in held for t, held in zip(truth, sets, strict=True)])),
        "test set size": float(np.mean([len(held) for held in sets])),
        "30,000 reads BA": balanced_accuracy(truth, asked(model, few).table["tissue"].to_numpy().astype(str)),
        **{f"30,000 reads {name}": value for name, value in restored(model, few, x).items()},
    }
    for name, junk in junk_of(x):
        out[f"{name} marked unsure"] = float(asked(model, junk).table["unsure"].mean())
    answers = score_levels(model, model.infer(x), truth, np.full(len(x), ""))
    assert answers is not None
    out["test answered"] = answers["back_off"]["answered"]
    for name in ("back_off", "flat_same_share", "flat_same_threshold"):
        out |= {
            f"test answers {name}: {part}": answers[name][part] for part in ("n_wrong", "hierarchical_precision", "hierarchical_recall")
        }
    return out | mixtures(model, x, truth)


def junk_of(x: Floats) -> Iterator[tuple[str, Floats]]:
    rng = np.random.default_rng(0)
    for reads in (1_000, 3_000, 10_000):
        yield f"{reads:,} reads", thinned(x, reads, 1)
    one = np.zeros((15, x.shape[1]), np.float32)
    one[np.arange(15), rng.integers(0, x.shape[1], 15)] = np.log2(1e6 + 1)
    yield "one gene", one
    yield "shuffled genes", rng.permuted(x[:40], axis=1)
    panel = x[:40].copy()
    panel[:, np.setdiff1d(np.arange(x.shape[1]), rng.permutation(x.shape[1])[:500])] = 0
    yield "500 genes padded with zeros", panel


def mixtures(model: TissueModel, x: Floats, truth: np.ndarray) -> dict[str, float]:
    first, second = np.random.default_rng(0).integers(0, len(x), (2, 200))
    kept = truth[first] != truth[second]
    first, second = first[kept], second[kept]
    sets = asked(model, np.log2((np.exp2(x[first]) + np.exp2(x[second])) / 2)).table["tissue_set"]
    both = [{a, b} <= set(s.split(";")) for a, b, s in zip(truth[first], truth[second], sets, strict=True)]
    return {"half and half: both named": float(np.mean(both)), "half and half: set size": float(np.mean([len(s.split(";")) for s in sets]))}


def outside(model: TissueModel, data: Path) -> list[dict[str, Any]]:
    """One row per sample of other laboratories: truth, call, probability, unsure, set, where from."""
    import polars as pl

    rows: list[dict[str, Any]] = []
    tables = data / "other_laboratories"
    if (tables / "truth.tsv").is_file():
        truth = pl.read_csv(tables / "truth.tsv", separator="\t", infer_schema=False)
        for name in truth["file"].unique(maintain_order=True):
            said = truth.filter(pl.col("file") == name)
            found = predict(model, tables / name, unit=said["unit"][0], layout="genes", min_coverage=0.05).table
            tissue_of = dict(zip(said["sample"], said["tissue"], strict=True))
            rows += [dict(row, truth=tissue_of.get(row["sample_id"], tissue_of.get("*")), file=name) for row in found.iter_rows(named=True)]
    archs4 = data / "real_input" / "archs4" / "human_gene_real.h5"
    if archs4.is_file():
        rows += _archs4(model, archs4)
    return [row for row in rows if row["truth"] is not None and row["tissue"] is not None]


def _archs4(model: TissueModel, path: Path) -> list[dict[str, Any]]:
    import anndata
    import h5py
    import pandas as pd

    with h5py.File(path) as file:
        x = file["data/expression"][:].astype(np.float32).T
        ids, said = (file[f"meta/samples/{name}"].asstr()[:] for name in ("geo_accession", "source_name_ch1"))
        genes = file["meta/genes"]["ensembl_gene" if "ensembl_gene" in file["meta/genes"] else "symbol"].asstr()[:]
    adata = anndata.AnnData(x, obs=pd.DataFrame(index=ids), var=pd.DataFrame(index=genes))
    found = predict(model, adata, unit="counts", min_coverage=0.05).table
    truth = dict(zip(ids, said, strict=True))
    return [dict(row, truth=ARCHS4.get(truth[row["sample_id"]], "other"), file="archs4") for row in found.iter_rows(named=True)]


def other_laboratories(model: TissueModel, data: Path, folder: Path) -> dict[str, Any]:
    rows = outside(model, data)
    if not rows:
        return {}
    known = [row for row in rows if row["truth"] in model.tissues]
    right = np.array([row["tissue"] == row["truth"] or (row["truth"], row["tissue"]) in ACCEPTED for row in known])
    unsure = np.array([row["unsure"] for row in known])
    held = [{row["truth"], *(b for a, b in ACCEPTED if a == row["truth"])} & set(row["tissue_set"].split(";")) for row in known]
    confidence = np.array([row["probability"] for row in known])
    foreign = [row["unsure"] for row in rows if row["truth"] not in model.tissues]
    kept = (
        "file",
        "sample_id",
        "truth",
        "tissue",
        "probability",
        "unsure",
        "unsure_because",
        "tissue_set",
        "similarity",
        "answer",
        "answer_level",
    )
    (folder / "outside.json").write_text(json.dumps([{name: row[name] for name in kept} for row in rows], indent=0))
    interval = wilson(int(right.sum()), len(known))
    return {
        "other laboratories: known n": len(known),
        "other laboratories: right": float(right.mean()),
        "other laboratories: right, from": interval[0] if interval else None,
        "other laboratories: right marked unsure": float(unsure[right].mean()),
        "other laboratories: wrong and sure": int((~right & ~unsure).sum()),
        "other laboratories: unknown n": len(foreign),
        "other laboratories: unknown marked unsure": float(np.mean(foreign)),
        "other laboratories: truth in set": float(np.mean([bool(h) for h in held])),
        "other laboratories: set size": float(np.mean([len(row["tissue_set"].split(";")) for row in known])),
        **backed_off(model, rows),
        "other laboratories: ECE": calibration_error(confidence, right.astype(float), draw_groups(np.full(len(known), ""), 0))[0],
    }


def backed_off(model: TissueModel, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Answers at the finest level that holds, of all samples, beside the flat softmax that answers as many: those of which it is most certain.

    A sample of a tissue that the model does not know has no right answer but a level above its own tissues.
    """
    assert model.levels is not None
    inside = {level.level: {leaf.split("/")[0] for leaf in level.leaves} for level in model.levels.levels}
    by_words = {model.levels.said(level): inside[level.level] for level in model.levels.levels}
    anatomy = load_anatomy()
    above = {level.name: level for level in anatomy.levels}

    def is_right(row: dict[str, Any], held: set[str], name: str) -> bool:
        allowed = {row["truth"], *(b for a, b in ACCEPTED if a == row["truth"])}
        return bool(held & allowed) or (name in above and anatomy.lies_in(row["truth"], above[name]))

    told = [row for row in rows if row["answer"] is not None]
    wrong = sum(not is_right(row, by_words[row["answer"]], row["answer"].split(" (")[0]) for row in told)
    # the same abstention, then by probability
    order = sorted(rows, key=lambda row: (row["similarity"] < model.calibration.far_below, -row["probability"]))[: len(told)]
    flat_wrong = sum(not is_right(row, {row["tissue"]}, "") for row in order)
    known = [row["truth"] in model.tissues for row in rows]
    found = {"other laboratories: answered": len(told) / len(rows), "other laboratories: answers wrong": wrong}
    found["other laboratories: flat softmax, as many answers: wrong"] = flat_wrong
    for kind in ("tissue", "group", "system", "none"):
        n = sum(row["answer_level"] == kind for row, is_known in zip(rows, known, strict=True) if is_known)
        found[f"other laboratories: known answered at {kind}"] = n / sum(known)
    return found


def across(path: Path, out: Path, config: TrainConfig) -> dict[str, float]:
    """Train on TCGA, name GTEx; cervix counts as uterus, as two TCGA samples are all there is of it."""
    with Compendium.open(path) as compendium:
        source, split = compendium.obs["source"].astype(str), np.where(compendium.obs["split"] == "test", "train", compendium.obs["split"])
        compendium.obs["tissue"] = np.where(compendium.obs["tissue"] == "cervix", "uterus", compendium.obs["tissue"])
        here = np.flatnonzero(source == "TCGA")
        if not (out / "model.safetensors").exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            part = write_subset(compendium, here, out.with_suffix(".h5ad"), split[here])
            with Compendium.open(part) as opened:
                train(opened, out, config, device="cpu", resume=out.exists())
        model = load(out)
        there = np.flatnonzero((source == "GTEx") & np.isin(compendium.obs["tissue"], model.tissues))
        truth = compendium.obs["tissue"][there].astype(str)
        called = np.array(model.tissues)[model.probabilities(compendium.x(there, model.genes)).argmax(1)]
    return {"TCGA to GTEx: BA": balanced_accuracy(truth, called), "TCGA to GTEx: n": len(truth)}


def measure(data: Path, out: Path, seed: int) -> dict[str, Any]:
    """All figures of one seed."""
    path = data / "compendia" / "rnaseqdb.h5ad"
    run, config = out / f"all-{seed}", TrainConfig(seed=seed)
    with Compendium.open(path) as compendium:
        if not (run / "model.safetensors").exists():
            train(compendium, run, config, device="cpu", resume=run.exists())
        if not (run / "reference.json").exists():
            write_reference(run, compendium, "pca")
        model = load(run)
        found = {"seconds": float(model.details["seconds"]), "temperature": model.temperature} | own_archive(model, compendium)
    return found | other_laboratories(model, data, run) | across(path, out / f"tcga-{seed}", config)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", type=int, help="one seed")
    options = parser.parse_args()
    data = options.shared / "data"
    if not (data / "compendia" / "rnaseqdb.h5ad").is_file():
        sys.exit(f"{data}: has no compendia/rnaseqdb.h5ad, nothing to measure; give the folder with --shared")
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    results = []
    for seed in range(options.seeds) if options.only is None else [options.only]:
        kept = options.out / f"figures-{seed}.json"
        if not kept.exists():
            kept.write_text(json.dumps(measure(data, options.out, seed), indent=1))
        results.append(json.loads(kept.read_text()))
    if not any(name.startswith("other") for name in results[0]):
        print(f"{data}: has no other_laboratories/truth.tsv and no real_input/archs4: those rows are left out")
    print(f"| measure | mean of {len(results)} seeds | each |\n|---|---|---|")
    for name in results[0]:
        values = [found[name] for found in results]
        print(f"| {name} | {np.mean(values):.3f} | {', '.join(f'{v:.3f}' for v in values)} |")


if __name__ == "__main__":
    main()
