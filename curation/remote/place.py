"""Where a release lies: a folder on this machine, or behind HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from curation.compiled import cache_folder
from curation.mark import MANIFEST, is_unfinished, put_mark
from curation.remote.cache import Cached, kept_in, listed
from curation.remote.ranges import RangeFault, Traffic, Web
from profiles.blocks import BLOCKS, DIGEST_BYTES, PAGES, first_blocks, n_blocks
from profiles.filenames import fault
from profiles.plain_json import parse_object
from profiles.versions import newer_release

HTTP = re.compile(r"https?://.+", re.IGNORECASE)
MOST_MANIFEST = 64 << 20
MOST_KEPT = 20 << 30  # bytes on this disk of releases behind HTTP; those that were not used for longest make room
REMOTE = "remote"
ABOUT = "about.json"


@dataclass
class Remote:
    """A release behind HTTP, opened in place: what is read of its files comes by ranges, is checked, and stays on this disk."""

    url: str
    web: Web
    manifest: dict[str, Any]
    folder: Path
    _files: dict[str, Cached] = field(default_factory=dict)

    @classmethod
    def open(cls, url: str, web: Web | None = None) -> Remote:
        """Reads the manifest. Raises RangeFault where there is none, or where its release has no checksums of blocks."""
        url, web = url.rstrip("/"), web or Web()
        manifest = _manifest(url, web)
        key = hashlib.sha256(f"{url} {manifest['build_id']}".encode()).hexdigest()[:16]
        folder = cache_folder() / REMOTE / key
        folder.mkdir(parents=True, exist_ok=True)
        put_mark(folder)
        (folder / ABOUT).write_text(json.dumps({"url": url, "build_id": manifest["build_id"]}), encoding="utf-8")
        os.utime(folder)
        _make_room(folder)
        return cls(url, web, manifest, folder)

    @property
    def traffic(self) -> Traffic:
        """What was moved until now."""
        return self.web.traffic

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> str:
        return f"{self.url}/{name}"

    def has(self, name: str) -> bool:
        """Whether the release lists such a file."""
        return any(row["file"] == name for row in self.manifest["outputs"])

    def file(self, name: str) -> Cached:
        """One of its files. Raises RangeFault for one that it does not list."""
        if name not in self._files:
            row = self._row(name)
            digests = (
                listed(self.manifest[PAGES]) if name == BLOCKS else kept_in(self.file(BLOCKS), first_blocks(self.manifest["outputs"])[name])
            )
            self._files[name] = Cached(self.web, f"{self.url}/{quote(name)}", row["bytes"], self.folder / name, digests)
        return self._files[name]

    def _row(self, name: str) -> dict[str, Any]:
        for row in self.manifest["outputs"]:
            if row["file"] == name:
                if why := fault(name):
                    raise RangeFault(f"{self.url}: its manifest lists {name!r}: {why}")
                return dict(row)
        raise RangeFault(f"{self.url} has no {name}; it lists {', '.join(sorted(str(row['file']) for row in self.manifest['outputs']))}")


Place = Path | Remote


def place_of(text: str | Path | Remote, web: Web | None = None) -> Place:
    """A release by its folder, or its http(s) address. Raises RangeFault."""
    if isinstance(text, Path | Remote):
        return text
    if HTTP.fullmatch(text):
        return Remote.open(text, web)
    if "://" in text:
        raise RangeFault(f"{text} is no address that can be read; give a folder, or one that begins with http:// or https://")
    return Path(text)


def _manifest(url: str, web: Web) -> dict[str, Any]:
    content = web.whole(f"{url}/{MANIFEST}", MOST_MANIFEST)
    try:
        manifest = parse_object(content)
        rows = {row["file"]: row for row in manifest["outputs"]}
        is_one = isinstance(manifest["build_id"], str) and all(isinstance(row["bytes"], int) for row in rows.values())
    except (ValueError, KeyError, TypeError):
        is_one, rows = False, {}
    if not is_one:
        raise RangeFault(f"{url}/{MANIFEST} is no manifest of a release; give the address of the folder that `curate build` wrote")
    if why := newer_release(manifest.get("schema_version")):
        raise RangeFault(f"{url} {why}")
    others = [row for name, row in rows.items() if name != BLOCKS]
    n_pages = n_blocks(DIGEST_BYTES * sum(n_blocks(row["bytes"]) for row in others))
    if BLOCKS not in rows or len(manifest.get(PAGES, ())) != n_pages:
        raise RangeFault(
            f"{url}: the release has no checksums of blocks, so parts of it cannot be checked;"
            " where it lies, run `curate export RELEASE --blocks`"
        )
    return dict(manifest)


def _make_room(mine: Path) -> None:
    """Delete what was kept of other releases, those not used for longest first, until all of it is within bounds."""
    others = sorted((p for p in mine.parent.iterdir() if p != mine and is_unfinished(p)), key=lambda p: p.stat().st_mtime)
    kept = {p: sum(f.stat().st_blocks * 512 for f in p.iterdir()) for p in [*others, mine]}
    while others and sum(kept.values()) > MOST_KEPT:
        kept.pop(others[0])
        shutil.rmtree(others.pop(0), ignore_errors=True)
