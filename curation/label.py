"""From sample to evidence and label: the stages texts, evidence and label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import CurationError
from curation.facts import value_fault
from curation.patterns import any_pattern, phrasing
from curation.steps import run_stage
from curation.tiers import add_tiers, label_studies

if TYPE_CHECKING:
    from curation.database import Connection

READ_LENGTH = 4_000  # characters of one text in which words are read
REACH = 0.004  # tissues whose best evidence differs by less are ambiguous; a step between neighbouring weights is 0.005


class UnusedOverride(CurationError):
    """An override applies to no sample, or two of them contradict each other."""


def label_samples(
    con: Connection, *, every_override_applies: bool = True, studies: Path | None = None, ontology: Path | None = None
) -> list[str]:
    """Fill text, evidence and label from `sample` and the reference tables (see ontology.load_reference); returns notes for the report.

    The same rows in another order give the same labels. Raises UnusedOverride when an override matches no sample (unless told that some may not,
    as for a table of one's own) or contradicts another. `studies` is a table of the texts of studies (see tiers.py).
    """
    patterns = phrasing(con)
    run_stage(con, "texts", {"read_length": READ_LENGTH, "any_pattern": any_pattern(con)} | patterns)
    run_stage(con, "evidence", patterns)
    _check_overrides(con, every_override_applies)
    run_stage(con, "label", {"reach": REACH} | patterns)
    notes = label_studies(con, studies, partial(label_samples, every_override_applies=False), ontology) + add_tiers(con)
    run_stage(con, "facts")
    ((n_cut,),) = con.execute("SELECT count(DISTINCT sample_id) FROM sample_text JOIN text USING (text_id) WHERE is_cut").fetchall()
    return [f"{n_cut:,} samples have a text of more than {READ_LENGTH:,} characters; its words were read up to there"] * bool(n_cut) + notes


def _check_overrides(con: Connection, every_one_applies: bool) -> None:
    valued = con.execute("SELECT line, override_id, fact, value FROM override WHERE fact IS NOT NULL AND value IS NOT NULL ORDER BY line")
    rows = valued.fetchall()
    tissues = {tissue for (tissue,) in con.execute("SELECT DISTINCT tissue FROM tissue").fetchall()} if rows else set()
    for line, override_id, fact, value in rows:
        if fault := value_fault(fact, value, tissues):
            raise UnusedOverride(f"overrides.tsv line {line}: {override_id}: {fault}")
    unused = con.execute(
        "SELECT line, override_id, scope, target FROM override ANTI JOIN override_hit USING (override_id) ORDER BY line"
    ).fetchall()
    if unused and every_one_applies:
        line, override_id, scope, target = unused[0]
        raise UnusedOverride(
            f"overrides.tsv line {line}: {override_id} matches no {scope} {target!r} ({len(unused)} rows match nothing); correct the target or delete the row"
        )
    clash = con.execute(
        "SELECT sample_id, list(override_id ORDER BY override_id), min(line) FROM override_hit WHERE is_effective "
        "GROUP BY sample_id, fact HAVING count(DISTINCT (coalesce(term_id, ''), coalesce(value, ''))) > 1 OR count(DISTINCT is_cell_line) > 1 "
        "ORDER BY sample_id"
    ).fetchall()
    if clash:
        sample_id, ids, line = clash[0]
        raise UnusedOverride(
            f"overrides.tsv line {line}: {' and '.join(ids)} contradict each other for {sample_id} ({len(clash)} samples); keep one"
        )
