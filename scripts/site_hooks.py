"""What mkdocs asks while it builds the site (mkdocs.yml names this file under `hooks`).

README, CONTRIBUTING, CHANGELOG and ontology/README.md are pages of the site without being copied into docs/. Links and mentions that hold in the
repository are turned into those of the site; what the site has no page for (a SQL file, a table) stays as its path. Why a block is not run, a
comment in the source, is shown beside it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
BORROWED = {
    "README.md": "index.md",
    "ontology/README.md": "reference/ontology.md",
    "CHANGELOG.md": "logs/changes.md",
    "CONTRIBUTING.md": "logs/contributing.md",
}
OWNERS = {page: source for source, page in BORROWED.items()}
FENCE = re.compile(r"^(```+)[^\n]*\n.*?^\1\n", re.M | re.S)
LINK = re.compile(r"(!?)\[([^\]\n]*)\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)")
MENTION = re.compile(r"(?<![\w/`(\[])((?:docs/[\w/-]+|ontology/README|CONTRIBUTING|CHANGELOG)\.md)\b(?!`|\]|\))")
MENTION_IN_BRACKETS = re.compile(r"\((docs/[\w/-]+\.md)\)")
NOT_RUN = re.compile(r"^<!-- not run: (.+?) -->\n", re.M)


def site_page(path: str) -> str | None:
    """The page of the site that a file of the repository is, if any."""
    if path in BORROWED:
        return BORROWED[path]
    return path.removeprefix("docs/") if path.startswith("docs/") and not path.endswith(".tsv") else None


def title(path: str) -> str:
    """The first heading of a page."""
    return next(line[2:].strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if line.startswith("# "))


def rewritten(text: str, source: str, page: str) -> str:
    """The text of `source` (a path of the repository) as page `page` of the site."""
    here = posixpath.dirname(page)

    def to(target: str) -> str:
        return posixpath.relpath(target, here or ".")

    def link(match: re.Match[str]) -> str:
        bang, words, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        found = site_page(path)
        if found is None:
            return words if words.startswith("`") else f"{words} (`{path}`)" if path not in words else f"`{path}`"
        if not bang and words == path and (ROOT / path).exists():
            words = title(path)
        return f"{bang}[{words}]({to(found)}{anchor or ''})"

    def mention(match: re.Match[str]) -> str:
        path = match.group(1)
        return match.group(0).replace(path, f"[{title(path)}]({to(site_page(path) or '')})") if (ROOT / path).exists() else match.group(0)

    def prose(part: str) -> str:
        part = MENTION.sub(mention, MENTION_IN_BRACKETS.sub(mention, LINK.sub(link, part)))
        return NOT_RUN.sub(r'<p class="not-run">Not run by the tests: \1</p>' + "\n\n", part)

    parts, at = [], 0
    for fence in FENCE.finditer(text):
        parts += [prose(text[at : fence.start()]), fence.group(0)]
        at = fence.end()
    return "".join([*parts, prose(text[at:])])


def on_files(files: Any, *, config: Any) -> Any:
    """The borrowed pages join those of docs/."""
    for source, page in BORROWED.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Links of the repository become links of the site."""
    name = page.file.src_uri
    return rewritten(markdown, OWNERS.get(name, f"docs/{name}"), name)
