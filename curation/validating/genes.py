"""Questions of the genes of a compendium: their names and lengths, the ledger of the database, and where X may hold nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from curation.matrix.compendium import open_matrix
from curation.release import sha256
from curation.validating.compendium import Compendium
from curation.validating.finding import first
from profiles.genes import load_genes
from profiles.resources import gene_table_path

ROWS_AT_ONCE = 512


def names(data: Compendium, manifest: Mapping[str, Any]) -> tuple[bool, str]:
    """Ensembl and HGNC ids and lengths are those of the gene table, in the order of its symbols."""
    path = gene_table_path()
    said = {row["sha256"] for row in manifest["inputs"] if (row["source"], row["file"]) == ("ontology", path.name)}
    if said != {sha256(path)}:
        return True, f"not compared: {path.name} here is another than the build's"
    table, var = load_genes(), data.var
    place = {symbol: i for i, symbol in enumerate(table.symbol)}
    unknown = [f"{symbol} is no symbol" for symbol in var.index if symbol not in place]
    if unknown:
        return False, f"{len(var):,} genes, {len(unknown)} wrong{first(unknown)}"
    at = [place[symbol] for symbol in var.index]
    wrong = [] if at == sorted(at) else ["their order"]
    for name, column in (("ensembl_gene_id", table.ensembl_gene_id), ("hgnc_id", table.hgnc_id)):
        wrong += [f"{name} of {symbol}" for symbol, i, said_id in zip(var.index, at, var[name], strict=True) if column[i] != said_id]
    same = np.isclose(var["length_bp"].to_numpy(float), table.length_bp[at], rtol=0, atol=0, equal_nan=True)
    wrong += [f"length_bp of {symbol}" for symbol in var.index[~same]]
    return not wrong, f"{len(var):,} genes, {len(wrong)} wrong{first(wrong)}"


def ledger(data: Compendium, kept: pa.Table, entries: pa.Table) -> tuple[bool, str]:
    """The genes that the ledger exports are those of var; X holds nothing (NaN) exactly where a sample's matrix lacks a gene."""
    rows = entries.select(["source", "matrix_file", "symbol", "is_exported"]).to_pylist()
    measured: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["is_exported"]:
            measured[row["source"], row["matrix_file"]].add(row["symbol"])
    symbols = list(data.var.index)
    strange = sorted(set(symbols) ^ set().union(*measured.values()))
    if strange:
        return False, f"{len(strange)} genes are in one of var and ledger only{first(strange)}"
    wrong = _holes(data, kept, [np.isin(symbols, list(genes)) for genes in measured.values()], list(measured))
    return (
        not wrong,
        f"{len(symbols):,} genes, {len(rows):,} entries, {len(wrong):,} samples with values where none was measured, or none{first(wrong)}",
    )


def _holes(data: Compendium, kept: pa.Table, patterns: list[Any], owners: list[tuple[str, str]]) -> list[str]:
    """Samples whose measured genes are those of no entry of their source; matrices that name the same genes share one entry."""
    x = open_matrix(data.path)
    ids, sources = kept["sample_id"].to_pylist(), kept["source"].to_pylist()
    of_source: dict[str, set[bytes]] = defaultdict(set)
    for pattern, (source, _) in zip(patterns, owners, strict=True):
        of_source[source].add(np.packbits(pattern).tobytes())
    wrong = []
    for start in range(0, x.shape[0], ROWS_AT_ONCE):
        held = np.packbits(~np.isnan(x[start : start + ROWS_AT_ONCE]), axis=1)
        wrong += [ids[start + i] for i, row in enumerate(held) if row.tobytes() not in of_source[sources[start + i]]]
    return wrong
