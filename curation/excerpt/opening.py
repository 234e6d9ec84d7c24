"""An HDF5 file behind HTTP as h5py reads it, and what it is called here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import h5py

from curation.excerpt.ahead import ReadsAhead
from curation.remote.cache import Cached
from curation.remote.ranges import RangeFault
from profiles.filenames import fault, shown
from profiles.hdf5_guard import DAMAGED, Damaged, reading, said

SUFFIXES = (".h5", ".hdf5")


@contextmanager
def opened(cached: Cached) -> Iterator[tuple[h5py.File, ReadsAhead]]:
    """The file and what it is read through; closed at the end, `cached` too. Raises RangeFault."""
    raw = ReadsAhead(cached)
    try:
        with _file(raw, cached) as file, reading():
            yield file, raw
    except Damaged as error:
        if cached.fault is not None:
            raise cached.fault from error
        raise RangeFault(f"{cached.url} cannot be read as HDF5 ({error}); check the address") from error
    finally:
        cached.close()


def _file(raw: ReadsAhead, cached: Cached) -> h5py.File:
    why = ""
    try:
        return h5py.File(raw, "r")
    except (RangeFault, *DAMAGED) as error:
        why = str(cached.fault or f"{cached.url} cannot be read as HDF5 ({said(error)}); check the address")
    # Of what was raised nothing may be kept: h5py crashes at the end of a process that still holds the traceback of an open that failed.
    cached.fault = None
    raise RangeFault(why)


def name_of(url: str) -> str:
    """The name of the file at an address. Raises RangeFault for one that may not stand here, or is none of HDF5."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    if why := fault(name):
        raise RangeFault(f"{url}: {shown(name)} is no name for a file here: {why}")
    if not name.lower().endswith(SUFFIXES):
        raise RangeFault(
            f"{url} does not end in {' or '.join(SUFFIXES)}; give the address of an ARCHS4 file, such as .../human_gene_v2.5.h5"
        )
    return name
