"""What is odd about a build and what to do about it: said at its end, so that nobody has to know which audit to ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from curation.database import run_sql_file
from curation.resources import sql_folder

if TYPE_CHECKING:
    from curation.database import Connection

OF_THE_MATRIX = frozenset({"outliers", "genes_without_a_name"})  # known when the matrix is written


def oddities(con: Connection, *, has_matrix: bool = True) -> list[str]:
    """One line for each row of the queries in sql/odd: what, and what to do."""
    said = []
    for path in sorted((sql_folder() / "odd").glob("*.sql")):
        if has_matrix or path.stem not in OF_THE_MATRIX:
            said += [f"{what}: {advice}" for what, advice in run_sql_file(con, path).fetchall()]
    return said


def of_release(line: str, release: Path) -> str:
    """The line with the release in each command that it advises, so that it can be typed as it stands."""
    return re.sub(r"`(curate (?:audit|sql) [^`]+)`", lambda found: f"`{found[1]} --db {release}`", line)
