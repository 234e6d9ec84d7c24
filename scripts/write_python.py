"""Writes what stands below "## Every name" in docs/reference/python.md: signatures and docstrings of `bulkatlas`, as they are in the code.

python scripts/write_python.py
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import bulkatlas
from bulkatlas.atlas import Atlas
from bulkatlas.model import Model

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "python.md"
BELOW = "## Every name\n"
HEAD = """
<!-- not run from here: signatures; the docstrings are run by tests/test_bulkatlas.py -->
Written by `python scripts/write_python.py` from the docstrings; a test holds it against them. The examples are run as tests, on small made-up data.
"""


def page() -> str:
    """The page: what a person wrote, and the names."""
    written = TARGET.read_text(encoding="utf-8").split(BELOW)[0]
    parts = [_entry(f"bulkatlas.{name}", getattr(bulkatlas, name)) for name in ("open", "label", "load_model", "Error")]
    for what, variable in ((Atlas, "atlas"), (Model, "model")):
        parts.append(_entry(what.__name__, what))
        parts += [_entry(f"{variable}.{name}", member) for name, member in vars(what).items() if _is_shown(name, member)]
    return written + BELOW + HEAD + "".join(parts)


def _is_shown(name: str, member: object) -> bool:
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))


def _entry(name: str, member: object) -> str:
    """Heading, signature and docstring of one name; examples become a block of their own."""
    if isinstance(member, property):
        shown = f"{name}  # {inspect.signature(member.fget).return_annotation}"  # type: ignore[arg-type]
    elif inspect.isclass(member):
        shown = ""
    else:
        shown = _signature(name, inspect.signature(member))  # type: ignore[arg-type]
    text = re.sub(r"((?:^(?:>>>|\.\.\.) .*\n?)(?:^\S.*\n?|^ +\S.*\n?)*)", _example, inspect.getdoc(member) or "", flags=re.M)
    text = re.sub(r"^Raises ", "**Raises** ", re.sub(r"^Args: ", "**Arguments:** ", text, flags=re.M), flags=re.M)
    block = f"```python\n{shown}\n```\n\n" if shown else ""
    return f"\n### {name}\n\n{block}{text.strip()}\n"


def _signature(name: str, found: inspect.Signature) -> str:
    """On one line, or one parameter a line where that is too long."""
    words, star = [], False
    for p in found.parameters.values():
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            words.append("*")
        star = star or p.kind is p.KEYWORD_ONLY
        default = "" if p.default is p.empty else f" = {p.default!r}"
        words.append(("**" if p.kind is p.VAR_KEYWORD else "") + f"{p.name}: {p.annotation}{default}")
    line = f"{name}({', '.join(words)}) -> {found.return_annotation}"
    return line if len(line) <= 100 else f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f") -> {found.return_annotation}"


def _example(match: re.Match[str]) -> str:
    return f"```pycon\n{match.group(1).rstrip()}\n```\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
