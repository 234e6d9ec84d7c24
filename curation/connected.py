"""Union-find, compiled: what takes part in one pair belongs together, over any number of pairs."""

from __future__ import annotations

from numba import njit


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def join(root, one, other):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Union-find by the smaller root, paths halved; `root` holds 0..n-1 before, and the smallest of each group after."""
    for i in range(one.size):
        a, b = one[i], other[i]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a < b:
            root[b] = a
        elif b < a:
            root[a] = b
    for i in range(root.size):  # a root is smaller than what it is the root of: its own is final
        root[i] = root[root[i]]
