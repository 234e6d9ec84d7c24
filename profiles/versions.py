"""Versions of what is written for others to read, and the one line where a file is of a newer one."""

from __future__ import annotations

from typing import Any, Final

RELEASE: Final = 2  # 2: facts; obs and labels.parquet under CELLxGENE's names


def newer_release(version: Any) -> str:
    """What is to be said of a release or compendium of a schema that this program does not know, as part of a sentence; empty where it does."""
    plain = version.item() if hasattr(version, "item") else version
    if isinstance(plain, bool) or not isinstance(plain, int) or plain <= RELEASE:
        return ""
    return f"is of schema version {plain}, this program reads up to {RELEASE}; install a newer bulkatlas"
