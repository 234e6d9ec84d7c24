"""The normal samples of a run or bundle, so that it can compare without its compendium: means and variances, no single sample.

normals.safetensors  sums over normal samples as mean and variance, the null; tissues, genes and unit in its header
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from modelling.bundle.manifest import BundleError
from modelling.comparing.compare import Background
from modelling.comparing.normals import Normals, NormalsMissing, Sums
from modelling.comparing.null import Null
from profiles import aside
from profiles.plain_json import NoObject, parse_object

FILE = "normals.safetensors"
VERSION = 1


def save_background(folder: Path, background: Background) -> Path:
    """Write the normal samples into a run folder."""
    from safetensors.numpy import save_file

    normals, sums, null = background.normals, background.normals.sums, background.null
    n = np.maximum(sums.n_t, 1)[:, None]
    mean = sums.first_tg / n
    arrays = {
        "n_t": sums.n_t.astype(np.int64),
        "mean_tg": mean.astype(np.float32),
        "square_tg": np.maximum(sums.second_tg / n - mean**2, 0).astype(np.float32),
        "sex_ts": sums.sex_ts.astype(np.int64),
        "sex_tsy": sums.sex_tsy.astype(np.float64),
        "null_lower_lf": null.lower_lf,
        "null_upper_lf": null.upper_lf,
        "null_n_l": null.n_l.astype(np.int64),
    }
    header = {
        "tissues": normals.tissues,
        "genes": normals.genes,
        "unit": normals.unit,
        "reads": normals.reads,
        "n_judged": background.n_judged,
    }
    with aside.written(folder / FILE) as draft:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, draft, {"version": str(VERSION), "about": json.dumps(header)})
    return folder / FILE


def load_background(folder: Path, genes: list[str]) -> Background:
    """Read them. Raises NormalsMissing where the folder holds none, BundleError where they are damaged or of another model."""
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        raise NormalsMissing(
            f"{folder}: has no {FILE}; give the compendium of the run with --normals COMPENDIUM, or put it in with `model normals {folder} COMPENDIUM`"
        )
    try:
        with safe_open(path, "numpy") as file:
            header, arrays = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise BundleError(f"{path}: is damaged or cut short ({error}); make it again with `model normals`") from error
    if header.get("version") != str(VERSION):
        raise BundleError(f"{path}: version {header.get('version')}, this program reads {VERSION}; make it again with `model normals`")
    try:
        about = parse_object(header.get("about", ""))
    except NoObject as error:
        raise BundleError(f"{path}: what it says of itself {error}; make it again with `model normals`") from error
    if missing := [name for name in ("genes", "tissues", "unit", "reads", "n_judged") if name not in about]:
        raise BundleError(f"{path}: does not say its {', '.join(missing)}; make it again with `model normals`")
    if about["genes"] != genes:
        raise BundleError(f"{path}: is of a model with other genes; make it again with `model normals`")
    n = arrays["n_t"][:, None]
    mean = arrays["mean_tg"].astype(np.float64)
    sums = Sums(arrays["n_t"], mean * n, (arrays["square_tg"] + mean**2) * n, arrays["sex_ts"], arrays["sex_tsy"])
    normals = Normals(about["genes"], about["tissues"], about["unit"], sums, float(about["reads"]))
    null = Null(arrays["null_lower_lf"], arrays["null_upper_lf"], arrays["null_n_l"])
    return Background(normals, null, int(about["n_judged"]))
