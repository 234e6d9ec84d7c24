"""Where the SQL files and the reference tables lie: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    installed = PACKAGE / "_data" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def sql_folder() -> Path:
    """The folder with schema/, build/, checks/ and audits/."""
    return _folder("sql")


def ontology_folder() -> Path:
    """The folder with what a curator edits and the reference data; see its README."""
    return _folder("ontology")
