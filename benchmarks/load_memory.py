"""Loading for training: peak memory of Flexynesis 1.1.14's H5DataImporter and of this project's reader, on the same compendium.

    python benchmarks/load_memory.py /tmp/load --samples 4000

The compendium is simulated, written as `curate import-csv` and `curate export` write it. Flexynesis imports the exported folders with its feature
selection off; this project's reader goes once through all training rows in batches of 32, in random order. Each is a process of its own;
what its imports alone take is measured too and taken off. The importer's success on our export is part of the result.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from peers import python_of

IMPORTER = """
import json, sys
from flexynesis.h5_dataloader import H5DataImporter
if sys.argv[2] == "read":
    options = dict(top_percentile=None, min_features=None, correlation_threshold=1.0, variance_threshold=0.0, na_threshold=0.1)
    train, test = H5DataImporter(path=sys.argv[1], data_types=["gex"], **options).import_data()
    shape = [list(train.dat["gex"].shape), list(test.dat["gex"].shape)]
else:
    shape = None
print(json.dumps({"shape": shape}))
"""
READER = """
import json, sys
import numpy as np, torch
from modelling.data import Compendium
shape = None
if sys.argv[2] == "read":
    with Compendium.open(sys.argv[1]) as data:
        rows = np.random.default_rng(0).permutation(data.rows("train"))
        for start in range(0, rows.size, 32):
            x = torch.from_numpy(data.x(rows[start : start + 32]))
        shape = [int(rows.size), int(x.shape[1])]
print(json.dumps({"shape": shape}))
"""


def write_compendium_file(path: Path, n: int) -> None:
    import pandas as pd
    from write import N_GENES, expression

    from curation.matrix.compendium import create, finish
    from curation.matrix.scaler import Moments, varies
    from curation.matrix.shards import write_rows

    few = expression(min(n, 500))
    offset = create(path, n, N_GENES)
    draw, moments = np.random.default_rng(0), Moments(N_GENES)
    with path.open("r+b") as file:
        for start in range(0, n, len(few)):
            x = np.maximum(few[: n - start] + draw.normal(0, 0.3, few[: n - start].shape).astype(np.float32), 0)
            write_rows(file.fileno(), offset, np.arange(start, start + len(x)), x)
            moments.add(x)
    split = np.where(np.arange(n) < 0.8 * n, "train", "test")
    names = pd.Index([f"S{i}" for i in range(n)], name="sample_id")
    tissue = np.array(["liver", "brain", "lung", "kidney"])[np.arange(n) % 4]
    obs = pd.DataFrame(
        {"tissue": pd.Categorical(tissue), "split": pd.Categorical(split), "source": pd.Categorical(["simulated"] * n)}, index=names
    )
    var = pd.DataFrame({"train_mean": moments.mean(), "train_std": moments.std(), "kept": varies(moments.std())})
    var.index = pd.Index([f"G{i}" for i in range(N_GENES)], name="symbol")
    finish(path, obs, var, {"schema_version": 1, "unit": "log2(TPM+1)", "simulated": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--flexynesis", default=python_of("flexynesis"), help="Python of an environment that holds flexynesis and torch")
    options = parser.parse_args()
    from peak import run

    from curation.export import export

    options.folder.mkdir(parents=True, exist_ok=True)
    path, folders = options.folder / f"compendium_{options.samples}.h5ad", options.folder / f"flexynesis_{options.samples}"
    if not path.exists():
        write_compendium_file(path, options.samples)
    if not folders.exists():
        export(path, folders, "flexynesis")
    size = options.samples * 16_115 * 4 / 1e6
    extra = {}
    print(f"matrix {size:,.0f} MB (float32, train and test)")
    for name, python, code, target in (
        ("H5DataImporter", options.flexynesis, IMPORTER, folders),
        ("Compendium", sys.executable, READER, path),
    ):
        idle = run([python, "-c", code, str(target), "import"]).peak_mb
        done = run([python, "-c", code, str(target), "read"])
        extra[name] = max(done.peak_mb - idle, 0.1)
        more = f"{extra[name]:7,.0f} MB more, {extra[name] / size:5.2f} x the matrix"
        print(f"{name:15s} imports {idle:6,.0f} MB, reading {done.peak_mb:6,.0f} MB: {more}; {json.dumps(done.result)}")
    print(f"Compendium takes 1/{extra['H5DataImporter'] / extra['Compendium']:,.0f} of the importer's memory")


if __name__ == "__main__":
    main()
