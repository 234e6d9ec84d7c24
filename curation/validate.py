"""`curate validate`: a release read again as a stranger would, file by file, and with its sources also computed again.

What it proves is that the parts of a release agree with each other, with the rules of a build, and with the sources where these are given. Where a
release comes from it cannot know: that is what the release's id is for (seal.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from curation.config import SCHEMA_VERSION
from curation.errors import CurationError
from curation.resources import using_ontology
from curation.validating import again, genes, papers, shallow, tables
from curation.validating import compendium as matrix
from curation.validating.finding import Finding, ask, first

if TYPE_CHECKING:
    from curation.database import Connection
    from curation.digests import FileDigests
    from curation.source import Source

COMPENDIUM, DATABASE = "compendium.h5ad", "curation.duckdb"


class NotValid(CurationError):
    """A release does not hold what it says."""


def validate(
    out: Path,
    sources: Mapping[str, Source] | None = None,
    folder: Path | None = None,
    *,
    n_rows: int = 20,
    seed: int = 0,
    ontology: Path | None = None,
    expect: str | None = None,
) -> list[Finding]:
    """Ask every question of the release in `out`.

    With the sources (and the folder that holds theirs), `n_rows` samples of each are computed again, and every table; with `ontology`, the folder's
    tables are held against those of the build; with `expect`, the release's id. Raises BadRelease for what has no manifest, NotValid for an
    earlier schema; a release that is wrong comes back as findings that are not good.
    """
    from curation.release import LABELS_OF, read_manifest

    manifest = read_manifest(out)
    _refuse_older(out, manifest)
    with using_ontology(ontology) as place:
        findings = _of_papers(out, manifest, ontology, expect)
        if LABELS_OF in manifest:
            return [*findings, *_of_labels(out, manifest, sources, ontology=place)]
        path = out / COMPENDIUM
        if not path.is_file() or not h5py.is_hdf5(path):
            return [*findings, Finding("the compendium opens", False, f"{path} is missing or no HDF5 file")]
        data = matrix.Compendium(path)
        findings += _of_compendium(out, data, manifest)
        return [*findings, *_of_database(out, data, manifest, sources, folder, place, n_rows=n_rows, seed=seed)]


def _refuse_older(out: Path, manifest: dict[str, Any]) -> None:
    """Raise NotValid for a release of an earlier schema, whose tables are others; its checksums can be looked at all the same."""
    schema = manifest.get("schema_version")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema >= SCHEMA_VERSION:
        return
    same = ask("", partial(papers.checksums, out, manifest))
    raise NotValid(
        f"{out} is of schema version {schema}, this program validates version {SCHEMA_VERSION}; of its files {same.answer}; for the rest use the"
        " bulkatlas that made it, or build it again"
    )


def _of_labels(out: Path, manifest: dict[str, Any], sources: Mapping[str, Source] | None, ontology: Path) -> list[Finding]:
    """What can be asked of a release without expression: its tables, against each other and against the sources."""
    from curation.database import DatabaseFault, reading

    try:
        with reading(out / DATABASE) as con:
            findings = [
                ask("manifest and database tell of one build", partial(tables.one_build, con, out, None, manifest)),
                *_of_rows(con, out, manifest),
            ]
            if sources is not None:
                findings.append(ask("the sources are the files that the build read", partial(again.inputs, manifest, sources)))
                look = partial(again.tables, con, None, manifest, sources, ontology)
                findings.append(ask("the tables come again from the sources", look))
            return findings
    except DatabaseFault as error:
        return [Finding("the database opens", False, str(error))]


def _of_rows(con: Connection, out: Path, manifest: dict[str, Any]) -> list[Finding]:
    """The tables of the database, and the files that are views of them."""
    return [
        ask("the promises of sql/checks hold", partial(tables.promises, con, manifest)),
        *(ask(f"{name} is what the database says", partial(tables.view, con, out / name)) for name in tables.VIEWS),
        ask("samples.parquet is the view `samples`", partial(tables.samples, con, out)),
        ask("funnel and report are those of the database", partial(tables.pages, con, out, manifest)),
    ]


def _of_papers(out: Path, manifest: dict[str, Any], ontology: Path | None, expect: str | None) -> list[Finding]:
    read: dict[str, FileDigests] = {}
    findings = [
        ask("every file has the checksum of the manifest", partial(papers.files, out, manifest, read)),
        ask("every block of every file has its checksum", partial(papers.blocks, out, manifest, read)),
        ask("the manifest has its entries and no others", partial(papers.form, manifest)),
        ask("the parameters are those of a build", partial(papers.parameters, manifest)),
        ask("build_id is made of what the manifest states", partial(papers.build_id, manifest)),
        ask("the RO-Crate is that of these files and this manifest", partial(papers.ro_crate, out, manifest)),
        ask("CITATION.txt is that of the sources", partial(papers.citation, out, manifest)),
    ]
    if ontology is not None:
        findings.append(ask("the ontology is the one that the build read", partial(papers.ontology, manifest, ontology)))
    if expect is not None:
        findings.append(ask("the release is the one that is expected", partial(_is_expected, out, expect)))
    return findings


def _is_expected(out: Path, expect: str) -> tuple[bool, str]:
    from curation.seal import release_id

    found = release_id(out)
    return found == expect.strip().lower(), f"its id is {found}"


def _of_compendium(out: Path, data: matrix.Compendium, manifest: dict[str, Any]) -> list[Finding]:
    from curation.matrix.by_gene import BY_GENE, compare_by_gene

    findings = [
        ask("X can be mapped and has the shape of obs and var", partial(matrix.layout, data)),
        ask("the compendium holds its parts and no others", partial(matrix.contents, data)),
        ask("every block of rows has its checksum", partial(matrix.blocks, data)),
        ask("train_mean and train_std are those of the training rows", partial(matrix.scaler, data)),
        ask("every sample sums to one million", partial(matrix.closure, data)),
        ask("the quality columns are those of X", partial(matrix.quality, data)),
        ask("genes are named as in the gene table", partial(genes.names, data, manifest)),
    ]
    if (out / BY_GENE).is_file():

        def by_gene() -> tuple[bool, str]:
            wrong = compare_by_gene(out / BY_GENE, data.path)
            return not wrong, f"{len(data.var):,} genes, {len(wrong)} wrong{first(wrong)}"

        findings.append(ask("by_gene.h5 is X, gene by gene", by_gene))
    return findings


def _of_database(
    out: Path,
    data: matrix.Compendium,
    manifest: dict[str, Any],
    sources: Mapping[str, Source] | None,
    folder: Path | None,
    ontology: Path,
    *,
    n_rows: int,
    seed: int,
) -> list[Finding]:
    from curation.database import DatabaseFault, fetch_arrow, reading

    try:
        with reading(out / DATABASE) as con:
            findings = _of_tables(con, out, data, manifest)
            if sources is not None and folder is not None:
                kept, ledger = fetch_arrow(con, "SELECT * FROM kept ORDER BY row"), fetch_arrow(con, "SELECT * FROM gene_ledger")
                findings.append(ask("the sources are the files that the build read", partial(again.inputs, manifest, sources)))
                for name, source in sources.items():
                    look = partial(again.rows, data, kept, ledger, source, folder, n_rows=n_rows, seed=seed)
                    findings.append(ask(f"X is what {name} holds", look))
                look = partial(shallow.rows, con, ledger, sources, folder, n_rows=n_rows, seed=seed)
                findings.append(ask("samples that left for want of reads have none in the sources", look))
                findings.append(
                    ask("the tables come again from the sources", partial(again.tables, con, data, manifest, sources, ontology))
                )
            return findings
    except DatabaseFault as error:
        return [Finding("the database opens", False, str(error))]


def _of_tables(con: Connection, out: Path, data: matrix.Compendium, manifest: dict[str, Any]) -> list[Finding]:
    from curation.database import fetch_arrow

    def table(query: str) -> Any:
        return fetch_arrow(con, query)

    kept = "SELECT * FROM kept ORDER BY row"
    return [
        ask("manifest, database and compendium tell of one build", partial(tables.one_build, con, out, data, manifest)),
        ask("obs is what the database says", lambda: matrix.tables(data, table(kept), table("SELECT * FROM quality"))),
        ask("the gene ledger is that of X", lambda: genes.ledger(data, table(kept), table("SELECT * FROM gene_ledger"))),
        ask("labels.parquet agrees with obs", partial(tables.labels_and_obs, out, data)),
        *_of_rows(con, out, manifest),
    ]
