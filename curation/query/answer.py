"""One question to a release from its words to its file: everything is checked before the first byte is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.query.output import H5AD, CannotWriteAnswer, check_ending, write_answer
from curation.query.samples import Selection, select
from curation.query.terms import UnknownName
from curation.remote.place import Place
from profiles.nearest import near

if TYPE_CHECKING:
    from curation.query.expression import Expression


@dataclass(frozen=True)
class Answer:
    """The samples that were found, their expression where it is asked for, and the question."""

    found: Selection
    values: Expression | None
    asked: dict[str, Any]

    @property
    def shape(self) -> str:
        """How large the file is, in words."""
        genes = f" x {self.values.shape[1]:,} genes, {self.values.layer}" if self.values else ""
        return f"{len(self.found):,} samples{genes}"

    def checked(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns, all of which `samples` has. Raises UnknownName."""
        known = self.found.samples.column_names
        if missing := [name for name in columns if name not in known]:
            raise UnknownName(f"`samples` has no column {', '.join(missing)}{near(missing, known)}; its columns are {', '.join(known)}")
        return tuple(columns)

    def write(self, out: Path) -> None:
        """Write the file. Raises CannotWriteAnswer."""
        write_answer(out, self.found.samples, self.values, self.asked)


def ask(
    release: Place,
    query: str,
    *,
    where: str = "",
    exact: bool = False,
    outside: bool = False,
    out: Path | None = None,
    genes: Sequence[str] | None = None,
    layer: str | None = None,
) -> Answer:
    """Find the samples, and what is needed of their expression for `out`. Raises CurationError subclasses."""
    if out is not None:
        check_ending(out)
    needs_matrix = genes is not None or layer is not None or (out is not None and out.suffix.lower() == H5AD)
    if needs_matrix and outside:
        raise CannotWriteAnswer("samples outside the matrix have no expression here; leave out --all, or --genes and .h5ad")
    if needs_matrix and out is None:
        raise CannotWriteAnswer("--genes and --layer choose what is written; give --out FILE too")
    found = select(release, query, where=where, exact=exact, outside=outside)
    values = None
    if needs_matrix:
        import numpy as np

        from curation.query.expression import expression

        values = expression(release, np.asarray(found.samples["row"].to_numpy(), np.int64), genes, layer)
    return Answer(found, values, {"conditions": query, "where": where, "exact": exact})
