"""Checks of the curated tables before anything is labelled; each failing row is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.database import Connection


def check_reference(con: Connection) -> None:
    """Raise OntologyFault for rows of the ontology folder that make no sense."""
