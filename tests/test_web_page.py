"""The page in a real browser: upload, reasons, map, hover, search, browse, download, errors; skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import serving_world as world
from serving_world import table_text
from test_web_api import SCRIPT, gene_values, write_genes, write_labels

import bulkatlas
from modelling.bundle.model import load
from modelling.predicting.predict import predict

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
playwright_api = pytest.importorskip("playwright.sync_api", reason="the page is tested through Playwright: pip install playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="the page is tested in Chromium, which is not here: apt-get install chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
WAIT = 60_000
COUNTED = """window.clicks = 0; window.shifted = 0;
addEventListener('click', event => { window.clicks += event.isTrusted && event.target.id !== 'file'; }, true);
addEventListener('keydown', event => { window.clicks += event.key === 'Enter'; }, true);
new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value; }).observe({ type: 'layout-shift', buffered: true });"""
TASKS = re.compile(r"^\| (.+?) \| (.+?) \| (\d+) \|$", re.MULTILINE)
PIXELS = """async ([places, tissues]) => {
    const { palette } = await import('./colour.js'), about = await (await fetch('api/about')).json(), colours = palette(about).tissue;
    const canvas = document.getElementById('points'), gl = canvas.getContext('webgl');
    document.getElementById('zoom-all').click();
    return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
        document.getElementById('zoom-all').click();
        requestAnimationFrame(() => done([places.map(([x, y]) => { const pixel = new Uint8Array(4);
            gl.readPixels(Math.round(x), canvas.height - 1 - Math.round(y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
            return [0, 1, 2].map(k => 255 * pixel[k] / Math.max(1, pixel[3])); }), tissues.map(name => colours[name].rgb)])); })));
}"""
NOTE = 22  # pixels at the foot of the map that its note needs


@pytest.fixture(scope="module")
def address(normal_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    release = write_genes(write_labels(tmp_path_factory.mktemp("release"), normal_run), normal_run)
    code = "from modelling.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", str(normal_run), "--port", "0", "--curation", str(release)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[0]
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright_api.Browser]:
    with playwright_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Watched:
    """A page that fails the test on a script error, a console error, or a request to anywhere but the server."""

    def __init__(self, browser: playwright_api.Browser, address: str, **options: object) -> None:
        self.page = browser.new_page(**({"viewport": {"width": 1300, "height": 850}} | options))
        self.page.set_default_timeout(WAIT)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "console", lambda message: message.type == "error" and "status of 4" not in message.text and self.wrong.append(message.text)
        )
        self.page.on("request", lambda request: request.url.startswith((address, "blob:", "data:")) or self.wrong.append(request.url))
        self.page.add_init_script(COUNTED)
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready=yes]")
        self.page.wait_for_selector("#frame[data-ready=yes]")


@pytest.fixture
def watched(browser: playwright_api.Browser, address: str) -> Iterator[Watched]:
    opened = Watched(browser, address)
    yield opened
    opened.page.close()
    assert opened.wrong == []


def clicks(page: playwright_api.Page) -> int:
    """Clicks, taps and keys that choose (no letters of a word) since the last look."""
    return int(page.evaluate("const n = window.clicks; window.clicks = 0; n"))


def upload(page: playwright_api.Page, text: str, name: str = "mine.tsv") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "text/tab-separated-values", "buffer": text.encode()})


def results(page: playwright_api.Page) -> None:
    page.wait_for_selector("#results:not([hidden]), #problem:not([hidden])")
    assert page.is_hidden("#problem"), page.inner_text("#problem")


def coloured_pixels(page: playwright_api.Page) -> int:
    """Pixels of the WebGL canvas that are not transparent, read in the frame that draws them."""
    return int(
        page.evaluate("""() => new Promise(done => requestAnimationFrame(() => {
        const canvas = document.getElementById('points'), gl = canvas.getContext('webgl');
        document.getElementById('zoom-all').click();
        requestAnimationFrame(() => { const data = new Uint8Array(canvas.width * canvas.height * 4);
            gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, data);
            let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; done(n); }); }))""")
    )


def test_a_file_is_predicted_and_explained_as_python_does(watched: Watched, serving_run: Path, tmp_path: Path) -> None:
    page = watched.page
    values, names, tissues = world.new_samples()
    path = tmp_path / "mine.tsv"
    path.write_text(table_text(world.counts(values), names))
    page.set_input_files("#file", path)
    results(page)
    assert page.inner_text("#results-title").startswith("12 samples")
    assert page.locator("#sample-list .tissue").all_inner_texts() == [t.replace("_", " ") for t in tissues]
    report = page.inner_text("#report")
    assert "counts" in report
    assert "1,500 of the model's 1,500" in report
    page.locator("#sample-list summary").nth(4).click()
    ours = predict(load(serving_run), path).table.row(4, named=True)
    near = page.locator("#sample-list details[open] tbody button").all_inner_texts()
    assert near == ours["nearest_samples"].split(";")
    with page.expect_download() as download:
        page.click("#download")
    saved = pl.read_csv(download.value.path(), separator="\t")
    assert saved["tissue"].to_list() == tissues
    assert saved["probability"][4] == pytest.approx(ours["probability"], rel=1e-5)


def test_a_sample_is_compared_with_its_closest_normal(watched: Watched, normal_run: Path, tmp_path: Path) -> None:
    page = watched.page
    values, names, changed = world.changed_samples()
    path = tmp_path / "mine.tsv"
    path.write_text(table_text(values, names))
    page.set_input_files("#file", path)
    results(page)
    page.locator("#sample-list summary").first.click()
    page.click("#sample-list details[open] .closest button >> text=Compare")
    page.wait_for_selector("#sample-list details[open] .closest table.genes >> nth=1")
    ours = bulkatlas.load_model(normal_run).compare(path)
    difference = dict(zip(ours.var_names, ours.layers["difference"][0].tolist(), strict=True))
    said = page.inner_text("#sample-list details[open] .closest")
    assert f"{ours.obs['genes_higher'][names[0]]} genes higher" in said
    assert f"against {ours.obs['normal_samples'][names[0]]} normal samples of brain" in said
    rows = [row.inner_text().split() for row in page.locator("#sample-list details[open] table.genes >> nth=0 >> tbody tr").all()]
    assert len(set(changed) & {row[0] for row in rows}) >= 0.7 * len(changed)
    assert [float(row[1]) for row in rows] == pytest.approx([difference[row[0]] for row in rows], abs=0.06)
    with page.expect_download() as download:
        page.click("#sample-list details[open] .closest button >> text=Download all genes")
    assert pl.read_csv(download.value.path(), separator="\t").height == world.N_GENES
    page.click(f"#sample-list details[open] table.genes button >> text={rows[0][0]}")
    page.wait_for_selector(f"#browse-body h2 >> text={rows[0][0]}")


def test_the_answer_that_holds_is_shown_with_its_level_and_the_depth(watched: Watched, serving_run: Path, tmp_path: Path) -> None:
    page = watched.page
    values, names = world.between("brain", "spinal_cord")
    path = tmp_path / "mine.tsv"
    path.write_text(table_text(world.counts(values), names))
    page.set_input_files("#file", path)
    results(page)
    ours = predict(load(serving_run), path).table.row(1, named=True)
    assert ours["answer_level"] == "group"
    item = page.locator("#sample-list details").nth(1)
    assert item.locator(".holds").inner_text() == f"holds: {ours['answer']}"
    item.locator("summary").first.click()
    item.locator(".inside").wait_for()
    said = item.inner_text()
    assert f"Answer that holds: {ours['answer']} (a group of tissues)" in said
    assert "Depth: 20 million reads" in said
    page.fill("#filter", "central nervous")
    assert page.locator("#sample-list .id").all_inner_texts() == ["most"]


def test_a_thousand_own_samples_are_marks_with_numbers(watched: Watched) -> None:
    found = watched.page.evaluate("""async () => {
        const { bundled } = await import('./bundles.js');
        const samples = [...Array(1000).keys()].map(i => ({ tissue: `t${i % 7}`, x: (i * 7919) % 150, y: 100 * (i % 7) + (i * 104729) % 80 }));
        return bundled(samples).map(({ tissue, x, y, r, members }) => ({ tissue, x, y, r, members, right: members.every(k => samples[k].tissue === tissue) }));
    }""")
    assert sorted(k for one in found for k in one["members"]) == list(range(1000))
    assert all(one["right"] for one in found)
    assert len(found) < 100
    same = [(a, b) for i, a in enumerate(found) for b in found[:i] if a["tissue"] == b["tissue"]]
    assert min(np.hypot(a["x"] - b["x"], a["y"] - b["y"]) for a, b in same) > 12
    assert [one["r"] for one in found] == sorted(one["r"] for one in found)


def test_few_detected_genes_are_said_to_be_unsure(watched: Watched) -> None:
    page = watched.page
    values = np.zeros((1, world.N_GENES))
    values[0, :40] = 9
    upload(page, table_text(values, ["few"]))
    results(page)
    page.locator("#sample-list summary").first.click()
    page.wait_for_selector("#sample-list details[open] .inside")
    said = page.inner_text("#sample-list details[open]")
    assert "unsure" in said
    assert "only 40 genes detected, 2.7% of those with a value" in said
    assert "40 of them above zero" in said


def test_the_example_pasting_filter_and_clear(watched: Watched) -> None:
    page = watched.page
    page.click("#example")
    results(page)
    assert page.locator("#sample-list li").count() == 6
    page.fill("#filter", "liver")
    assert page.locator("#sample-list li").count() == 1
    page.click("#clear")
    assert page.is_hidden("#results")
    values, names, _ = world.new_samples(1)
    page.locator("#options summary").press("Enter")
    page.fill("#paste", table_text(values, names, separator=",").rstrip())
    page.click("#predict-paste")
    results(page)
    assert page.locator("#sample-list li").count() == 6


def reference(run: Path) -> pl.DataFrame:
    """The reference samples, in the order of the map."""
    return pl.read_csv(run / "reference.tsv", separator="\t", quote_char=None)


def on_screen(page: playwright_api.Page, held: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where points stand on the map, in pixels from its upper left, when all of it is shown."""
    box = page.locator("#points").bounding_box()
    assert box is not None
    wide, high, unit = box["width"], box["height"], min(box["width"], box["height"]) / 2
    places = held.select("map_x", "map_y").to_numpy().T
    middle, extent = (places.max(1) + places.min(1)) / 2, places.max(1) - places.min(1)
    scale = 0.9 / max(extent[0] / (wide / unit), extent[1] / ((high - 2 * NOTE) / unit)) * unit
    return wide / 2 + (places[0] - middle[0]) * scale, high / 2 - (places[1] - middle[1]) * scale


