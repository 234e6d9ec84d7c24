"""Where the transfer rubrics lie: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def rubric_folder() -> Path:
    """The folder with one TSV per rubric: category -> accepted tissues."""
    installed = PACKAGE / "_data" / "rubrics"
    return installed if installed.is_dir() else PACKAGE.parent / "ontology" / "rubrics"
