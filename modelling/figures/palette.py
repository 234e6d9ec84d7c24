"""Colours that survive colour blindness and grey print: one hue per organ system, one shade and marker per tissue within it."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

INK = "#16191d"
PAPER = "#fefefe"
MUTED = "#8a9099"
FAINT = "#c9ced6"
ACCENT = "#0072b2"
SECOND = "#d55e00"
THIRD = "#009e73"
FOURTH = "#cc79a7"
SERIES = (ACCENT, SECOND, THIRD, FOURTH, "#e69f00", "#56b4e9", MUTED)
# Paul Tol's muted set, then Okabe and Ito: distinct for the three common forms of colour blindness.
HUES = (
    "#332288",
    "#cc6677",
    "#117733",
    "#e69f00",
    "#88ccee",
    "#882255",
    "#44aa99",
    "#999933",
    "#aa4499",
    "#d55e00",
    "#0072b2",
    "#7a7f87",
    "#ddcc77",
    "#661100",
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "p")


@dataclass(frozen=True)
class Look:
    """How one tissue is drawn."""

    colour: str
    marker: str
    system: str
    hue: str


def looks(tissues: Sequence[str], system_of: Mapping[str, str]) -> dict[str, Look]:
    """A look for every tissue; without organ systems every tissue is its own."""
    system = {tissue: system_of.get(tissue) or "" for tissue in tissues}
    names = sorted({name for name in system.values() if name})
    hue = {name: HUES[i % len(HUES)] for i, name in enumerate(names)}
    out: dict[str, Look] = {}
    for name in names:
        members = sorted(tissue for tissue in tissues if system[tissue] == name)
        for i, tissue in enumerate(members):
            out[tissue] = Look(shade(hue[name], i, len(members)), MARKERS[i % len(MARKERS)], name, hue[name])
    alone = sorted(tissue for tissue in tissues if not system[tissue])
    for i, tissue in enumerate(alone):
        colour = HUES[i % len(HUES)]
        out[tissue] = Look(colour, MARKERS[i // len(HUES) % len(MARKERS)], tissue, colour)
    return out


def shade(colour: str, number: int, total: int) -> str:
    """The colour, lightened or darkened step by step for the members of one family."""
    if total < 2:
        return colour
    from matplotlib.colors import to_hex, to_rgb  # not for those who only name colours

    hue, light, saturation = colorsys.rgb_to_hls(*to_rgb(colour))
    offset = (number / (total - 1) - 0.5) * 0.24
    return str(to_hex(colorsys.hls_to_rgb(hue, min(0.66, max(0.2, light + offset)), saturation)))
