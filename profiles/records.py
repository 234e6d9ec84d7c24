"""Values from outside held against the fields of a dataclass, before it is made of them."""

from __future__ import annotations

import dataclasses
import math
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

LARGEST: Final = 2**62  # of a whole number: C code takes 64 bits
SHOWN: Final = 40


def fault(kind: type, values: Any) -> str:
    """What is wrong with `values` as the fields of the dataclass `kind`, as part of a sentence; empty where nothing is.

    Unknown and missing fields, types, numbers that are none or beyond 64 bits. Which of the allowed values make sense, the class itself says.
    """
    if not isinstance(values, dict):
        return f"holds {_shown(values)} where an object belongs"
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    if unknown := sorted(str(name) for name in values.keys() - fields.keys()):
        return f"has the unknown {', '.join(name[:SHOWN] for name in unknown[:3])}"
    needed = [
        name for name, field in fields.items() if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing := [name for name in needed if name not in values]:
        return f"lacks {', '.join(missing)}"
    hints = get_type_hints(kind)
    return next((f"{name} is {_shown(value)}" for name, value in values.items() if not _fits(value, hints[name])), "")


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in get_args(hint))
    if origin in (list, tuple):
        inner = [one for one in get_args(hint) if one is not Ellipsis] or [object]
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if origin is dict or hint is dict:
        return isinstance(value, dict)
    if hint is NoneType:
        return value is None
    if hint is float:
        return _is_number(value) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    return isinstance(value, hint) if isinstance(hint, type) else True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and (isinstance(value, float) or abs(value) <= LARGEST)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
