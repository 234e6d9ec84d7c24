"""The option of every command that prints a table: for a program instead of a person."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Form = Literal["json", "tsv", "parquet"]


def _use(form: Form | None) -> Form | None:
    from profiles.printing import use_format

    use_format(form)
    return form


FormatOption = Annotated[
    Form | None,
    typer.Option(
        "--format",
        callback=_use,
        help="Print tables for a program: json (a list of rows a table), tsv, or parquet (into a pipe); all other lines go to standard error.",
    ),
]
