"""`curate explain SAMPLE`: the whole life of one sample in a build, from the source's row to the row of the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curation.audit import database_of
from curation.database import Connection, fetch_arrow, reading, tables_of
from curation.errors import CurationError
from curation.remote.place import Place

LONGEST = 300
NEAR = 5
NO_FACTS = "the release was built by schema 1, which read no facts"

Row = dict[str, Any]


class UnknownSample(CurationError):
    """The build has no sample of that id."""


@dataclass(frozen=True)
class Life:
    """What the tables of a build say about one sample; every part is as the table has it. notes: what an older release has no table for."""

    sample: Row
    group: Row
    evidence: list[Row]
    label: Row
    overrides: list[Row]
    exclusions: list[Row]
    split: Row
    cap: Row
    matrix: Row
    facts: list[Row]
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        return "\n".join(told(self))


def explain(place: Place, sample_id: str) -> Life:
    """Gather one sample's life from a release. Raises UnknownSample with the nearest ids, DatabaseFault."""
    with reading(database_of(place)) as con:
        known = tables_of(con)

        def rows(table: str) -> list[Row]:
            return fetch_arrow(con, QUERIES[table], {"id": sample_id}).to_pylist() if NEEDS.get(table, table) in known else []

        sample = rows("sample")
        if not sample:
            raise UnknownSample(f"no sample {sample_id!r} is in this build{_near(con, sample_id)}")
        one = {table: (rows(table) or [{}])[0] for table in ("group", "label", "split", "cap", "matrix")}
        return Life(
            sample=sample[0],
            evidence=rows("evidence"),
            overrides=rows("overrides"),
            exclusions=rows("exclusion"),
            facts=rows("fact"),
            notes=[] if "fact" in known else [NO_FACTS],
            **one,
        )


NEEDS = {"group": "sample_group", "overrides": "override_hit", "cap": "draw", "matrix": "quality"}
QUERIES = {
    "sample": "SELECT * FROM sample WHERE sample_id = $id",
    "group": """
SELECT any_value(mine.group_id) AS group_id, count(DISTINCT other.sample_id) AS n_samples,
    array_to_string(list_sort(list(DISTINCT sample_key.key))[:8], ', ') AS tied_by
FROM sample_group AS mine JOIN sample_group AS other USING (group_id) LEFT JOIN sample_key ON sample_key.sample_id = other.sample_id
WHERE mine.sample_id = $id HAVING count(*) > 0
""",
    "evidence": """
SELECT evidence.field, evidence.matched_text, coalesce(evidence.rule_id, evidence.synonym) AS by_rule_or_synonym, evidence.scope,
    proposal.verdict, proposal.role, evidence.term_id, name.name AS term_name, evidence.tissue, round(proposal.weight, 4) AS weight,
    CASE evidence.evidence_id WHEN label.evidence_id THEN 'decided' WHEN label.cell_line_evidence_id THEN 'cell line' ELSE '' END AS outcome
FROM proposal JOIN evidence USING (evidence_id) JOIN label ON label.sample_id = proposal.sample_id
LEFT JOIN (SELECT term_id, any_value(name) AS name FROM term GROUP BY term_id) AS name ON name.term_id = evidence.term_id
WHERE proposal.sample_id = $id
ORDER BY proposal.weight DESC, evidence.field, evidence.matched_text, evidence.evidence_id
""",
    "label": """
SELECT label.*, name.name AS term_name, evidence.rule_id, rule.reason AS rule_reason
FROM label LEFT JOIN evidence USING (evidence_id) LEFT JOIN rule ON rule.rule_id = evidence.rule_id
LEFT JOIN (SELECT term_id, any_value(name) AS name FROM term GROUP BY term_id) AS name ON name.term_id = label.term_id
WHERE label.sample_id = $id
""",
    "overrides": """
SELECT override_id, scope, target, term_id, is_cell_line, curator, date, reason, is_effective
FROM override_hit WHERE sample_id = $id ORDER BY reach DESC, override_id
""",
    "fact": """
SELECT fact, value, ontology_term_id, unit, field, matched_text, rule, decided_by FROM fact WHERE sample_id = $id ORDER BY fact
""",
    "exclusion": "SELECT step, reason FROM exclusion WHERE sample_id = $id ORDER BY step",
    "split": """
SELECT split.split, group_split.reason
FROM split LEFT JOIN group_split USING (group_id) WHERE split.sample_id = $id
""",
    "cap": """
SELECT mine.cap_rank, count(*) AS n_in_class, mine.tissue
FROM draw AS mine JOIN draw AS other ON other.split = mine.split AND other.tissue = mine.tissue
WHERE mine.sample_id = $id GROUP BY ALL
""",
    "matrix": "SELECT kept.row, quality.* EXCLUDE (sample_id) FROM kept LEFT JOIN quality USING (sample_id) WHERE kept.sample_id = $id",
}