def test_every_point_has_the_colour_of_its_own_sample(watched: Watched, serving_run: Path) -> None:
    """Pixels of the map where a point has only its like around it."""
    page, held = watched.page, reference(serving_run)
    x, y = on_screen(page, held)
    tissue = held["tissue"].to_numpy()
    other = (np.hypot(x[:, None] - x, y[:, None] - y) < 12) & (tissue[:, None] != tissue)
    alone = np.flatnonzero(~other.any(axis=1))
    assert len(set(tissue[alone])) >= 4
    shown, meant = page.evaluate(PIXELS, [[[x[i], y[i]] for i in alone], tissue[alone].tolist()])
    apart = np.abs(np.array(shown) - np.array(meant)).max(axis=1)
    assert np.mean(apart < 12) > 0.95


def test_the_map_draws_hovers_zooms_and_colours(watched: Watched, serving_run: Path) -> None:
    page = watched.page
    assert coloured_pixels(page) > 500
    held = reference(serving_run)
    target = held.row(0, named=True)
    box = page.locator("#points").bounding_box()
    assert box is not None
    x, y = on_screen(page, held)
    page.mouse.move(box["x"] + x[0], box["y"] + y[0])
    page.wait_for_selector("#tip:not([hidden])")
    assert target["tissue"].replace("_", " ") in page.inner_text("#tip")
    before = page.inner_text("#legend")
    page.select_option("#colour-by", "organ_system")
    page.wait_for_function("before => document.getElementById('legend').innerText !== before", arg=before)
    page.select_option("#colour-by", "source")
    page.wait_for_selector("#legend >> text=archs4")
    page.click("#legend button >> nth=0")
    assert "shown in colour" in page.inner_text("#map-note")


