"""Tables about samples as archives and tools hand them out, missing words, columns that a person names, and random tables read back."""

from __future__ import annotations

import datetime
import io
import os
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.errors import MetadataFault, TableFault
from profiles.metadata import MISSING_WORDS, Metadata, is_missing, read_frame, read_metadata
from profiles.metadata.archives import archives

SHARED = Path(os.environ.get("BULKATLAS_SHARED", Path(__file__).resolve().parents[2] / "shared"))
CASES = SHARED / "cases"


def read(table: str, **asked: object) -> Metadata:
    return read_metadata(table.encode(), name="t", **asked)  # type: ignore[arg-type]


def first(table: str, **asked: object) -> dict[str, object]:
    """The first sample under our names, without what is null."""
    row = read(table, **asked).samples.row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


# One hand-made table of each archive or tool, in its own column names.

KINDS = {
    "GEOquery": (
        '"title"\t"geo_accession"\t"source_name_ch1"\t"characteristics_ch1"\t"characteristics_ch1.1"\t"description"\t"description.1"\t"tissue:ch1"\n'
        '"GSM1"\t"t 1"\t"GSM1"\t"patient"\t"age: 40"\t"tissue: liver"\t"one"\t"two"\t"liver"\n',
        "GEO",
        {
            "sample_id": "GSM1",
            "title": "t 1",
            "source_name": "patient",
            "characteristics": "age: 40; tissue: liver",
            "description": "one; two",
        },
    ),
    "GEOquery, keys only, names mangled by R": (
        "geo_accession,title,tissue.ch1,cell.type.ch1,organism_ch1\nGSM1,t,liver,,Homo sapiens\n",
        "GEO",
        {"sample_id": "GSM1", "title": "t", "characteristics": "tissue: liver"},
    ),
    "GEOparse": (
        ",title,geo_accession,source_name_ch1,characteristics_ch1.0.tissue,characteristics_ch1.1.age,series_id,description\n"
        'GSM1,t,GSM1,patient,liver,40,"GSE1,GSE2",\n',
        "GEO",
        {
            "sample_id": "GSM1",
            "series_id": "GSE1,GSE2",
            "title": "t",
            "source_name": "patient",
            "characteristics": "tissue: liver; age: 40",
            "description": "",
        },
    ),
    "GEOmetadb": (
        '"ID","title","gsm","series_id","source_name_ch1","characteristics_ch1"\n"1","t","GSM1","GSE1,GSE2","patient","age: 40;\ttissue: liver"\n',
        "GEOmetadb",
        {
            "sample_id": "GSM1",
            "series_id": "GSE1,GSE2",
            "title": "t",
            "source_name": "patient",
            "characteristics": "age: 40;\ttissue: liver",
        },
    ),
    "ArrayExpress SDRF, a row for each file": (
        "Source Name\tComment[ENA_SAMPLE]\tCharacteristics[organism part]\tCharacteristics[individual]\tExtract Name\tComment[ENA_RUN]\tFactorValue[disease]\n"
        "Sample 1\tERS1\tliver\tp1\tE 1\tERR1\thepatitis\nSample 1\tERS1\tliver\tp1\tE 1\tERR1\thepatitis\n",
        "ArrayExpress SDRF",
        {"sample_id": "ERR1", "donor_id": "p1", "characteristics": "organism part: liver; individual: p1; disease: hepatitis"},
    ),
    "SRA run table before 2019": (
        "BioSample_s\tMBases_l\tRun_s\tSRA_Study_s\tSRA_Sample_s\tdisease_s\tsource_name_s\nSAMN1\t33\tSRR1\tSRP1\tSRS1\tcolitis\tileum\n",
        "SRA run table",
        {"sample_id": "SRR1", "series_id": "SRP1", "source_name": "ileum", "characteristics": "disease: colitis"},
    ),
    "SRA run table": (
        "Run,Assay Type,AvgSpotLen,BioProject,BioSample,Cell_type,Center Name,DATASTORE filetype,Instrument,Sample Name,source_name,SRA Study,tissue,AGE\n"
        'SRR1,RNA-Seq,150,PRJ1,SAMN1,hepatocyte,GEO,"bam,sra",Illumina,GSM1,patient,SRP1,liver,missing\n',
        "SRA run table",
        {"sample_id": "SRR1", "series_id": "SRP1", "source_name": "patient", "characteristics": "Cell type: hepatocyte; tissue: liver"},
    ),
    "pysradb": (
        "run_accession\tstudy_accession\tstudy_title\texperiment_accession\texperiment_title\torganism_name\tsource_name\ttissue\n"
        "SRR1\tSRP1\tx\tSRX1\tGSM1: a\tHomo sapiens\tpatient\tliver\n",
        "ENA or pysradb",
        {"sample_id": "SRR1", "series_id": "SRP1", "title": "GSM1: a", "source_name": "patient", "characteristics": "tissue: liver"},
    ),
    "ENA's file report": (
        "run_accession\tsample_accession\tstudy_accession\tscientific_name\tsample_title\tsample_alias\ttissue_type\nERR1\tSAMEA1\tPRJEB1\tHomo sapiens"
        "\thealthy liver\ta1\tliver\n",
        "ENA or pysradb",
        {"sample_id": "ERR1", "series_id": "PRJEB1", "title": "healthy liver", "characteristics": "tissue type: liver"},
    ),
    "refine.bio": (
        "refinebio_accession_code\texperiment_accession\trefinebio_title\trefinebio_specimen_part\trefinebio_cell_line\trefinebio_subject\tgeo_accession\n"
        "SRR1\tSRP1\tt\tliver\tn/a\tp1\tGSM1\n",
        "refine.bio",
        {"sample_id": "SRR1", "series_id": "SRP1", "donor_id": "p1", "title": "t", "characteristics": "organism part: liver"},
    ),
    "recount3": (
        "rail_id\texternal_id\tstudy\tsra.sample_title\tsra.sample_attributes\n1\tSRR1\tSRP1\tt\tage;;50|tissue;;kidney|note;;a|b|disease;;none\n",
        "recount3",
        {"sample_id": "SRR1", "series_id": "SRP1", "title": "t", "characteristics": "age: 50; tissue: kidney; note: a|b; disease: none"},
    ),
    "recount3 of GTEx": (
        "rail_id\texternal_id\tstudy\tgtex.subjid\tgtex.smtsd\n1\tGTEX-1-2.1\tLIVER\tGTEX-1\tLiver\n",
        "recount3",
        {"sample_id": "GTEX-1-2.1", "series_id": "LIVER", "donor_id": "GTEX-1", "characteristics": "tissue: Liver"},
    ),
    "CELLxGENE": (
        ",tissue,tissue_ontology_term_id,cell_type,cell_type_ontology_term_id,donor_id,tissue_type,dataset_id\n"
        "cell1,liver,UBERON:0002107,hepatocyte,CL:0000182,d1,tissue,set1\n",
        "CELLxGENE",
        {
            "sample_id": "cell1",
            "series_id": "set1",
            "donor_id": "d1",
            "characteristics": "tissue: liver; cell type: hepatocyte",
            "tissue_term": "UBERON:0002107",
        },
    ),
    "DepMap": (
        "ModelID,PatientID,CellLineName,StrippedCellLineName,OncotreeLineage,OncotreePrimaryDisease\nACH-1,PT-1,HEP G2,HEPG2,Liver,Hepatoblastoma\n",
        "DepMap models",
        {"sample_id": "ACH-1", "donor_id": "PT-1", "characteristics": "cell line: HEP G2; organ: Liver; disease: Hepatoblastoma"},
    ),
    "GTEx attributes": (
        "SAMPID\tSMTS\tSMTSD\nGTEX-1-2\tBrain\tBrain - Cortex\n",
        "GTEx attributes",
        {"sample_id": "GTEX-1-2", "characteristics": "tissue: Brain - Cortex; organ: Brain"},
    ),
    "Xena": (
        "sample\t_primary_site\t_sample_type\nTCGA-1\tLung\tPrimary Tumor\n",
        "Xena phenotype",
        {"sample_id": "TCGA-1", "characteristics": "primary site: Lung; sample type: Primary Tumor"},
    ),
    "cBioPortal": (
        "#Patient\tSample\tCancer\n#d\td\td\n#STRING\tSTRING\tSTRING\n#1\t1\t1\nPATIENT_ID\tSAMPLE_ID\tCANCER_TYPE\nP1\tS1\tGlioma\n",
        "cBioPortal samples",
        {"sample_id": "S1", "donor_id": "P1", "characteristics": "disease: Glioma"},
    ),
    "GDC clinical": (
        "case_id\tcase_submitter_id\tproject_id\tage_at_index\tgender\tprimary_diagnosis\ttissue_or_organ_of_origin\ttreatment_type\n"
        "u1\tTCGA-AA-1\tTCGA-LUAD\t'--\tfemale\tAdenocarcinoma, NOS\tUpper lobe, lung\tRadiation\n"
        "u1\tTCGA-AA-1\tTCGA-LUAD\t'--\tfemale\tAdenocarcinoma, NOS\tUpper lobe, lung\tPharmaceutical\n",
        "GDC clinical",
        {
            "sample_id": "TCGA-AA-1",
            "donor_id": "u1",
            "characteristics": "project: TCGA-LUAD; primary site: Upper lobe, lung; disease: Adenocarcinoma, NOS; sex: female",
        },
    ),
    "GDC clinical since 2025": (
        "cases.submitter_id\tproject.project_id\tdemographic.gender\tdiagnoses.primary_diagnosis\tdiagnoses.tissue_or_organ_of_origin\n"
        "TCGA-AA-1\tTCGA-LUAD\tmale\tAdenocarcinoma, NOS\tLung, NOS\n",
        "GDC clinical since 2025",
        {
            "sample_id": "TCGA-AA-1",
            "characteristics": "project: TCGA-LUAD; primary site: Lung, NOS; disease: Adenocarcinoma, NOS; sex: male",
        },
    ),
    "GDC biospecimen": (
        "project_id\tcase_submitter_id\tsample_id\tsample_submitter_id\tsample_type\ttissue_type\nTCGA-LUAD\tTCGA-AA-1\tu7\tTCGA-AA-1-10A"
        "\tBlood Derived Normal\tNormal\n",
        "GDC biospecimen",
        {
            "sample_id": "TCGA-AA-1-10A",
            "donor_id": "TCGA-AA-1",
            "characteristics": "project: TCGA-LUAD; sample type: Blood Derived Normal; tissue type: Normal",
        },
    ),
    "TCGAbiolinks": (
        '"","barcode","patient","sample","shortLetterCode","sample_submitter_id","project_id","tissue_or_organ_of_origin"\n"B1","B1","P1","S1","TP","S1",'
        '"TCGA-BRCA","Breast, NOS"\n',
        "TCGAbiolinks",
        {"sample_id": "B1", "donor_id": "P1", "characteristics": "project: TCGA-BRCA; primary site: Breast, NOS"},
    ),
    "ENCODE metadata": (
        "File accession\tExperiment accession\tDonor(s)\tBiosample term name\tBiosample type\nENCFF000AAA\tENCSR1\t/human-donors/D1/\tK562\tcell line\n",
        "ENCODE metadata",
        {
            "sample_id": "ENCFF000AAA",
            "series_id": "ENCSR1",
            "donor_id": "/human-donors/D1/",
            "characteristics": "tissue: K562; biosample type: cell line",
        },
    ),
    "DepMap before 2022": (
        "DepMap_ID,stripped_cell_line_name,lineage,disease,sex,age\nACH-000001,NIHOVCAR3,ovary,Ovarian Cancer,Female,60\n",
        "DepMap sample_info",
        {"sample_id": "ACH-000001", "characteristics": "cell line: NIHOVCAR3; organ: ovary; disease: Ovarian Cancer; sex: Female; age: 60"},
    ),
    "GEO's names in a table": (
        "Sample_title,Geo_accession,Sample_type,Source_name\nt,GSM1,SRA,brain\n",
        "GEO",
        {"sample_id": "GSM1", "title": "t", "source_name": "brain"},
    ),
    "lists of Python": (
        "sample_id,title,characteristics\ns1,t,\"['age: 23', 'tissue: ovary']\"\n",
        "own",
        {"sample_id": "s1", "title": "t", "characteristics": "age: 23; tissue: ovary"},
    ),
    "SDRF as R writes it": (
        "Source.Name\tExtract.Name\tCharacteristics.organism.part.\tAssay.Name\ns\te\tliver\ta1\n",
        "ArrayExpress SDRF",
        {"sample_id": "a1", "characteristics": "organism part: liver"},
    ),
    "one's own": (
        "sample_id\tpatient\tGSE\ttitle\tcharacteristics\ns1\tp1\tGSE1;GSE2\tt\ttissue: liver\n",
        "own",
        {"sample_id": "s1", "series_id": "GSE1,GSE2", "donor_id": "p1", "title": "t", "characteristics": "tissue: liver"},
    ),
}


