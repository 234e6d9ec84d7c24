"""`curate query`: what words mean, which samples they find, and what is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import polars as pl
import pytest
import query_world

from curation.audit import run_query
from curation.database import DatabaseFault
from curation.matrix.compendium import open_matrix
from curation.query.answer import ask
from curation.query.counts import counts, said
from curation.query.expression import UnknownLayer
from curation.query.genes import UnknownGene, columns_of
from curation.query.output import CannotWriteAnswer
from curation.query.samples import NothingFound, select
from curation.query.terms import UnknownName


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return query_world.write(tmp_path_factory.mktemp("query") / "release")


def found(release: Path, query: str = "", **options: object) -> list[str]:
    return select(release, query, **options).samples["sample_id"].to_pylist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("tissue=brain", "S1 S2 S3"),  # the category
        ("tissue=encephalon", "S1 S2 S3"),  # a synonym of its root, with what lies below
        ("tissue=uberon:0000955", "S1 S2 S3"),
        ("tissue=cortex of cerebrum", "S2 S3"),
        ("tissue=brain|liver", "S1 S2 S3 S4"),
        ("tissue!=brain", "S4 S6"),  # S7 states none
        ("cell type=nerve cell", "S3"),
        ("source=GTEx, sex=female", "S1"),
        ("brain, gtex, female", "S1"),
        ("tissue=brain sex=female source=gtex", "S1"),
        ("tissue=brain and sex=female", "S1 S3"),
        ("study=gse2", "S3 S4"),
        ("split=test", "S3"),
        ("status=tumor", "S6"),
        ("disease=malignant tumor", "S6"),  # two steps above breast cancer
        ("disease=MONDO:0007254", "S6"),
        ("disease=healthy", "S1"),
        ("age>=50", "S1 S6"),
        ("age=1..2", "S3"),  # 18 months
        ("age<1", ""),  # weeks of gestation are no age in years
        ('tissue="brain", sex!=male', "S1 S3"),
    ],
)
def test_the_samples_that_words_mean(release: Path, query: str, ids: str) -> None:
    if not ids:
        with pytest.raises(NothingFound):
            found(release, query)
    else:
        assert found(release, query) == ids.split()


def test_exactly_a_term_is_without_what_lies_below(release: Path) -> None:
    assert found(release, "tissue=brain", exact=True) == ["S1"]
    assert found(release, "disease=breast cancer", outside=True) == ["S6", "S5"]
    assert found(release, "disease=breast cancer", outside=True, exact=True) == ["S6"]


def test_samples_outside_the_matrix_are_counted_and_shown_when_asked_for(release: Path) -> None:
    selection = select(release, "tissue=breast")
    assert (len(selection), selection.n_outside) == (1, 1)
    assert "1 more are not in the matrix (--all)" in list(said(selection))[-1]
    with pytest.raises(NothingFound, match="1 that are not do: --all"):
        select(release, "disease=luminal")


def test_an_empty_answer_says_which_condition_emptied_it(release: Path) -> None:
    with pytest.raises(
        NothingFound, match="source=gtex alone 2, sex=female alone 2, tissue=liver alone 1; all but one: 1 without tissue=liver"
    ):
        select(release, "source=gtex, sex=female, tissue=liver")
    with pytest.raises(NothingFound, match=r"alone, age>90 \(years\) is met by none"):
        select(release, "brain, age>90")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("tissue=brian", "names no tissue of this release; near it: brain"),
        ("tissue=UBERON:0000001", "was withdrawn; its successor is UBERON:0000955"),
        ("source=gtx", "near it: gtex"),
        ("disease=brest cancer", "near it: breast cancer"),
        ("sex=unknown", "near it: female, male"),
        ("cell type=brain", "names no cell type"),
        ("tissue>3", "only age can be compared"),
        ("age=old", "is no age"),
        ("tissue=", "says no value"),
        ("livr", "near it: liver"),
    ],
)
def test_what_names_nothing_is_refused_with_the_nearest(release: Path, query: str, message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        select(release, query)


def test_sql_conditions_see_the_view_and_nothing_else(release: Path, tmp_path: Path) -> None:
    assert found(release, where="age_years > 40 AND source <> 'tcga'") == ["S1"]
    assert found(release, "tissue=brain", where="sex = 'male' OR term_name = 'brain'") == ["S1", "S2"]
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for where in (f"EXISTS (FROM '{tmp_path / 'secret.csv'}')", "true); DROP TABLE sample; SELECT (true", "no_such_column = 1"):
        with pytest.raises(DatabaseFault):
            select(release, where=where)


def test_a_release_without_facts_answers_the_rest(tmp_path: Path) -> None:
    old = query_world.write(tmp_path / "old", facts=False)
    assert found(old, "tissue=brain, source=gtex") == ["S1", "S2"]
    assert found(old, where="is_tumour") == ["S6", "S7"]
    with pytest.raises(UnknownName, match="schema 1 and has no facts, so no sex"):
        select(old, "sex=female")


def test_counts_are_those_of_the_rows(release: Path) -> None:
    rows = counts(select(release).samples, ("sex", "tissue"), most=2)
    assert rows == [
        ("sex", "(not stated)", 3),
        ("sex", "female", 2),
        ("sex", "(1 more)", 1),
        ("tissue", "brain", 3),
        ("tissue", "(not stated)", 1),
        ("tissue", "(2 more)", 2),
    ]


def test_genes_are_found_by_any_of_their_names() -> None:
    symbols = ["TP53", "ALB", "SEPTIN2"]
    assert columns_of(["ENSG00000141510.5", "SEPT2", "ALB"], symbols) == [0, 2, 1]
    with pytest.raises(UnknownGene, match=r"TP54 .*near it: TP53"):
        columns_of(["TP54"], symbols)
    with pytest.raises(UnknownGene, match=r"GFAP .not in this release"):
        columns_of(["GFAP"], symbols)
    with pytest.raises(UnknownGene, match="named twice"):
        columns_of(["TP53", "ENSG00000141510"], symbols)


def test_files_hold_the_rows_of_the_matrix(tiny: Path, tmp_path: Path) -> None:
    release, x = tiny / "release", open_matrix(tiny / "release" / "compendium.h5ad")
    rows = [row for (row,) in run_query(release, "SELECT row FROM kept WHERE tissue = 'liver' ORDER BY row").rows]
    whole = anndata.read_h5ad(release / "compendium.h5ad")
    genes = list(whole.var_names[[7, 3]])
    for name, linear in (("a.h5ad", False), ("b.h5ad", True), ("c.parquet", False), ("d.tsv", True)):
        answer = ask(release, "tissue=liver", out=tmp_path / name, genes=genes, layer="cpm" if linear else "log2cpm")
        answer.write(tmp_path / name)
        wanted = np.exp2(x[np.ix_(rows, [7, 3])]) - 1 if linear else x[np.ix_(rows, [7, 3])]
        if name.endswith("h5ad"):
            data = anndata.read_h5ad(tmp_path / name)
            assert list(data.var_names) == genes and list(data.obs_names) == list(whole.obs_names[rows])
            assert np.array_equal(data.X, wanted) and data.uns["build_id"] == whole.uns["build_id"]
        else:
            frame = pl.read_parquet(tmp_path / name) if name.endswith("parquet") else pl.read_csv(tmp_path / name, separator="\t")
            assert frame["sample_id"].to_list() == list(whole.obs_names[rows])
            assert np.allclose(frame.select(genes).to_numpy(), wanted, rtol=1e-5)
    assert '"' not in (tmp_path / "d.tsv").read_text()  # `cut -f 1` gives ids
    ask(release, "tissue=liver", out=tmp_path / "all.h5ad").write(tmp_path / "all.h5ad")
    assert np.array_equal(anndata.read_h5ad(tmp_path / "all.h5ad").X, x[rows])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5ad", "all.h5ad", "b.h5ad", "c.parquet", "d.tsv"]


def test_a_release_answers_about_parts_by_its_own_closure(tiny: Path) -> None:
    cortex = run_query(tiny / "release", "SELECT sample_id FROM kept WHERE term_id <> 'UBERON:0000955' AND tissue = 'brain'").rows
    assert cortex, "the tiny world has GTEx cortex"
    assert {name for (name,) in cortex} < set(found(tiny / "release", "tissue=UBERON:0000955"))
    assert not {name for (name,) in cortex} & set(found(tiny / "release", "tissue=UBERON:0000955", exact=True))


@pytest.mark.parametrize(
    ("name", "layer", "error"), [("a.h5ad", "tpm", UnknownLayer), ("a.h5ad", "counts", UnknownLayer), ("a.xlsx", None, CannotWriteAnswer)]
)
def test_what_cannot_be_written_is_refused_first(tiny: Path, tmp_path: Path, name: str, layer: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(tiny / "release", "tissue=liver", out=tmp_path / name, layer=layer)


def test_the_command_counts_first(tiny: Path) -> None:
    code = "from curation.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "query", str(tiny / "release"), "tissue=liver", "--by", "source"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (n,) = run_query(tiny / "release", "SELECT count(*) FROM kept WHERE tissue = 'liver'").rows[0]
    assert f"{n} samples" in done.stderr and "category liver" in done.stderr
    assert sum(int(line.split("\t")[2]) for line in done.stdout.splitlines()[1:]) == n