def test_search_browse_and_the_evidence_of_a_label(watched: Watched, serving_run: Path) -> None:
    page = watched.page
    page.fill("#search", "spinal")
    page.wait_for_selector("#found li >> text=spinal cord")
    page.keyboard.press("Enter")
    page.wait_for_selector("#browse-body h2 >> text=spinal cord")
    study = page.locator("#browse-body tbody button").first
    name = study.inner_text()
    study.click()
    page.wait_for_selector(f"#browse-body h2 >> text={name}")
    first = sorted(pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None)["sample_id"])[0]
    page.fill("#search", first)
    page.click(f"#found li >> text={first}")
    page.wait_for_selector("#details[open] .evidence")
    page.click("#details-body details:not(.wrong) summary")
    said = page.inner_text("#details-body")
    assert "cerebellum" in said
    assert SCRIPT in said
    assert {word.lower() for word in page.locator("#details-body mark").all_inner_texts()} == {"cerebellum", "adult"}
    assert "Called" in said
    assert "because its source name says cerebellum" in said
    page.click("#details-body details.wrong summary")
    row = page.input_value("#details-body textarea").splitlines()
    assert dict(zip(row[0].split("\t"), row[1].split("\t"), strict=True))["target"] == first
    page.keyboard.press("Escape")
    assert not page.locator("#details").evaluate("dialog => dialog.open")
    page.fill("#search", "no such thing")
    page.wait_for_selector("#found li.none")


