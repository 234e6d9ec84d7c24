"""Labels for a table in memory: the same code, and the same rows, as `curate label`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from profiles.errors import TableFault

NAME = "samples.parquet"


def label_frame(samples: Any, *, id: str | None = None, text: list[str] | None = None, ontology: str | Path | None = None) -> Any:
    """See `bulkatlas.label`."""
    import polars as pl

    from curation.label_table import label_table

    with tempfile.TemporaryDirectory(prefix="bulkatlas-") as folder:
        given, found = Path(folder) / NAME, Path(folder) / "labels.parquet"
        _to_polars(samples).write_parquet(given)
        label_table(given, found, ontology=None if ontology is None else Path(ontology), id=id, text=text)
        return like(samples, pl.read_parquet(found).to_arrow())


def _to_polars(samples: Any) -> Any:
    """A frame of any kind; the named index of a pandas frame is a column."""
    import polars as pl

    kind = type(samples).__module__.split(".")[0]
    if kind == "polars":
        return samples.collect() if isinstance(samples, pl.LazyFrame) else samples
    if kind == "pandas":
        named = samples.reset_index() if samples.index.name else samples
        return pl.from_pandas(named)
    if kind == "pyarrow":
        return pl.from_arrow(samples)
    raise TableFault(f"a {type(samples).__name__} is no table about samples; give a pandas or polars frame, or an Arrow table")


def like(samples: Any, rows: Any) -> Any:
    """Arrow rows as the kind of table that was given."""
    return as_kind(rows, {"polars": "polars", "pandas": "pandas"}.get(type(samples).__module__.split(".")[0], "arrow"))


def as_kind(rows: Any, kind: str) -> Any:
    """Arrow rows as `arrow`, `polars` or `pandas`. Raises TableFault for another kind."""
    if kind == "arrow":
        return rows
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(rows)
    if kind == "pandas":
        return rows.to_pandas()
    raise TableFault(f"tables are given as arrow, polars or pandas, not as {kind!r}")