# GEO's own files, which are no tables.
FILES = {
    "GEO SOFT": (
        "^DATABASE = GeoMiame\n^SERIES = GSE1\n!Series_title = a title\n^PLATFORM = GPL1\n!Platform_title = p\n^SAMPLE = GSM1\n!Sample_title = a = b\n"
        "!Sample_source_name_ch1 = liver\n!Sample_characteristics_ch1 = age: 5\n!Sample_characteristics_ch1 = tissue: liver\n!Sample_series_id = GSE1\n"
        "!Sample_series_id = GSE2\n!sample_table_begin\nID_REF\tVALUE\n!sample_table_end\n^SAMPLE = GSM2\n!Sample_title = c\n",
        "GEO",
        {
            "sample_id": "GSM1",
            "series_id": "GSE1,GSE2",
            "title": "a = b",
            "source_name": "liver",
            "characteristics": "age: 5; tissue: liver",
        },
    ),
    "GEO series matrix": (
        '!Series_title\t"t"\n\n!Sample_title\t"one"\t"two ""x"""\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n!Sample_characteristics_ch1\t"age: 5"\t""\n'
        '!Sample_characteristics_ch1\t"tissue: liver"\t"tissue: lung"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n!series_matrix_table_end\n',
        "GEO",
        {"sample_id": "GSM1", "title": "one", "characteristics": "age: 5; tissue: liver"},
    ),
}


