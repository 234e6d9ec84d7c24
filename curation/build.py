"""From the source folders to a release: sources -> sample -> label -> exclusion -> split -> kept -> compendium."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation import decided
from curation.arriving import BadInput, insert_samples, insert_sources
from curation.build_report import REPORT, write_report
from curation.catalogue import permitted
from curation.config import SCHEMA_VERSION, BuildConfig
from curation.database import Connection, fetch_arrow, fetch_first, insert_arrow, run_sql_file, writing
from curation.description import compendium_uns
from curation.digests import FileDigests
from curation.errors import CurationError
from curation.inputs import input_checksums
from curation.mark import refuse_overlap
from curation.odd import oddities
from curation.ontology import load_reference
from curation.progress import Progress
from curation.release import read_columns, read_manifest, staging
from curation.resources import sql_folder, using_ontology
from curation.seal import seal
from curation.shallow import KEPT, keep_what_was_read, shallow_notes
from curation.split import SHARES
from curation.steps import run_stage
from curation.tables import FUNNEL, LABELS, insert_ledger, insert_quality, read_back, record_build, write_funnel, write_labels

if TYPE_CHECKING:
    from curation.source import Source

COMPENDIUM = "compendium.h5ad"
DATABASE = "curation.duckdb"
PACKAGES = ("anndata", "duckdb", "h5py", "numpy", "polars", "pronto", "pyarrow")


class NothingToExport(CurationError):
    """No sample is left for the matrix."""


@dataclass(frozen=True)
class RunOptions:
    """How a build runs; nothing here changes its content."""

    threads: int | None = None
    memory: str | None = None
    replace: bool = False
    resume: bool = False
    scheduler: str | None = None
    previous: Path | None = None
    ontology: Path | None = None
    studies: Path | None = None
    by_gene: bool = False
    with_counts: bool = False
    decided: Path | None = None  # folder of what `curate` decided a moment ago


@dataclass
class BuildReport:
    """What a build made, for the command line."""

    out: Path
    build_id: str
    release_id: str  # of the sealed release; empty before
    n_samples: int
    n_genes: int
    n_by_split: dict[str, int]
    n_tissues: int
    notes: list[str]
    odd: list[str]
    progress: Progress = field(default_factory=Progress)
    digests: dict[str, FileDigests] = field(default_factory=dict)  # of files that were read back already


def build(input_folder: Path, out: Path, config: BuildConfig, options: RunOptions, progress: Progress) -> BuildReport:
    """Build a release folder from a folder with one subfolder per source. Raises CurationError subclasses; leaves nothing then."""
    with using_ontology(options.ontology) as ontology:
        return _build(input_folder, out, ontology, config, options, progress)


def _build(input_folder: Path, out: Path, ontology: Path, config: BuildConfig, options: RunOptions, progress: Progress) -> BuildReport:
    refuse_overlap(out, [input_folder, ontology])
    if not ontology.is_dir():
        raise BadInput(f"{ontology} is no folder; give one with the tables of ontology/, see its README")
    sources = open_sources(input_folder)
    if options.with_counts:
        from curation.matrix.counts_write import refuse_without_counts

        refuse_without_counts(sources)
    with (
        staging(out, replace=options.replace, resume=options.resume) as part,
        input_checksums(sources, ontology, options.studies) as checksums,
    ):
        previous = read_manifest(options.previous)["build_id"] if options.previous else None
        for leftover in part.glob(DATABASE + "*"):  # of a killed build: the tables cost little to make again, the matrix goes on
            leftover.unlink()
        with writing(part / DATABASE, threads=options.threads, memory=options.memory) as con:
            notes = curate(con, sources, ontology, config, options.previous, progress, options.studies, options.decided)
            notes += [f"{name}: {note}" for name, source in sources.items() for note in source.notes()]
            inputs = checksums.rows(progress)
            build_id = make_build_id(version("bulkatlas"), SCHEMA_VERSION, config.parameters(), inputs, previous)
            report = _export(con, part, sources, config, options, inputs, build_id, notes, progress)
            manifest = _manifest(config, inputs, build_id, previous, report, progress)
            manifest["sources_used"] = [name for (name,) in con.execute("SELECT DISTINCT source FROM kept ORDER BY source").fetchall()]
            with progress.stage("report"):
                write_report(con, part / REPORT, manifest)
        report.out = out
        report.release_id = seal(part, manifest, report.digests)
    return report


def open_sources(input_folder: Path, without: str = "") -> dict[str, Source]:
    """The sources of an input folder by name, all but `without`. Raises BadInput when there is none."""
    from curation.sources import open_source

    if not input_folder.is_dir():
        raise BadInput(f"{input_folder} is no folder; give one with a subfolder per source, see `curate sources`")
    try:
        found = sorted(path for path in input_folder.absolute().iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise BadInput(f"{input_folder} cannot be read: {error.strerror}") from error
    if nowhere := [path for path in found if not path.exists()]:
        raise BadInput(
            f"{nowhere[0]} is a link that leads nowhere ({os.path.realpath(nowhere[0])}); put the source there, or delete the link"
        )
    folders = [path for path in found if path.is_dir() and path.name != without]
    if not folders:
        raise BadInput(f"{input_folder} holds no source folder; see `curate sources` for their names and files")
    return {folder.name: open_source(folder.name, folder) for folder in folders}


def make_build_id(
    program: str, schema_version: int, parameters: Mapping[str, Any], inputs: list[dict[str, Any]], previous: str | None
) -> str:
    """The same program version, parameters, inputs and build before (`--previous`) give the same id."""
    text = json.dumps([program, schema_version, dict(parameters), inputs, previous], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def curate(
    con: Connection,
    sources: Mapping[str, Source],
    ontology: Path,
    config: BuildConfig,
    previous: Path | None,
    progress: Progress,
    studies: Path | None = None,
    before: Path | None = None,
    after: Path | None = None,
) -> list[str]:
    """Every stage of steps.STAGES: fill the database from the sources' metadata; no expression is read. Returns notes for the report.

    `before` is a folder of what was decided already: it is taken over where it follows from the same; `after` one for what is decided now.
    """
    from curation.checks import run_checks
    from curation.label import label_samples

    for name in ("sample", "read_sample"):
        run_sql_file(con, sql_folder() / "schema" / f"{name}.sql")
    insert_sources(con)
    with progress.stage("samples of the sources") as advance:
        for source in sources.values():
            insert_samples(con, source, advance)
    parameters = sql_parameters(config, list(sources))
    follows_from = decided.checksum(con, sources, ontology, config, previous, studies) if before or after else ""
    if (taken := decided.take_over(con, before, follows_from)) is not None:
        run_stage(con, "exclusion", parameters)  # its table is a temporary one, and read once more when the matrix was
        return taken
    with progress.stage("groups"):
        _load_previous(con, previous)
        run_stage(con, "groups")
    with progress.stage("ontology and rules"):
        load_reference(con, ontology, keep=True)
    with progress.stage("labels"):
        notes = label_samples(con, studies=studies, ontology=ontology)
    with progress.stage("exclusion, split, cap"):
        for stage in ("exclusion", "split", *KEPT):
            run_stage(con, stage, parameters)
    with progress.stage("checks"):
        run_checks(con, parameters)
    if after:
        decided.keep(after, follows_from, notes)
    return notes


def sql_parameters(config: BuildConfig, sources: list[str]) -> dict[str, Any]:
    """The named parameters of the SQL files; `allowed_sources` are those whose licence was asked for. Raises BadInput when none is."""
    allowed = [name for name, fits in permitted(sources, ",".join(config.licences)).items() if fits] if config.licences else sources
    if sources and not allowed:
        raise BadInput(f"no source of {', '.join(sources)} has a licence of {', '.join(config.licences)}; see `curate sources`")
    return {**config.parameters(), "seed": str(config.seed), "allowed_sources": allowed}


def _load_previous(con: Connection, previous: Path | None) -> None:
    """Fill previous_split from the labels of an earlier release, if one is given. Raises BadRelease."""
    import pyarrow.compute as pc

    run_sql_file(con, sql_folder() / "schema" / "previous_split.sql")
    if previous is None:
        return
    read_manifest(previous)
    rows = read_columns(previous / LABELS, ["sample_id", "group_id", "split"])
    insert_arrow(con, "previous_split", rows.filter(pc.is_in(rows["split"], pa.array(list(SHARES)))))


def _export(
    con: Connection,
    part: Path,
    sources: Mapping[str, Source],
    config: BuildConfig,
    options: RunOptions,
    inputs: list[dict[str, Any]],
    build_id: str,
    notes: list[str],
    progress: Progress,
) -> BuildReport:
    """The matrix and its neighbours, from what the tables say."""
    from curation.checks import run_checks
    from curation.matrix.neighbours import write_neighbours
    from curation.matrix.write import write_compendium

    kept = _kept(con, "no sample is left for the matrix: every one was excluded or has no source; see the caps and `curate label`")
    matrix = write_compendium(
        part / COMPENDIUM,
        kept,
        sources,
        config,
        uns=compendium_uns(con, config, inputs, build_id),
        progress=progress,
        resume=options.resume,
        scheduler=options.scheduler,
        threads=options.threads,
        settle=partial(_settle, con, config, sources, inputs, build_id),
    )
    kept, uns = fetch_arrow(con, "SELECT * FROM kept ORDER BY row"), compendium_uns(con, config, inputs, build_id)
    notes += shallow_notes(con)
    notes += write_neighbours(
        part / COMPENDIUM, kept, sources, config, build_id, progress, by_gene=options.by_gene, counts=options.with_counts
    )
    insert_ledger(con, matrix.ledger)
    insert_quality(con, matrix.quality)
    with progress.stage("checks of the matrix"):
        read_back(con, part / COMPENDIUM)
        run_checks(con, sql_parameters(config, list(sources)), "exported")
    record_build(con, {**uns, "notes": notes + list(matrix.notes)})
    with progress.stage("labels and funnel"):
        write_labels(con, part)
        write_funnel(con, part / FUNNEL, config, is_simulated=bool(uns["simulated"]))
    splits = dict(con.execute("SELECT split, count(*) FROM kept GROUP BY split ORDER BY split").fetchall())
    (n_tissues,) = fetch_first(con, "SELECT count(DISTINCT tissue) FROM kept WHERE tissue <> ''") or (0,)
    notes = notes + list(matrix.notes)
    return BuildReport(
        part, build_id, "", kept.num_rows, matrix.n_genes, splits, n_tissues, notes, oddities(con), progress, {COMPENDIUM: matrix.digests}
    )


def _settle(
    con: Connection, config: BuildConfig, sources: Mapping[str, Source], inputs: list[dict[str, Any]], build_id: str, read: pa.Table
) -> tuple[pa.Table, dict[str, Any]]:
    """What stays of the samples that were read, and what the compendium then says of itself. Raises NothingToExport, BrokenPromise."""
    keep_what_was_read(con, read, sql_parameters(config, list(sources)))
    none = f"none of {read.num_rows:,} samples has a read in a gene of the matrix; the matrices of the sources are empty"
    return _kept(con, none), compendium_uns(con, config, inputs, build_id)


def _kept(con: Connection, none: str) -> pa.Table:
    """The samples of the matrix in its order. Raises NothingToExport, which says `none`."""
    kept = fetch_arrow(con, "SELECT * FROM kept ORDER BY row")
    if kept.num_rows == 0:
        raise NothingToExport(none)
    return kept


def _manifest(
    config: BuildConfig, inputs: list[dict[str, Any]], build_id: str, previous: str | None, report: BuildReport, progress: Progress
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "build_id": build_id,
        "previous": previous,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "parameters": config.parameters(),
        "inputs": inputs,
        "versions": {"bulkatlas": version("bulkatlas"), "python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "notes": report.notes,
        "stages": [{"stage": s.name, "seconds": round(s.seconds, 2), "peak_mb": round(s.peak_mb)} for s in progress.stages],
    }