def test_errors_are_said_and_hostile_names_are_only_text(watched: Watched) -> None:
    page = watched.page
    for text, name, said in (
        ("<!doctype html><p>x</p>", "page.csv", "is a web page"),
        ("gene\ts1\nA1BG\tmany\n", "t.tsv", "no column holds the values of a sample"),
        ("PK\x03\x04", "t.xlsx", "only plain text tables"),
        ("a,b\nfoo,1\n", "t.csv", "are human genes"),
    ):
        upload(page, text, name)
        page.wait_for_selector(f"#problem >> text={said}")
        assert page.is_hidden("#results")
        assert page.is_hidden("#stale")
    values, names, _ = world.new_samples(1)
    names[0], names[1] = SCRIPT, "<img src=x onerror=alert(1)>"
    upload(page, table_text(values, names), "<b>bold</b>.tsv")
    results(page)
    assert page.locator("#sample-list .id").all_inner_texts()[:2] == names[:2]
    assert page.locator("#results script, #results img, #report b").count() == 0
    upload(page, "a,b\nfoo,1\n", "t.csv")
    page.wait_for_selector("#problem:not([hidden])")
    assert page.is_visible("#stale")
    assert page.locator("#sample-list li").count() == 6


def test_a_column_that_may_be_no_sample_can_be_called_one_on_the_page(watched: Watched) -> None:
    page = watched.page
    values, _names = world.tpm(4, 1)
    values = np.vstack([values, np.random.default_rng(1).permutation(values[0])])
    upload(page, table_text(values, [*(f"s{i}" for i in range(len(values) - 1)), "shuffled"]))
    page.wait_for_selector("#problem:not([hidden])")
    said = page.inner_text("#problem")
    assert "shuffled" in said and "“Sample columns”" in said
    assert "--" not in said and "source.json" not in said
    page.fill("#sample-columns", "s*")
    page.click("#again")
    results(page)
    assert page.inner_text("#results-title").startswith(f"{len(values)} samples")
    page.locator("#sample-list summary").first.click()
    page.click("#sample-list details[open] .closest button >> text=Compare")
    page.wait_for_selector("#sample-list details[open] .closest table")  # the columns go with the question


def test_a_link_to_a_gene_that_is_not_there_leaves_the_map_whole_and_a_way_back(watched: Watched, address: str) -> None:
    page = watched.page
    page.goto("about:blank")
    page.goto(f"{address}/#gene=NOSUCHGENE1&tab=browse")
    page.wait_for_selector("#browse-body .problem >> text=NOSUCHGENE1")
    page.wait_for_timeout(400)
    drawn = "document.getElementById('overlay').toDataURL()"
    names = page.evaluate(drawn)
    page.click("#zoom-all")
    page.wait_for_timeout(400)
    assert page.evaluate(drawn) == names
    page.click("#crumbs button >> text=All tissues")
    page.wait_for_selector(".tissue-row")


