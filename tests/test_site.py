"""The site of the docs: built strictly, from this folder alone, with nothing that a browser would fetch from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("material") is None, reason="mkdocs-material is not here: make venv, or the extra `docs`"
)
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*rel=\"(?:stylesheet|preconnect|preload)\"[^>]*href=\"(?:https?:)?//"
)


class Links(HTMLParser):
    """Targets of links and images, and the ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.targets += [value for name in ("href", "src") if (value := named.get(name))]
        self.ids |= {value for name in ("id", "name") if (value := named.get(name))}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(out),
        "--config-file",
        str(ROOT / "mkdocs.yml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    return {page: Links(page.read_text(encoding="utf-8")) for page in site.rglob("*.html") if page.name != "404.html"}


def test_every_page_of_docs_is_on_the_site_and_a_browser_fetches_nothing_else(site: Path, pages: dict[Path, Links]) -> None:
    built = {page.relative_to(site).with_suffix(".md").as_posix() for page in pages}
    assert {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")} <= built
    assert {"index.md", "reference/ontology.md", "logs/changes.md", "logs/contributing.md"} <= built
    assert [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []
    assert [path.name for path in site.rglob("*.css") if "fonts.g" in path.read_text(encoding="utf-8")] == []


def test_every_link_of_the_site_leads_somewhere(site: Path, pages: dict[Path, Links]) -> None:
    dead = []
    for page, links in pages.items():
        for target in links.targets:
            name, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:|//", target):
                continue
            there = (page.parent / name).resolve() if name else page
            if not there.exists() or (anchor and there in pages and anchor not in pages[there].ids and not anchor.startswith("__")):
                dead.append(f"{page.relative_to(site)}: {target}")
    assert dead == []


def test_links_and_mentions_of_the_repository_become_those_of_the_site() -> None:
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "scripts" / "site_hooks.py")
    assert spec is not None and spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    text = "see docs/reference/query.md and [x](../../ontology/README.md#rules), [rows](../../sql/audits)\n\n```text\ndocs/reference/query.md\n```\n"
    assert hook.rewritten(text, "docs/reference/labels.md", "reference/labels.md") == (
        "see [Questions to a release](query.md) and [x](ontology.md#rules), rows (`sql/audits`)\n\n```text\ndocs/reference/query.md\n```\n"
    )
    assert hook.rewritten("<!-- not run: slow -->\n", "README.md", "index.md").startswith(
        '<p class="not-run">Not run by the tests: slow</p>'
    )
