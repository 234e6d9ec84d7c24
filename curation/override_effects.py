"""What overrides would change in a build, sample by sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.database import fetch_first
from curation.override import SCOPES, SHOWN, Override, OverrideFault

if TYPE_CHECKING:
    from curation.database import Connection

NEAR = 3


@dataclass(frozen=True)
class Effect:
    """One sample that an override touches: its label in the build, and its label under the override."""

    override_id: str
    sample_id: str
    tissue_before: str
    term_before: str
    decided_by: str
    tissue_after: str
    term_after: str

    @property
    def changes(self) -> bool:
        """Whether the label becomes another."""
        return (self.tissue_before, self.term_before) != (self.tissue_after, self.term_after)


def effects(con: Connection, rows: Iterable[Override]) -> list[Effect]:
    """What overrides would change in a build, sample by sample; a sample decision beats its series', that beats a text's.

    `con` reads the database of a build. Raises OverrideFault for one that matches no sample of it.
    """
    touched: dict[tuple[str, str], tuple[int, Override, tuple[Any, ...]]] = {}
    unmatched: list[Override] = []
    for row in rows:
        found = con.execute(MATCHES[row.scope], {"target": row.target}).fetchall()
        if not found:
            unmatched.append(row)
        for sample in found:
            rank = SCOPES.index(row.scope)
            if (sample[0], row.fact) not in touched or rank < touched[sample[0], row.fact][0]:
                touched[sample[0], row.fact] = (rank, row, _stated(con, sample, row.fact) if row.fact else sample)
    if unmatched:
        named = ", ".join(f"{row.override_id} ({row.scope} {row.target})" for row in unmatched[:SHOWN])
        raise OverrideFault(f"{len(unmatched)} overrides match no sample of this build: {named}{_near(con, unmatched[0])}")
    tissue_of = dict(con.execute("SELECT term_id, tissue FROM term_tissue").fetchall())
    return [_effect(row, sample, tissue_of) for _, (_, row, sample) in sorted(touched.items())]


def _near(con: Connection, row: Override) -> str:
    """The targets of a build that are most like one that it has not."""
    names = f"SELECT name FROM ({TARGETS[row.scope]}) ORDER BY levenshtein(lower(name), lower($target)), name LIMIT $most"
    found = con.execute(names, {"target": row.target, "most": NEAR}).fetchall()
    return f"; near {row.target}: {', '.join(name for (name,) in found)}" if found else ""


def _effect(row: Override, sample: tuple[Any, ...], tissue_of: Mapping[str, str]) -> Effect:
    identifier, tissue, term, decided_by = sample
    if row.fact:
        return Effect(row.override_id, identifier, tissue, term, decided_by, f"{row.fact}: {row.value}", row.term_id)
    return Effect(row.override_id, identifier, tissue, term, decided_by, tissue_of.get(row.term_id, ""), row.term_id)


def _stated(con: Connection, sample: tuple[Any, ...], fact: str) -> tuple[Any, ...]:
    """The same sample with what the build states about one fact in the place of its label."""
    query = "SELECT value, coalesce(ontology_term_id, ''), decided_by FROM fact WHERE sample_id = $id AND fact = $fact"
    row = fetch_first(con, query, {"id": sample[0], "fact": fact})
    value, term, decided_by = row or ("", "", "not stated")
    return sample[0], f"{fact}: {value}", term, decided_by


_SAMPLE = """
SELECT sample.sample_id, coalesce(label.tissue, ''), coalesce(label.term_id, ''), coalesce(label.decided_by, 'unlabelled')
FROM sample LEFT JOIN label USING (sample_id)
"""
MATCHES = {
    "sample": _SAMPLE + "WHERE sample.sample_id = $target",
    "series": _SAMPLE + "WHERE list_contains(list_transform(string_split(sample.series_id, ','), lambda name: trim(name)), $target)",
    "text": _SAMPLE
    + "WHERE sample.sample_id IN (SELECT sample_text.sample_id FROM sample_text JOIN text USING (text_id) WHERE text = $target)",
}

TARGETS = {
    "sample": "SELECT sample_id AS name FROM sample",
    "series": "SELECT DISTINCT trim(name) AS name FROM (SELECT unnest(string_split(series_id, ',')) AS name FROM sample) WHERE name <> ''",
    "text": "SELECT text AS name FROM text WHERE length(text) < 200",
}
