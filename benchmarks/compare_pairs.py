"""`model compare` on tumours whose own normal tissue was measured too (../shared/data/compendia/rnaseqdb.h5ad): is its difference the pair's?

    python benchmarks/compare_pairs.py [--bulkdgd MEANS.csv]

Two ways of holding out: all donors of pairs, or the pair's own donor alone. Beside the mean of the tissue's normal samples, and the mean of the five
nearest (correlation of all genes). MEANS.csv: what another program expects of the tumours, samples in rows, gene symbols in columns, log2(CPM + 1), made
with all donors of pairs held out; all are then scored over its genes. Last, normal samples against normal samples of other donors: their p-values.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from record import record

from modelling.comparing.compare import Background, background, compare, donors, without_group
from modelling.comparing.normals import normal_rows
from modelling.data import Compendium

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "compendia" / "rnaseqdb.h5ad"
TOP, NEAREST, SEED = 100, 5, 42
Scores = dict[str, np.ndarray]


def pairs_of(compendium: Compendium) -> list[tuple[str, int, int, str]]:
    """Donor, row of the tumour, row of the normal sample, tissue."""
    condition, group, tissue = compendium.conditions(np.arange(compendium.n_samples)), donors(compendium), compendium.text("tissue")
    out = []
    for donor in sorted(set(group[condition == "tumour"]) & set(group[condition == "normal"])):
        tumour, normal = (np.flatnonzero((group == donor) & (condition == kind))[0] for kind in ("tumour", "normal"))
        if tissue[tumour] == tissue[normal]:
            out.append((str(donor), int(tumour), int(normal), str(tissue[tumour])))
    return out


def scores(expected: list[np.ndarray], pairs: list[tuple[str, int, int, str]], x: np.ndarray) -> Scores:
    """Per pair: correlation over genes with the pair's own difference, and share of its TOP largest differences among the TOP largest found."""
    correlation, precision = [], []
    for (_, tumour, normal, _), mean in zip(pairs, expected, strict=True):
        true, found = x[tumour] - x[normal], x[tumour] - mean
        correlation.append(np.corrcoef(true, found)[0, 1])
        precision.append(len(set(np.argsort(-abs(true))[:TOP]) & set(np.argsort(-abs(found))[:TOP])) / TOP)
    return {"correlation": np.array(correlation), "precision": np.array(precision)}


def nearest(x: np.ndarray, row: int, rows: np.ndarray) -> np.ndarray:
    """Mean of the normal samples that correlate best with a sample."""
    closeness = np.array([np.corrcoef(x[row], x[other])[0, 1] for other in rows])
    mean: np.ndarray = x[rows[np.argsort(-closeness)[:NEAREST]]].mean(0)
    return mean


def tell(name: str, mine: Scores, ours: Scores) -> None:
    """One line: means, and ours less theirs with a 95% interval over pairs."""
    rng, line = np.random.default_rng(SEED), f"  {name:28}"
    for what in ("correlation", "precision"):
        difference = ours[what] - mine[what]
        draws = difference[rng.integers(0, len(difference), (2000, len(difference)))].mean(1)
        low, high = np.percentile(draws, [2.5, 97.5])
        line += f"  {what} {mine[what].mean():.4f}" + (
            "" if mine is ours else f" (ours {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}])"
        )
    print(line)


def settings(compendium: Compendium, pairs: list[tuple[str, int, int, str]]) -> dict[str, Callable[[str], np.ndarray]]:
    """Way of holding out -> the normal rows that a donor's expectation may come from."""
    rows, group = normal_rows(compendium), donors(compendium)
    held = [pair[0] for pair in pairs]
    return {
        "all donors of pairs held out": lambda donor: rows[~np.isin(group[rows], held)],
        "the pair's own donor held out": lambda donor: rows[group[rows] != donor],
    }


