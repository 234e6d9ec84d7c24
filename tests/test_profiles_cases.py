"""Inputs that failed once, kept beside the project: each is read as its right value says, or refused with the true reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curation.sources import open_source
from profiles.errors import BulkatlasError
from profiles.opening import open_table

CASES = Path(os.environ.get("BULKATLAS_CASES", Path(__file__).parents[2] / "shared" / "cases"))
REAL = CASES.parent / "data" / "other_laboratories"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases (BULKATLAS_CASES, or shared/cases) is not here")
EIGHT = ["Kidney", "Liver", "Lung", "Colon", "Prostate", "Thyroid", "Stomach", "Salivary_gland"]

READ = {
    "01-cbioportal-entrez-column/data_mrna_log2.txt.gz": (EIGHT, None, "Entrez_Gene_Id"),
    "04-gdc-star-counts/case.rna_seq.augmented_star_gene_counts.tsv.gz": (["case"], "tpm", "unstranded"),
    "05-cufflinks-fpkm-tracking/kidney.genes.fpkm_tracking.gz": (["kidney"], "fpkm", "FPKM_conf_lo"),
    "06-cuffdiff-two-conditions/cuffdiff.genes.fpkm_tracking.gz": (["Kidney", "Liver"], "fpkm", "Kidney_conf_lo"),
    "08-kallisto-gene-level/kidney.abundance.tsv.gz": (["kidney"], "tpm", "eff_length"),
    "10-counts-with-deseq2-results/counts_plus_deseq2.tsv.gz": (EIGHT, None, "log2FoldChange, pvalue, padj"),
    "11-blank-header-cell-and-numeric-names/numeric_names.csv.gz": ([str(i) for i in range(1, 9)], None, ""),
    "12-mostly-blank-text-column/flag.tsv.gz": (EIGHT, None, "flag"),
    "13-gct13-numeric-row-metadata/x.gct.gz": (EIGHT, None, "pr_is_lm"),
    "14-decimal-comma-first-row-whole/csv2.csv.gz": (EIGHT, None, ""),
    "16-header-behind-hash/h.tsv.gz": (EIGHT, None, ""),
    "17-depmap-ids/OmicsExpression.csv.gz": (EIGHT, None, ""),
    "21-one-bad-cell-drops-a-sample/na.tsv.gz": (EIGHT, None, ""),
    "30-star-readspergene/htseq.txt.gz": (["htseq"], None, "__no_feature"),
    "30-star-readspergene/kidney.ReadsPerGene.out.tab.gz": (["kidney"], "counts", "both strands is read"),
}
REFUSED = {
    "19-mouse-symbols/mouse.tsv.gz": "mouse genes",
    "26-duplicate-sample-names/dup.tsv.gz": "2 sample ids occur more than once, first: S1, S2",
    "26-duplicate-sample-names/dup.parquet": "1 column names occur more than once, first: S1",
    "28-refusals-that-hide-the-reason/mouse_ensembl.csv.gz": "mouse genes",
    "28-refusals-that-hide-the-reason/transcripts.tsv.gz": "transcripts, not genes.*tximport",
}
OTHERS = {
    "stomach_muscle.orig.count.txt": (58_830, ["stomach_muscle.orig"]),
    "ball_coh_htseq.orig.HTSeq": (60_616, ["ball_coh_htseq.orig"]),
    "star_unknown.orig.tab": (62_836, ["star_unknown.orig"]),
    "lcl_rsem.orig.genes.results": (25_343, ["lcl_rsem.orig"]),
    "liver_nafld.orig.txt": (49_306, [f"{word}_{i}" for word in ("HIGH", "LOW") for i in range(1, 5)]),
}


@pytest.mark.parametrize("case", READ)
def test_the_case_is_read_as_its_right_value_says(case: str) -> None:
    samples, quantity, said = READ[case]
    table = open_table(CASES / "model" / case)
    assert list(table.sample_ids) == samples
    assert table.quantity == quantity
    assert said in " ".join(table.notes)
    table.account.check()


@pytest.mark.parametrize("case", REFUSED)
def test_the_case_is_refused_with_the_true_reason(case: str) -> None:
    with pytest.raises(BulkatlasError, match=REFUSED[case]):
        open_table(CASES / "model" / case)


@pytest.mark.parametrize("name", OTHERS)
def test_files_as_tools_wrote_them(name: str) -> None:
    if not REAL.is_dir():
        pytest.skip("the folder of real tables is not here")
    table = open_table(REAL / name)
    assert (len(table.gene_names), list(table.sample_ids)) == OTHERS[name]


@pytest.mark.parametrize("name", ["lcl_kallisto.orig.abundance.tsv", "lcl_salmon.orig.quant.sf", "lcl_sailfish.orig.quant.sf"])
def test_real_transcript_tables_are_refused_with_the_way_out(name: str) -> None:
    if not REAL.is_dir():
        pytest.skip("the folder of real tables is not here")
    with pytest.raises(BulkatlasError, match=r"transcripts, not genes.*tximport"):
        open_table(REAL / name)


@pytest.mark.parametrize(
    ("case", "source", "n", "unit"),
    [
        ("01-gdc-sheet-2024-columns", "tcga", 4, "counts"),
        ("02-xena-gdc-hub", "tcga", 4, "log2_counts"),
        ("11-featurecounts-header", "table", 30, "counts"),
        ("13-star-summary-rows", "table", 30, "counts"),
        ("17-r-write-table/rownames", "table", 30, "counts"),
        ("17-r-write-table/quotedcols", "table", 30, "counts"),
        ("22-depmap-columns-dropped", "depmap", 2, "log2_tpm"),
        ("26-cpm-is-taken-as-tpm/declared", "table", 30, "cpm"),
    ],
)
def test_a_source_of_the_cases_is_opened(case: str, source: str, n: int, unit: str) -> None:
    opened = open_source(source, CASES / "curation" / case / source)
    assert sum(batch.num_rows for batch in opened.samples()) == n
    assert {matrix.unit for matrix in opened.matrices()} == {unit}


def test_what_the_other_sources_of_the_cases_say() -> None:
    folder = CASES / "curation"
    with pytest.raises(BulkatlasError, match="has no X; it holds the layer 'counts'"):
        open_source("table", folder / "14-h5ad-without-X" / "table")
    with pytest.raises(BulkatlasError, match="also holds the layer 'counts', raw: choose with --layer"):
        open_source("table", folder / "15-h5ad-counts-in-layer" / "table")
    undeclared = open_source("table", folder / "26-cpm-is-taken-as-tpm" / "undeclared" / "table")
    assert any("cpm by its values" in note and "multiples of one number" in note for note in undeclared.notes())
    assert any("TPM and CPM have the same sums" in note and "source.json: unit" in note for note in undeclared.notes())
    genes = open_source("depmap", folder / "22-depmap-columns-dropped" / "depmap").matrices()[0].genes
    assert len(genes) == 1500
