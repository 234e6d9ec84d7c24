"""One self-contained HTML page from tiles, sections, figures and tables: readable without a server, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from modelling.figures.palette import FAINT, INK, PAPER

POINTS_TO_PIXELS = 96 / 72


@dataclass(frozen=True)
class Tile:
    """One headline number with its name and what stands behind it."""

    name: str
    value: str
    detail: str


class Marked(str):
    """The text of a cell that is a link (`href`) or something to type (`code`)."""

    href: str
    code: bool

    def __new__(cls, text: str, href: str = "", *, code: bool = False) -> Marked:
        """A text with its mark."""
        made = super().__new__(cls, text)
        made.href, made.code = href, code
        return made


@dataclass(frozen=True)
class Table:
    """Rows of text; columns whose cells all look like numbers are set flush right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    folded: bool = False

    @property
    def numeric(self) -> list[int]:
        """Positions of the columns that hold numbers only, to be set flush right."""
        columns = list(zip(*self.rows, strict=True))
        return [i for i, cells in enumerate(columns) if all(re.fullmatch(r"[-+]?[\d.,]+%?( \[.*\])?|–|", cell) for cell in cells)]


@dataclass(frozen=True)
class Shown:
    """A figure with its caption; `folder` is where it lies, seen from the page."""

    name: str
    caption: str
    svg: str
    width: int
    folder: str = "figures"


@dataclass(frozen=True)
class Section:
    """A titled part of the page."""

    title: str
    text: Sequence[str] = ()
    figures: Sequence[Shown] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Report:
    """The page."""

    title: str
    subject: str
    lead: str
    simulated: bool
    sections: Sequence[Section]
    tiles: Sequence[Tile] = ()
    notes: Sequence[str] = ()
    colophon: str = field(default="")

    def write(self, path: Path) -> None:
        """Render to one HTML file with everything inside it."""
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        environment.filters["coded"] = coded
        template = resources.files("modelling.reports").joinpath("report.html.j2").read_text(encoding="utf-8")
        path.write_text(environment.from_string(template).render(report=self), encoding="utf-8")


def shown(folder: Path, name: str, caption: str, seen_from: Path | None = None) -> Shown:
    """A saved figure for the page: its ink follows the page's, its size the page's width. `seen_from`: the page's folder where it is not beside `folder`."""
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    width = float(re.search(r'width="([\d.]+)pt"', svg).group(1))  # type: ignore[union-attr]
    svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    place = folder.relative_to(seen_from).as_posix() if seen_from else "figures"
    return Shown(
        name,
        caption,
        svg.replace(INK, "currentColor").replace(PAPER, "var(--card)").replace(FAINT, "var(--faint)"),
        round(width * POINTS_TO_PIXELS),
        place,
    )


def coded(text: str) -> str:
    """Text for the page, escaped, with what stands between backticks as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def number(value: Any, digits: int = 3) -> str:
    """A number for people; a dash where it is not defined."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def with_interval(value: Any, interval: Sequence[float] | None, digits: int = 3) -> str:
    """A number with its interval in brackets."""
    return number(value, digits) + (f" [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]" if interval else "")
