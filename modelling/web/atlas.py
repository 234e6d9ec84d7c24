"""The compendium as the page browses it: points of the map as bytes, tissues, studies, samples, search."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelling.arrays import Array
from modelling.bundle.reference import Reference
from modelling.predicting.predict import Predictor

N_FOUND = 20
SPLITS = ("train", "validation", "test")


@dataclass
class Atlas:
    """Columns of the reference samples, coded once at start."""

    reference: Reference
    tissues: list[str]
    organ_system: dict[str, str]
    sample_id: Array = field(init=False)
    series_id: Array = field(init=False)
    source: Array = field(init=False)
    tissue: Array = field(init=False)
    sources: list[str] = field(init=False)
    row_of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        table = self.reference.table
        self.sample_id, self.series_id, self.source, self.tissue = (
            table[c].to_numpy() for c in ("sample_id", "series_id", "source", "tissue")
        )
        self.sources = sorted(set(self.source))
        self.row_of = {name: row for row, name in enumerate(self.sample_id)}

    @classmethod
    def of(cls, predictor: Predictor) -> Atlas:
        """From a predictor with a reference."""
        assert predictor.reference is not None
        rows = predictor.model.tissue_rows
        return cls(predictor.reference, predictor.model.tissues, {row["tissue"]: row.get("organ_system") or "" for row in rows})

    def term_ids(self) -> list[str]:
        """The finest known term of each reference sample, empty where a compendium gave none."""
        return [str(term or "") for term in self.reference.column("term_id")]

    def points(self) -> bytes:
        """n as uint32, then x and y as float32, then tissue, source and split as uint8, all little-endian, one array after the other."""
        xy = self.reference.map_xy
        split = self.reference.column("split")
        codes = [_codes(self.tissue, self.tissues), _codes(self.source, self.sources), _codes(split, list(SPLITS))]
        parts = [xy[:, 0].astype("<f4").tobytes(), xy[:, 1].astype("<f4").tobytes(), *(code.tobytes() for code in codes)]
        return struct.pack("<I", len(xy)) + b"".join(parts)

    def names(self) -> str:
        """One line per point: sample and series, tab-separated."""
        return "\n".join(f"{sample}\t{series}" for sample, series in zip(self.sample_id, self.series_id, strict=True))

    def tissue_summaries(self) -> list[dict[str, Any]]:
        """Per tissue: organ system, samples and studies."""
        found = []
        for tissue in self.tissues:
            rows = self.tissue == tissue
            series = {name for name in self.series_id[rows] if name}
            found.append(
                {"tissue": tissue, "organ_system": self.organ_system[tissue], "n_samples": int(rows.sum()), "n_series": len(series)}
            )
        return found

    def series_of(self, tissue: str) -> list[dict[str, Any]]:
        """The studies that hold samples of a tissue, largest first; samples without a study are grouped by source."""
        rows = np.flatnonzero(self.tissue == tissue)
        counted: dict[tuple[str, str], int] = {}
        for row in rows:
            key = (self.series_id[row], self.source[row])
            counted[key] = counted.get(key, 0) + 1
        ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        return [{"series_id": series, "source": source, "n_samples": n} for (series, source), n in ordered]

    def search(self, text: str) -> dict[str, Any]:
        """Tissues, studies and samples whose name holds the text, up to 20 of each; samples by their beginning first."""
        wanted = text.strip().lower()
        if not wanted:
            return {"tissues": [], "series": [], "samples": []}
        series = sorted({name for name in self.series_id if wanted in name.lower()})[:N_FOUND]
        samples = [name for name in self.sample_id if wanted in name.lower()]
        samples.sort(key=lambda name: (not name.lower().startswith(wanted), name))
        tissues = [name for name in self.tissues if wanted in name.replace("_", " ") or wanted in name]
        return {"tissues": tissues, "series": series, "samples": samples[:N_FOUND]}

    def sample(self, sample_id: str) -> dict[str, Any] | None:
        """What the compendium says of one sample."""
        row = self.row_of.get(sample_id)
        if row is None:
            return None
        values: dict[str, Any] = dict(self.reference.table.row(row, named=True))
        return {**values, "organ_system": self.organ_system.get(values["tissue"], ""), "point": row}


def _codes(values: Array, names: list[str]) -> Array:
    """Position of each value in `names` as uint8, 255 for none."""
    index = {name: code for code, name in enumerate(names[:255])}
    return np.array([index.get(value, 255) for value in values], np.uint8)
