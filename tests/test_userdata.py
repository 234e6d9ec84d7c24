"""The reader of anyone's matrix: each layout, id and unit comes out as the same log2(TPM+1), or is refused in plain words."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import serving_world as world
from serving_world import genes, reference_genes, table_text

from modelling.predicting.cohort import Cohort, CoverageTooLow, read_cohort
from modelling.predicting.genes import GeneSpace
from profiles.errors import GeneFault, TableFault, UnitFault
from profiles.limits import LimitExceeded, Limits
from profiles.readers import tiles

SHARED = Path(os.environ.get("BULKATLAS_SHARED", Path(__file__).parents[2] / "shared" / "data"))
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of measured data (BULKATLAS_SHARED) is not here")


@pytest.fixture(scope="module")
def space() -> GeneSpace:
    mean = np.log2(world.tpm(0, 20)[0] + 1).mean(axis=0)
    return GeneSpace([g.symbol for g in genes()], [g.ensembl_gene_id for g in genes()], [g.hgnc_id for g in genes()], mean, "log2(TPM+1)")


@pytest.fixture(scope="module")
def samples() -> tuple[np.ndarray, list[str]]:
    values, names, _ = world.new_samples()
    return values, names


def read(cohort: Cohort) -> tuple[list[str], np.ndarray]:
    blocks = list(cohort)
    return [name for block in blocks for name in block.sample_ids], np.concatenate([block.x_ng for block in blocks])


def write(tmp_path: Path, text: str, name: str = "table.tsv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def gct(text: str, n_genes: int, n_samples: int) -> str:
    lines = text.splitlines()
    head, *rows = [line.split("\t", 1) for line in lines]
    return f"#1.2\n{n_genes}\t{n_samples}\nName\tDescription\t{head[1]}\n" + "\n".join(f"{a}\tsome text\t{b}" for a, b in rows) + "\n"


LAYOUTS: dict[str, Callable[[np.ndarray, list[str]], tuple[str, str, str]]] = {
    "genes in rows": lambda v, s: (table_text(v, s), "a.tsv", "utf-8"),
    "samples in rows": lambda v, s: (table_text(v, s, genes_in_rows=False), "a.tsv", "utf-8"),
    "quoted csv": lambda v, s: ("\n".join(",".join(f'"{c}"' if i == 0 or not r else c for i, c in enumerate(line.split("\t"))) for r, line in enumerate(table_text(v, s).splitlines())), "a.csv", "utf-8"),
    "no corner, as R writes": lambda v, s: (table_text(v, s).removeprefix("gene\t"), "a.txt", "utf-8"),
    "semicolons and decimal commas": lambda v, s: (table_text(v, s, separator=";").replace(".", ","), "a.csv", "utf-8"),
    "windows line ends and BOM": lambda v, s: ("\ufeff" + table_text(v, s).replace("\n", "\r\n"), "a.tsv", "utf-8"),
    "utf-16 of a spreadsheet": lambda v, s: (table_text(v, s), "a.txt", "utf-16"),
    "GCT": lambda v, s: (gct(table_text(v, s), *v.T.shape), "a.gct", "utf-8"),
    "comments first": lambda v, s: ("# made by featureCounts\n\n" + table_text(v, s), "a.tsv", "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_text_layout_gives_the_same_values(
    layout: str, samples: tuple[np.ndarray, list[str]], space: GeneSpace, tmp_path: Path
) -> None:
    values, names = samples
    text, name, encoding = LAYOUTS[layout](values, names)
    ids, x_ng = read(read_cohort(write(tmp_path, text, name, encoding), space))
    assert ids == names
    np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4)


def containers(values: np.ndarray, names: list[str], tmp_path: Path) -> dict[str, object]:
    symbols = [g.symbol for g in genes()]
    frame = pd.DataFrame(values.astype(np.float32), index=pd.Index(names, name="sample"), columns=symbols)
    frame.reset_index().to_parquet(tmp_path / "samples.parquet")
    frame.T.rename_axis("gene").reset_index().to_parquet(tmp_path / "genes.parquet")
    var = pd.DataFrame({"gene_symbol": symbols}, index=[f"row{i}" for i in range(len(symbols))])
    for name, matrix in (("dense", frame.to_numpy()), ("csr", sp.csr_matrix(frame.to_numpy())), ("csc", sp.csc_matrix(frame.to_numpy()))):
        anndata.AnnData(matrix, obs=pd.DataFrame(index=names), var=var).write_h5ad(tmp_path / f"{name}.h5ad")
    (tmp_path / "table.tsv.gz").write_bytes(gzip.compress(table_text(values, names).encode()))
    paths: dict[str, object] = {path.name: path for path in sorted(tmp_path.iterdir())}
    return paths | {"AnnData in memory": anndata.AnnData(frame.to_numpy(), obs=pd.DataFrame(index=names), var=var)}


def test_every_container_gives_the_same_values(samples: tuple[np.ndarray, list[str]], space: GeneSpace, tmp_path: Path) -> None:
    values, names = samples
    found = containers(values, names, tmp_path)
    assert len(found) == 7
    for kind, source in found.items():
        ids, x_ng = read(read_cohort(source, space))  # type: ignore[arg-type]
        assert ids == names, kind
        np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4, err_msg=kind)


IDS = {
    "Ensembl ids": lambda g: g.ensembl_gene_id,
    "Ensembl ids with version": lambda g: f"{g.ensembl_gene_id}.12",
    "Entrez ids": lambda g: g.entrez_id,
    "HGNC ids": lambda g: g.hgnc_id,
    "symbol|Entrez": lambda g: f"{g.symbol}|{g.entrez_id}",
    "Ensembl|symbol": lambda g: f"{g.ensembl_gene_id}.3|{g.symbol}",
    "lower case symbols": lambda g: g.symbol.lower(),
}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("genes_in_rows", [True, False])
def test_every_kind_of_gene_id_is_understood(
    kind: str, genes_in_rows: bool, samples: tuple[np.ndarray, list[str]], space: GeneSpace, tmp_path: Path
) -> None:
    values, names = samples
    text = table_text(values, names, [IDS[kind](g) for g in genes()], genes_in_rows=genes_in_rows)
    cohort = read_cohort(write(tmp_path, text), space)
    _, x_ng = read(cohort)
    assert cohort.report.n_matched == len(genes())
    np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4)


def lengths() -> np.ndarray:
    return np.array([g.length_bp for g in genes()])


def cpm(tpm: np.ndarray) -> np.ndarray:
    reads = tpm * lengths()
    return reads / reads.sum(axis=1, keepdims=True) * 1e6


UNITS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str, float]] = {
    "counts": (lambda t: world.counts(t), "counts", 0.2),
    "expected counts": (lambda t: np.round(cpm(t) * np.linspace(20, 30, len(t))[:, None], 2), "counts", 0.05),
    "TPM": (lambda t: t, "TPM", 1e-4),
    "FPKM": (lambda t: t * np.linspace(0.2, 0.6, len(t))[:, None], "FPKM", 1e-4),
    "CPM": (cpm, "CPM", 1e-3),
    "log2 TPM": (lambda t: np.log2(t + 1), "log2(TPM + 1)", 1e-2),
    "log2 TPM of Xena": (lambda t: np.log2(t + 0.001), "log2(TPM + 0.001)", 1e-2),
    "ln CPM, as scanpy": (lambda t: np.log1p(cpm(t) / 100), "ln(CPM / 100 + 1)", 1e-2),
    "log10 TPM": (lambda t: np.log10(t + 1), "log10(TPM + 1)", 1e-2),
    "log2 FPKM": (lambda t: np.log2(t * np.linspace(0.2, 0.6, len(t))[:, None] + 1), "log2(FPKM + 1)", 1e-2),
    "log2 counts": (lambda t: np.log2(world.counts(t) + 1), "log2(counts + 1)", 0.2),
    "tags": (lambda t: np.rint(t * 8), "tag counts", 0.15),
}


@pytest.mark.parametrize("kind", UNITS)
def test_every_unit_is_told_and_turned_into_the_same_values(
    kind: str, samples: tuple[np.ndarray, list[str]], space: GeneSpace, tmp_path: Path
) -> None:
    values, names = samples
    make, expected, tolerance = UNITS[kind]
    cohort = read_cohort(write(tmp_path, table_text(make(values), names)), space)
    _, x_ng = read(cohort)
    assert cohort.report.unit == expected
    assert cohort.report.unit_reasons
    expressed = values > 1
    np.testing.assert_allclose(x_ng[expressed], np.log2(values + 1)[expressed], atol=tolerance)


def test_a_model_of_counts_per_million_gets_lengths_back(samples: tuple[np.ndarray, list[str]], space: GeneSpace, tmp_path: Path) -> None:
    values, names = samples
    mean = np.log2(cpm(world.tpm(0, 20)[0]) + 1).mean(axis=0)
    per_million = GeneSpace(space.symbol, space.ensembl, space.hgnc, mean, "log2(CPM+1)")
    for given in (values, world.counts(values), np.log2(values + 1)):
        _, x_ng = read(read_cohort(write(tmp_path, table_text(given, names)), per_million))
        expected = cpm(values)
        np.testing.assert_allclose(x_ng[expected > 5], np.log2(expected + 1)[expected > 5], atol=0.1)


def test_values_that_contradict_the_unit_found_first_are_an_error(space: GeneSpace, tmp_path: Path) -> None:
    values = np.log2(world.tpm(3, 10)[0] + 1)
    values[-1] = world.tpm(3, 10)[0][-1]
    names = [f"s{i}" for i in range(len(values))]
    with pytest.raises(UnitFault, match=r"sample 's59'.*too high for a logarithm.*--unit"):
        read(read_cohort(write(tmp_path, table_text(values, names, genes_in_rows=False)), space))


def test_two_ids_of_one_gene_are_added_and_an_alias_never_beats_a_name(
    space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path
) -> None:
    values, names = samples
    position, gene = next((i, g) for i, g in enumerate(genes()) if any(space.find(old) == (i, "alias") for old in g.aliases))
    old = next(name for name in gene.aliases if space.find(name) == (position, "alias"))
    ids = [g.ensembl_gene_id for g in genes()]
    doubled = np.concatenate([values, values[:, :1]], axis=1)
    cohort = read_cohort(write(tmp_path, table_text(doubled, names, [*ids, f"{ids[0]}_PAR_Y"])), space, unit="tpm")
    _, x_ng = read(cohort)
    assert cohort.report.n_duplicate_ids == 1
    expected = values.copy()
    expected[:, 0] *= 2
    np.testing.assert_allclose(x_ng, np.log2(expected / expected.sum(axis=1, keepdims=True) * 1e6 + 1), atol=1e-4)
    symbols = [g.symbol for g in genes()]
    junk = np.concatenate([values, np.full((len(values), 1), 1e5)], axis=1)
    _, x_ng = read(read_cohort(write(tmp_path, table_text(junk, names, [*symbols, old])), space, unit="tpm"))
    np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4)
    renamed = [old if i == position else s for i, s in enumerate(symbols)]
    _, x_ng = read(read_cohort(write(tmp_path, table_text(values, names, renamed)), space))
    np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4)


def test_missing_genes_are_missing_not_zero_and_coverage_is_told(
    space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path
) -> None:
    values, names = samples
    keep = np.arange(world.N_GENES) < 0.7 * world.N_GENES
    symbols = [g.symbol for g in genes()]
    text = table_text(values[:, keep], names, [s for s, k in zip(symbols, keep, strict=True) if k])
    cohort = read_cohort(write(tmp_path, text), space)
    blocks = list(cohort)
    assert np.isnan(blocks[0].x_ng[:, ~keep]).all()
    assert np.isfinite(blocks[0].x_ng[:, keep]).all()
    truth = np.log2(values + 1)[:, keep]
    whole_million = np.log2(values[:, keep] / values[:, keep].sum(axis=1, keepdims=True) * 1e6 + 1)
    assert np.abs(blocks[0].x_ng[:, keep] - truth).mean() < 0.5 * np.abs(whole_million - truth).mean()
    np.testing.assert_allclose(blocks[0].coverage, 0.7)
    assert any("less than 80%" in warning for warning in cohort.report.warnings)
    with pytest.raises(CoverageTooLow, match=r"at least 90% of the model's 1,500 genes \(median 70%\)"):
        read(read_cohort(tmp_path / "table.tsv", space, min_coverage=0.9))


def test_empty_cells_and_a_sample_of_zeros_concern_their_sample_only(
    space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path
) -> None:
    values, names = (samples[0].copy(), samples[1])
    values[0, :300] = np.nan
    values[1] = 0
    cohort = read_cohort(write(tmp_path, table_text(values, names).replace("nan", "NA")), space, unit="tpm")
    block = next(iter(cohort.blocks()))
    np.testing.assert_allclose(block.coverage[:3], [0.8, 0.0, 1.0])
    list(cohort)
    assert cohort.report.n_refused == 1


def test_annotation_columns_of_counting_tools_are_left_out(space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    reads = world.counts(samples[0])
    rows = table_text(reads, samples[1], [g.ensembl_gene_id for g in genes()]).splitlines()
    text = "# Program:featureCounts v2.0.6\nGeneid\tChr\tStart\tEnd\tStrand\tLength\t" + "\t".join(samples[1]) + "\n"
    text += "".join(f"{row.split(chr(9), 1)[0]}\t1;1\t5\t90\t+\t85\t{row.split(chr(9), 1)[1]}\n" for row in rows[1:])
    text += "__no_feature\t\t\t\t\t\t" + "\t".join(["123456"] * len(samples[1])) + "\n"
    cohort = read_cohort(write(tmp_path, text), space)
    ids, x_ng = read(cohort)
    assert ids == samples[1]
    assert cohort.report.unit == "counts"
    expressed = samples[0] > 5
    np.testing.assert_allclose(x_ng[expressed], np.log2(samples[0] + 1)[expressed], atol=0.1)


def refused(space: GeneSpace, tmp_path: Path, text: str | bytes, error: type[Exception], match: str, name: str = "t.tsv") -> None:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(error, match=match):
        read(read_cohort(tmp_path / name, space))


def test_what_is_no_table_is_refused_in_plain_words(space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    values, names = samples
    good = table_text(values, names)
    line = good.splitlines()[700]
    cells = line.split("\t")
    cases: list[tuple[str | bytes, type[Exception], str]] = [
        ("", TableFault, "is empty"),
        ("<!doctype html><html><body>404</body></html>", TableFault, "is a web page"),
        (b"PK\x03\x04" + bytes(50), TableFault, "zip archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), TableFault, "HDF5"),
        (b"abc\x00\x01\x02" * 100, TableFault, "binary data"),
        ("just words\nno table at all\n", TableFault, "no tab, comma or semicolon"),
        ("gene\ts1\ts2\n", TableFault, "nothing below it"),
        (good.split("\n", 1)[1], TableFault, "add a header line"),
        (good.replace(line, "\t".join([cells[0], "lots", *cells[2:]])), TableFault, r"column 'new_0', line 701: 'lots' is no number"),
        (good.replace(line, "\t".join(cells[:-1])), TableFault, r"line 701 has 12 cells where the header has 13"),
        (good.replace(line, "\t".join([cells[0], "inf", *cells[2:]])), TableFault, "infinite"),
        (good.replace(line, "\t".join([cells[0], "-3", *cells[2:]])), UnitFault, "negative values"),
        (table_text(values, names, [f"row{i}" for i in range(world.N_GENES)]), GeneFault, "are human genes"),
        (table_text(values, names, [f"ENSMUSG{i:011d}" for i in range(world.N_GENES)]), GeneFault, "mouse genes"),
        (table_text(values[:, :30], names, [g.symbol for g in genes()[:30]]), GeneFault, "only 30 of the model's 1,500 genes"),
        (
            gct(good, world.N_GENES + 5, len(names)),
            TableFault,
            "promises 1505 genes and 12 samples, 1500 and 12 are there; is the file cut short",
        ),
        ("gene\ts1\n" + "\n".join(f"{g.symbol}\t0" for g in genes()), UnitFault, "no value but zero"),
    ]
    for text, error, match in cases:
        refused(space, tmp_path, text, error, match)
    refused(space, tmp_path, b"\x89HDF\r\n\x1a\nnonsense", TableFault, "not a readable .h5ad", "a.h5ad")
    refused(space, tmp_path, b"PAR1nonsense", TableFault, "not a readable Parquet", "a.parquet")
    refused(space, tmp_path, gzip.compress(good.encode())[:-2000], TableFault, "cut off|cut short|no number", "a.tsv.gz")
    with pytest.raises(TableFault, match="no such file"):
        read_cohort(tmp_path / "absent.tsv", space)


def test_spreadsheet_dates_and_transcripts_are_pointed_out(space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    symbols = [g.symbol for g in genes()]
    symbols[3:5] = ["1-Mar", "2-Sep"]
    symbols[7] = "ENST00000456328"
    cohort = read_cohort(write(tmp_path, table_text(samples[0], samples[1], symbols)), space)
    said = " ".join(cohort.report.warnings)
    assert "2 gene ids look like dates" in said
    assert "1 names are transcripts" in said


def test_limits_are_kept(space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    path = write(tmp_path, table_text(*samples))
    turned = write(tmp_path, table_text(*samples, genes_in_rows=False), "turned.tsv")
    for limits, file in (
        (Limits(samples=5), path),
        (Limits(samples=5), turned),
        (Limits(columns=10), path),
        (Limits(rows=100), path),
        (Limits(cells=100), path),
        (Limits(deadline=0.0), path),
    ):
        with pytest.raises(LimitExceeded):
            read(read_cohort(file, space, limits=limits))


def test_a_large_table_is_gathered_in_a_file_with_the_same_result(
    space: GeneSpace, samples: tuple[np.ndarray, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, table_text(*samples))
    _, expected = read(read_cohort(path, space))
    monkeypatch.setattr(tiles, "IN_MEMORY", 0)
    monkeypatch.setattr(tiles, "BLOCK_BYTES", 1)
    cohort = read_cohort(path, space)
    pieces = [block.x_ng for block in cohort.blocks(size=5)]
    assert [len(piece) for piece in pieces] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(pieces), expected)


def test_a_loose_name_is_taken_only_where_it_means_one_gene() -> None:
    """A second, slow implementation over all names: approved beats previous beats alias, as written before in other letters."""
    records = reference_genes()
    blank = [""] * len(records)
    whole = GeneSpace([r.symbol for r in records], blank, [r.hgnc_id for r in records], np.zeros(len(records)), "log2(TPM+1)")
    columns = [[(r.symbol,) for r in records], [r.previous for r in records], [r.aliases for r in records]]
    wanted = [
        name
        for r in records[::370]
        for name in (r.symbol, *r.previous, *r.aliases)
        if not name.isdigit() and ":" not in name and not name.startswith(("TCONS_", "XLOC_"))
    ]
    for name in wanted:
        assert {whole.find(name)[0]} == (bearers(columns, name) or {-1}), name


def bearers(columns: list[list[tuple[str, ...]]], name: str) -> set[int]:
    """The one gene that bears a name, at the first level at which any does."""
    for column in columns:
        if found := {i for i, names in enumerate(column) if name in names}:
            return found if len(found) == 1 else set()
    if name[:1].isupper() and name[1:].islower():
        return set()
    for column in columns if name in (name.upper(), name.lower()) else columns[:1]:
        if found := {i for i, names in enumerate(column) if name.upper() in [n.upper() for n in names]}:
            return found if len(found) == 1 else set()
    return set()


def test_a_shared_ensembl_id_does_not_join_two_genes() -> None:
    shared = [r for r in reference_genes() if r.ensembl_gene_id]
    seen: dict[str, str] = {}
    pair = next((r, seen[r.ensembl_gene_id]) for r in shared if seen.setdefault(r.ensembl_gene_id, r.symbol) != r.symbol)
    first = next(r for r in shared if r.symbol == pair[1])
    space = GeneSpace([first.symbol], [first.ensembl_gene_id], [first.hgnc_id], np.zeros(1), "log2(TPM+1)")
    assert space.find(pair[0].symbol) == (-1, "")
    np.testing.assert_equal(space.length_bp[0], first.length_bp)


@needs_shared
def test_measured_tables_of_three_archives_are_told_right() -> None:
    compendium = anndata.read_h5ad(SHARED / "compendia" / "rnaseqdb.h5ad", backed="r")
    symbols = [str(name) for name in compendium.var_names]
    mean = np.asarray(compendium.X[:200]).mean(axis=0).astype(float)
    blank = [""] * len(symbols)
    space = GeneSpace(symbols, blank, blank, mean, "log2(CPM+1)")
    for path, unit in (
        (SHARED / "real_input" / "gtex" / "GTEx_Analysis_v8_gene_reads.gct.gz", "counts"),
        (SHARED / "real_input" / "tcga" / "tcga_RSEM_Hugo_expected_count.tsv.gz", "log2(counts + 1)"),
        (SHARED / "compendia" / "rnaseqdb.h5ad", "log2(CPM + 1)"),
    ):
        report = read_cohort(path, space).report
        assert report.unit == unit, path.name
        assert not report.unit_doubtful
        assert report.n_matched >= 20_080
