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

from curation.sources.about import read_about
from curation.sources.matrices import Asked, open_matrix
from modelling.predicting.cohort import read_cohort
from modelling.predicting.genes import GeneSpace
from modelling.studies.metadata import cohort_metadata, match
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
LENGTHS = np.array([TABLE.length_bp[TABLE.by_ensembl.get(gene.ensembl_gene_id)[0]] for gene in GENES])
READS = np.rint(np.where(np.isfinite(LENGTHS), TPM * LENGTHS, TPM * 1000) / 200)
CPM = READS / READS.sum(axis=1, keepdims=True) * 1e6
# What the table holds, and the same without the logarithm.
UNITS = {
    "tpm": (TPM, TPM),
    "log2-tpm": (np.log2(TPM + 1), TPM),
    "ln-tpm": (np.log(TPM + 1), TPM),
    "fpkm": (TPM * 0.4, TPM * 0.4),
    "counts": (READS, READS),
    "cpm": (CPM, CPM),
    "log2-cpm": (np.log2(CPM + 1), CPM),
    "log10-cpm": (np.log10(CPM + 1), CPM),
}
NOBODY = ("NA", "unknown", "-", "N/A", "not applicable", "")
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
    inner: bool  # a remark among the rows


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
    inner=st.booleans(),
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
    if how.inner:
        lines.insert(len(lines) // 2 + 1, "# a remark among the rows")
    return (how.end.join(lines) + how.end).encode(how.encoding)


def about(how: Dialect, names: list[str], donors: list[str]) -> bytes:
    """The table of the samples in the same dialect."""

    def line(cells: list[str]) -> str:
        return how.separator.join(f'"{cell}"' if how.quoted else cell for cell in cells)

    lines = [*how.remarks, line(["sample_id", "title", "donor_id", "series_id"])]
    lines += [line([name, f"liver {donor}", donor, f"GSE1|{donor}"]) for name, donor in zip(names, donors, strict=True)]
    return (how.end.join(lines) + how.end).encode(how.encoding)


def as_tpm(linear: np.ndarray, unit: str) -> np.ndarray:
    """By the lengths of the genes, closed to a million; those without a length are not there."""
    rates = linear / LENGTHS if unit.endswith(("counts", "cpm")) else linear
    return rates / np.nansum(rates, axis=1, keepdims=True) * 1e6


@given(
    how=DIALECTS,
    names=st.lists(NAMES, min_size=len(TPM), max_size=len(TPM), unique_by=lambda name: name.lower()),
    donors=st.lists(st.sampled_from((*NOBODY, "p1", "p2", "p 3")), min_size=len(TPM), max_size=len(TPM)),
)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_same_samples_genes_and_values_by_both_doors(how: Dialect, names: list[str], donors: list[str]) -> None:
    names = [f"s_{name}" for name in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.txt"
        values, truth = UNITS[how.unit]
        path.write_bytes(written(how, names, values))
        blocks = list(read_cohort(path, SPACE, unit=how.unit))
        assert [name for block in blocks for name in block.sample_ids] == names
        x = np.concatenate([block.x_ng for block in blocks])
        np.testing.assert_allclose(x, np.log2(as_tpm(truth, how.unit) + 1), atol=5e-3)
        matrix, notes = open_matrix(path, Path(folder), Asked(unit=how.unit), known=names)
        assert list(matrix.sample_ids) == names
        found = resolve(matrix.genes).gene
        assert [TABLE.symbol[gene] for gene in found] == SYMBOLS
        linear = np.concatenate([values for _, values in matrix.blocks(np.arange(len(names)))])
        np.testing.assert_allclose(linear, truth, rtol=2e-3, atol=2e-4)
        if how.annotation and not how.turned:
            assert "Start" in " ".join(notes)
        assert ("1 remark lines among the rows" in " ".join(notes)) == how.inner
        told = Path(folder) / "metadata.txt"
        told.write_bytes(about(how, names, donors))
        rows = read_about(told).rows
        assert list(rows) == names
        known = [None if donor in NOBODY else donor for donor in donors]
        assert [row["donor_id"] for row in rows.values()] == known
        assert [row["series_id"] for row in rows.values()] == ["GSE1" if donor is None else f"GSE1,{donor}" for donor in known]
        table, _ = cohort_metadata(path, told)
        assert match(table, names, "donor_id") == {name: donor or "" for name, donor in zip(names, known, strict=True)}
