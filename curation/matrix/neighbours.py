"""The files beside a compendium that are written on request: X by gene, and raw counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from curation.matrix.by_gene import BY_GENE, write_by_gene
from curation.matrix.compendium import matrix_offset
from curation.matrix.counts import COUNTS
from curation.matrix.counts_write import write_counts

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.config import BuildConfig
    from curation.progress import Progress
    from curation.source import Source


def write_neighbours(
    compendium: Path,
    kept: pa.Table,
    sources: Mapping[str, Source],
    config: BuildConfig,
    build_id: str,
    progress: Progress,
    *,
    by_gene: bool,
    counts: bool,
) -> list[str]:
    """Write those that were asked for; returns notes for the report. Raises NoCounts, CurationError subclasses."""
    if by_gene:
        with progress.stage("by gene", matrix_offset(compendium)[1][1]) as advance:
            write_by_gene(compendium, compendium.with_name(BY_GENE), advance)
    if not counts:
        return []
    with progress.stage("counts", kept.num_rows) as advance:
        n_with = write_counts(compendium, compendium.with_name(COUNTS), kept, sources, config, build_id, advance)
    return [f"{n_with:,} of {kept.num_rows:,} samples have raw counts in {COUNTS}"]