def test_a_gene_keeps_the_names_of_tissues_and_is_seen_in_the_dark(watched: Watched) -> None:
    page = watched.page
    gene = world.genes()[5].symbol
    page.emulate_media(color_scheme="dark")
    page.fill("#search", gene)
    page.click(f"#found li:has-text('{gene}') >> text=gene")
    page.wait_for_selector(".boxes .box >> nth=5")
    lightest, darkest = page.evaluate("""async () => {
        const { scale, oklab } = await import('./colour.js');
        return [oklab(scale(0))[0], oklab(scale(0, true))[0]];
    }""")
    card = page.evaluate("""async () => { const { oklab } = await import('./colour.js');
        return oklab(getComputedStyle(document.getElementById('frame').parentElement).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number))[0]; }""")
    assert lightest - card < 0.15 < darkest - card
    ink = page.evaluate("""() => { const c = document.getElementById('overlay'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 200; return n; }""")
    assert ink > 200  # names stand on the map


def test_the_page_is_usable_by_keyboard_alone(watched: Watched) -> None:
    page = watched.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#tab-samples")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#browse")
    page.keyboard.press("ArrowLeft")
    page.focus("#example")
    page.keyboard.press("Enter")
    results(page)
    page.locator("#sample-list summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sample-list details[open] tbody tr >> nth=4")
    page.focus("#points")
    before = page.locator("#overlay").screenshot()
    page.keyboard.press("n")
    page.keyboard.press("+")
    page.wait_for_timeout(200)
    assert page.locator("#overlay").screenshot() != before
    assert page.inner_text("#live")


def test_the_page_waits_for_nothing_while_a_large_table_is_predicted(watched: Watched) -> None:
    page = watched.page
    values, _ = world.tpm(4, 100)
    upload(page, table_text(values, [f"s{i}" for i in range(len(values))]))
    page.click("#tab-browse")
    page.click(".tissue-row >> nth=2")
    page.wait_for_selector("#browse-body h2")
    page.click("#tab-samples")
    results(page)
    assert page.inner_text("#results-title").startswith("600 samples")
    assert page.locator("#sample-list li").count() == 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1400, 900)])
def test_nothing_overflows_on_a_phone_or_a_desk_in_light_and_dark(
    browser: playwright_api.Browser, address: str, scheme: str, width: int, height: int, tmp_path: Path
) -> None:
    watched = Watched(browser, address, viewport={"width": width, "height": height}, color_scheme=scheme)
    page = watched.page
    page.click("#example")
    results(page)
    page.locator("#sample-list summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in ("#choose", "#example", "#download", "#search", "#tab-browse"):
        box = page.locator(control).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    ink, back = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor].map(c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => +a + +b, 0))"
    )
    assert (ink > back) == (scheme == "dark")
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"page-{width}-{scheme}.png", full_page=width < 900)
    page.close()
    assert watched.wrong == []


def test_a_synonym_an_id_and_a_part_find_their_samples(watched: Watched, serving_run: Path) -> None:
    page = watched.page
    held = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None)
    n_liver = held.filter(pl.col("tissue") == "liver").height
    for words, shown in (("hepatic", "liver (hepatic)"), ("UBERON:0002107", "liver")):
        page.fill("#search", words)
        page.click(f"#found li:has-text('{shown}')")
        page.wait_for_selector("#browse-body h2 >> text=liver")
        assert page.inner_text("#browse-body p").startswith(f"{n_liver} samples")
        assert f"{n_liver} of" in page.inner_text("#map-note")
    page.click("#crumbs button")
    page.fill("#browse-body input", "colo")
    assert page.locator(".tissue-row").all_inner_texts()[0].startswith("colon")
    assert page.locator(".tissue-row").count() == 1


