"""Where the transfer rubrics lie: beside the reference data, in a checkout and in an installed wheel."""

from pathlib import Path

from profiles.resources import ontology_folder


def rubric_folder() -> Path:
    """The folder with one TSV per rubric: category -> accepted tissues."""
    return ontology_folder() / "rubrics"
