"""One question about a release and its answer. Nothing that a stranger put into a file ends in a traceback, or passes because it raised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHOWN, MOST_LETTERS = 3, 60


@dataclass(frozen=True)
class Finding:
    """The answer to one question about a release."""

    question: str
    is_good: bool
    answer: str


def ask(question: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    """The finding of a look, which returns (is good, answer). A look that raises has found something."""
    try:
        return Finding(question, *look())
    except Exception as error:  # noqa: BLE001 - four libraries read files that anyone may have made: whatever they raise is an answer
        said = str(error).strip().splitlines()
        return Finding(question, False, f"cannot be answered: {type(error).__name__}: {shortened(said[0]) if said else 'no reason given'}")


def first(names: Sequence[str]) -> str:
    """The first of some names in brackets, behind a number of them."""
    return f" ({', '.join(shortened(name) for name in names[:SHOWN])})" if names else ""


def shortened(text: str) -> str:
    """A text of a stranger for one line: unseen characters escaped, cut where it is long."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= 3 * MOST_LETTERS else f"{plain[: 3 * MOST_LETTERS]}..."