def test_a_gene_colours_the_map_and_its_boxes_are_those_of_the_file(watched: Watched, serving_run: Path) -> None:
    page = watched.page
    gene = world.genes()[5]
    page.fill("#search", gene.ensembl_gene_id)
    page.click(f"#found li >> text={gene.symbol}")
    page.wait_for_selector(".boxes .box >> nth=5")
    assert page.locator("#legend canvas").count() == 1
    assert page.input_value("#colour-by") == f"gene:{gene.symbol}"
    expected = gene_of(serving_run, 5).group_by("tissue").agg(pl.median("value")).sort("value", descending=True)
    labels = [str(box.get_attribute("aria-label")) for box in page.locator(".boxes .box").all()]
    assert [label.split(":")[0].replace(" ", "_") for label in labels] == expected["tissue"].to_list()
    assert f"median {expected['value'][0]:.2f}" in labels[0]
    page.locator(".boxes .box").first.click()
    page.wait_for_selector(f"#browse-body h2 >> text={labels[0].split(':')[0]}")
    page.go_back()
    page.wait_for_selector(f"#browse-body h2 >> text={gene.symbol}")
    page.go_back()
    page.wait_for_selector("#browse-body .tissue-row >> nth=0", state="attached")
    assert page.input_value("#colour-by") == "tissue"


def test_the_address_is_a_link_and_back_leads_back(watched: Watched, address: str) -> None:
    page = watched.page
    page.click("#tab-browse")
    page.click(".tissue-row:has-text('liver')")
    page.wait_for_selector("#browse-body tbody button")
    page.locator("#browse-body tbody button").first.click()
    page.wait_for_selector("#browse-body tbody button >> text=/s/i")
    page.select_option("#colour-by", "source")
    page.wait_for_function("location.hash.includes('colour=source')")
    link = page.url
    page.go_back()
    page.go_back()
    page.wait_for_selector("#browse-body h2 >> text=liver")
    assert page.input_value("#colour-by") == "tissue"
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector("body[data-ready=yes]")
    assert page.input_value("#colour-by") == "source"
    assert "shown in colour" in page.inner_text("#map-note")
    page.goto("about:blank")
    page.goto(f"{address}/#tissue=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&tab=browse&colour=nonsense&view=a,b")
    page.wait_for_selector("body[data-ready=yes]")
    assert "knows no tissue <img" in page.inner_text("#browse-body")


def test_samples_are_picked_with_a_box_and_with_a_lasso(watched: Watched, serving_run: Path) -> None:
    page = watched.page
    n = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None).height
    box = page.locator("#points").bounding_box()
    assert box is not None
    corners = [(box["x"] + 2, box["y"] + 2), (box["x"] + box["width"] - 2, box["y"] + box["height"] - 2)]
    page.keyboard.down("Shift")
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.move(*corners[1])
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_selector(f"#browse-body h2 >> text={n} samples picked")
    with page.expect_download() as download:
        page.click("#browse-body button >> text=Download TSV")
    assert pl.read_csv(download.value.path(), separator="\t").height == n
    page.click("#browse-body button >> text=Clear")
    page.click("#pick")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(*corners[0])
    page.mouse.down()
    for x, y in ((box["x"] + box["width"] - 4, box["y"] + 2), (box["x"] + box["width"] - 4, middle), (box["x"] + 2, middle)):
        page.mouse.move(x, y)
    page.mouse.up()
    page.wait_for_selector("#browse-body h2 >> text=picked")
    assert 0 < int(page.inner_text("#browse-body h2").split()[0]) < n


