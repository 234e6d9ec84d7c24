"""`curate build --dry-run`: the funnel that a build would have and what it would need, with nothing written where it would go."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from curation.build import DATABASE, NothingToExport, RunOptions, curate, open_sources
from curation.config import BuildConfig
from curation.database import fetch_arrow, writing
from curation.doctor import available_memory
from curation.odd import oddities
from curation.progress import Progress
from curation.resources import using_ontology

BYTES_PER_VALUE = 4


@dataclass(frozen=True)
class Forecast:
    """What a build would do: rows of its funnel, samples and genes of its matrix, bytes that it would write, what stands in its way or is odd."""

    funnel: list[dict[str, object]]
    n_samples: int
    n_genes: int
    n_bytes: int
    n_bytes_free: int
    n_bytes_memory: int
    notes: list[str]
    odd: list[str]


def forecast(input_folder: Path, out: Path, config: BuildConfig, options: RunOptions, progress: Progress) -> Forecast:
    """Read the metadata, label, split and cap as `build` does, in a temporary folder that is gone afterwards; of the matrices only gene names
    are read. Raises what `build` would raise up to the matrix.
    """
    from curation.matrix.plan import plan_export

    sources = open_sources(input_folder)
    with using_ontology(options.ontology) as ontology, tempfile.TemporaryDirectory(prefix="bulkatlas-dry-run-") as folder:
        database = Path(folder) / DATABASE
        with writing(database, threads=options.threads, memory=options.memory) as con:
            notes = curate(con, sources, ontology, config, options.previous, progress, options.studies)
            kept = fetch_arrow(con, "SELECT * FROM kept ORDER BY row")
            if kept.num_rows == 0:
                raise NothingToExport(
                    "no sample would be left for the matrix: every one is excluded or has no source; see the caps and `curate label`"
                )
            plan = plan_export(kept, sources, config)
            funnel = fetch_arrow(con, "SELECT * FROM funnel ORDER BY step").to_pylist()
            odd = oddities(con, has_matrix=False)
        matrix = BYTES_PER_VALUE * plan.n_samples * plan.n_genes
        n_bytes = matrix * (2 if options.by_gene else 1) + (matrix // 2 if options.with_counts else 0) + database.stat().st_size
    place = next(parent for parent in (out, *out.absolute().parents) if parent.is_dir())
    notes = [*notes, *plan.notes]
    if config.min_detected:
        notes.append("which samples hold too few reads (step 11) is known when they are read: none leaves for it here")
    if out.exists() and not options.replace:
        odd = [f"{out} exists: choose another --out, or --replace it", *odd]
    return Forecast(funnel, plan.n_samples, plan.n_genes, n_bytes, shutil.disk_usage(place).free, available_memory(), notes, odd)
