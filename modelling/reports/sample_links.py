"""From a sample in a table to why it has its label: the command that explains it, and the page of `model serve` at that sample."""

from __future__ import annotations

from urllib.parse import quote

from modelling.data import Compendium
from modelling.reports.page import Marked

PAGE = "http://127.0.0.1:8000/"
SAID = (
    "Each sample links to itself on the page of `model serve RUN --curation RELEASE` (start it first; the links are for its usual address); "
    "the command beside it tells the same on the terminal."
)


def page_link(sample_id: str) -> Marked:
    """The sample's id as a link to the page."""
    return Marked(sample_id, href=f"{PAGE}#sample={quote(sample_id, safe='')}&tab=browse")


def explain_command(sample_id: str, compendium: Compendium) -> Marked:
    """What to type to see the evidence of its label."""
    release = compendium.path.parent
    place = str(release) if (release / "curation.duckdb").is_file() else "RELEASE"
    return Marked(f"curate explain {_quoted(sample_id)} --db {_quoted(place)}", code=True)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
