"""What makes training fast on a CPU, in one place: how products are computed and how memory is recycled. Nothing here changes a result
beyond float32 rounding; tests compare both ways."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

import torch

# glibc <malloc.h>
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let glibc recycle large buffers instead of returning them to the kernel, which would zero gradients' pages anew at every step.

    Holds for the whole process; False where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(M_MMAP_MAX, 0)) and bool(library.mallopt(M_TRIM_THRESHOLD, LARGEST_INT))


@contextlib.contextmanager
def fast_products(precision: str) -> Iterator[None]:
    """Inside, "auto" lets oneDNN compute float32 products.

    On CPUs with AVX-512 these are float32 kernels that reach twice MKL's speed on AMD; on CPUs with AMX they are bfloat16 products with
    float32 sums and master weights. "float32" keeps the strict default.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
