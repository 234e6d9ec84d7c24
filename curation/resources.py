"""Where the SQL files lie, beside the package in a checkout, inside it in an installed wheel; the reference tables are profiles'."""

from pathlib import Path

from profiles.resources import ontology_folder, shipped_ontology, using_ontology

PACKAGE = Path(__file__).resolve().parent

__all__ = ["ontology_folder", "shipped_ontology", "sql_folder", "using_ontology"]


def sql_folder() -> Path:
    """The folder with schema/, build/, checks/ and audits/."""
    installed = PACKAGE / "_data" / "sql"
    return installed if installed.is_dir() else PACKAGE.parent / "sql"
