"""Where the transfer rubrics and the gene table lie: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def rubric_folder() -> Path:
    """The folder with one TSV per rubric: category -> accepted tissues."""
    installed = PACKAGE / "_data" / "rubrics"
    return installed if installed.is_dir() else PACKAGE.parent / "ontology" / "rubrics"


def gene_table_path() -> Path:
    """The reference gene table (symbols, ids, lengths) as gzipped TSV: data shared with curation, read here as a file."""
    installed = PACKAGE / "_data" / "genes.tsv.gz"
    return installed if installed.is_file() else PACKAGE.parent / "ontology" / "genes.tsv.gz"
