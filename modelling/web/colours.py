"""What the map may be coloured by beside tissue and source: the facts that a release states of its samples, coded point by point."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from modelling.arrays import Array

FACTS = {
    "sex": "Sex",
    "tissue_status": "Tumour or normal",
    "disease": "Disease",
    "development_stage": "Stage of life",
    "is_cell_line": "Cell line",
    "cell_line_name": "Name of the cell line",
    "treatment": "Treatment",
    "is_control": "Control",
    "is_xenograft": "Xenograft",
    "is_organoid": "Organoid",
    "decided_by": "How the label was decided",
}
MEASURES = {
    "n_genes_detected": "Genes detected",
    "library_size": "Library size (log10)",
    "single_cell_probability": "Single-cell probability",
}
MOST_VALUES = 12
UNKNOWN = 255


class Colouring(TypedDict):
    """One thing to colour by; `n_known` of the reference samples have it."""

    by: str
    title: str
    kind: str
    n_known: int


@dataclass(frozen=True)
class Facts:
    """The columns of a release's labels (and of its compendium's obs) for the reference samples.

    sample_id: ids of the n reference samples; labels: labels.parquet; compendium: the .h5ad beside it, if there is one.
    """

    sample_id: Array
    labels: Path
    compendium: Path | None

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """Each known fact or measure, one value a reference sample, None where nothing is said."""
        import pyarrow.parquet as pq

        names = pq.read_schema(self.labels).names
        wanted = [name for name in (*FACTS, *MEASURES) if name in names]
        table = pq.read_table(self.labels, columns=["sample_id", *wanted])
        place = {name: row for row, name in enumerate(table["sample_id"].to_pylist())}
        order = [place.get(name) for name in self.sample_id]
        found = {}
        for name in wanted:
            values = table[name].to_pylist()
            found[name] = [None if row is None or values[row] == "" else values[row] for row in order]
        found |= self._measures()
        return {name: values for name, values in found.items() if any(value is not None for value in values)}

    def _measures(self) -> dict[str, list[Any]]:
        if self.compendium is None:
            return {}
        import anndata
        import h5py

        with h5py.File(self.compendium, "r") as file:
            obs = anndata.io.read_elem(file["obs"])
        held = {}
        for name in MEASURES:
            if name in obs:
                values = np.log10(obs[name].to_numpy(float) + 1) if name == "library_size" else obs[name].to_numpy(float)
                known = dict(zip(obs.index, values.tolist(), strict=True))
                held[name] = [known.get(sample) for sample in self.sample_id]
        return held

    def choices(self) -> list[Colouring]:
        """What there is to colour by."""
        titles = FACTS | MEASURES
        return [
            {
                "by": name,
                "title": titles[name],
                "kind": "measure" if name in MEASURES else "fact",
                "n_known": sum(value is not None for value in self.columns[name]),
            }
            for name in titles
            if name in self.columns
        ]

    def codes(self, name: str) -> dict[str, Any]:
        """{values, codes (n)}: the most frequent values by name, the rest as "other"; 255 is unknown. KeyError where there is no such fact."""
        said = [None if value is None else _worded(value) for value in self.columns[name]]
        n_of = Counter(value for value in said if value is not None)
        values = [value for value, _ in n_of.most_common(MOST_VALUES)]
        if len(n_of) > MOST_VALUES:
            values.append("other")
        code = {value: place for place, value in enumerate(values)}
        rest = len(values) - 1
        return {"values": values, "codes": [UNKNOWN if value is None else code.get(value, rest) for value in said]}

    def named(self, name: str, text: str, most: int) -> list[str]:
        """Values of a fact that hold `text`, the most frequent first; none where the fact is unknown."""
        wanted = text.strip().lower()
        n_of = Counter(str(value) for value in self.columns.get(name, ()) if value is not None and wanted in str(value).lower())
        return [value for value, _ in n_of.most_common(most)]

    def rows(self, name: str, value: str) -> list[int]:
        """The reference samples (rows) of which a fact has this value."""
        return [row for row, held in enumerate(self.columns.get(name, ())) if held is not None and str(held) == value]

    def measure(self, name: str) -> Array:
        """A measure as float32 (n), NaN where it is unknown. KeyError where there is none."""
        return np.array([np.nan if value is None else value for value in self.columns[name]], "<f4")


def _worded(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
