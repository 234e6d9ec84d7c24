"""Gene names: what each kind of identifier becomes, what is ambiguous, and what a spreadsheet did; on the shipped table and on a hand-made one."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sources_world import SHARED

from curation.excel import dates_of, symbol_dates
from curation.genes import GeneTable, GeneTableFault, NoSharedGenes, load_genes, parse_gene_names, plain_ensembl, resolve, select_genes
from curation.sources import GeneIds

HEADER = "symbol\thgnc_id\tensembl_gene_id\tentrez_id\talias_symbol\tprev_symbol\tlocus_group\tlength_bp"
ROWS = [
    "AAA1\tHGNC:1\tENSG00000000001\t11\tALPHA|SHARED\tOLD1\tprotein-coding gene\t1000",
    "BBB1\tHGNC:2\tENSG00000000002\t12\tSHARED\tOLD2|TWICE\tprotein-coding gene\t2000",
    "CCC1\tHGNC:3\tENSG00000000003\t13\tOLD1|AAA1\tTWICE\tpseudogene\t",
    "DDD1\tHGNC:4\tENSG00000000004\t14\t\tMARCH4\tnon-coding RNA\t500",
    "DDD2\tHGNC:5\tENSG00000000004\t15\t\t\tother\t500",
    "EEE1\tHGNC:6\t\t16\t\tMARCH1\tprotein-coding gene\t",
    "EEE2\tHGNC:7\t\t17\t\tMARC1\tprotein-coding gene\t",
]


@pytest.fixture
def table(tmp_path: Path) -> GeneTable:
    path = tmp_path / "genes.tsv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *ROWS]).encode()))
    return load_genes(path)


@pytest.mark.parametrize(
    ("ensembl", "symbol", "entrez", "outcome", "gene"),
    [
        ("ENSG00000000001", "", "", "ensembl", "AAA1"),
        ("ENSG00000000001.14", "BBB1", "12", "ensembl", "AAA1"),  # the id decides
        ("ENSG00000000001.14_PAR_Y", "", "", "ensembl", "AAA1"),
        ("", "AAA1", "", "symbol", "AAA1"),  # approved before an alias of another gene
        ("", "OLD1", "", "previous", "AAA1"),  # previous before an alias of another gene
        ("", "OLD2", "", "previous", "BBB1"),
        ("", "ALPHA", "", "alias", "AAA1"),
        ("", "SHARED", "", "ambiguous", None),
        ("", "TWICE", "", "ambiguous", None),
        ("", "TWICE", "13", "entrez", "CCC1"),  # the number decides where the name does not
        ("", "", "16", "entrez", "EEE1"),
        ("", "", "999", "unknown", None),
        ("", "4-Mar", "", "excel", "DDD1"),
        ("", "1-Mar", "", "ambiguous", None),
        ("", "aaa1", "", "unknown", None),  # another case is another species
        ("", "", "", "unknown", None),
        ("ENSG00000009999", "AAA1", "", "symbol", "AAA1"),  # a second locus of the same name
        ("ENSG00000009999", "ALPHA", "", "unknown", None),  # an alias does not outweigh an unknown id
        ("ENSG00000000004", "DDD2", "", "symbol", "DDD2"),  # one id, two genes: the symbol decides
        ("ENSG00000000004", "XXX", "", "ambiguous", None),
    ],
)
def test_what_becomes_of_an_identifier(table: GeneTable, ensembl: str, symbol: str, entrez: str, outcome: str, gene: str | None) -> None:
    found = resolve(GeneIds((ensembl,), (symbol,), (entrez,)), "s", table)
    (row,) = found.ledger.to_pylist()
    assert (row["outcome"], row["symbol"]) == (outcome, gene)
    assert found.gene[0] == (table.symbol.index(gene) if gene else -1)
    assert row["reason"]


def test_every_input_gene_has_one_row_in_the_ledger_and_copies_say_so(table: GeneTable) -> None:
    found = resolve(GeneIds(symbol=("AAA1", "OLD1", "none", "BBB1")), "gtex", table)
    ledger = found.ledger.to_pylist()
    assert [row["matrix_column"] for row in ledger] == [0, 1, 2, 3]
    assert {row["source"] for row in ledger} == {"gtex"}
    assert list(found.gene) == [0, 0, -1, 1]
    assert ledger[0]["reason"] == "approved symbol; summed with 1 more input gene(s) of the same name"
    assert ledger[3]["reason"] == "approved symbol"
    assert found.counts() == {"symbol": 2, "previous": 1, "unknown": 1}


def test_a_column_of_numbers_is_one_of_entrez_ids_and_no_dates(table: GeneTable) -> None:
    assert list(resolve(GeneIds(symbol=("11", "12", "43894")), "s", table).gene) == [0, 1, -1]
    mixed = resolve(GeneIds(symbol=("AAA1", "BBB1", "43894")), "s", table)  # 43894 is the 4th of March 2020
    assert mixed.ledger["outcome"].to_pylist() == ["symbol", "symbol", "excel"]


def test_shared_genes_and_union(table: GeneTable) -> None:
    maps = {"a": [resolve(GeneIds(symbol=("AAA1", "BBB1")), "a", table)], "b": [resolve(GeneIds(symbol=("CCC1", "OLD2")), "b", table)]}
    names = np.array(table.symbol)
    assert list(names[select_genes(maps, "shared", table=table)]) == ["BBB1"]
    assert list(names[select_genes(maps, "union", table=table)]) == ["AAA1", "BBB1", "CCC1"]
    assert list(names[select_genes(maps, "union", ["pseudogene"], table)]) == ["CCC1"]
    with pytest.raises(
        GeneTableFault, match="no locus group coding; its groups are non-coding RNA, other, protein-coding gene, pseudogene"
    ):
        select_genes(maps, "union", ["coding"], table)


def test_sources_without_a_gene_in_common_are_refused(table: GeneTable) -> None:
    maps = {name: [resolve(GeneIds(symbol=(symbol,)), name, table)] for name, symbol in (("a", "AAA1"), ("b", "BBB1"))}
    with pytest.raises(NoSharedGenes, match="a: 1, b: 1 genes"):
        select_genes(maps, "shared", table=table)


@pytest.mark.parametrize("text", ["symbol\twrong", HEADER + "\nAAA1\tHGNC:1"])
def test_a_damaged_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "genes.tsv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(GeneTableFault, match="must have the columns symbol, hgnc_id"):
        load_genes(path)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("ENSG00000182378.15_PAR_Y", "ENSG00000182378"),
        ("ENSGR0000182378", "ENSG00000182378"),
        ("ENSGR0000182378.10", "ENSG00000182378"),
        ("ENSG00000141510", "ENSG00000141510"),
        ("ENSMUSG00000000001", ""),
        ("ENST00000141510", ""),
        ("TP53", ""),
    ],
)
def test_plain_ensembl(given: str, plain: str) -> None:
    assert plain_ensembl(given) == plain


def test_joined_names_are_taken_apart() -> None:
    names = ["TP53 (7157)", "TP53|7157", "?|100130426", "ENSG00000141510.18|TP53", "ENSG00000182378.15_PAR_Y", "5S_rRNA", "43891"]
    ids = parse_gene_names(names)
    assert ids.symbol == ("TP53", "TP53", "", "TP53", "", "5S_rRNA", "43891")
    assert ids.entrez == ("7157", "7157", "100130426", "", "", "", "")
    assert ids.ensembl == ("", "", "", "ENSG00000141510.18", "ENSG00000182378.15_PAR_Y", "", "")


@pytest.mark.parametrize(
    ("symbol", "date"),
    [
        ("MARCH1", (3, 1)),
        ("MARC1", (3, 1)),
        ("SEPT2", (9, 2)),
        ("SEP15", (9, 15)),
        ("DEC1", (12, 1)),
        ("TP53", None),
        ("MARCH32", None),
        ("MA1", None),
    ],
)
def test_symbols_that_a_spreadsheet_reads_as_dates(symbol: str, date: tuple[int, int] | None) -> None:
    assert list(symbol_dates(symbol)) == ([date] if date else [])


@pytest.mark.parametrize(
    ("cell", "dates"),
    [
        ("1-Mar", {(3, 1)}),
        ("01-Mar", {(3, 1)}),
        ("Mar-01", {(3, 1)}),
        ("2-Sep-07", {(9, 2)}),
        ("2020-03-01", {(3, 1)}),
        ("2001-09-02 00:00:00", {(9, 2)}),
        ("9/2/2019", {(9, 2), (2, 9)}),
        ("13/9", {(9, 13)}),
        ("43891", {(3, 1)}),
        ("38596.0", {(9, 1)}),
        ("99999", set()),
        ("0-Mar", set()),
        ("30-Feb", set()),
        ("HLA-A", set()),
        ("MIR-21", set()),
        ("12.7.1a", set()),
    ],
)
def test_cells_that_are_dates(cell: str, dates: set[tuple[int, int]]) -> None:
    assert dates_of(cell) == dates


class TestShippedTable:
    """ontology/genes.tsv.gz against facts known from elsewhere."""

    def test_it_holds_every_approved_gene_once(self) -> None:
        table = load_genes()
        assert len(table) > 44_000
        assert len(set(table.symbol)) == len(set(table.hgnc_id)) == len(table)
        assert list(table.symbol) == sorted(table.symbol)
        assert table.locus_group.count("protein-coding gene") == 19_295  # HGNC's own count for the release

    @pytest.mark.parametrize(
        ("symbol", "ensembl", "entrez", "hgnc"),
        [
            ("TP53", "ENSG00000141510", "7157", "HGNC:11998"),
            ("ACTB", "ENSG00000075624", "60", "HGNC:132"),
            ("XIST", "ENSG00000229807", "7503", "HGNC:12810"),
        ],
    )
    def test_well_known_genes(self, symbol: str, ensembl: str, entrez: str, hgnc: str) -> None:
        table = load_genes()
        i = table.symbol.index(symbol)
        assert (table.ensembl_gene_id[i], table.entrez_id[i], table.hgnc_id[i]) == (ensembl, entrez, hgnc)
        assert 500 < table.length_bp[i] < 30_000

    def test_nearly_every_protein_coding_gene_has_a_length(self) -> None:
        table = load_genes()
        coding = np.array(table.locus_group) == "protein-coding gene"
        assert np.isnan(table.length_bp[coding]).mean() < 0.005

    @pytest.mark.parametrize(
        ("cell", "symbol"),
        [("2-Sep", "SEPTIN2"), ("Sep-07", "SEPTIN7"), ("4-Mar", "MARCHF4"), ("1-Dec", "DELEC1"), ("MARCH4", "MARCHF4"), ("p53", "TP53")],
    )
    def test_renamed_and_mangled_genes(self, cell: str, symbol: str) -> None:
        assert resolve(GeneIds(symbol=(cell,))).ledger["symbol"].to_pylist() == [symbol]

    @pytest.mark.parametrize("cell", ["1-Mar", "2-Mar", "03/02"])
    def test_dates_of_two_genes_are_ambiguous(self, cell: str) -> None:
        assert resolve(GeneIds(symbol=(cell,))).ledger["outcome"].to_pylist() == ["ambiguous"]

    @pytest.mark.skipif(
        not (SHARED / "ontology" / "excel_mangled.tsv").is_file(), reason=f"no list of mangled names at {SHARED} (set BULKATLAS_SHARED)"
    )
    def test_an_independent_list_of_mangled_names_agrees(self) -> None:
        lines = (SHARED / "ontology" / "excel_mangled.tsv").read_text().splitlines()[1:]
        expected = {line.split("\t")[0]: line.split("\t")[1] for line in lines}
        ledger = resolve(GeneIds(symbol=tuple(expected))).ledger.to_pylist()
        wrong = {
            row["input_symbol"]: (row["symbol"], expected[row["input_symbol"]])
            for row in ledger
            if row["symbol"] and row["symbol"] != expected[row["input_symbol"]]
        }
        assert wrong == {}
        found = sum(1 for row in ledger if row["symbol"])
        assert found >= 0.9 * sum(1 for symbol in expected.values() if symbol)
