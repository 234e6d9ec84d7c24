"""Which genes an export holds, and where every gene and sample of the sources goes; of a matrix only its gene names are looked at."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.config import BuildConfig
from curation.errors import CurationError
from curation.matrix.normalise import Normaliser, refuse_unit_mix
from curation.matrix.shards import MatrixFault, MatrixPlan, Names
from curation.source import COUNTED, PER_LENGTH, DirectMatrix, linear

if TYPE_CHECKING:
    from curation.source import Matrix, Source
    from profiles.gene_names import GeneIds
    from profiles.genes import GeneTable
    from profiles.resolve import GeneMap


class NoLengths(CurationError):
    """Counts cannot become TPM."""


@dataclass(frozen=True)
class ExportGenes:
    """The genes of the compendium, in its order."""

    symbol: tuple[str, ...]
    ensembl_gene_id: tuple[str, ...]
    hgnc_id: tuple[str, ...]
    length_bp: NDArray[np.float64]  # NaN: unknown


@dataclass(frozen=True)
class ExportPlan:
    """All of an export but the values."""

    genes: ExportGenes
    matrices: list[MatrixPlan]
    ledger: pa.Table
    notes: list[str]
    n_samples: int
    fingerprint: str  # equal for the same samples, genes, parameters and input files

    @property
    def n_genes(self) -> int:
        """Genes of the compendium."""
        return len(self.genes.symbol)


@dataclass(frozen=True)
class _Used:
    """A matrix with kept samples."""

    source: str
    matrix: Matrix
    kept_rows: NDArray[np.int64]  # positions in the kept table, in the order of `rows`
    rows: NDArray[np.int64]  # sorted matrix rows
    genes: GeneMap

    @property
    def name(self) -> str:
        return f"{self.source}/{self.matrix.file}"

    @property
    def quantity(self) -> str:
        return linear(self.matrix.unit)

    @property
    def is_divided(self) -> bool:
        """Whether its values are proportional to the length of a gene."""
        return self.quantity in PER_LENGTH


def plan_export(kept: pa.Table, sources: Mapping[str, Source], config: BuildConfig) -> ExportPlan:
    """Decide the genes and the place of every value. Raises CurationError subclasses when samples, units or genes do not fit together."""
    from profiles.genes import load_genes

    table = load_genes()
    refuse_duplicate_ids(kept)
    used = _used_matrices(kept, sources)
    refuse_unit_mix({u.name: u.quantity for u in used}, config.unit)
    index, reasons = _choose_genes(used, table, config)
    genes = ExportGenes(
        symbol=tuple(table.symbol[i] for i in index),
        ensembl_gene_id=tuple(table.ensembl_gene_id[i] for i in index),
        hgnc_id=tuple(table.hgnc_id[i] for i in index),
        length_bp=table.length_bp[index],
    )
    ids = kept["sample_id"].combine_chunks()
    return ExportPlan(
        genes=genes,
        matrices=[_matrix_plan(u, ids, index, genes, config) for u in used],
        ledger=_ledger(used, reasons),
        notes=_notes(used, reasons),
        n_samples=kept.num_rows,
        fingerprint=_fingerprint(kept, genes, sources, config),
    )


def refuse_duplicate_ids(kept: pa.Table) -> None:
    """Raise MatrixFault when a sample id occurs twice."""
    import pyarrow.compute as pc

    if pc.count_distinct(kept["sample_id"], mode="all").as_py() == kept.num_rows:
        return
    counts = pc.value_counts(kept["sample_id"])
    repeated = pc.struct_field(counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1)), "values").to_pylist()
    raise MatrixFault(
        f"{len(repeated)} sample ids occur more than once among the samples to export, first: {', '.join(map(str, repeated[:3]))}; "
        "every row of the matrix needs its own id"
    )


def _used_matrices(kept: pa.Table, sources: Mapping[str, Source]) -> list[_Used]:
    """The matrices with kept samples, sources in their order, files in theirs."""
    from profiles.resolve import resolve

    place, places = _places(kept)
    row = kept["matrix_row"].to_numpy()
    maps: dict[tuple[str, GeneIds], GeneMap] = {}  # by source too: the ledger of a map names it
    used = []
    for name, source in sources.items():
        for matrix in source.matrices():
            here = places.pop(f"{name}/{matrix.file}", None)
            if here is None:
                continue
            at = np.flatnonzero(place == here)
            at = at[np.argsort(row[at], kind="stable")]
            rows = row[at].astype(np.int64)
            _refuse_bad_rows(f"{name}/{matrix.file}", matrix, rows, kept["sample_id"].take(pa.array(at)))
            if (name, matrix.genes) not in maps:
                maps[name, matrix.genes] = resolve(matrix.genes, name)
            used.append(_Used(name, matrix, at, rows, maps[name, matrix.genes]))
    if places:
        raise MatrixFault(
            f"samples refer to {len(places)} matrices that no source has, first: {min(places)}; metadata and matrices disagree"
        )
    return used


def _places(kept: pa.Table) -> tuple[NDArray[np.int64], dict[str, int]]:
    """For each sample the number of its matrix, and the numbers of the matrices by source/file."""
    import pyarrow.compute as pc

    names = pc.binary_join_element_wise(
        kept["source"].cast(pa.string()), kept["matrix_file"].cast(pa.string()), "/", null_handling="replace"
    )
    coded = names.combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), {name: i for i, name in enumerate(coded.dictionary.to_pylist())}


def _refuse_bad_rows(name: str, matrix: Matrix, rows: NDArray[np.int64], sample_ids: pa.ChunkedArray) -> None:
    """Raise MatrixFault when the sample table and the matrix disagree about which sample stands where."""
    outside = np.flatnonzero((rows < 0) | (rows >= matrix.n_samples))
    if outside.size:
        raise MatrixFault(
            f"{name}: {outside.size} samples, first {sample_ids[int(outside[0])]}, are said to stand at row {rows[outside[0]]} and the like of a matrix "
            f"of {matrix.n_samples:,} samples; metadata and matrix disagree, fetch both again"
        )
    twice = np.flatnonzero(np.diff(rows) == 0)
    if twice.size:
        raise MatrixFault(
            f"{name}: samples {sample_ids[int(twice[0])]} and {sample_ids[int(twice[0]) + 1]} are said to stand at the same row "
            f"{rows[twice[0]]}; metadata and matrix disagree"
        )
    own = getattr(matrix, "sample_ids", None)  # of small matrices only
    wrong = [i for i, (r, name) in enumerate(zip(rows, sample_ids.to_pylist(), strict=True)) if own[r] != name] if own else []
    if wrong:
        raise MatrixFault(
            f"{name}: {len(wrong)} samples stand at rows of other samples, first: {sample_ids[wrong[0]]} at the row of "
            f"{own[rows[wrong[0]]] if own else ''}; metadata and matrix disagree"
        )


def _choose_genes(used: list[_Used], table: GeneTable, config: BuildConfig) -> tuple[NDArray[np.int64], dict[int, str]]:
    """The genes to export, in the order of their symbols, and why any other measured gene is not. Raises NoSharedGenes, NoLengths."""
    from curation.genes import select_genes

    maps: dict[str, list[GeneMap]] = {}
    for u in used:
        maps.setdefault(u.source, []).append(u.genes)
    index = select_genes(maps, config.genes, config.locus_groups, table=table)
    exported = np.zeros(len(table), bool)
    exported[index] = True
    lacking = {u.name: np.isin(np.arange(len(table)), u.genes.measured, invert=True) for u in {id(u.genes): u for u in used}.values()}
    reasons = {}
    for gene in np.flatnonzero(~np.logical_and.reduce(list(lacking.values())) & ~exported).tolist():
        names = [name for name, lacks in lacking.items() if lacks[gene]]
        lacked = f"not measured by {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        reasons[gene] = lacked if names else f"its locus group, {table.locus_group[gene]}, was not asked for"
    if config.unit == "tpm" and any(u.is_divided for u in used):
        for gene in index[np.isnan(table.length_bp[index])].tolist():
            reasons[gene] = "no length is known, and counts have to become TPM"
        index = index[np.isfinite(table.length_bp[index])]
        if index.size == 0:
            raise NoLengths("none of the genes that every source measures has a known length, so counts cannot become TPM; use --unit cpm")
    return index, reasons


def _matrix_plan(used: _Used, sample_ids: pa.Array, index: NDArray[np.int64], genes: ExportGenes, config: BuildConfig) -> MatrixPlan:
    place = np.full(int(max(index.max(), used.genes.gene.max())) + 1, -1, np.int64)
    place[index] = np.arange(index.size)
    target = np.where(used.genes.gene >= 0, place[used.genes.gene], -1)
    measured = np.zeros(index.size, bool)
    measured[target[target >= 0]] = True
    return MatrixPlan(
        name=used.name,
        matrix=used.matrix.layout if isinstance(used.matrix, DirectMatrix) else used.matrix,
        rows=used.rows,
        destination=used.kept_rows,
        sample_ids=Names(sample_ids.take(pa.array(used.kept_rows))),
        target=target,
        n_columns=index.size,
        normaliser=Normaliser(
            genes.length_bp / 1000 if config.unit == "tpm" and used.is_divided else None, measured, is_counts=used.quantity in COUNTED
        ),
    )


def _ledger(used: list[_Used], reasons: dict[int, str]) -> pa.Table:
    """One row per input gene of every distinct gene list: what became of it, whether it is exported, and why not."""
    parts = []
    for u in {id(u.genes): u for u in used}.values():
        genes = u.genes.gene.tolist()
        why_not = [None if gene >= 0 and gene not in reasons else reasons.get(gene, "no gene of HGNC") for gene in genes]
        part = u.genes.ledger.append_column("matrix_file", pa.repeat(u.matrix.file, len(genes)))
        part = part.append_column("is_exported", pa.array([reason is None for reason in why_not]))
        parts.append(part.append_column("not_exported_because", pa.array(why_not, pa.string())))
    return pa.concat_tables(parts)


def _notes(used: list[_Used], reasons: dict[int, str]) -> list[str]:
    notes = []
    for beginning, why in (
        ("no length", "no length is known for them (counts become TPM)"),
        ("not measured", "not every source measures them"),
        ("its locus group", "their locus group was not asked for"),
    ):
        if n := sum(reason.startswith(beginning) for reason in reasons.values()):
            notes.append(f"{n:,} genes were left out of the matrix because {why}")
    for quantity in sorted({u.quantity for u in used} - COUNTED):
        of = sorted({u.source for u in used if u.quantity == quantity})
        notes.append(f"{', '.join(of)}: {quantity.upper()}, re-closed over the exported genes; library sizes are unknown")
    return notes


def _fingerprint(kept: pa.Table, genes: ExportGenes, sources: Mapping[str, Source], config: BuildConfig) -> str:
    digest = hashlib.sha256()
    _update(digest, kept.select(["sample_id", "source", "matrix_file", "matrix_row"]))
    digest.update("\n".join(genes.symbol).encode())
    digest.update(repr((config.parameters(), genes.length_bp.tolist())).encode())
    for name, source in sources.items():
        for file in sorted(source.input_files()):
            status = file.stat()
            digest.update(f"{name}\t{file.name}\t{status.st_size}\t{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _update(digest: Any, table: pa.Table) -> None:
    """Add the values of a table, as Arrow writes them."""

    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, content: Any) -> int:
            digest.update(content)
            return len(content)

    whole = table.cast(
        pa.schema([(field.name, pa.int64() if pa.types.is_integer(field.type) else pa.large_string()) for field in table.schema])
    )
    with pa.ipc.new_stream(pa.PythonFile(Sink(), "w"), whole.schema) as stream:
        stream.write_table(whole.combine_chunks())
