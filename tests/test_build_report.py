"""report.html: one file without network, whose numbers are those of the tables."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import duckdb
import pytest

from curation.audit import run_query
from curation.checks import check_names
from curation.picture import funnel_svg, histogram_svg


@pytest.fixture(scope="module")
def page(tiny):
    return (tiny / "release" / "report.html").read_text(encoding="utf-8")


class Balance(HTMLParser):
    """Counts tags that are opened and not closed."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link", "rect", "line", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(page):
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert all(link.startswith("#") for link in parser.links)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_funnel_shows_every_step_with_its_numbers(tiny, page):
    for operation, n_out in run_query(tiny / "release", "SELECT operation, n_out FROM funnel").rows:
        assert operation.replace("<", "&lt;")[:40] in page
        assert f">{n_out:,}" in page


def test_tissues_splits_and_studies_are_those_of_the_tables(tiny, page):
    text = re.sub(r"<[^>]+>", " ", page)
    for tissue, train, validation, test in run_query(
        tiny / "release",
        "SELECT tissue, count(*) FILTER (split = 'train'), count(*) FILTER (split = 'validation'), count(*) FILTER (split = 'test') "
        "FROM kept WHERE tissue <> '' GROUP BY tissue",
    ).rows:
        assert re.search(rf"{tissue.replace('_', ' ')}\s+{train + validation + test}\s+{train}\s+{validation}\s+{test}\b", text), tissue
    assert "GSE900" in text
    assert "Lachmann" in text
    assert all(name in text for name in check_names())
    assert "is in the matrix." in text  # the last words of a promise that takes two lines


def test_text_from_the_archive_is_escaped(tiny, tmp_path):
    import shutil

    from curation.build_report import write_report
    from curation.release import read_manifest

    shutil.copy(tiny / "release" / "curation.duckdb", tmp_path / "d.duckdb")
    con = duckdb.connect(str(tmp_path / "d.duckdb"))
    hostile = "<script>alert(1)</script>"
    con.execute("UPDATE kept SET tissue = ?, group_id = ? WHERE tissue = 'kidney'", [hostile, hostile])
    con.execute("UPDATE candidate SET tissue = ? WHERE tissue = 'kidney'", [hostile])
    manifest = {**read_manifest(tiny / "release"), "notes": [hostile]}
    write_report(con, tmp_path / "report.html", manifest)
    con.close()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_bars_of_the_funnel_are_as_long_as_their_numbers():
    step = {"operation": "a", "n_in": 100, "n_added": 0, "n_dropped": 25, "n_aside": 25, "n_out": 50}
    svg = funnel_svg([step])
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert widths[1] == widths[2]


def test_a_histogram_draws_one_line_per_source_each_to_its_own_peak():
    svg = histogram_svg("size", {"a": [1, 2, 4], "b": [100, 0, 0]}, "0", "9")
    lines = re.findall(r'points="([^"]+)"', svg)
    assert len(lines) == 2
    assert min(float(point.split(",")[1]) for point in lines[0].split()) == min(float(point.split(",")[1]) for point in lines[1].split())
