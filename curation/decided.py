"""Labels, split and cap that were decided before: a build takes them over where the samples and all that decides are the same, to the checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.database import fetch_first, quoted, tables_of
from curation.ontology import content_files
from curation.release import read_manifest, sha256

if TYPE_CHECKING:
    from curation.config import BuildConfig
    from curation.database import Connection

DATABASE, ABOUT = "decided.duckdb", "decided.json"
SAMPLES = """
SELECT count(*), bit_xor(md5_number_lower(told)), bit_xor(md5_number_upper(told)) FROM (SELECT sample::VARCHAR AS told FROM sample)
"""


def checksum(
    con: Connection, sources: Iterable[str], ontology: Path, config: BuildConfig, previous: Path | None, studies: Path | None
) -> str:
    """Of all that labels, split and cap follow from: the table of samples as it arrived, rules, parameters, program, and what else is read."""
    rules = [(path.name, sha256(path)) for path in content_files(ontology)]
    before = read_manifest(previous)["build_id"] if previous else None
    parts = [version("bulkatlas"), config.parameters(), sorted(sources), rules, before, sha256(studies) if studies else None]
    return hashlib.sha256(json.dumps([*parts, fetch_first(con, SAMPLES)], sort_keys=True, default=str).encode()).hexdigest()


def keep(folder: Path, found: str, notes: list[str]) -> None:
    """Say what the database in the folder, which is closed next, was decided from (`checksum`), and what there is to note."""
    (folder / ABOUT).write_text(json.dumps({"checksum": found, "notes": notes}), encoding="utf-8")


def take_over(con: Connection, folder: Path | None, found: str) -> list[str] | None:
    """Fill the database with what was decided in the folder, and return its notes; None where that was decided from something else."""
    if folder is None or not (folder / ABOUT).is_file():
        return None
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if about["checksum"] != found:
        return None
    ((here,),) = con.execute("SELECT current_database()").fetchall()
    for table in tables_of(con):
        con.execute(f'DROP TABLE "{table}"')  # the samples, which are the same
    con.execute(f"ATTACH {quoted(folder / DATABASE)} AS decided (READ_ONLY)")
    con.execute(f'COPY FROM DATABASE decided TO "{here}"')
    con.execute("DETACH decided")
    return list(about["notes"])
