"""The options that say how a user's matrix is read; the same for every command that reads one."""

from typing import Annotated

import typer

UnitOption = Annotated[str, typer.Option(help="auto, counts, tpm, fpkm, cpm, log2-tpm, log2-counts, ... where the values alone mislead")]
LayoutOption = Annotated[str, typer.Option(help="auto, genes (in rows) or samples (in rows)")]
LayerOption = Annotated[str | None, typer.Option(help="of an .h5ad: a layer, raw or X")]
SamplesOption = Annotated[list[str] | None, typer.Option(help="columns that are samples, by name or pattern; repeatable")]
AnnotationOption = Annotated[list[str] | None, typer.Option(help="columns that are no samples, by name or pattern; repeatable")]
