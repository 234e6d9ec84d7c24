"""What a build says is odd, and what `--dry-run` foretells, against the tables of a real build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from curation.audit import run_query
from curation.build import RunOptions
from curation.config import BuildConfig
from curation.database import connect
from curation.dry_run import forecast
from curation.odd import oddities, of_release
from curation.progress import Progress


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Path:
    shutil.copy(tiny / "release" / "curation.duckdb", tmp_path / "curation.duckdb")
    return tmp_path / "curation.duckdb"


FAULTS = {
    "DELETE FROM kept WHERE split = 'test'": "there are no test samples: bring more studies",
    "UPDATE quality SET is_outlier = sample_id = 'GTEX-1000-1226-SM-ABCD0'": "1 of .* samples of gtex are outliers",
    "DELETE FROM kept WHERE source = 'gtex'": "none of the 24 samples of gtex is in the matrix",
    "UPDATE gene_ledger SET outcome = 'unknown' WHERE source = 'gtex'": "100% of the genes of gtex have no name",
    "UPDATE candidate SET tissue = ''": "100% of the .* candidate samples of archs4 have no tissue",
    "INSERT INTO missing_class VALUES ('liver', 'test', 1, 'planted')": "classes have no sample in some part .*liver",
}


@pytest.mark.parametrize(("fault", "said"), FAULTS.items())
def test_a_planted_oddity_is_said_with_what_to_do(copied: Path, fault: str, said: str) -> None:
    import re

    con = connect(copied)
    before = oddities(con)
    con.execute(fault)
    after = oddities(con)
    con.close()
    assert not [line for line in before if re.search(said, line)]
    assert [line for line in after if re.search(said, line)], after


def test_a_dry_run_foretells_the_build_and_writes_nothing(tiny: Path) -> None:
    before = sorted(path.name for path in tiny.iterdir())
    config, options = BuildConfig(cap=10, unit="cpm"), RunOptions(threads=1, ontology=tiny / "ontology")
    found = forecast(tiny / "world", tiny / "elsewhere", config, options, Progress())
    assert sorted(path.name for path in tiny.iterdir()) == before
    assert [tuple(row.values()) for row in found.funnel] == run_query(tiny / "release", "SELECT * FROM funnel ORDER BY step").rows
    ((n_samples,),) = run_query(tiny / "release", "SELECT count(*) FROM kept").rows
    assert found.n_samples == n_samples and found.n_bytes > 4 * n_samples * found.n_genes
    taken = forecast(tiny / "world", tiny / "release", config, options, Progress())
    assert "exists: choose another --out" in taken.odd[0]


def test_advice_names_the_release_so_that_it_can_be_typed() -> None:
    said = of_release('2 samples are odd: ask `curate audit genes_by_fate`; then `curate sql "FROM quality"`', Path("my/release"))
    assert said == '2 samples are odd: ask `curate audit genes_by_fate --db my/release`; then `curate sql "FROM quality" --db my/release`'
    assert of_release("bring more studies", Path("r")) == "bring more studies"
