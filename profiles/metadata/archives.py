"""Which archive or tool wrote a table about samples, told by the names of its columns; archives.tsv holds the names and grows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "archives.tsv"
OWN = "own"
OUR_TEXTS = frozenset(("title", "source name", "source name ch1", "characteristics", "characteristics ch1", "tissue term"))
UNMISTAKABLE = ("refine.bio", "CELLxGENE")  # no other table has their signs, so a column of ours beside them is a guest
# Columns of a run table that speak of the laboratory or the files and never of the sample.
TECHNICAL = frozenset(
    """
    run, assay type, avgspotlen, bases, bioproject, biosample, biosamplemodel, bytes, center name, consent, consent code, datastore filetype,
    datastore provider, datastore region, experiment, geo accession exp, instrument, library name, librarylayout, libraryselection, librarysource,
    librarystrategy, organism, platform, releasedate, loaddate, create date, version, sample name, sra study, srastudy, srasample, submission,
    scientificname, scientific name, taxid, tax id, spots, spots with mates, avglength, size mb, assemblyname, download path, librarystrategy,
    insertsize, insertdev, model, study pubmed id, projectid, project id, sample, sampletype, samplename, g1k pop code, g1k analysis group,
    sra sample, subject id, dbgap study accession, body mass index, runhash, readhash, centername, mbases, mbytes, insert size, sample acc, run accession,
    experiment accession, study accession, sample accession, submission accession, secondary sample accession, secondary study accession,
    experiment alias, run alias, sample alias, study alias, study title, experiment title, experiment desc, organism taxid, organism name,
    library strategy, library source, library selection, library layout, sample organism, instrument model, instrument model desc,
    total spots, total size, run total spots, run total bases, fastq ftp, fastq md5, fastq bytes, fastq aspera, fastq galaxy, submitted ftp,
    sra ftp, sra md5, sra bytes, bam ftp, read count, base count, first public, last updated, collection date, geo loc name,
    geo loc name country, geo loc name country continent, lat lon, gap accession, gap parent phs, biospecimen repository,
    biospecimen repository sample id, submitted subject id, ena fastq http, ena fastq http 1, ena fastq http 2, public filename, public url,
    public size, public date, public md5, public version, public semantic name, public supertype, public sratoolkit, aws url, aws free egress,
    aws access type, ncbi url, ncbi free egress, ncbi access type, gcp url, gcp free egress, gcp access type
    """.replace("\n", " ")
    .replace("    ", "")
    .strip()
    .split(", ")
)
# Columns that speak of the sample in a table that has no text of its own.
SPEAKING = (
    "tissue", "organ", "organism part", "body site", "tissue type", "tissue site", "anatomical site", "primary site", "site", "source",
    "cell type", "cell line", "cell line name", "disease", "disease state", "diagnosis", "material", "specimen", "sample type", "treatment",
)  # fmt: skip
DONORS = (
    "donor id", "donor", "patient id", "patient", "subject id", "subject", "individual", "individual id", "participant id", "case id",
    "patient barcode", "bcr patient barcode",
)  # fmt: skip
SERIES = ("series id", "series", "gse", "study id", "study accession", "study", "dataset id", "dataset", "batch series")
ROW_NAMES = ("", "unnamed: 0", "...1", "v1", "x", "index", "rownames", "row names", "rowname")


@dataclass(frozen=True)
class Named:
    """One row of archives.tsv."""

    archive: str
    column: str
    roles: tuple[str, ...]
    key: str


def plain(column: str) -> str:
    """A column's name for comparison: lower case, every run of separators one blank; R turns blanks and colons into dots."""
    return re.sub(r"[\s_.\-()/]+", " ", column.strip().lower()).strip()


@cache
def archives() -> dict[str, tuple[Named, ...]]:
    """The rows of archives.tsv by archive, in the order in which they are tried."""
    found: dict[str, list[Named]] = {}
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            named = Named(row["archive"], row["column"], tuple(row["roles"].split(",")), row["key"] or "")
            found.setdefault(named.archive, []).append(named)
    return {name: tuple(rows) for name, rows in found.items()}


def archive_of(columns: Iterable[str]) -> str:
    """The first archive all of whose signs are there; `own` for a table of our names or of nobody's.

    A table with our `sample_id` beside texts is ours, whatever else it carries.
    """
    names = {plain(column) for column in columns}
    ours = "sample id" in names and bool(names & OUR_TEXTS)
    for name, rows in archives().items():
        signs = {row.column for row in rows if "sign" in row.roles}
        if name != OWN and signs and signs <= names and (name in UNMISTAKABLE or not ours):
            return name
    return OWN


def columns_with(archive: str, role: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """(column, key) of a table for one role, in the order of archives.tsv."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain(column), column)
    return [(by_name[row.column], row.key) for row in archives()[archive] if role in row.roles and row.column in by_name]


def first_of(names: Sequence[str], columns: Sequence[str]) -> str | None:
    """The first of some plain names that is a column, as the table writes it."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain(column), column)
    return next((by_name[name] for name in names if name in by_name), None)
