"""The web page in each of its states, at three widths, light and dark: pictures to be looked at, before and after a change of it.

    model serve demo/run --curation demo/release --port 8017 &
    python scripts/page_shots.py http://127.0.0.1:8017/ OUT [STATE ...] [--many TABLE] [--doubtful TABLE] [--refused TABLE]

Needs Chromium and Playwright. The tables are dropped on the page: many samples, some that are to be doubted, one that is no expression of human genes;
the states of a table that is not given are left out. Also says which state scrolls sideways, which moved by itself, and which scripts failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

SIZES = {1440: 900, 768: 1024, 390: 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run"]
SHIFTED = """window.shifted = 0; new PerformanceObserver(list => {
for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value; }).observe({ type: 'layout-shift', buffered: true });"""
State = Callable[[Page], None]


def dropped(table: Path, sure: bool = False) -> State:
    """A table is chosen, and its answer awaited; where a person is `sure`, all its columns are called samples if the page asks."""

    def act(page: Page) -> None:
        with page.expect_response(lambda answer: "api/predict" in answer.url):
            page.set_input_files("#file", str(table))
        page.wait_for_selector("#progress", state="hidden")
        if sure and page.is_visible("#problem"):
            page.fill("#sample-columns", "*")
            with page.expect_response(lambda answer: "api/predict" in answer.url):
                page.click("#again")
            page.wait_for_selector("#results:not([hidden])")

    return act


def example(page: Page) -> None:
    """The example's results."""
    page.click("#example")
    page.wait_for_selector("#results:not([hidden])")


def sample(page: Page, place: int = 0) -> None:
    """One sample in detail, compared with its closest normal."""
    page.locator("#sample-list summary").nth(place).click()
    page.wait_for_selector("#sample-list details[open] .inside")
    compare = page.locator("#sample-list details[open] .closest button >> text=Compare")
    if compare.count():
        compare.first.click()
        page.wait_for_selector("#sample-list details[open] .closest table, #sample-list details[open] .closest .problem")


def at(fragment: str, shown: str) -> State:
    """A link is followed."""

    def act(page: Page) -> None:
        page.evaluate(f"location.hash = {fragment!r}; location.reload()")
        page.wait_for_selector("body[data-ready=yes]")
        page.wait_for_selector(shown)

    return act


def searched(words: str) -> State:
    """Words in the search, its list open."""

    def act(page: Page) -> None:
        page.fill("#search", words)
        page.wait_for_selector("#found li")
        page.wait_for_timeout(400)

    return act


def picked(page: Page) -> None:
    """A box drawn around the middle of the map."""
    box = page.locator("#points").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_selector("#browse-body h2 >> text=picked")


def one_after_the_other(*acts: State) -> State:
    """Several acts as one."""
    return lambda page: [act(page) for act in acts] and None


def states(asked: argparse.Namespace) -> dict[str, State]:
    """What is looked at, by name."""
    found: dict[str, State] = {
        "first": lambda page: None,
        "example": example,
        "sample": one_after_the_other(example, sample),
        "gene": at("gene=ALB&colour=gene:ALB&tab=browse", ".boxes .box >> nth=5"),
        "no-gene": at("gene=NOSUCHGENE1&tab=browse", "#browse-body .problem"),
        "search": searched("hep"),
        "no-search": searched("xyzzyplugh"),
        "tree": at("tab=browse", ".tissue-row"),
        "tissue": at("tissue=liver&tab=browse", "#browse-body tbody button"),
        "fact": at("colour=disease", "#legend button"),
        "why": at("sample=GSM999995870", "#details[open] .evidence"),
        "picked": picked,
        "about": at("tab=about", "#about-body h2"),
    }
    if asked.many:
        found["many"] = dropped(asked.many)
    if asked.doubtful:
        found["doubtful"] = dropped(asked.doubtful)
        found["doubtful-all"] = dropped(asked.doubtful, sure=True)
        for place in range(7):
            found[f"doubtful-{place}"] = one_after_the_other(
                dropped(asked.doubtful, sure=True), lambda page, place=place: sample(page, place)
            )  # type: ignore[misc]
    if asked.refused:
        found["refused"] = one_after_the_other(example, dropped(asked.refused))
    return {name: state for name, state in found.items() if not asked.states or name in asked.states}


def shoot(browser: Browser, asked: argparse.Namespace, name: str, act: State, width: int, scheme: str) -> None:
    """One picture, and a line where something is wrong."""
    page = browser.new_page(viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.add_init_script(SHIFTED)
    page.goto(asked.address)
    page.wait_for_selector("body[data-ready=yes]")
    page.wait_for_selector("#frame[data-ready=yes]")
    act(page)
    page.wait_for_timeout(500)
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        wrong.append(f"{wide} px wide")
    if (moved := page.evaluate("window.shifted")) >= 0.1:
        wrong.append(f"moved by itself, {moved:.2f}")
    page.screenshot(path=asked.out / f"{name}-{width}-{scheme}.png", full_page=width < 1000)
    page.close()
    print(f"{name} {width} {scheme}", "; ".join(wrong), flush=True)


def main() -> None:
    """Make the pictures that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("out", type=Path)
    parser.add_argument("states", nargs="*")
    parser.add_argument("--width", type=int, choices=SIZES, action="append")
    parser.add_argument("--scheme", choices=["light", "dark"], action="append")
    for table in ("--many", "--doubtful", "--refused"):
        parser.add_argument(table, type=Path)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, act in states(asked).items():
            for width in asked.width or SIZES:
                for scheme in asked.scheme or ("light", "dark"):
                    shoot(browser, asked, name, act, width, scheme)
        browser.close()


if __name__ == "__main__":
    main()
