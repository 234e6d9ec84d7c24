"""Property: a table written in any dialect, orientation, kind of id and unit gives the same samples, genes and values by both doors."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import serving_world as world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_world import genes

from curation.sources.matrices import Asked, open_matrix
from modelling.predicting.cohort import read_cohort
from modelling.predicting.genes import GeneSpace
from profiles.genes import load_genes
from profiles.resolve import resolve

TABLE = load_genes()
# Two genes of HGNC may share one Ensembl id, which then names neither.
KEPT = [i for i, gene in enumerate(genes()) if len(TABLE.by_ensembl.get(gene.ensembl_gene_id)) == 1][:250]
GENES = [genes()[i] for i in KEPT]
SYMBOLS = [gene.symbol for gene in GENES]
TPM = world.new_samples(1)[0][:, KEPT]
TPM = TPM / TPM.sum(axis=1, keepdims=True) * 1e6
SPACE = GeneSpace(SYMBOLS, [g.ensembl_gene_id for g in GENES], [g.hgnc_id for g in GENES], np.log2(TPM + 1).mean(axis=0), "log2(TPM+1)")
IDS = {
    "symbol": lambda g: g.symbol,
    "Ensembl": lambda g: g.ensembl_gene_id,
    "version": lambda g: f"{g.ensembl_gene_id}.7",
    "Entrez": lambda g: g.entrez_id,
    "joined": lambda g: f"{g.symbol}|{g.entrez_id}",
    "DepMap": lambda g: f"{g.symbol} ({g.entrez_id})",
}
UNITS = {"tpm": lambda t: t, "log2-tpm": lambda t: np.log2(t + 1), "ln-tpm": lambda t: np.log(t + 1), "fpkm": lambda t: t * 0.4}
NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N"), include_characters="_-."), min_size=3, max_size=12)


@dataclass(frozen=True)
class Dialect:
    separator: str
    end: str
    encoding: str
    quoted: bool
    comma: bool
    row_names: bool
    remarks: tuple[str, ...]
    turned: bool
    kind: str
    unit: str
    annotation: bool


DIALECTS = st.builds(
    Dialect,
    separator=st.sampled_from(["\t", ",", ";"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoted=st.booleans(),
    comma=st.booleans(),
    row_names=st.booleans(),
    remarks=st.sampled_from([(), ("# made by a tool",), ("#a", "", "! b")]),
    turned=st.booleans(),
    kind=st.sampled_from(sorted(IDS)),
    unit=st.sampled_from(sorted(UNITS)),
    annotation=st.booleans(),
)


def written(how: Dialect, names: list[str], values: np.ndarray) -> bytes:
    """(samples, genes) as text."""
    ids = [IDS[how.kind](gene) for gene in GENES]
    decimal = "," if how.comma and how.separator != "," else "."
    cells = [[f"{value:.5f}".replace(".", decimal) for value in row] for row in (values if how.turned else values.T)]
    rows, columns = (names, ids) if how.turned else (ids, list(names))
    if how.annotation and not how.turned:
        columns = ["Chr", "Start", *columns]
        cells = [["chr1", str(17 * i), *row] for i, row in enumerate(cells)]

    def cell(text: str) -> str:
        return f'"{text}"' if how.quoted else text

    head = [*([] if how.row_names else ["id"]), *columns]
    lines = [*how.remarks, how.separator.join(map(cell, head))]
    lines += [how.separator.join([cell(name), *row]) for name, row in zip(rows, cells, strict=True)]
    return (how.end.join(lines) + how.end).encode(how.encoding)


@given(how=DIALECTS, names=st.lists(NAMES, min_size=len(TPM), max_size=len(TPM), unique_by=lambda name: name.lower()))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_same_samples_genes_and_values_by_both_doors(how: Dialect, names: list[str]) -> None:
    names = [f"s_{name}" for name in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.txt"
        path.write_bytes(written(how, names, UNITS[how.unit](TPM)))
        blocks = list(read_cohort(path, SPACE, unit=how.unit))
        assert [name for block in blocks for name in block.sample_ids] == names
        np.testing.assert_allclose(np.concatenate([block.x_ng for block in blocks]), np.log2(TPM + 1), atol=2e-3)
        matrix, notes = open_matrix(path, Path(folder), Asked(unit=how.unit), known=names)
        assert list(matrix.sample_ids) == names
        found = resolve(matrix.genes).gene
        assert [TABLE.symbol[gene] for gene in found] == SYMBOLS
        linear = np.concatenate([values for _, values in matrix.blocks(np.arange(len(names)))])
        np.testing.assert_allclose(linear / (0.4 if how.unit == "fpkm" else 1), TPM, rtol=2e-3, atol=2e-4)
        if how.annotation and not how.turned:
            assert "Start" in " ".join(notes)
