"""The whole line as `make demo` runs it, and the numbers that the README prints of it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import anndata
import pytest
from files_page import PAGE, described, differences, of_group, of_release, of_run, of_table
from typer.testing import CliRunner

from curation.cli import app as curate
from modelling.cli import app as model

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
TOLERANCE = 0.03  # another CPU sums in another order, and training follows


def run(app: object, *words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> pages.Runner:
    """The commands of `make demo`, and what each printed."""
    runner = pages.Runner(tmp_path_factory.mktemp("demo"))
    for command in pages.DEMO:
        runner.execute(command)
    return runner


@pytest.fixture(scope="module")
def demo(ran: pages.Runner) -> Path:
    (ran.place / "printed.txt").write_text("".join(ran.known[command] for command in pages.DEMO[:2]))
    return ran.place / "demo"


SUMMARY = re.compile(r"[\d,]+ samples \([^)]*\), [\d,]+ genes, \d+ tissues")


@pytest.mark.slow
def test_the_readme_prints_what_the_demo_builds(demo: Path) -> None:
    """Slow: it is the README's first command, from native files to scores, and nothing else runs all of it."""
    printed = SUMMARY.findall(README)
    assert printed
    assert set(printed) == set(SUMMARY.findall((demo.parent / "printed.txt").read_text()))


TUTORIAL = (ROOT / "docs" / "tutorial" / "index.md").read_text(encoding="utf-8")
EXPLAINED = re.compile(r"^\$ curate explain (\S+) --db demo/release\n(.*?)\n```$", re.M | re.S)


@pytest.mark.slow
def test_the_tutorial_shows_one_bulk_sample_whole_and_the_readme_the_same_one(demo: Path) -> None:
    """The same build: every line that `curate explain` prints stands there, and the sample is one that a reader may take for the rule."""
    ((sample, shown),) = EXPLAINED.findall(TUTORIAL)
    assert [name for name, _ in EXPLAINED.findall(README)] == [sample]
    assert shown == run(curate, "explain", sample, "--db", demo / "release").rstrip("\n")
    life = json.loads(run(curate, "explain", sample, "--db", demo / "release", "--json"))
    assert life["sample"]["single_cell_probability"] < 0.1
    assert life["matrix"]["is_outlier"] is False
    assert life["matrix"]["fraction_zero"] < 0.1
    assert {row["tissue"] for row in life["evidence"]} > {life["label"]["tissue"]}  # a doubt that was decided


@pytest.mark.slow
@pytest.mark.parametrize(("name", "key"), [("balanced accuracy", "balanced_accuracy"), ("weighted f1", "weighted_f1"), ("r2", "r2")])
def test_the_readme_prints_the_scores_of_the_demo(demo: Path, name: str, key: str) -> None:
    metrics = json.loads((demo / "report" / "metrics.json").read_text())
    (printed,) = re.findall(rf"^\s*{name}\s+([\d.]+) \[", README, re.M)
    assert metrics[key] == pytest.approx(float(printed), abs=TOLERANCE)
    assert metrics["simulated"] is True


@pytest.mark.slow
def test_the_demo_makes_every_file_that_it_promises(demo: Path) -> None:
    for name in ("compendium.h5ad", "curation.duckdb", "labels.parquet", "evidence.parquet", "funnel.md", "report.html", "manifest.json"):
        assert (demo / "release" / name).stat().st_size > 0
    for name in ("model.safetensors", "config.json", "genes.tsv", "tissues.tsv", "scaler.tsv", "history.csv", "environment.json"):
        assert (demo / "run" / name).stat().st_size > 0
    assert "simulated" in (demo / "report" / "report.html").read_text().lower()
    assert "simulated" in (demo / "release" / "report.html").read_text().lower()


@pytest.mark.slow
def test_the_page_of_files_has_what_the_demo_wrote(demo: Path) -> None:
    """Release, run, bundle and predictions, column by column, and every file of the run and the bundle."""
    run(model, "predict", demo / "run", demo / "run" / "example.tsv", "--out", demo / "predicted.h5ad")
    run(model, "export", demo / "run", "--to", demo / "bundle", "--without-onnx")
    found = of_release(demo / "release") | of_run(demo / "run") | {"Predictions": of_group(demo / "predicted.h5ad", "obs")}
    found |= {"Judged samples": of_table(demo / "report" / "predictions.tsv")}
    assert {"labels.parquet", "obs", "reference.tsv", "history.csv"} <= set(found)
    assert differences(found, described()) == []
    written = anndata.read_h5ad(demo / "predicted.h5ad")
    assert "X_latent" in written.obsm and json.loads(written.uns["report"])
    text = PAGE.read_text(encoding="utf-8").partition("## A run")[2]
    assert [path.name for part in ("run", "bundle") for path in (demo / part).iterdir() if f"`{path.name}`" not in text] == []


PAGES = [
    page
    for page in pages.pages()
    if any(b.title or (b.language in pages.RUN and not b.why_not) for b in pages.blocks(page.read_text(encoding="utf-8")))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_runs_and_prints_what_it_shows(page: Path, ran: pages.Runner, demo: Path, tmp_path: Path) -> None:
    """In a folder as a reader has it after `make demo`; slow by the demo alone, which the README's test makes anyway."""
    runner = pages.Runner(pages.prepared(tmp_path / "reader", demo), dict(ran.known), ran.asked)
    wrong = []
    for block in pages.blocks(page.read_text(encoding="utf-8")):
        if block.title or (block.language in pages.RUN and not block.why_not):
            wrong += [f"line {block.line}: {fault}" for fault in runner.run(block)]
    written = {"Compared samples": "compared/samples.tsv", "Compared genes": "compared/genes.tsv", "Labels of a table": "labels.tsv"}
    found = {head: of_table(runner.place / name) for head, name in written.items() if (runner.place / name).exists()}
    assert differences(found, described()) == []
    assert wrong == [], "python scripts/pages.py " + str(page.relative_to(ROOT)) + " writes what is printed now"
