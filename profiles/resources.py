"""Where the reference data lie: beside the package in a checkout, inside it in an installed wheel (one copy for all packages)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_chosen: ContextVar[Path | None] = ContextVar("ontology", default=None)


@cache
def shipped_ontology() -> Path:
    """The ontology folder that comes with the program."""
    installed = PACKAGE / "_data" / "ontology"
    return installed if installed.is_dir() else PACKAGE.parent / "ontology"


@contextmanager
def using_ontology(folder: Path | None) -> Iterator[Path]:
    """Let every reader of reference tables read those of `folder` (of the shipped one without it): all of a build reads one folder."""
    token = _chosen.set(folder)
    try:
        yield ontology_folder()
    finally:
        _chosen.reset(token)


def ontology_folder() -> Path:
    """The folder with what a curator edits and the reference data (see its README): the shipped one, or that of `using_ontology`."""
    return _chosen.get() or shipped_ontology()


def gene_table_path() -> Path:
    """HGNC's approved genes with their identifiers, earlier names and lengths, as gzipped TSV."""
    return ontology_folder() / "genes.tsv.gz"