def _near(con: Connection, sample_id: str) -> str:
    rows = con.execute(
        "SELECT sample_id FROM sample ORDER BY levenshtein(lower(sample_id), lower($id)), sample_id LIMIT $most",
        {"id": sample_id, "most": NEAR},
    ).fetchall()
    return f"; near it: {', '.join(name for (name,) in rows)}" if rows else "; the build holds no sample"


def told(life: Life) -> Iterator[str]:
    """The life as lines of plain text, to fit one screen."""
    sample = life.sample
    yield f"{sample['sample_id']}  ({sample['source']})"
    yield from _listed("As its source has it", {k: v for k, v in sample.items() if k not in ("sample_id", "source")})
    if life.group:
        yield from _listed("Group that may not straddle a split", life.group)
    yield ""
    yield f"Evidence ({len(life.evidence)})"
    for row in life.evidence:
        mark = "*" if row["outcome"] == "decided" else "+" if row["outcome"] else " "
        name = f"{row['term_id'] or ''} {row['term_name'] or ''}".strip() or row["role"]
        via = f"{row['scope'] or ''} {row['by_rule_or_synonym'] or ''}".strip()
        means = f"{name} ({row['tissue'] or row['verdict']})"
        yield _cut(f" {mark}{row['weight'] or 0:.3f}  {row['field']}: {row['matched_text']!r} -> {means} by {via}")
    yield from _listed("Decision", _decision(life))
    for row in life.overrides:
        effect = "applies" if row["is_effective"] else "is beaten by a nearer one"
        yield _cut(
            f"  override {row['override_id']} ({row['scope']} {row['target']}) {effect}: {row['curator']}, {row['date']}: {row['reason']}"
        )
    yield ""
    yield f"Facts ({len(life.facts)})"
    yield from (f"  {note}" for note in life.notes)
    for row in life.facts:
        what = " ".join(filter(None, [row["value"], row["unit"], row["ontology_term_id"]]))
        yield _cut(f"  {row['fact']}: {what}, from {row['decided_by']}: {row['matched_text']!r} by {row['rule'] or row['field']}")
    yield ""
    yield from _fate(life)


def _decision(life: Life) -> Mapping[str, Any]:
    label = life.label
    shown = {
        "tissue": label.get("tissue") or "(unlabelled)",
        "term": " ".join(filter(None, [label.get("term_id"), label.get("term_name")])),
        "decided by": label.get("decided_by"),
        "rule": label.get("rule_id") and f"{label['rule_id']}: {label.get('rule_reason') or ''}",
        "between": label.get("decided_by") == "ambiguous" and f"{label.get('best_tissue')} and {label.get('runner_up')}",
        "runner-up": label.get("runner_up") and f"{label['runner_up']} (margin {label.get('margin')})",
        "cell line": label.get("cell_line") or ("yes" if label.get("is_cell_line") else "no"),
    }
    return {name: value for name, value in shown.items() if value}


def _fate(life: Life) -> Iterator[str]:
    yield "What became of it"
    for row in life.exclusions:
        yield _cut(f"  left at step {row['step']}: {row['reason']}")
    if life.split:
        reason = f" (group: {life.split['reason']})" if life.split.get("reason") else ""
        yield f"  split: {life.split['split']}{reason}"
    if life.cap:
        yield f"  cap rank: {life.cap['cap_rank']} of {life.cap['n_in_class']} in its part and class"
    if life.matrix:
        measured = ", ".join(f"{name} {_number(value)}" for name, value in life.matrix.items() if value is not None)
        yield f"  matrix: {measured}"
    elif life.split and not life.exclusions:
        yield "  matrix: not in it"


def _listed(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield title
    for name, value in values.items():
        if value is not None and value != "":
            yield _cut(f"  {name}: {value}")


def _cut(line: str) -> str:
    line = " ".join(line.splitlines())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}... ({len(line):,} characters)"


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
