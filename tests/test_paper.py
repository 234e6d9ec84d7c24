"""`model paper`: every step once, never twice, and a page in which no published number is made up."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
from evaluation_world import N_GENES, frame, write
from typer.testing import CliRunner

from modelling.bundle.model import load
from modelling.cli import app
from modelling.commands import paper as command
from modelling.commands.paper import OtherPaper
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.errors import TrainingError
from modelling.figures import canvas
from modelling.figures.calls import pieces
from modelling.figures.canvas import FigureFolder
from modelling.figures.methods import scale_curve
from modelling.reports.paper import UNKNOWN, published
from modelling.reports.paper_words import FIGURES, WHY
from modelling.scores.reconstruction import sample_errors
from modelling.studies.beside import NotBeside, check_beside, standard_of
from modelling.studies.held_out import read_held_out
from modelling.studies.paper import Effort, NoCohort, across_field, cap_that_bites, source_to_hold_out, write_held_out
from modelling.training import history
from modelling.training.train import train
from profiles.genes import load_genes

STEPS = ("denoising", "standard", "evaluation", "baselines", "held-out", "transfer", "scale", "ablation")


@pytest.fixture(scope="module")
def compendium(tmp_path_factory):
    x, obs = frame()
    rows = np.ones(len(obs), bool)
    rows[np.flatnonzero((obs["tissue"] == "brain") & (obs["split"] == "train"))[:12]] = False
    path = write(tmp_path_factory.mktemp("paper") / "compendium.h5ad", x[rows], obs[rows], human_genes())
    with Compendium.open(path) as opened:
        yield opened


def human_genes() -> list[str]:
    """Approved symbols: the cohort is read like anyone's table, by the names of its genes."""
    table = load_genes()
    named = zip(table.symbol, table.ensembl_gene_id, table.length_bp, strict=True)
    return [symbol for symbol, ensembl, length in named if ensembl and length == length][:N_GENES]


@pytest.fixture(scope="module")
def made(compendium, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "paper"
    patch = pytest.MonkeyPatch()
    patch.setattr(command, "QUICK", Effort(1, (1.0,), 1, slow=False))
    patch.setattr(history, "_picture", lambda *_: None)  # seven trainings' own pictures, which no step of the page shows
    patch.setattr(canvas, "PNG_DPI", 40)
    result = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out), "--quick"])
    yield out, result
    patch.undo()


def test_every_step_leaves_its_folder_and_the_page_has_the_papers_order(made):
    out, result = made
    assert result.exit_code == 0, result.output
    assert all((out / step).is_dir() for step in STEPS)
    page = (out / "report.html").read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    shown = [title for title in FIGURES.values() if title in titles]
    assert [title for title in titles if title in FIGURES.values()] == shown
    assert len(shown) == len(FIGURES)
    assert page.count("Why they may differ:") == len(FIGURES)
    pictures = re.findall(r'href="(\w[\w/-]*/figures/\w+\.png)"', page)
    assert len(pictures) >= 13
    assert all((out / picture).is_file() for picture in pictures)