@pytest.mark.parametrize("kind", [*KINDS, *FILES])
def test_each_archive_is_recognised_and_read(kind: str) -> None:
    text, archive, expected = (KINDS | FILES)[kind]
    found = read(text)
    assert found.archive == archive
    if expected is not None:
        assert first(text) == expected


def test_every_archive_of_the_table_has_a_hand_made_case() -> None:
    assert set(archives()) - {"GDC sample sheet"} <= {archive for _, archive, _ in KINDS.values()}


def test_cellxgene_gives_a_term_and_says_what_is_cultured() -> None:
    text = ",tissue,tissue_ontology_term_id,tissue_type\n" + "\n".join(
        ("a,liver,UBERON:0002107,tissue", "b,HeLa,CVCL_0030,cell line", "c,gut,UBERON:0000160 (organoid),organoid", "d,x,unknown,tissue")
    )
    found = read(text + "\n").samples
    assert found["tissue_term"].to_list() == ["UBERON:0002107", None, "UBERON:0000160", None]
    assert found["is_cell_line"].to_list() == [None, True, False, None]


def test_what_was_read_as_what_is_said() -> None:
    assert read(KINDS["recount3"][0]).notes == (
        "t: read as recount3: sample_id from external_id; series_id from study; title from sra.sample_title; characteristics from"
        " sra.sample_attributes",
    )
    assert read(KINDS["one's own"][0]).notes == ("t: series_id from GSE; donor_id from patient",)
    assert "1 column is not read: tissue" in read("sample_id\ttitle\ttissue\na\tb\tliver\n").account().sentences()


