"""Figures: names that do not cover each other, maps that repeat, and the numbers of every picture beside it. The report: self-contained and safe."""

from __future__ import annotations

import csv
import itertools
import re

import numpy as np
import pytest

from modelling.figures import history, latent, methods
from modelling.figures.canvas import FigureFolder, canvas
from modelling.figures.palette import looks
from modelling.reports.page import Marked, Report, Section, Table, Tile, number, shown, with_interval


def clusters(n_tissues: int, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = rng.integers(0, n_tissues, n)
    return (rng.normal(size=(n_tissues, 10)) * 2)[label] + rng.normal(size=(n, 10)) * 0.5, np.array(
        [f"tissue_{i}" for i in label], dtype=object
    )


def test_no_two_of_42_names_overlap_and_none_leaves_the_map():
    rng = np.random.default_rng(1)
    xy = rng.normal(size=(800, 2))
    anchors = {f"some tissue {i}": xy[i] for i in range(42)}
    with canvas(8.6, 7.0) as figure:
        axes = figure.subplots()
        axes.scatter(xy[:, 0], xy[:, 1])
        latent.place_labels(axes, anchors, dict.fromkeys(anchors, "#000000"), xy)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in axes.texts]
        limits = axes.get_window_extent()
    assert len(boxes) == 42
    assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    assert all(limits.x0 - 2 <= box.x0 and box.x1 <= limits.x1 + 2 for box in boxes)


def test_a_map_repeats_keeps_neighbours_and_says_how_it_was_made():
    z, label = clusters(6)
    first, again = latent.latent_map(z, 1), latent.latent_map(z, 1)
    np.testing.assert_array_equal(first.xy, again.xy)
    assert "perplexity 30, cosine, PCA start" in first.method
    assert "750 iterations" in first.method
    distance = ((first.xy[:, None] - first.xy[None]) ** 2).sum(-1) + np.eye(len(z)) * 1e9
    assert (label[distance.argmin(1)] == label).mean() > 0.97


def test_without_open_tsne_the_map_is_pca_and_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openTSNE", None)
    drawn = latent.latent_map(clusters(3)[0], 1)
    assert "pip install 'bulkatlas[figures]'" in drawn.method
    assert drawn.xy.shape == (600, 2)


def test_every_tissue_has_a_look_of_its_own():
    tissues = [f"t{i}" for i in range(42)]
    with_systems = looks(tissues, {t: f"s{i % 12}" for i, t in enumerate(tissues)})
    alone = looks(tissues, {})
    for found in (with_systems, alone):
        assert len({(look.colour, look.marker) for look in found.values()}) == 42
    assert len({look.hue for look in with_systems.values()}) == 12


def test_a_figure_comes_as_svg_png_and_its_numbers(tmp_path):
    folder = FigureFolder(tmp_path / "figures")
    steps = [
        {"step": 1, "operation": "all", "n_in": 0, "n_out": 900, "n_dropped": 0},
        {"step": 2, "operation": "bulk", "n_in": 900, "n_out": 700, "n_dropped": 200},
    ]
    history.funnel(folder, steps)
    rows = [
        {"fraction": f, "seed": s, "n_train": int(100 * f), "n_test": 50, "balanced_accuracy": f * 0.9 + s / 100}
        for f in (0.5, 1.0) for s in (1, 2, 3)
    ]  # fmt: skip
    methods.scale_curve(folder, rows, {"balanced_accuracy": "balanced accuracy"})
    for name in ("funnel", "scale"):
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / "figures" / f"{name}.svg").read_text()
    with (tmp_path / "figures" / "funnel.csv").open() as file:
        assert [row["n_out"] for row in csv.DictReader(file)] == ["900", "700"]
    first = (tmp_path / "figures" / "funnel.svg").read_bytes()
    history.funnel(folder, steps)
    assert (tmp_path / "figures" / "funnel.svg").read_bytes() == first


def test_the_report_is_one_safe_file_in_light_and_dark(tmp_path):
    folder = FigureFolder(tmp_path / "figures")
    history.funnel(folder, [{"step": 1, "operation": "all", "n_in": 5, "n_out": 3, "n_dropped": 2}])
    table = Table(["name", "score"], [["<b>x</b>", "0.5 [0.4, 0.6]"], ["y", "–"]])
    section = Section("A <title>", ["text & more"], [shown(tmp_path / "figures", "funnel", "caption")], [table])
    Report("Title", "subject", "lead", True, [section], [Tile("t", "0.5", "n = 3")], ["a note"]).write(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page
    assert "Simulated data" in page
    assert "prefers-color-scheme: dark" in page
    assert "currentColor" in page
    assert not re.search(r'(?:src|href)="https?:', page)
    assert table.numeric == [1]


def test_a_cell_can_lead_somewhere_or_be_typed(tmp_path):
    cells = [Marked("GSM1", href='x#sample="1"'), Marked("curate explain GSM1 " + "x" * 60, code=True), "plain"]
    Report("Title", "subject", "lead", False, [Section("A", tables=[Table(["a", "b", "c"], [cells])])]).write(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert '<a href="x#sample=&#34;1&#34;">GSM1</a>' in page
    assert "<td><code>curate explain GSM1 xxx" in page
    assert "<td>plain</td>" in page


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (float("nan"), "–"), (1234, "1,234"), (0.12345, "0.123")])
def test_numbers_for_people(value, text):
    assert number(value) == text
    assert with_interval(0.5, (0.4, 0.6), 1) == "0.5 [0.4, 0.6]"
