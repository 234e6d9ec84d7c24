"""`curate review`: the texts whose decision settles most samples, and what a decision would change before it is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import CurationError
from curation.resources import ontology_folder
from profiles import aside

if TYPE_CHECKING:
    from curation.database import Connection

RULES = "rules.tsv"
# Fields in which a text speaks about this sample alone; titles and descriptions are nearly all different.
FIELDS = ("tissue", "source_name", "cell_type", "sample", "disease", "characteristics", "origin", "other", "title")
OPEN = """
SELECT words(text.text) AS phrase, any_value(text.text ORDER BY text.text) AS text, string_agg(DISTINCT text.field, ', ' ORDER BY text.field) AS fields,
    list(DISTINCT label.sample_id) AS samples, count(DISTINCT label.sample_id) FILTER (label.decided_by = 'ambiguous') AS n_ambiguous
FROM label JOIN sample_text USING (sample_id) JOIN text USING (text_id)
WHERE label.decided_by IN ('unmapped', 'ambiguous') AND NOT label.is_cell_line AND list_contains($fields, text.field)
    AND words(text.text) NOT IN (SELECT word FROM vocabulary WHERE list IN ('says_nothing', 'nothing_stated'))
GROUP BY phrase HAVING phrase <> '' AND NOT regexp_matches(phrase, '^[0-9 ]*$')
ORDER BY count(DISTINCT label.sample_id) DESC, phrase
LIMIT $most
"""
CONSIDERED = 5000  # the most frequent texts, from which the queue is chosen


class ReviewFault(CurationError):
    """A decision cannot be taken: it says nothing, or a rule of that name is there."""


@dataclass(frozen=True)
class Question:
    """One text: how many samples without a label one decision about it settles, and with those before it in the queue."""

    text: str
    fields: str
    n_samples: int
    n_settled: int
    n_ambiguous: int
    nearest: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """What a rule does to the samples that hold its words."""

    n_touched: int
    n_new: int
    n_other: int
    n_lost: int
    by_tissue: list[tuple[str, str, int]]
    gold: list[tuple[str, float, float, float, float]]  # file, precision and recall before, and after

    @property
    def lowers_precision(self) -> bool:
        """Whether a gold set is read less precisely with the rule than without."""
        return any(after < before for _, before, _, after, _ in self.gold)


def queue(con: Connection, most: int = 20) -> list[Question]:
    """The texts of unmapped and ambiguous samples, each chosen because it settles most of what those before it leave open."""
    from curation.term import find_terms

    rows = con.execute(OPEN, {"fields": list(FIELDS), "most": CONSIDERED}).fetchall()
    left = [(text, fields, set(samples), n_ambiguous) for _, text, fields, samples, n_ambiguous in rows]
    settled: set[str] = set()
    questions: list[Question] = []
    while left and len(questions) < most:
        best = max(range(len(left)), key=lambda i: len(left[i][2] - settled))
        text, fields, samples, n_ambiguous = left.pop(best)
        if not samples - settled:
            break
        n_new = len(samples - settled)
        settled |= samples
        near = tuple(f"{term.term_id} {term.name}" for term in find_terms(con, text, 3))
        questions.append(Question(text, fields, n_new, len(settled), n_ambiguous, near))
    return questions


def rule_row(
    phrase: str, term_id: str, term_name: str, kind: str, reason: str, verdict: str = "map", fields: str = "any"
) -> dict[str, str]:
    """A row of rules.tsv for a phrase. Raises ReviewFault when it says nothing."""
    if not phrase.strip() or not reason.strip() or "\t" in phrase + reason:
        raise ReviewFault("a rule needs words and a reason, both without tabs")
    slug = "-".join("".join(c if c.isalnum() else " " for c in phrase.lower()).split())
    is_map = verdict == "map"
    return {
        "rule_id": f"review-{slug}"[:80],
        "verdict": verdict,
        "match": "phrase",
        "text": phrase.strip(),
        "fields": fields,
        "kind": kind,
        "term_id": term_id if is_map else "",
        "term_name": term_name if is_map else "",
        "yes": phrase.strip(),
        "no": "",
        "reason": reason.strip(),
    }


def write_rule(row: dict[str, str], folder: Path) -> Path:
    """Add one row to rules.tsv of `folder`, sorted by id, in one step. Raises ReviewFault when the id is taken or the folder cannot be written."""
    path = folder / RULES
    lines = refuse_taken(row, path)
    names = lines[0].split("\t")
    body = sorted([*lines[1:], "\t".join(row.get(name, "") for name in names)])
    try:
        aside.write_text(path, "\n".join([lines[0], *body]) + "\n")
    except OSError as error:
        raise ReviewFault(f"{path} cannot be written: {error.strerror}; copy the ontology folder and give it with --ontology") from error
    return path


def refuse_taken(row: dict[str, str], path: Path) -> list[str]:
    """The lines of a rules.tsv. Raises ReviewFault when one of them has the id of the row, or the file is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        at = lines[0].split("\t").index("rule_id")
    except (UnicodeDecodeError, IndexError, ValueError) as error:
        raise ReviewFault(f"{path} is no table of rules ({error}); take the shipped one") from error
    if any(line.split("\t")[at : at + 1] == [row["rule_id"]] for line in lines[1:]):
        raise ReviewFault(f"{path}: a rule {row['rule_id']} is there already; edit it there")
    return lines