# Keys


@pytest.mark.parametrize("word", sorted(MISSING_WORDS - {""}))
def test_a_missing_word_is_no_donor_and_no_series(word: str) -> None:
    row = read(f"sample_id,title,donor_id,series_id\na,{word},{word.upper()},{word}\nb,t,D1,GSE1\n").samples.row(0, named=True)
    assert (row["donor_id"], row["series_id"]) == (None, None)
    assert row["title"] == word
    assert is_missing(f" {word.title()} ")


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("GSE1", "GSE1"),
        ("GSE1,GSE2", "GSE1,GSE2"),
        ("GSE1; GSE2", "GSE1,GSE2"),
        ("GSE1|NA|GSE3", "GSE1,GSE3"),
        ("NA;NA", None),
        ("GSE1, GSE2", "GSE1, GSE2"),
    ],
)
def test_separators_of_series(series: str, expected: str | None) -> None:
    assert read(f"sample_id\ttitle\tseries_id\na\tt\t{series}\nb\tt\tx\n").samples["series_id"][0] == expected


@pytest.mark.parametrize(
    ("text", "asked", "told"),
    [
        ("sample_id\ttitle\nNA\tt\na\tu\n", {}, r"t: 1 rows have no sample_id \('NA'\), first: row 0"),
        ("sample_id\ttitle\na\tt\na\tu\n", {}, "1 values of sample_id occur more than once, first: a"),
        ("barcode\ttitle\na\tt\n", {}, "no column that is known to hold sample ids .*; name it with --id; its columns are: barcode, title"),
        ("barcode\ttitle\na\tt\n", {"id": "sample"}, "no column 'sample' to take the sample ids from; its columns are: barcode, title"),
        ("barcode\tsite\na\tt\n", {"id": "barcode", "text": ["organ"]}, "no column 'organ' to read as text"),
        ("sample_id\ttitle\n", {}, "has no rows"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, asked: dict[str, object], told: str) -> None:
    with pytest.raises(MetadataFault, match=told):
        read(text, **asked)


def test_columns_that_a_person_names() -> None:
    text = "barcode\tkind of sample\tTitle\tcharacteristics\na\tliver\tt\tx\n"
    assert first(text, id="barcode", text=["kind of sample", "title"]) == {
        "sample_id": "a",
        "title": "t",
        "characteristics": "kind of sample: liver",
    }
    assert first("a\ttitle\nr1\tx\ty\n", id="row names") == {"sample_id": "r1", "title": "y"}
    assert first("name\torgan\nr1\tliver\n", id="name", speaking=True) == {"sample_id": "r1", "characteristics": "organ: liver"}


# Containers


def test_an_obs_is_a_table_whose_index_names_the_samples(tmp_path: Path) -> None:
    obs = pd.DataFrame({"title": pd.Categorical(["x", None]), "n": [1.5, 2]}, index=["a", "b"])
    data = anndata.AnnData(np.ones((2, 1), np.float32), obs, pd.DataFrame(index=["TP53"]))
    data.write_h5ad(tmp_path / "t.h5ad")
    for table in (data, obs, tmp_path / "t.h5ad"):
        found = read_metadata(table)
        assert found.samples.rows() == [("a", "x"), ("b", None)]
        assert found.frame["n"].to_list() == ["1.5", "2.0"]


def test_parquet_is_text_as_well() -> None:
    out = io.BytesIO()
    pd.DataFrame({"title": ["x", "y"], "series_id": [["GSE1", "GSE2"], ["GSE3"]]}, index=["a", "b"]).to_parquet(out)
    assert read_metadata(out.getvalue()).samples.rows() == [("a", "GSE1,GSE2", "x"), ("b", "GSE3", "y")]


def test_a_workbook_is_read_with_its_extra(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="workbooks need the extra `excel`")
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl writes the workbook of this test")
    book = openpyxl.Workbook()
    for row in (["sample_id", "title", "day"], ["a", "liver", datetime.date(2026, 1, 31)], ["b", 3, None]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    found = read_metadata(tmp_path / "t.xlsx")
    assert found.frame.rows() == [("a", "liver", "2026-01-31"), ("b", "3", None)]
    assert "the sheet 'Sheet' is read" in found.notes[0]


def test_column_names_that_occur_twice_are_numbered_and_said() -> None:
    found = read_frame(b"sample_id\ttissue\ttissue\na\tx\ty\n", "t")
    assert found.frame.columns == ["sample_id", "tissue", "tissue.1"]
    assert found.notes == ("t: 1 column names occur more than once and were numbered: tissue",)


# Through the commands


def test_label_and_transfer_read_the_same_samples(tmp_path: Path) -> None:
    from curation.label_table import read_samples
    from modelling.studies.metadata import cohort_metadata as read_cohort
    from modelling.studies.metadata import match

    path = tmp_path / "pdata.tsv"
    path.write_text('"title"\t"tissue"\n"s1"\t"a ""b"""\t"liver"\n"s2"\t"c"\tNA\n', encoding="utf-8")
    samples, _ = read_samples(path)
    table, _ = read_cohort(path, path)
    assert samples["sample_id"].to_pylist() == table["sample_id"].to_list() == ["s1", "s2"]
    assert samples["title"].to_pylist() == table["title"].to_list() == ['a "b"', "c"]
    assert match(table, ["s1", "s2"], "tissue") == {"s1": "liver", "s2": ""}


WORDS = st.sampled_from([*sorted(MISSING_WORDS), "D1", "d2", "liver", "-1"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=6), st.sampled_from(["\t", ",", ";"]), st.booleans(), st.booleans())
def test_random_keys_come_back_and_missing_words_do_not(
    rows: list[tuple[str, str, str]], separator: str, quoted: bool, row_names: bool
) -> None:
    def line(*cells: str) -> str:
        return separator.join(f'"{cell}"' if quoted else cell for cell in cells)

    names = ["title", "donor_id", "series_id"] if row_names else ["sample_id", "title", "donor_id", "series_id"]
    text = "\n".join([line(*names), *(line(f"s{i}", *(cell or "x" for cell in row)) for i, row in enumerate(rows))]) + "\n"
    found = read(text).samples
    assert found["sample_id"].to_list() == [f"s{i}" for i in range(len(rows))]
    assert found["title"].to_list() == [row[0] or "x" for row in rows]
    for name, place in (("donor_id", 1), ("series_id", 2)):
        cells = [row[place] or "x" for row in rows]
        assert found[name].to_list() == [None if cell.lower() in MISSING_WORDS else cell.strip(",|") or None for cell in cells]


# What users brought (third-party tables, read where they are)

RIGHT = {
    "04-label-quote-swallows-row/samples.tsv": ["liver", "kidney", "spleen", "lung"],
    "04-label-quote-swallows-row/inner.tsv": ["liver", "kidney"],
    "05-label-geoquery-columns/pdata.tsv": ["liver", "kidney"],
    "25-label-tables-of-archives/SraRunTable.csv": ["liver"],
    "25-label-tables-of-archives/metadata_SRP1.tsv": ["liver"],
    "25-label-tables-of-archives/geometadb_gsm.csv": ["liver"],
    "25-label-tables-of-archives/recount3.tsv": ["kidney"],
}
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"the tables that users brought are not at {CASES} (set BULKATLAS_SHARED)")


@needs_cases
def test_the_tables_that_users_brought_are_labelled(tmp_path: Path) -> None:
    """All in one labelling, since loading the ontology is most of the cost: ids are made unique by the table."""
    from labelling import label

    from curation.label_table import read_samples

    rows, expected = [], []
    for n, (name, tissues) in enumerate(RIGHT.items()):
        samples, _ = read_samples(CASES / "curation" / name)
        rows += [{**row, "sample_id": f"{n}:{row['sample_id']}"} for row in samples.to_pylist()]
        expected += tissues
    labels = label(rows)
    assert [labels[row["sample_id"]]["tissue"] for row in rows] == expected


@needs_cases
def test_the_metadata_of_rs_write_table_and_of_a_missing_donor() -> None:
    plain = read_metadata(CASES / "curation/17-r-write-table/quotedcols/table/metadata.tsv").samples
    assert read_metadata(CASES / "curation/17-r-write-table/rownames/table/metadata.tsv").samples.equals(plain)
    donors = read_metadata(CASES / "curation/07-missing-donor-is-one-donor/table/metadata.tsv").samples["donor_id"]
    assert donors.drop_nulls().is_unique().all()
    assert donors.null_count() == 18


def test_a_column_of_accessions_names_the_samples_and_it_is_said() -> None:
    found = read("Nr,Accession,tissue\n7,SRR2150126,liver\n7,SRR2150457,lung\n", speaking=True)
    assert found.samples["sample_id"].to_list() == ["SRR2150126", "SRR2150457"]
    assert any("taken from Accession" in note for note in found.notes)
    with pytest.raises(MetadataFault, match="no column that is known"):
        read("Nr,Accession,tissue\n7,SRR2150126,liver\n8,SRR2150126,lung\n", speaking=True)


def test_rows_of_other_species_are_told() -> None:
    rows = "SRR1,SAMN1,Mus musculus\nSRR2,SAMN2,Homo sapiens\nSRR3,SAMN3,\nSRR4,SAMN4,Homo sapiens; Mus musculus\n"
    (said,) = (note for note in read("Run,BioSample,Organism\n" + rows).notes if "human" in note)
    assert "1 of 4 rows are not of human samples but Mus musculus" in said
    assert not any("human" in note for note in read("Run,BioSample,Organism\nSRR2,SAMN2,Homo sapiens\n").notes)


def test_a_series_matrix_that_is_cut_off_and_a_soft_file_without_samples_are_refused() -> None:
    with pytest.raises(MetadataFault, match=r"!Sample_title has not one cell for each of its 2 samples"):
        read('!Sample_title\t"one"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n')
    with pytest.raises(MetadataFault, match="describes no sample"):
        read("^DATABASE = Geo\n^DATASET = GDS507\n!dataset_title = x\n")


@pytest.mark.parametrize(
    ("tag", "instead"), [("MINiML", "family.soft.gz"), ("BioSampleSet", "SraRunTable.csv"), ("EXPERIMENT_PACKAGE_SET", "SraRunTable.csv")]
)
def test_records_in_xml_are_named_with_what_to_give_instead(tag: str, instead: str) -> None:
    with pytest.raises(TableFault, match=instead):
        read(f'<?xml version="1.0"?>\n<{tag} version="0.5">\n</{tag}>\n')


def test_a_title_above_the_header_and_remarks_below_are_no_samples() -> None:
    found = read("Samples of 2023,,\n,,\nSample ID,Title,Source name\nP1,a,liver\nP2,b,kidney\n,,\n* drawn twice,,\n")
    assert found.samples["sample_id"].to_list() == ["P1", "P2"]
    assert found.samples["source_name"].to_list() == ["liver", "kidney"]
    assert any("above the header" in note and "Samples of 2023" in note for note in found.notes)
    assert any("* drawn twice" in note for note in found.notes)


def test_names_of_groups_above_the_names_of_columns_are_no_header() -> None:
    found = read(",Patient,,Sample,\nSample ID,Age,Sex,Source name,Title\nP1,45,f,liver,a\nP2,,,kidney,b\n")
    assert found.samples.rows() == [("P1", "a", "liver"), ("P2", "b", "kidney")]
    plain = read(",title\nP1,sample id\n")  # row names: nothing to look for
    assert plain.samples["sample_id"].to_list() == ["P1"]