def calibration(compendium: Compendium, pairs: list[tuple[str, int, int, str]], held: Background, x: np.ndarray) -> dict[str, float]:
    """p-values of the pairs' normal samples, genes expected above 1 (log2): distance from uniform, shares below limits, genes found."""
    from scipy.stats import kstest

    ps, found = [], []
    for _, _, normal, tissue in pairs:
        result = compare(x[normal], tissue, held)
        ps.append(result.p_g[result.expected.mean_g > 1])
        found.append(result.n_found(0.05))
    p = np.concatenate(ps)
    counts = np.histogram(p, np.linspace(0, 1, 11))[0] / len(p)
    print(
        f"  normal against normal, {len(pairs)} samples, {len(p):,} p-values; histogram in tenths: {' '.join(f'{c:.3f}' for c in counts)}"
    )
    ks = float(kstest(p, "uniform").statistic)
    print(
        f"  KS {ks:.3f}; below .05 {np.mean(p < 0.05):.4f}, below .001 {np.mean(p < 0.001):.5f}; median genes at FDR .05: {np.median(found):.0f}"
    )
    return {"ks": ks, "below_05": float(np.mean(p < 0.05)), "genes_found_in_normals": float(np.median(found))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bulkdgd", type=Path)
    given = parser.parse_args().bulkdgd
    figures: dict[str, float] = {}
    with Compendium.open(DATA) as compendium:
        genes = [str(g) for g in compendium.genes]
        x = compendium.x(np.arange(compendium.n_samples))
        pairs, tissue, group = pairs_of(compendium), compendium.text("tissue"), donors(compendium)
        print(f"{len(pairs)} pairs: {', '.join(f'{name} {sum(p[3] == name for p in pairs)}' for name in sorted({p[3] for p in pairs}))}")
        whole = background(compendium, genes)
        for n, (said, rows_of) in enumerate(settings(compendium, pairs).items()):
            print(said)
            rows = rows_of("")
            held = background(compendium, genes, rows) if n == 0 else whole
            expected: dict[str, list[np.ndarray]] = {"bulkatlas": [], "mean of the tissue": [], "five nearest": []}
            for donor, tumour, _, name in pairs:
                own = rows_of(donor)[tissue[rows_of(donor)] == name]
                normals = held.normals if n == 0 else without_group(compendium, held.normals, rows, group, donor)
                result = compare(x[tumour], name, Background(normals, held.null, held.n_judged))
                expected["bulkatlas"].append(result.expected.mean_g)
                expected["mean of the tissue"].append(x[own].mean(0))
                expected["five nearest"].append(nearest(x, tumour, own))
            found = {name: scores(means, pairs, x) for name, means in expected.items()}
            for name, one in found.items():
                tell(name, one, found["bulkatlas"])
            if n == 0:
                figures = {
                    "correlation": found["bulkatlas"]["correlation"].mean(),
                    "mean_correlation": found["mean of the tissue"]["correlation"].mean(),
                }
                figures |= {
                    "nearest_correlation": found["five nearest"]["correlation"].mean(),
                    "precision": found["bulkatlas"]["precision"].mean(),
                }
                figures |= {
                    "mean_precision": found["mean of the tissue"]["precision"].mean(),
                    "nearest_precision": found["five nearest"]["precision"].mean(),
                }
                figures |= calibration(compendium, pairs, held, x)
                if given:
                    beside(given, expected, pairs, x, genes, compendium.sample_ids)
    record("compare_pairs", **figures)


def beside(
    path: Path,
    expected: dict[str, list[np.ndarray]],
    pairs: list[tuple[str, int, int, str]],
    x: np.ndarray,
    genes: list[str],
    ids: np.ndarray,
) -> None:
    """Another program's expectations, all over its genes, each sample brought to the same total over them."""
    import pandas as pd

    table = pd.read_csv(path, index_col=0)
    columns = [genes.index(symbol) for symbol in table.columns]
    theirs = [table.loc[str(ids[tumour])].to_numpy() for _, tumour, _, _ in pairs]
    all_of = {name: [mean[columns] for mean in means] for name, means in expected.items()} | {path.stem: theirs}
    found = {name: scores(means, pairs, x[:, columns]) for name, means in all_of.items()}
    print(f"  over the {len(columns):,} genes of {path.name}:")
    for name, one in found.items():
        tell(name, one, found["bulkatlas"])


if __name__ == "__main__":
    main()
