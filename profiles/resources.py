"""Where the reference data lie: beside the package in a checkout, inside it in an installed wheel (one copy for all packages)."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def ontology_folder() -> Path:
    """The folder with what a curator edits and the reference data; see its README."""
    installed = PACKAGE / "_data" / "ontology"
    return installed if installed.is_dir() else PACKAGE.parent / "ontology"


def gene_table_path() -> Path:
    """HGNC's approved genes with their identifiers, earlier names and lengths, as gzipped TSV."""
    return ontology_folder() / "genes.tsv.gz"
