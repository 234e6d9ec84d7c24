"""What an HDF5 file holds, looked at before anything is read from it: values that were never written, that lie elsewhere, or that nothing can unpack.

The library gives the fill value for what was never written and for a virtual source that is gone, follows links to any file of this machine, and
takes the memory that a chunk claims: none of that is data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import h5py

DEEPEST: Final = 24  # groups within groups
MOST_OBJECTS: Final = 1_000_000
MOST_COUNTED: Final = 1_000_000  # chunks
PLAIN: Final = "biufcSUO"  # kinds of numpy: truths, numbers, text; `O` is text of any length
CHUNK_BYTES: Final = 64 << 20  # what a chunk may take in memory though its dataset is smaller
LARGEST_CHUNK_BYTES: Final = 1 << 30
FILTERS: Final = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
# What h5py and anndata raise for a file whose structure is damaged. None of them says that the program is at fault.
DAMAGED: Final = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    MemoryError,
    AssertionError,
)


class Damaged(ValueError):
    """A file or dataset cannot be read as what it says it is; the message is part of a sentence."""


@contextmanager
def reading() -> Iterator[None]:
    """Turn what h5py and anndata raise for damaged content into Damaged; a fault of this machine (no rights, no disk) stays itself."""
    try:
        yield
    except Damaged:
        raise
    except DAMAGED as error:
        raise Damaged(said(error)) from error
    except Exception as error:
        if type(error).__module__.startswith(("anndata", "h5py", "pandas")):
            raise Damaged(said(error)) from error
        raise


def said(error: BaseException) -> str:
    """The first line of an error, short enough for a sentence."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0].strip().strip("'\"")[:200]


def file_fault(file: h5py.File, *, tables_of_records: bool = True, partial: str = "") -> str | None:
    """Why the values of a file must not be read; None where nothing is against it. Looks at structure only, reads no values.

    partial: a dataset of which not all needs to be there; its reader looks for what it needs.
    """
    try:
        for name, dataset in datasets(file):
            if fault := dataset_fault(dataset, name, records=tables_of_records, partial=name == partial):
                return fault
    except Damaged as error:
        return str(error)
    except DAMAGED as error:
        return f"its structure is damaged ({said(error)})"
    return None


def datasets(group: h5py.Group, name: str = "") -> Iterator[tuple[str, h5py.Dataset]]:
    """Every dataset at or below a group, each once. Raises Damaged for a link that leads nowhere or out of the file, and for groups without end."""
    import h5py

    seen: set[int] = set()
    waiting: list[tuple[str, Any, int]] = [(name, group, 0)]
    while waiting:
        at, element, depth = waiting.pop()
        address = h5py.h5o.get_info(element.id).addr if not isinstance(element, h5py.Dataset) else h5py.h5g.get_objinfo(element.id).objno[0]
        if address in seen:
            continue
        seen.add(address)
        if isinstance(element, h5py.Dataset):
            yield at.lstrip("/"), element
        elif isinstance(element, h5py.Group):
            if depth > DEEPEST or len(seen) > MOST_OBJECTS:
                raise Damaged(f"{at.lstrip('/')[:60]} nests deeper, or holds more, than any table does")
            waiting += [(f"{at}/{key}", linked(element, key, f"{at}/{key}"), depth + 1) for key in element]


def linked(group: h5py.Group, key: str, name: str) -> Any:
    """What a name of a group leads to. Raises Damaged where that is nothing, or another file."""
    import h5py

    link = group.get(key, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise Damaged(f"{name.lstrip('/')} is a link into another file ({link.filename[:80]}); only what the file holds itself is read")
    try:
        return group[key]
    except (KeyError, RuntimeError, OSError) as error:
        raise Damaged(f"{name.lstrip('/')} leads nowhere ({said(error)})") from error


def dataset_fault(dataset: h5py.Dataset, name: str, *, records: bool = True, partial: bool = False) -> str | None:
    """Why the values of one dataset must not be read; `partial`: it is known that not all of it was written."""
    try:
        return _dataset_fault(dataset, name, records=records, partial=partial)
    except DAMAGED as error:
        return f"the structure of {name} is damaged ({said(error)})"


def _dataset_fault(dataset: h5py.Dataset, name: str, *, records: bool, partial: bool) -> str | None:
    size = dataset.size or 0
    if dataset.shape is None or size == 0:
        return None
    if dataset.external:
        return f"{name} lies in another file ({str(dataset.external[0][0])[:80]}); only what the file holds itself is read"
    if dataset.is_virtual:
        return f"{name} is virtual: its values lie in other files; write the file again with the values in it"
    if dataset.dtype.kind not in PLAIN and not (records and dataset.dtype.kind == "V" and dataset.dtype.names):
        return f"{name} holds {str(dataset.dtype)[:60]}, neither numbers nor text"
    if not partial and (fault := _unwritten(dataset, name, size)):
        return fault
    return _filter_fault(dataset, name) or _chunk_fault(dataset, name, size)


def _unwritten(dataset: h5py.Dataset, name: str, size: int) -> str | None:
    if int(dataset.id.get_storage_size()) == 0:
        return f"{name} was never written: its {size:,} values would all be fill; the file is incomplete"
    if dataset.chunks is None:
        return None
    wanted = math.prod(-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    if wanted > MOST_COUNTED:
        return None  # to count them takes a walk through the whole index; who reads such a file looks at every chunk that it needs
    written = int(dataset.id.get_num_chunks())
    if written < wanted:
        return f"{name} was written in part: {written:,} of {wanted:,} chunks are there, the rest would be fill; the file is incomplete"
    return None


def _filter_fault(dataset: h5py.Dataset, name: str) -> str | None:
    import h5py

    create = dataset.id.get_create_plist()
    for number in range(create.get_nfilters()):
        code = int(create.get_filter(number)[0])
        if not h5py.h5z.filter_avail(code):
            return f"{name} is packed by filter {FILTERS.get(code, code)}, which is not installed here; write it again with gzip"
    return None


def _chunk_fault(dataset: h5py.Dataset, name: str, size: int) -> str | None:
    if dataset.chunks is None:
        return None
    n_bytes = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if n_bytes > LARGEST_CHUNK_BYTES or (n_bytes > CHUNK_BYTES and math.prod(dataset.chunks) > size):
        return f"{name} has chunks of {n_bytes:,} bytes, more than its {size:,} values; write it again with chunks of some rows"
    return None