@contextmanager
def folder_with(row: dict[str, str], folder: Path | None) -> Iterator[Path]:
    """A copy of the ontology folder that holds one rule more; it goes when the block ends."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder or ontology_folder(), Path(scratch) / "ontology", ignore=shutil.ignore_patterns("rubrics")))
        write_rule(row, copy)
        yield copy


def try_rule(con: Connection, row: dict[str, str], folder: Path | None, gold: Sequence[Path] = ()) -> Change:
    """Label the samples that hold the words of a rule with it and compare with the build that `con` reads; score gold sets with and without it."""
    from curation.database import fetch_arrow
    from curation.score import score

    refuse_taken(row, (folder or ontology_folder()) / RULES)
    touched = fetch_arrow(
        con,
        "SELECT sample.* FROM sample WHERE sample_id IN (SELECT sample_id FROM sample_text JOIN text USING (text_id) "
        "WHERE contains(' ' || text.normalised || ' ', ' ' || words($phrase)))",
        {"phrase": row["text"]},
    )
    before = dict(con.execute("SELECT sample_id, coalesce(tissue, '') FROM label").fetchall())
    with folder_with(row, folder) as changed:
        after = _labels(touched, changed)
        scored = [(path.name, score(path, ontology=folder), score(path, ontology=changed)) for path in gold]
    pairs = [(before.get(sample, ""), tissue) for sample, tissue in after.items()]
    moved: dict[tuple[str, str], int] = {}
    for pair in pairs:
        if pair[0] != pair[1]:
            moved[pair] = moved.get(pair, 0) + 1
    measured = []
    for name, old, new in scored:
        if not old.of("primary") or not new.of("primary"):
            raise ReviewFault(
                f"{name}: nothing can be scored on it: no id of its samples means a tissue; give a table as `curate score` takes it"
            )
        one, two = old.of("primary")[0], new.of("primary")[0]
        measured.append((name, float(one["precision"]), float(one["recall"]), float(two["precision"]), float(two["recall"])))
    return Change(
        n_touched=len(pairs),
        n_new=sum(not old and bool(new) for old, new in pairs),
        n_other=sum(bool(old) and bool(new) and old != new for old, new in pairs),
        n_lost=sum(bool(old) and not new for old, new in pairs),
        by_tissue=sorted(((old, new, n) for (old, new), n in moved.items()), key=lambda item: (-item[2], item)),
        gold=measured,
    )


def _labels(samples: object, folder: Path) -> dict[str, str]:
    """Tissue by sample under another ontology folder."""
    from curation.database import connect, run_sql_file
    from curation.label import label_samples
    from curation.ontology import load_reference
    from curation.resources import sql_folder

    own = connect()
    try:
        run_sql_file(own, sql_folder() / "schema" / "sample.sql")
        own.register("arriving", samples)
        own.execute("INSERT INTO sample BY NAME FROM arriving")
        load_reference(own, folder)
        label_samples(own, every_override_applies=False)
        return dict(own.execute("SELECT sample_id, coalesce(tissue, '') FROM label").fetchall())
    finally:
        own.close()
