"""`curate review` and `term`: a curator's queue, and the words for terms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from curation.commands.place import Db as DbText
from curation.commands.place import one_place
from profiles.table_format import FormatOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.review import Change, Question

Db = Annotated[Path | None, typer.Option(envvar="CURATE_DB", help="Release folder, or its curation.duckdb.")]
Folder = Annotated[Path | None, typer.Option("--ontology", help="Ontology folder that is meant; default: the shipped one.")]


def term(
    words: Annotated[list[str], typer.Argument(help="Words, a synonym, or an id.")],
    ontology: Folder = None,
    db: Db = None,
    form: FormatOption = None,
) -> None:
    """Find a term: UBERON and CL for tissues and cells, Mondo for diseases, HsapDv for stages of life."""
    from curation.override import open_checks
    from curation.report_table import print_table
    from curation.term import UnknownTerm, find_terms, nearest_terms

    with open_checks(ontology, db) as con:
        found = find_terms(con, " ".join(words))
        if not found:
            near = nearest_terms(con, " ".join(words))
            raise UnknownTerm(f"no name, synonym or id is like {' '.join(words)!r}; near it: {', '.join(near)}; try fewer or other words")
    met = ("the same words", "all of the words", "alike")
    print_table(["term", "name", "by", "tissue", "match"], [[t.term_id, t.name, t.synonym, t.tissue, met[t.distance]] for t in found])


def review(
    context: typer.Context,
    release: Annotated[str | None, typer.Argument(metavar="RELEASE", help="Release folder, or its curation.duckdb; or --db.")] = None,
    db: DbText = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Length of the queue.")] = 20,
    words: Annotated[str, typer.Option("--words", help="Decide about these words instead of listing the queue.")] = "",
    means: Annotated[str, typer.Option("--term", help="What they mean: an id, or the words of one term.")] = "",
    block: Annotated[bool, typer.Option("--block", help="They mean nothing.")] = False,
    kind: Annotated[
        Literal["anatomy", "cell", "mobile", "culture", "disease", "adjective"], typer.Option(help="What sort of word it is (weights.tsv).")
    ] = "anatomy",
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    gold: Annotated[list[Path] | None, typer.Option(help="Curated set to score with and without the rule; may be repeated.")] = None,
    ontology: Folder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write the rule although it lowers the precision on a gold set.")] = False,
    form: FormatOption = None,
) -> None:
    """List the texts whose decision settles most samples; or decide about words, see what would change, and write the rule."""
    from curation.audit import database_of
    from curation.database import reading, tables_of
    from curation.facts import refuse_without_facts
    from curation.resources import ontology_folder
    from curation.review import ReviewFault, queue, rule_row, try_rule, write_rule
    from curation.term import find_terms, one_term

    place = Path(one_place(context, release, db))
    with reading(database_of(place)) as con:
        refuse_without_facts(tables_of(con), place)
        if not words:
            _show(queue(con, most))
            return
        if bool(means) == block:
            raise ReviewFault("say either --term with what the words mean, or --block")
        term_id = one_term(con, means) if means else ""
        name = find_terms(con, term_id)[0].name if term_id else ""
        row = rule_row(words, term_id, name, kind, reason, "block" if block else "map")
        change = try_rule(con, row, ontology, gold or ())
    _say(change)
    if dry_run:
        typer.echo("dry run: nothing was written")
        return
    if change.lowers_precision and not force:
        raise ReviewFault("the rule lowers the precision on a gold set; make it narrower, or write it with --force")
    typer.echo(f"{write_rule(row, ontology or ontology_folder())}: rule {row['rule_id']} was added; build again to apply")


def _show(questions: Sequence[Question]) -> None:
    """The queue as a table."""
    from curation.report_table import print_table, say

    print_table(
        ["settles", "in all", "ambiguous", "field", "text", "nearest terms"],
        [[q.n_samples, q.n_settled, q.n_ambiguous, q.fields, q.text[:60], "; ".join(q.nearest)] for q in questions],
    )
    say(f"{len(questions)} decisions settle {questions[-1].n_settled if questions else 0:,} samples; decide with --words and --term")


def _say(change: Change) -> None:
    """What a rule would change, by tissue and on the gold sets."""
    from curation.report_table import print_table, say

    print_table(["now", "then", "samples"], [[old or "(none)", new or "(none)", n] for old, new, n in change.by_tissue])
    say(
        f"{change.n_touched:,} samples hold the words: {change.n_new:,} get a label, {change.n_other:,} another one, {change.n_lost:,} lose theirs"
    )
    for file, precision, recall, precision_then, recall_then in change.gold:
        told = "PRECISION FALLS" if precision_then < precision else "precision holds"
        say(f"{file}: precision {precision:.4f} -> {precision_then:.4f}, recall {recall:.4f} -> {recall_then:.4f}: {told}")


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (review, term):
        app.command(rich_help_panel=panel)(command)
