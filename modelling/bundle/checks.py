"""What a run or bundle must be before a network is made of it: every file of the kind it should be, sizes that its weights have, numbers that are some."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Array
from modelling.bundle.calibration import Calibration
from modelling.bundle.manifest import BundleError
from modelling.config import TrainConfig
from modelling.errors import ModellingError
from modelling.forward.applied import shapes
from profiles import records
from profiles.plain_json import NoObject, read_object

AGAIN = "copy or export it again"
LONGEST_CELL = 1 << 16
MOST_ROWS = 10_000_000


def read_json(path: Path, again: str = AGAIN) -> dict[str, Any]:
    """The object in a JSON file of a run. Raises BundleError."""
    try:
        return read_object(path)
    except (NoObject, OSError) as error:
        raise BundleError(f"{path}: is damaged: it {_said(error)}; {again}") from error


def read_table(path: Path, needed: Sequence[str], again: str = AGAIN) -> list[dict[str, str]]:
    """Rows of a tab-separated table of a run, each with every column; the first of `needed` names the row and stands once. Raises BundleError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", strict=True)
            names_of_columns = reader.fieldnames or ()  # asked for now: of an empty file they are read when they are asked for
            rows = [row for row, _ in zip(reader, range(MOST_ROWS), strict=False)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BundleError(f"{path}: is damaged ({_said(error)}); {again}") from error
    if missing := [name for name in needed if name not in names_of_columns]:
        raise BundleError(f"{path}: is damaged: it has no column {', '.join(missing)}; {again}")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values() or any("\0" in value or len(value) > LONGEST_CELL for value in row.values()):
            raise BundleError(f"{path} line {number}: is damaged: not {len(row)} cells of text; {again}")
    names = [row[needed[0]] for row in rows]
    if not rows or len(set(names)) != len(names) or not all(names):
        how = (
            "no rows"
            if not rows
            else f"{len(names) - len(set(filter(None, names)))} names of column {needed[0]} that are empty or stand twice"
        )
        raise BundleError(f"{path}: is damaged: it has {how}; {again}")
    return rows


def settings(folder: Path, content: Mapping[str, Any]) -> tuple[TrainConfig, Calibration, dict[str, Any]]:
    """Settings, limits and details of config.json, every value of its kind. Raises BundleError."""
    for name, kind in (("train", TrainConfig), ("calibration", Calibration)):
        if why := records.fault(kind, content.get(name)):
            raise BundleError(f"{folder}/config.json: its {name} {why}; {AGAIN}")
    details = content.get("details")
    if not isinstance(details, dict) or not isinstance(details.get("unit"), str):
        raise BundleError(f"{folder}/config.json: its details do not say the unit of training; {AGAIN}")
    try:
        return TrainConfig().replace(**content["train"]), Calibration(**content["calibration"]), details
    except ModellingError as error:
        raise BundleError(f"{folder}/config.json: {error}; {AGAIN}") from error


def refuse_other_weights(folder: Path, state: Mapping[str, Array], n_genes: int, n_tissues: int, config: TrainConfig) -> None:
    """Raise BundleError unless the tensors are those of the network that the settings describe; nothing of its size is made for that."""
    wanted = shapes(n_genes, n_tissues, config)
    wrong = [f"{name} is missing" for name in wanted if name not in state] + [f"{name} is unknown" for name in state if name not in wanted]
    held = [(name, shape, state[name]) for name, shape in wanted.items() if name in state]
    wrong += [f"{name} has the shape {array.shape}, not {shape}" for name, shape, array in held if array.shape != shape]
    wrong += [f"{name} holds {array.dtype}" for name, _, array in held if array.dtype != type_of(name)]
    if wrong:
        raise BundleError(
            f"{folder}/model.safetensors: its weights are not those of config.json ({len(wrong)} differ, first: {wrong[0]}); {AGAIN}"
        )


def type_of(name: str) -> np.dtype[Any]:
    """The type of a tensor, by its name."""
    return np.dtype(np.int64 if name.endswith("num_batches_tracked") else np.float32)


def refuse_bad_numbers(where: Path | str, state: Mapping[str, Array], temperature: float) -> None:
    """Raise BundleError for weights that are no numbers, a scaler that cannot divide, a temperature at or below zero: on loading and before writing."""
    for name, array in state.items():
        if array.dtype.kind == "f" and (n := array.size - int(np.count_nonzero(np.isfinite(array)))):
            raise BundleError(
                f"{where}: {n:,} of {array.size:,} numbers of {name} are missing (NaN) or infinite; train again, or get it again"
            )
    if not (math.isfinite(temperature) and temperature > 0):
        raise BundleError(f"{where}: its temperature is {temperature}, it must be above zero; train again, or get it again")
    for name, allowed in (
        ("standardise.std_g", "above zero"),
        ("residual_g", "zero or above"),
        ("prior_var_k", "above zero"),
        ("completion.noise_g", "above zero"),
    ):
        low = state[name].min() if name in state and state[name].size else 1.0
        if low < 0 or (low == 0 and allowed == "above zero"):
            raise BundleError(f"{where}: {name} holds {float(low):g}, it must be {allowed}; train again, or get it again")


def _said(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
