"""Room on a disk, taken before a C library writes there: one that finds the disk full in the middle of a file may end the process, or crash at its exit."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import h5py

KEEP_SIZE: Final = 1  # linux/falloc.h
UNKNOWN: Final = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
HDF5_STRUCTURE: Final = 1 << 20  # what an HDF5 file takes beside the values, for headers and indices of a few datasets


def reserve(path: Path, n_bytes: int) -> None:
    """Make sure that a file can grow by `n_bytes`: the room is taken behind its end where the file system can do that, else counted.

    Raises OSError (ENOSPC, EDQUOT, EFBIG), naming the file, where there is none.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        end = os.fstat(descriptor).st_size
        code = _allocate(descriptor, end, n_bytes)
    finally:
        os.close(descriptor)
    if code in UNKNOWN:
        code = errno.ENOSPC if shutil.disk_usage(path.parent).free < n_bytes else 0
    if code:
        raise OSError(code, os.strerror(code), str(path))


def release(path: Path) -> None:
    """Give back what was reserved and not written."""
    os.truncate(path, path.stat().st_size)


def _allocate(descriptor: int, start: int, n_bytes: int) -> int:
    """0 when the room is taken, else what stands against it."""
    if sys.platform != "linux" or n_bytes <= 0:
        return errno.EOPNOTSUPP if n_bytes > 0 else 0
    library: Any = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "fallocate64", None) or library.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return 0 if call(descriptor, KEEP_SIZE, start, n_bytes) == 0 else ctypes.get_errno()


@contextmanager
def new_hdf5(path: Path, n_bytes: int) -> Iterator[h5py.File]:
    """A new HDF5 file that will hold about `n_bytes` of values. Raises OSError before the library is asked, where the disk has no room for them.

    The library crashes the process at its end when a file cannot be closed for want of room.
    """
    import h5py

    wanted = n_bytes + HDF5_STRUCTURE
    path.touch()
    reserve(path, wanted)
    release(path)
    with h5py.File(path, "w") as file:
        reserve(path, wanted)
        yield file
    release(path)


def next_block(file: h5py.File, n_bytes: int) -> None:
    """Bring what was written so far to the disk, and take room for the next `n_bytes`. Raises OSError."""
    file.flush()
    reserve(Path(file.filename), n_bytes + HDF5_STRUCTURE)
