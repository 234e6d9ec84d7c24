"""`curate override add|import|check|list`: parses, calls, prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from profiles.table_format import FormatOption

if TYPE_CHECKING:
    from curation.override import Override

app = typer.Typer(no_args_is_help=True, help="A person's decisions about samples, with name, date and reason.")

Folder = Annotated[Path | None, typer.Option("--ontology", help="Ontology folder whose overrides.tsv is meant; default: the shipped one.")]
Db = Annotated[
    Path | None, typer.Option(envvar="CURATE_DB", help="A build to check against: its ontology, its samples, what would change.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")]


@app.command()
def add(
    target: Annotated[str, typer.Argument(help="Sample id, series id, or an exact text.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    term: Annotated[str, typer.Option(help="What it is: an id, or the words of one term, such as liver.")] = "",
    unlabel: Annotated[bool, typer.Option("--unlabel", help="Take the label away.")] = False,
    scope: Annotated[Literal["sample", "series", "text"], typer.Option(help="What TARGET is.")] = "sample",
    fact: Annotated[str, typer.Option(help="Decide about this fact (sex, disease, tissue_status, ...) instead of the label.")] = "",
    value: Annotated[str, typer.Option(help="What the fact is; a disease or stage may be given by --term alone.")] = "",
    cell_line: Annotated[bool | None, typer.Option(help="Say that it is, or is not, a cell line.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Day of the decision; default: today.")] = None,
    ontology: Folder = None,
    db: Db = None,
    dry_run: DryRun = False,
) -> None:
    """Decide about one sample, series or text."""
    from curation.override import Override, OverrideFault, next_id

    if not fact and bool(term) == unlabel:
        raise OverrideFault("say either --term with what it is, or --unlabel to take the label away")
    term = _term_id(term, ontology, db)
    said = "" if cell_line is None else str(cell_line).lower()

    def new(known: list[Override]) -> list[Override]:
        identifier = next_id(row.override_id for row in known)
        return [Override(identifier, scope, target, term, said, by, day or date.today().isoformat(), reason, fact, value)]

    _take(new, ontology, db, dry_run)


def _term_id(term: str, ontology: Path | None, db: Path | None) -> str:
    """The id that `term` is, or that its words mean."""
    from curation.override import open_checks
    from curation.term import ID, one_term

    if not term or ID.fullmatch(term):
        return term
    with open_checks(ontology, db) as con:
        return one_term(con, term)


@app.command("import")
def import_(
    table: Annotated[Path, typer.Argument(help="TSV, CSV or .xlsx with the columns of overrides.tsv; override_id may be missing.")],
    ontology: Folder = None,
    db: Db = None,
    dry_run: DryRun = False,
) -> None:
    """Take over the decisions of a table: all of them or none."""
    from curation.override import read_import

    _take(lambda known: read_import(table, known), ontology, db, dry_run)


@app.command()
def check(ontology: Folder = None, db: Db = None, form: FormatOption = None) -> None:
    """Check every decision: its form, its term, and with --db its samples."""
    from curation.override import read_overrides
    from curation.report_table import say

    rows = read_overrides(ontology)
    n_changed = _check(rows, rows, ontology, db)
    say(f"{len(rows)} overrides are sound" + ("" if n_changed is None else f"; {n_changed} samples of the build would change"))


@app.command("list")
def list_(ontology: Folder = None, form: FormatOption = None) -> None:
    """List all decisions."""
    from curation.override import COLUMNS, read_overrides
    from curation.report_table import print_table

    print_table(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in read_overrides(ontology)])


def _take(make: Callable[[list[Override]], list[Override]], ontology: Path | None, db: Path | None, dry_run: bool) -> None:
    """Add what `make` says in view of the rows that are there; between reading and writing nobody else writes."""
    from curation.override import editing, read_overrides, write_overrides

    if dry_run:
        known = read_overrides(ontology)
        new = make(known)
        _check([*known, *new], new, ontology, db)
        typer.echo(f"dry run: {len(new)} overrides are sound, nothing was written")
        return
    with editing(ontology) as known:
        new = make(known)
        _check([*known, *new], new, ontology, db)
        path = write_overrides([*known, *new], ontology)
    typer.echo(
        f"{path}: {len(new)} added ({', '.join(row.override_id for row in new[:5])}), {len(known) + len(new)} in all; build again to apply"
    )


def _check(rows: list[Override], shown: list[Override], ontology: Path | None, db: Path | None) -> int | None:
    """Raise OverrideFault for what cannot be; print what `shown` would change in the build, and return how many samples."""
    from curation.override import check_form, check_terms, open_checks
    from curation.override_effects import effects
    from curation.report_table import print_table, say

    check_form(rows)
    with open_checks(ontology, db) as con:
        check_terms(con, shown)
        if db is None:
            return None
        touched = effects(con, shown)
    changed = [effect for effect in touched if effect.changes]
    columns = ["override", "sample", "tissue now", "term now", "decided by", "tissue then", "term then"]
    if changed:
        print_table(columns, [list(vars(effect).values()) for effect in changed])
    say(f"{len(touched)} samples touched, {len(changed)} of them change")
    return len(changed)