def test_names_on_the_map_do_not_lie_on_each_other_and_colours_are_apart(watched: Watched) -> None:
    page = watched.page
    apart = page.evaluate("""async () => {
        const { distance, oklab, palette } = await import('./colour.js');
        const tissues = [...Array(42).keys()].map(i => ({ tissue: `t${i}`, organ_system: `s${i % 3 ? i % 12 : 0}` })), found = palette({ tissues, sources: ['a'] });
        let least = 9;
        for (const a of tissues) for (const b of tissues) if (a !== b && a.organ_system === b.organ_system) least = Math.min(least, distance(oklab(found.tissue[a.tissue].rgb), oklab(found.tissue[b.tissue].rgb)));
        return 100 * least;
    }""")
    assert apart >= 6
    boxes = page.evaluate("""async () => {
        const { placed } = await import('./names.js');
        const names = [...Array(200).keys()].map(i => ({ text: `t${i}`, px: (i * 37) % 500, py: (i * 53) % 400, wide: 40 + i % 50 }));
        return placed(names, [[200, 100, 300, 200]], 500, 400).map(one => one.box);
    }""")
    assert len(boxes) > 30
    crowded = [[200, 100, 300, 200], *boxes]
    assert not [(a, b) for i, a in enumerate(crowded) for b in crowded[:i] if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
    assert all(left >= 0 and top >= 0 and right <= 500 and low <= 400 for left, top, right, low in boxes)
    assert page.locator("#legend button:not(.legend-head)").count() == len(world.TISSUES)


def test_the_page_meets_wcag_in_what_a_program_can_see(watched: Watched) -> None:
    package = pytest.importorskip("axe_core_python", reason="accessibility is checked through axe-core: pip install axe-core-python")
    axe = (Path(package.__path__[0]) / "axe.min.js").read_text(encoding="utf-8")
    page = watched.page

    def violations() -> object:
        page.evaluate(f"{axe}; 1")
        return page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
        )

    assert violations() == []
    page.fill("#search", "hepatic")
    page.click("#found li:has-text('liver (hepatic)')")
    page.wait_for_selector("#browse-body tbody button")
    assert violations() == []
    page.locator("#browse-body tbody button").first.click()
    page.wait_for_selector("#details[open] .evidence")
    assert violations() == []
    page.keyboard.press("Escape")
    page.click("#tab-samples")
    page.click("#example")
    results(page)
    page.locator("#sample-list summary").first.click()
    page.wait_for_selector("#sample-list details[open] .inside")
    page.click("#sample-list details[open] .closest button >> text=Compare")
    page.wait_for_selector("#sample-list details[open] .closest table")
    assert violations() == []
    page.emulate_media(color_scheme="dark")
    assert violations() == []


def test_five_tasks_take_the_clicks_that_the_docs_say(
    browser: playwright_api.Browser, watched: Watched, address: str, serving_run: Path
) -> None:
    page, taken = watched.page, {}
    page.click("#search")
    page.keyboard.type("hepatic")
    page.wait_for_selector("#found li:has-text('liver (hepatic)')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#browse-body tbody button")
    assert "liver" in page.inner_text("#browse-body h2")
    taken["find my tissue"] = clicks(page)
    page.click("#tab-samples")
    clicks(page)
    values, names = world.between("brain", "spinal_cord")
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files({"name": "mine.tsv", "mimeType": "text/plain", "buffer": table_text(values, names).encode()})
    results(page)
    page.locator("#sample-list summary").nth(2).click()
    page.wait_for_selector("#sample-list details[open] .inside")
    assert "Nearest training samples" in page.inner_text("#sample-list details[open]")
    taken["is my sample mislabelled"] = clicks(page)
    gene = world.genes()[5].symbol
    page.click("#search")
    page.keyboard.type(gene)
    page.wait_for_selector(f"#found li:has-text('{gene}') >> text=gene")
    page.keyboard.press("Enter")
    page.wait_for_selector(".boxes .box >> nth=5")
    taken["where is gene X high"] = clicks(page)
    link = page.url
    first = sorted(reference(serving_run)["sample_id"])[0]
    page.click("#search")
    page.keyboard.type(first)
    page.click(f"#found li >> text={first}")
    page.wait_for_selector("#details[open] .evidence")
    taken["why this label"] = clicks(page)
    other = Watched(browser, link)
    other.page.wait_for_selector(".boxes .box >> nth=5")
    assert other.page.input_value("#colour-by") == f"gene:{gene}"
    taken["share this view"] = clicks(other.page)
    other.page.close()
    said = TASKS.findall((Path(__file__).parent.parent / "docs" / "reference" / "serving.md").read_text(encoding="utf-8"))
    assert {task: int(n) for task, _, n in said} == taken


def test_nothing_moves_by_itself(browser: playwright_api.Browser, address: str) -> None:
    """Cumulative layout shift while the page loads and answers, as browsers count it (below 0.1 is good)."""
    for width, height in ((390, 844), (1400, 900)):
        watched = Watched(browser, address, viewport={"width": width, "height": height})
        watched.page.click("#example")
        results(watched.page)
        watched.page.wait_for_timeout(600)
        assert watched.page.evaluate("window.shifted") < 0.1, width
        watched.page.close()
        assert watched.wrong == []


def gene_of(run: Path, gene: int) -> pl.DataFrame:
    """Tissue and value of a gene as write_genes made it."""
    held = pl.read_csv(run / "reference.tsv", separator="\t", quote_char=None)
    return held.select("tissue").with_columns(value=pl.Series(gene_values(held.height)[gene]))
