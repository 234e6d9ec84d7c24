"""What a frame of the page's map costs the processor with 150,000 samples on it.

    python benchmarks/page_frames.py RUN [--points 150000]

A page of RUN is opened in Chromium; the map that it asks for is answered here, with so many points in as many groups as the run has tissues. The map is
then dragged and zoomed. Milliseconds of each frame: `script`, the page's own work from the call of the frame to its end; `main_thread`, processor time of
all that the browser does on it (events, layout, script, handing over to the graphics process). Drawing itself is the graphics card's; where there is none,
SwiftShader draws on the processor, in another process, and `frames_per_second` says what is seen then.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, Route, sync_playwright
from record import record

FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
STEPS = 60  # moves of the pointer
WATCHED = """window.frames_ms = []; const asked = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = act => asked(now => { const start = performance.now(); act(now); window.frames_ms.push(performance.now() - start); });"""


@contextlib.contextmanager
def page_of(run: Path) -> Iterator[str]:
    """A page of the run, and its address."""
    code = "from modelling.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "serve", str(run), "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[0]
    finally:
        process.terminate()
        process.wait()


def points(n: int, n_tissues: int) -> bytes:
    """A map of n points, in the format of api/map: groups as t-SNE draws them, three parts of the compendium."""
    rng = np.random.default_rng(42)
    tissue = rng.integers(0, n_tissues, n)
    centres = rng.uniform(-0.9, 0.9, (n_tissues * 6, 2))
    xy = (centres[tissue * 6 + rng.integers(0, 6, n)] + rng.normal(0, 0.03, (n, 2))).clip(-1, 1).astype("<f4")
    codes = [tissue.astype(np.uint8), np.zeros(n, np.uint8), rng.integers(0, 3, n).astype(np.uint8)]
    return struct.pack("<I", n) + xy[:, 0].tobytes() + xy[:, 1].tobytes() + b"".join(code.tobytes() for code in codes)


def opened(page: Page, address: str, n: int) -> None:
    """The page with n points on its map."""
    n_tissues = len(page.request.get(f"{address}/api/about").json()["tissues"])
    content, names = points(n, n_tissues), "\n".join(f"S{i}\tGSE{i // 20}" for i in range(n))

    def answer(route: Route) -> None:
        if route.request.url.endswith("names"):
            route.fulfill(body=names, content_type="text/plain")
        else:
            route.fulfill(body=content, content_type="application/octet-stream")

    page.route("**/api/map*", answer)
    page.route("**/api/map/names", answer)
    page.add_init_script(WATCHED)
    page.goto(address)
    page.wait_for_selector("body[data-ready=yes]")
    page.wait_for_selector("#frame[data-ready=yes]")


def spent(session: CDPSession) -> float:
    """Seconds of processor time that the page's main thread has taken."""
    metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def moved(page: Page, session: CDPSession) -> dict[str, float]:
    """Figures of a map that is dragged about and zoomed."""
    box = page.locator("#points").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.evaluate("window.frames_ms.length = 0")
    start, clock = spent(session), page.evaluate("performance.now()")
    page.mouse.down()
    for i in range(STEPS):
        page.mouse.move(x + 120 * np.sin(i / 7), y + 90 * np.cos(i / 5))
        if i % 10 == 9:
            page.mouse.wheel(0, -60 if i % 20 == 9 else 60)
    page.mouse.up()
    taken, seconds = spent(session) - start, (page.evaluate("performance.now()") - clock) / 1000
    frames = np.array(page.evaluate("window.frames_ms"))
    return {
        "frames": len(frames),
        "script_ms": float(np.median(frames)),
        "script_ms_95th": float(np.quantile(frames, 0.95)),
        "main_thread_ms": 1000 * taken / len(frames),
        "frames_per_second": len(frames) / seconds,
    }


def main() -> None:
    """Measure and record."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("run", type=Path)
    options.add_argument("--points", type=int, default=150_000)
    asked = options.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with page_of(asked.run) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        opened(page, address, asked.points)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})  # processor time, not waiting for the graphics
        found = moved(page, session)
        start = page.evaluate("performance.now()")
        page.select_option("#colour-by", "split")
        page.wait_for_function("() => document.querySelector('#legend').textContent.includes('validation')")
        found["recolour_ms"] = page.evaluate("performance.now()") - start
        browser.close()
    record("page_frames", points=asked.points, **found)


if __name__ == "__main__":
    main()
