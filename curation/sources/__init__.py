"""The archives that can be read, one module each; all give the same sample table and the same matrix blocks."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from curation.catalogue import read_sources
from curation.source import Source, SourceFault, UnknownSource


def open_source(name: str, folder: Path) -> Source:
    """Open the folder of a source by its name: curation/sources/NAME.py has open_NAME(folder), ontology/sources.tsv its row.

    Raises UnknownSource for a name that lacks either, and SourceFault when files are missing or unreadable.
    """
    cards = {card.source: card for card in read_sources().values() if card.is_data}
    known = "; ".join(f"{card.source} ({card.layout})" for card in cards.values())
    module = f"{__name__}.{name}"
    has_reader = name.isidentifier() and find_spec(module) is not None
    opener = getattr(import_module(module), f"open_{name}", None) if has_reader else None
    if opener is None and name not in cards:
        raise UnknownSource(f"'{name}' ({folder}) is no known source; rename the folder to one of: {known}")
    if opener is None:
        raise UnknownSource(f"{name} has a row in sources.tsv, but curation/sources/{name}.py has no open_{name}(folder)")
    if name not in cards:
        raise UnknownSource(f"{name} can be read, but has no row in sources.tsv that says its role, licence and citation; add one")
    if not folder.is_dir():
        raise SourceFault(f"{folder} is no folder; a source is a folder that holds {cards[name].layout}")
    source: Source = opener(folder)
    return source
