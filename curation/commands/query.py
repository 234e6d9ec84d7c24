"""`curate query`: which samples of a release are what, how many, and their expression as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.commands.place import Db, of_one_word, one_place, read_place_or_catalogue, say_moved, web
from profiles.table_format import FormatOption

ReleaseOrCatalogue = Annotated[
    str | None,
    typer.Argument(
        metavar="RELEASE",
        show_default=False,
        help="Release folder, its http(s) address, or a curation.duckdb; that of a catalogue means all of its releases.",
    ),
]


def query(
    context: typer.Context,
    release: ReleaseOrCatalogue = None,
    conditions: Annotated[
        str, typer.Argument(help='Such as "tissue=brain, sex=female, source=gtex" or "brain, gtex, female"; see docs/reference/query.md.')
    ] = "",
    db: Db = None,
    where: Annotated[str, typer.Option(help='SQL condition over the view `samples`, such as "age_years > 60 AND NOT is_tumour".')] = "",
    exact: Annotated[bool, typer.Option("--exact", help="A name means its own term, and none below it.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also samples that are not in the matrix.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the samples: .h5ad (with expression), .parquet, .tsv or .csv.")] = None,
    genes: Annotated[
        str | None, typer.Option(help="Genes by symbol, alias or id, with commas, or @FILE; default: .h5ad all, others none.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(help="log2tpm (as stored), tpm, or counts if they were kept; log2cpm or cpm of a release in CPM."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Count by these columns of `samples`, with commas.")] = None,
    form: FormatOption = None,
) -> None:
    """Find samples by tissue, cell type, disease, sex, age, source, study, split or status; counts first, then a file."""
    from curation.query.across import Question, ask_all
    from curation.query.answer import ask
    from curation.query.counts import COLUMNS, COUNTED, MOST, counts, said
    from curation.query.genes import read_names
    from curation.report_table import print_table
    from profiles.sharing.catalogue import Catalogue

    release, conditions = of_one_word(context, release, db, conditions)
    place = read_place_or_catalogue(one_place(context, release, db))
    names, moved = read_names(genes) if genes else None, web()
    if isinstance(place, Catalogue):
        asked = Question(conditions, where, exact, everything)
        answer = ask_all(place, asked, moved, out=out, has_genes=names is not None or layer is not None)
    else:
        answer = ask(place, conditions, where=where, exact=exact, outside=everything, out=out, genes=names, layer=layer)
    for line in said(answer.found):
        typer.echo(line, err=True)
    named = tuple(name.strip() for name in by.split(",")) if by else COUNTED
    print_table(COLUMNS, counts(answer.found.samples, answer.checked(named), most=0 if by else MOST))
    if out is not None:
        answer.write(out)
        typer.echo(f"{out}: {answer.shape}", err=True)
    say_moved(moved if isinstance(place, Catalogue) else place)


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the command of this module."""
    app.command(rich_help_panel=panel)(query)
