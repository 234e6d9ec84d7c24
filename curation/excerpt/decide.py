"""Which samples of an archive behind HTTP are wanted: those that a build keeps, by the metadata of all sources, or those that somebody names."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curation.audit import database_of
from curation.build import DATABASE, NothingToExport, RunOptions, curate, open_sources
from curation.config import BuildConfig
from curation.database import fetch_arrow, reading, writing
from curation.decided import DATABASE as DECIDED
from curation.excerpt.archive import Archive
from curation.excerpt.moved import Moved
from curation.progress import Progress
from curation.remote.place import HTTP, place_of
from curation.remote.ranges import RangeFault
from curation.resources import using_ontology
from curation.sources import open_source

if TYPE_CHECKING:
    from curation.source import Source
    from profiles.fetching.download import Patience

ARCHS4 = "archs4"
KEPT = "SELECT matrix_row FROM kept WHERE source = 'archs4' AND matrix_file = $name ORDER BY matrix_row"
OF_RELEASE = "SELECT sample_id FROM kept WHERE source = 'archs4'"


def fetch_for_build(
    url: str,
    input_folder: Path,
    config: BuildConfig,
    options: RunOptions,
    progress: Progress,
    *,
    patience: Patience | None = None,
    dry_run: bool = False,
    anyway: bool = False,
    decided: Path | None = None,
) -> Moved:
    """Put those samples of the archive at `url` into INPUT_FOLDER/archs4 that `build` will keep: labels, split and cap are decided first, from its
    metadata and the other sources of the folder. The file names all samples, so that the build decides the same. `dry_run`: the chunks are only found.
    `anyway`: also where the whole file would take less time. `decided`: an empty folder for what is decided, which a build can take over.
    Raises RangeFault, and as `build`.
    """
    with Archive.open(url, input_folder / ARCHS4, patience=patience, anyway=anyway) as archive:
        _refuse_others(archive)
        metadata = archive.metadata(None, archive.work / ARCHS4, progress)
        with tempfile.TemporaryDirectory(prefix="bulkatlas-decide-") as aside:
            rows = _kept_rows(archive.name, _sources(input_folder, metadata.parent), config, options, progress, decided or Path(aside))
        held = archive.held(progress)
        if not archive.has(held, rows):
            found = archive.locate(rows, progress, held)
            if dry_run:
                return archive.moved
            archive.fetch(metadata, found, has_all=True, progress=progress)
        archive.finish()
        return archive.moved


def fetch_samples(
    url: str,
    folder: Path,
    sample_ids: set[str],
    progress: Progress,
    name: str | None = None,
    patience: Patience | None = None,
    *,
    anyway: bool = False,
) -> tuple[Path, int, Moved]:
    """Put a file of these samples alone (and of those that lie in a chunk with one of them) into `folder`; where one of other samples of the same
    archive lies there, these are added, and only their chunks are fetched. Returns it, and its number of samples.

    Raises RangeFault, also where a sample is not in the archive, or another file has the name.
    """
    with Archive.open(url, folder, name, patience, anyway=anyway) as archive:
        before = archive.earlier()
        if archive.target.exists() and (before is None or before.has_all):
            what = "of another version of the archive" if before is None else "of a build, and names all samples"
            raise RangeFault(f"{archive.target} is there already, {what}; move it away, or choose another --out")
        rows = archive.neighbours(archive.rows_of(sample_ids | set(before.sample_ids if before else [])))
        chosen = archive.work / f"samples-{sha256(rows.tobytes()).hexdigest()[:16]}"
        metadata = archive.metadata(rows, chosen, progress)
        path = archive.fetch(metadata, archive.locate(rows, progress, archive.held(progress)), has_all=False, progress=progress)
        archive.finish()
        return path, int(rows.size), archive.moved


def read_ids(text: str) -> set[str]:
    """The samples of the archive in a release (folder, database or address), or those that a file lists, one a line (more columns are not read).

    Raises RangeFault where there is none.
    """
    path = Path(text)
    if HTTP.fullmatch(text) or path.is_dir() or path.suffix == Path(DATABASE).suffix:
        with reading(database_of(place_of(text))) as con:
            found = {name for (name,) in con.execute(OF_RELEASE).fetchall()}
    else:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise RangeFault(f"{path} cannot be read: {error}; give a release, or a text file with one sample id a line") from error
        words = {line.replace(",", "\t").split("\t")[0].strip().strip('"') for line in lines if line.strip()}
        found = words - {"sample_id", "geo_accession", "gsm"}
    if not found:
        raise RangeFault(f"{text} names no sample of archs4")
    return found


def _refuse_others(archive: Archive) -> None:
    """Another file of the archive beside the excerpt would be built from too."""
    others = sorted(p.name for p in archive.folder.iterdir() if not p.name.startswith(".") and p.name != archive.name)
    if others:
        raise RangeFault(
            f"{archive.folder} holds {others[0]} already, which would be built from too; move it away, or build without {archive.url}"
        )


def _sources(input_folder: Path, metadata: Path) -> Mapping[str, Source]:
    """The sources of the folder, with the metadata of the archive in the place of what may lie in its own subfolder."""
    mine = input_folder / ARCHS4
    others = any(p.is_dir() and p != mine and not p.name.startswith(".") for p in input_folder.iterdir())
    found = open_sources(input_folder, without=ARCHS4) if others else {}
    return dict(sorted({**found, ARCHS4: open_source(ARCHS4, metadata)}.items()))


def _kept_rows(
    name: str, sources: Mapping[str, Source], config: BuildConfig, options: RunOptions, progress: Progress, folder: Path
) -> NDArray[np.int64]:
    """Rows of the archive's file that a build keeps, ascending; what was decided is left in `folder`. Raises NothingToExport."""
    with (
        using_ontology(options.ontology) as ontology,
        writing(folder / DECIDED, threads=options.threads, memory=options.memory) as con,
    ):
        curate(con, sources, ontology, config, options.previous, progress, options.studies, after=folder)
        rows = np.asarray(fetch_arrow(con, KEPT, {"name": name})["matrix_row"].to_numpy(), np.int64)
    if not rows.size:
        raise NothingToExport(f"no sample of {name} would be kept: every one is excluded; see the caps and `curate label`")
    return rows