def test_numbers_are_those_of_the_steps_and_unknown_ones_are_called_so(made):
    out, _ = made
    with (out / "numbers.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    metrics = json.loads((out / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    (balanced,) = (row for row in rows if row["what"] == "balanced accuracy, denoising")
    assert balanced["ours"].startswith(f"{metrics['balanced_accuracy']:.3f} [")
    assert balanced["published"] == "0.949"
    assert {row["published"] for row in rows if row["item"] == "figure5"} == {UNKNOWN}
    assert all(row["source"] for row in rows if row["published"] != UNKNOWN)
    assert {"balanced accuracy, standard", "variance restored (R²), standard"} <= {row["what"] for row in rows}
    scores = {row["what"] for row in rows if row["item"] == "table2"}
    assert {
        "Spearman per gene",
        "Spearman per sample",
        "20% hidden, restored",
        "weighted F1",
        "calibration error",
        "cohort, strict",
    } <= scores
    assert {"seconds of training", "peak memory (MiB)"} <= scores
    moved = json.loads((out / "transfer" / "transfer.json").read_text(encoding="utf-8"))
    held_out = json.loads((out / "held-out" / "source.json").read_text(encoding="utf-8"))["source"]
    assert any(row["n"].endswith(f"of {held_out} (held out)") for row in rows)
    assert {row["rubric"] for row in moved["overall"]} == {"lenient", "strict"}


def test_what_is_done_is_not_done_again_and_other_settings_are_refused(made, compendium, monkeypatch):
    out, _ = made

    def nobody(*_, **__):
        raise AssertionError("a step was done twice")

    for name in ("train_and_tell", "run_evaluate", "run_baselines", "run_transfer", "run_scale", "run_ablate", "write_held_out"):
        monkeypatch.setattr(command, name, nobody)
    result = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out), "--quick"])
    assert result.exit_code == 0, result.output
    assert result.output.count("done already") == len(STEPS)
    told = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out), "--quick", "--format", "json"])
    with (out / "numbers.tsv").open(encoding="utf-8", newline="") as file:
        assert json.loads(told.stdout) == list(csv.DictReader(file, delimiter="\t"))
    other = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out), "--quick", "--seed", "7"])
    assert isinstance(other.exception, OtherPaper)
    assert "seed: 42" in str(other.exception)
    (out.parent / "taken").mkdir()
    (out.parent / "taken" / "notes.txt").write_text("mine")
    taken = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out.parent / "taken")])
    assert isinstance(taken.exception, OtherPaper)
    assert (out.parent / "taken" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("step", ["denoising", "evaluation", "scale", "ablation"])
def test_every_step_that_needs_a_device_takes_the_one_that_was_asked_for(made, compendium, tmp_path, step):
    """The folder of one step is taken away, and the device that is asked for is none: only a step that was told of it can refuse it."""
    out = shutil.copytree(made[0], tmp_path / "paper")
    shutil.rmtree(out / step)
    refused = CliRunner().invoke(app, ["paper", str(compendium.path), "--out", str(out), "--quick", "--device", "abacus"])
    assert isinstance(refused.exception, TrainingError), refused.output
    assert "'abacus' cannot be used" in str(refused.exception)
    assert not (out / step / "report.html").exists()


def test_the_cohort_is_a_source_that_the_rest_does_not_hold(compendium, tmp_path):
    source = source_to_hold_out(compendium, None)
    assert source == "tcga"  # two fifths of the groups; gtex has the rest
    write_held_out(compendium, source, tmp_path)
    with Compendium.open(tmp_path / "rest.h5ad") as rest, Compendium.open(compendium.path) as whole:
        assert set(rest.text("source")) == {"gtex"}
        split = dict(zip(whole.sample_ids, whole.obs["split"], strict=True))
        assert all(split[name] == part for name, part in zip(rest.sample_ids, rest.obs["split"], strict=True))
    assert source_to_hold_out(compendium, "gtex") == "gtex"
    with pytest.raises(NoCohort, match="no source 'depmap'; there are: gtex, tcga"):
        source_to_hold_out(compendium, "depmap")
    assert across_field(compendium) == "source"
    sizes = [
        len(compendium.rows("train", labelled=True)[compendium.targets[compendium.rows("train", labelled=True)] == t]) for t in range(4)
    ]
    assert cap_that_bites(compendium) == min(sizes) < max(sizes) == np.median(sizes)


def test_the_standard_model_beside_the_first_is_scored_by_itself(made, compendium):
    out, _ = made
    beside = json.loads((out / "evaluation" / "metrics.json").read_text(encoding="utf-8"))["beside"]["standard"]
    tested = read_held_out(load(out / "standard"), compendium)
    assert beside["r2"] == pytest.approx(sample_errors(tested.truth_ng, tested.restored_ng).r2(), abs=1e-6)
    with pytest.raises(NotBeside, match="denoising: the name of two runs"):
        check_beside(out / "denoising", [out / "denoising"])
    with pytest.raises(NotBeside, match="has other genes than"):
        check_beside(out / "denoising", [_of_fewer_genes(compendium, out.parent)])
    with pytest.raises(NotBeside, match="`model train --also-standard` writes it"):
        standard_of(out / "denoising")


def _of_fewer_genes(compendium, folder):
    x, obs = frame(n_per_tissue=24)
    with Compendium.open(write(folder / "fewer.h5ad", x[:, :50], obs, human_genes()[:50])) as fewer:
        train(fewer, folder / "fewer", TrainConfig(n_latent=4, n_hidden=8, epochs=1, epoch_samples=1))
    return folder / "fewer"


def test_the_pieces_of_a_category_are_all_its_samples(made):
    out, _ = made
    with (out / "transfer" / "figures" / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    moved = json.loads((out / "transfer" / "transfer.json").read_text(encoding="utf-8"))
    head = moved["classifiers"][0]
    for row in (row for row in moved["categories"] if row["classifier"] == head):
        drawn = [one for one in rows if (one["counting"], one["category"]) == (row["rubric"], row["category"])]
        assert sum(int(one["n"]) for one in drawn) == row["n"]
        assert sum(int(one["n"]) for one in drawn if one["accepted"] == "True") == row["n_right"]
        assert sum(int(one["n_unsure"]) for one in drawn) == row["n_abstained"]
    tissue = np.array(["a"] * 5 + ["b"] * 3 + list("cdefghijk"), dtype=object)
    found = pieces(tissue, np.zeros(len(tissue), bool), frozenset({"b"}))
    assert found[0] == ("b", 3, True, 0)
    assert found[1] == ("a", 5, False, 0)
    assert found[-1] == ("5 others", 5, False, 0)
    assert sum(n for _, n, _, _ in found) == len(tissue)


def test_one_seed_is_dots_and_several_a_band(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(FigureFolder, "save", lambda _, figure, name, __: drawn.setdefault(name, []).append(figure))
    rows = [{"fraction": f, "seed": s, "n_train": int(100 * f), "n_test": 9, "r2": f * s} for f in (0.5, 1.0) for s in (1, 2)]
    for chosen in (rows[::2], rows):
        scale_curve(FigureFolder(tmp_path), chosen, {"r2": "R²"})
    one, several = (figure.axes[0] for figure in drawn["scale"])
    assert not one.collections
    assert all(line.get_linestyle() == "None" for line in one.lines)
    assert len(several.collections) == 1
    assert any(line.get_linestyle() == "-" for line in several.lines)


def test_the_page_fits_a_phone(made):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    api = pytest.importorskip("playwright.sync_api", reason="the page is tested through Playwright: pip install playwright")
    if not chromium:
        pytest.skip("the page is tested in Chromium, which is not here: apt-get install chromium")
    with api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        for name in ("report.html", "evaluation/report.html", "transfer/report.html"):
            page.goto((made[0] / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        browser.close()


def test_published_numbers_have_a_source_and_a_place():
    assert {item for item, _ in published()} <= set(WHY)
    assert all(number and source for number, source in published().values())
    assert list(FIGURES) == list(WHY)
