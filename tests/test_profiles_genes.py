"""Gene names: what each kind of identifier becomes, what is ambiguous, and what a spreadsheet did; on the shipped table and on a hand-made one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from handmade_genes import HEADER, ROWS
from sources_world import SHARED

from profiles.dates import dates_of, symbol_dates
from profiles.gene_names import GeneIds, parse_gene_names, plain_ensembl
from profiles.genes import GeneTable, GeneTableFault, gene_share, load_genes
from profiles.resolve import resolve
from profiles.species import species, summary_rows


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
        ("", "aaa1", "", "symbol", "AAA1"),  # all in small letters: the table was turned to them
        ("", "Aaa1", "", "unknown", None),  # the case of mouse and rat: another gene
        ("", "HGNC:3", "", "hgnc", "CCC1"),
        ("", "LOC14", "", "entrez", "DDD1"),
        ("", "BBB1", "11", "entrez", "AAA1"),  # a number is never given anew, a symbol is
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


def test_an_alias_and_other_letters_give_way_to_the_name_itself(table: GeneTable) -> None:
    found = resolve(GeneIds(symbol=("AAA1", "ALPHA", "Bbb1", "BBB1", "bBB1")), "s", table)
    assert list(found.gene) == [0, -1, -1, 1, -1]
    assert found.reasons[1] == "alias symbol of AAA1, which another gene of this matrix names by its present name"
    assert list(resolve(GeneIds(symbol=("ALPHA", "bBB1", "CCC1")), "s", table).gene) == [0, 1, 2]


def test_a_column_of_numbers_is_one_of_entrez_ids_and_no_dates(table: GeneTable) -> None:
    assert list(resolve(GeneIds(symbol=("11", "12", "43894")), "s", table).gene) == [0, 1, -1]
    mixed = resolve(GeneIds(symbol=("AAA1", "BBB1", "43894")), "s", table)  # 43894 is the 4th of March 2020
    assert mixed.ledger["outcome"].to_pylist() == ["symbol", "symbol", "excel"]


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
    ("name", "ensembl", "symbol", "entrez"),
    [
        ("TP53_ENSG00000141510.16", "ENSG00000141510.16", "TP53", ""),
        ("ENSG00000141510.16_TP53", "ENSG00000141510.16", "TP53", ""),
        ("TP53;ENSG00000141510", "ENSG00000141510", "TP53", ""),
        ("TP53 (ENSG00000141510)", "ENSG00000141510", "TP53", ""),
        ("CD99_ENSG00000002586.18_PAR_Y", "ENSG00000002586.18_PAR_Y", "CD99", ""),
        ("ENSG00000141510.18|TP53|protein_coding", "ENSG00000141510.18", "TP53", ""),
        ("gene:ENSG00000141510", "ENSG00000141510", "", ""),
        ("gene-TP53", "", "TP53", ""),
        ("GRCh38_TP53", "", "TP53", ""),
        ("TP53..7157.", "", "TP53", "7157"),  # DepMap through R
        ("TP53_7157", "", "TP53", "7157"),
        ("TP53:7157", "", "TP53", "7157"),
        ("APOBEC3A_B", "", "APOBEC3A_B", ""),
        ("C4B_2", "", "C4B_2", ""),
        ("Em:AC068896.4", "", "Em:AC068896.4", ""),
        ("TP53 /// TP63", "", "TP53 /// TP63", ""),  # two genes: none of them alone
        ("2020-03-01 00:00:00", "", "2020-03-01 00:00:00", ""),
        ("chr1:100-200", "", "chr1:100-200", ""),
        ("HGNC:11998", "", "HGNC:11998", ""),
        ('"TP53"', "", "TP53", ""),
        ("", "", "", ""),
    ],
)
def test_each_joined_form(name: str, ensembl: str, symbol: str, entrez: str) -> None:
    ids = parse_gene_names([name, "ENSG00000000001|AAA1|11"])  # the second keeps every kind
    assert (ids.ensembl[0], ids.symbol[0], ids.entrez[0]) == (ensembl, symbol, entrez)


def test_no_symbol_of_the_shipped_table_is_taken_apart() -> None:
    symbols = load_genes().symbol
    assert parse_gene_names(symbols).symbol == symbols


class TestCase:
    def test_a_table_all_upper_or_all_lower_is_read(self) -> None:
        wanted = ["TP53", "C1orf112", "HLA-A", "p53"]
        for form in (str.upper, str.lower):
            ledger = resolve(GeneIds(symbol=tuple(map(form, wanted[:3]))))
            assert [load_genes().symbol[i] for i in ledger.gene] == ["TP53", "FIRRM", "HLA-A"]
        assert resolve(GeneIds(symbol=("P53", "ACTB"))).outcomes == ("alias", "symbol")

    def test_mouse_genes_beside_human_ones_are_no_human_genes(self) -> None:
        assert resolve(GeneIds(symbol=("TP53", "Trp53", "Actb", "ACTB"))).outcomes == ("symbol", "unknown", "unknown", "symbol")

    def test_names_that_r_made_of_columns(self) -> None:
        found = resolve(GeneIds(symbol=("HLA.A", "NKX2.1", "AC004791.2")))
        assert [load_genes().symbol[i] if i >= 0 else None for i in found.gene] == ["HLA-A", "NKX2-1", None]

    def test_loci_that_cufflinks_numbers_in_each_run_are_no_aliases(self) -> None:
        assert any("XLOC_000303" in cell for cell in load_genes().alias_cell)
        assert resolve(GeneIds(symbol=("XLOC_000303", "TP53"))).outcomes == ("unknown", "symbol")


MOUSE = ["Tspan6", "Gnai3", "Trp53", "1700001C02Rik", "Gm1992", "Hba-a1", "Actb"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (MOUSE, "these are mouse genes"),
        ([*MOUSE, "RGD1306746", "AABR07000398.1"], "these are rat genes"),
        (["ENSMUSG00000000001.4", "ENSMUSG00000000003"], "these are mouse genes"),
        (["ENSRNOG00000000001", "ENSRNOG00000000007"], "these are rat genes"),
        (["ENSDARG00000000001"], "these are zebrafish genes"),
        (["ENST00000456328.2", "ENST00000450305.2|ENSG00000223972.5|DDX11L1"], "these are transcripts, not genes .* tximport"),
        (["NM_000546.6", "NR_024540"], "these are transcripts"),
        (["1007_s_at", "1053_at", "7157_at"], "these are probes of a microarray"),
        (["TP53", "ACTB", "ENST00000456328"], None),
        (["tp53", "actb"], None),
        (["Liver", "Kidney"], None),
        ([], None),
    ],
)
def test_what_is_said_of_names(names: list[str], said: str | None) -> None:
    found = species(names).refusal
    assert found is None if said is None else found is not None and re.search(said, found)


def test_a_xenograft_is_read_for_its_human_half_and_the_mouse_is_told() -> None:
    found = species(["TP53", "ACTB", "GAPDH", "EGFR", "Trp53", "Actb", "Gapdh"])
    assert found.refusal is None
    assert found.other == {"mouse": 2}  # Trp53 is no gene's name in other letters
    assert found.notes == [f"{found.other['mouse']} names are those of mouse genes (such as Actb): left out"]


def test_rows_that_count_no_gene() -> None:
    names = ["N_unmapped", "TP53", "__no_feature", "ERCC-00002", "NAT2", "alignment_not_unique", "TOR1A", "AMBP", "NOTCH1"]
    assert [names[i] for i in summary_rows(names)] == ["N_unmapped", "__no_feature", "ERCC-00002", "alignment_not_unique"]


@pytest.mark.parametrize(
    ("names", "low", "high"),
    [
        (["TP53", "ACTB", "ENSG00000000003.15"], 1.0, 1.0),
        (["TP53 (7157)", "ACTB (60)"], 1.0, 1.0),
        (["", "", "", "TP53"], 0.25, 0.25),  # the empty string is no gene
        ([str(i) for i in range(5000)], 0.0, 0.0),  # row numbers
        ([str(i) for i in range(1, 9)], 0.0, 0.0),
        (["7157", "60", "672", "1956"], 1.0, 1.0),
        (["0", "0", "0", "7", "0", "12", "9", "0"], 0.0, 0.4),  # a column of counts
        (["S1", "S2", "T1", "P2"], 0.0, 0.0),  # aliases of genes, names of samples
        (MOUSE, 0.0, 0.2),
        ([], 0.0, 0.0),
    ],
)
def test_the_share_of_human_genes_among_names(names: list[str], low: float, high: float) -> None:
    assert low <= gene_share(names) <= high


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
