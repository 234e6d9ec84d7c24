"""`curate demo`: native layouts, the same bytes for a seed, known biology, text as messy as real text, and the truth beside it."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from curation.demo import DemoFault, write_demo
from curation.demo.anatomy import cell_lines, gtex_tissues, tcga_studies, tissues
from curation.demo.genes import DemoGeneFault, choose_genes, markers

N_SAMPLES, N_GENES = 1500, 2000


@dataclass(frozen=True)
class Demo:
    """The written world, read back with h5py, gzip, csv and polars alone."""

    folder: Path
    truth: dict[str, dict[str, str]]
    log2_cpm: dict[str, np.ndarray]  # sample id -> (g,)
    symbols: list[str]

    def samples(self, **wanted: str) -> list[dict[str, str]]:
        return [row for row in self.truth.values() if all(row[key] == value for key, value in wanted.items())]

    def mean(self, rows: list[dict[str, str]], gene: str) -> float:
        column = self.symbols.index(gene)
        return float(np.mean([self.log2_cpm[row["sample_id"]][column] for row in rows]))


def read_truth(folder: Path) -> dict[str, dict[str, str]]:
    with (folder.with_name(f"{folder.name}-truth") / "samples.tsv").open(newline="") as handle:
        return {row["sample_id"]: row for row in csv.DictReader(handle, delimiter="\t")}


def gtex_counts(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "gtex" / "GTEx_simulated_gene_reads.gct.gz", separator="\t", skip_rows=2)


def tcga_values(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "tcga" / "tcga_simulated_RSEM_Hugo_expected_count.tsv.gz", separator="\t")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "world"
    write_demo(folder, N_SAMPLES, N_GENES, seed=42)
    counts: dict[str, np.ndarray] = {}
    with h5py.File(folder / "archs4" / "human_gene_v2.6_simulated.h5") as file:
        symbols = list(file["meta/genes/symbol"].asstr()[:])
        counts |= dict(zip(file["meta/samples/geo_accession"].asstr()[:], file["data/expression"][:].T.astype(float), strict=True))
    gtex, tcga = gtex_counts(folder), tcga_values(folder)
    counts |= {name: gtex[name].to_numpy().astype(float) for name in gtex.columns[2:]}
    counts |= {name: 2 ** tcga[name].to_numpy() - 1 for name in tcga.columns[1:]}
    log2_cpm = {name: np.log2(1e6 * values / values.sum() + 1) for name, values in counts.items()}
    return Demo(folder, read_truth(folder), log2_cpm, symbols)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        write_demo(tmp_path / name, 300, 1500, seed=seed)
    first, second, other = (digests(tmp_path / name) for name in ("first", "second", "other"))
    assert first == second
    assert digests(tmp_path / "first-truth") == digests(tmp_path / "second-truth")
    matrices = [name for name in first if name.endswith((".h5", ".gct.gz", "count.tsv.gz", "Logp1_simulated.csv"))]
    assert len(matrices) == 4
    assert all(first[name] != other[name] for name in matrices)


def test_every_data_file_says_that_it_is_simulated(demo: Demo) -> None:
    assert sorted(path.name for path in demo.folder.iterdir()) == ["README.txt", "archs4", "depmap", "gtex", "tcga"]
    assert all("simulated" in path.name for path in demo.folder.glob("*/*"))
    assert "SIMULATED" in (demo.folder / "README.txt").read_text()
    with h5py.File(next((demo.folder / "archs4").iterdir())) as file:
        assert file.attrs["simulated"]
        assert "simulated" in file["meta/info/author"].asstr()[()]


def test_archs4_has_the_layout_of_the_archive(demo: Demo) -> None:
    with h5py.File(demo.folder / "archs4" / "human_gene_v2.6_simulated.h5") as file:
        data, fields = file["data/expression"], file["meta/samples"]
        accession = list(fields["geo_accession"].asstr()[:])
        assert (data.dtype, data.chunks, data.compression, data.shape) == (np.uint32, (2000, 1), "gzip", (N_GENES, len(accession)))
        assert len(fields) == 30  # the 29 of v2.5, and the read count of v2.6
        assert fields["singlecellprobability"].dtype == np.float64
        assert accession == sorted(accession)
        assert accession != sorted(accession, key=lambda name: int(name[3:]))  # strings, as the archive sorts them
        assert list(fields["sample"].asstr()[:]) == accession
        series = list(fields["series_id"].asstr()[:])
        text = " ".join(fields["characteristics_ch1"].asstr()[:])
    shared = [names.split(",") for names in series if "," in names]
    assert shared
    members = defaultdict(set)
    for own, joint in shared:
        members[joint].add(own)
    assert {len(own) for own in members.values()} == {2}  # each super-series joins two
    assert "Î¼" in text
    assert "dexamethasone, 100 nM" in text  # an unescaped comma inside a value


def test_gct_and_phenotype_tables_have_their_native_columns(demo: Demo) -> None:
    lines = gzip.decompress((demo.folder / "gtex" / "GTEx_simulated_gene_reads.gct.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "#1.2"
    assert lines[1].split("\t") == [str(len(lines) - 3), str(lines[2].count("\t") - 1)]
    assert lines[2].startswith("Name\tDescription\tGTEX-SIM01-")
    attributes = pl.read_csv(demo.folder / "gtex" / "GTEx_simulated_SampleAttributesDS.txt", separator="\t")
    assert attributes["SAMPID"].to_list() == lines[2].split("\t")[2:]
    assert set(attributes["SMTSD"]) <= {site.smtsd for site in gtex_tissues()}
    phenotype = pl.read_csv(demo.folder / "tcga" / "TcgaTargetGTEX_simulated_phenotype.txt.gz", separator="\t")
    matrix = tcga_values(demo.folder)
    assert len(set(matrix.columns[1:]) - set(phenotype["sample"])) == 5
    assert set(phenotype["sample"]) < set(matrix.columns[1:])
    assert set(phenotype["primary disease or tissue"]) <= {study.disease for study in tcga_studies()}
    genes = set(matrix["sample"])
    assert 0 < len(genes - set(demo.symbols)) < 0.02 * N_GENES  # a few earlier symbols, as in Xena


def test_depmap_sums_to_a_million_and_names_symbol_and_entrez(demo: Demo) -> None:
    expression = pl.read_csv(demo.folder / "depmap" / "OmicsExpressionProteinCodingGenesTPMLogp1_simulated.csv")
    models = pl.read_csv(demo.folder / "depmap" / "Model_simulated.csv")
    assert expression[:, 0].to_list() == models["ModelID"].to_list()
    assert [name.split(" (")[0] for name in expression.columns[1:]] == demo.symbols
    assert all(name.endswith(")") and name.split(" (")[1][:-1].isdigit() for name in expression.columns[1:])
    np.testing.assert_allclose((2 ** expression[:, 1:].to_numpy() - 1).sum(axis=1), 1e6, rtol=1e-4)


@pytest.mark.parametrize(
    ("tissue", "gene"),
    [("liver", "ALB"), ("heart", "MYH7"), ("brain", "SLC17A7"), ("skin", "KRT10"), ("pancreas", "PRSS1"), ("testis", "PRM1"), ("thyroid", "TG"),
     ("kidney", "UMOD"), ("lung", "SFTPC"), ("prostate", "KLK3"), ("muscle", "ACTA1"), ("placenta", "CSH1"), ("stem_cell", "POU5F1"),
     ("adrenal_gland", "CYP11B1"), ("pituitary", "GH1"), ("eye", "RHO"), ("stomach", "GKN1"), ("adipose", "ADIPOQ"), ("nerve", "MPZ"), ("salivary_gland", "STATH"), ("thymus", "RAG1")],
)  # fmt: skip
def test_markers_are_high_where_they_should_be(demo: Demo, tissue: str, gene: str) -> None:
    bulk = [row for row in demo.samples(kind="tissue", is_tumour="false") if row["sample_id"] in demo.log2_cpm]
    by_tissue = defaultdict(list)
    for row in bulk:
        by_tissue[row["true_tissue"]].append(row)
    means = {name: demo.mean(rows, gene) for name, rows in by_tissue.items()}
    assert max(means, key=lambda name: means[name]) == tissue
    assert means[tissue] > np.median(list(means.values())) + 3


def test_sex_shows_in_the_genes_of_x_and_y(demo: Demo) -> None:
    for row in demo.samples(kind="tissue", source="gtex"):
        x, y = (demo.log2_cpm[row["sample_id"]][demo.symbols.index(gene)] for gene in ("XIST", "DDX3Y"))
        assert (x > y) == (row["sex"] == "Female")


def test_single_cells_are_sparse_and_mostly_recognised(demo: Demo) -> None:
    with h5py.File(demo.folder / "archs4" / "human_gene_v2.6_simulated.h5") as file:
        probability = dict(zip(file["meta/samples/geo_accession"].asstr()[:], file["meta/samples/singlecellprobability"][:], strict=True))
    cells = [row["sample_id"] for row in demo.samples(kind="single cell")]
    bulk = [row["sample_id"] for row in demo.samples(source="archs4") if row["kind"] != "single cell"]
    zeros = {name: float(np.mean(demo.log2_cpm[name] == 0)) for name in cells + bulk}
    assert np.median([zeros[name] for name in cells]) > 0.3 > 3 * np.median([zeros[name] for name in bulk])
    seen = np.mean([probability[name] >= 0.5 for name in cells])
    assert 0.85 < seen < 1
    assert all(probability[name] < 0.5 for name in bulk)
    assert min(probability.values()) < 0  # the archive's regression falls below zero


def test_groups_are_real_ones(demo: Demo) -> None:
    tissues_of_donor = defaultdict(set)
    for row in demo.samples(source="gtex"):
        tissues_of_donor[row["donor_id"]].add(row["stated_tissue"])
    assert np.median([len(names) for names in tissues_of_donor.values()]) >= 6
    conditions = defaultdict(set)
    for row in demo.samples(source="tcga"):
        conditions[row["donor_id"]].add(row["is_tumour"])
    assert sum(len(values) == 2 for values in conditions.values()) >= 20  # tumour and normal of one patient


def test_every_tissue_is_there_in_the_imbalance_of_the_archives(demo: Demo) -> None:
    counts = Counter(row["stated_tissue"] for row in demo.samples(kind="tissue") if row["stated_tissue"])
    assert set(counts) == set(tissues())
    ranked = [name for name, _ in counts.most_common()]
    assert set(ranked[:2]) == {"brain", "blood"}
    assert counts[ranked[0]] > 8 * counts[ranked[-1]]
    series = defaultdict(set)
    for row in demo.samples(kind="tissue", source="archs4"):
        series[row["stated_tissue"]].add(row["series_id"])
    assert min(len(names) for tissue, names in series.items() if tissue) >= 3  # so that train, validation and test can each hold one


def test_planted_wrong_labels_are_listed_and_no_others_are_wrong(demo: Demo) -> None:
    wrong = demo.samples(has_planted_wrong_label="true")
    stated = [row for row in demo.truth.values() if row["stated_tissue"]]
    assert {row["sample_id"] for row in wrong} == {
        row["sample_id"] for row in stated if row["kind"] == "tissue" and row["true_tissue"] != row["stated_tissue"]
    }
    assert 0.01 < len(wrong) / len(stated) < 0.03
    listed = pl.read_csv(demo.folder.with_name("world-truth") / "planted_wrong_labels.tsv", separator="\t")
    assert set(listed["sample_id"]) == {row["sample_id"] for row in wrong}


def test_text_names_what_the_truth_states_and_hides_what_it_does_not(demo: Demo) -> None:
    with h5py.File(demo.folder / "archs4" / "human_gene_v2.6_simulated.h5") as file:
        fields = [file[f"meta/samples/{name}"].asstr()[:] for name in ("title", "source_name_ch1", "characteristics_ch1")]
        accession = file["meta/samples/geo_accession"].asstr()[:]
    text = {name: " ".join(parts) for name, *parts in zip(accession, *fields, strict=True)}
    spellings = {line.cell_line: line.spellings for line in cell_lines()}
    for row in demo.samples(source="archs4"):
        written = text[row["sample_id"]].lower().replace("_", " ").replace("-", " ")
        phrases = tissues()[row["stated_tissue"] or row["true_tissue"]]
        words = [phrase.lower().replace("_", " ").replace("-", " ") for phrase in phrases.phrases + phrases.tumours]
        if row["cell_line"]:
            assert any(spelling.lower().replace("_", " ").replace("-", " ") in written for spelling in spellings[row["cell_line"]])
        elif row["stated_tissue"]:
            assert any(word in written for word in words)
        else:
            assert not any(word in written for word in words if len(word) > 3)
    assert any(value == "" for value in fields[1])  # empty source names
    assert any("no blood transfusion" in value or "T24" in value or "heart attack" in value for value in fields[2])  # words that mislead


def test_too_few_or_too_many_genes_or_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoGeneFault, match="others must stand beside them"):
        choose_genes(len(markers()), 42)
    with pytest.raises(DemoGeneFault, match="too many"):
        choose_genes(1_000_000, 42)
    with pytest.raises(DemoFault, match="too few"):
        write_demo(tmp_path / "small", 10)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_one_red_line_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "world").mkdir()
    with pytest.raises(DemoFault, match="world exists already"):
        write_demo(tmp_path / "world", 300)

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("curation.demo.write.write_depmap", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_demo(tmp_path / "other", 300, 1500)
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    from curation.cli import app

    result = CliRunner().invoke(app, ["demo", str(tmp_path / "world"), "--samples", "300", "--genes", "1500", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "simulated, 300 samples" in result.stdout
    assert "curate build --input" in result.stdout
    assert len(read_truth(tmp_path / "world")) == 300
