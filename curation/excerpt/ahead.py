"""A file behind HTTP that is mostly read from its beginning to its end: what comes next is fetched along, more each time."""

from __future__ import annotations

from curation.remote.cache import Cached
from curation.remote.file import RangeFile
from curation.remote.ranges import RangeFault
from profiles.blocks import BLOCK_BYTES

MOST_AHEAD = 16 << 20
REACH = 4 * BLOCK_BYTES  # a read that begins so little behind the last goes on with it


class ReadsAhead(RangeFile):
    """A RangeFile that doubles what it fetches while reads follow each other, and begins small again after a jump."""

    def __init__(self, cached: Cached) -> None:
        super().__init__(cached)
        self._blocks = cached
        self._ahead, self._end = 0, -1  # bytes fetched along last; where the last fetched stretch ends

    def read(self, size: int | None = -1) -> bytes:
        """See RangeFile.read."""
        n_bytes = self._blocks.n_bytes
        start = min(self.tell(), n_bytes)
        stop = n_bytes if size is None or size < 0 else min(start + size, n_bytes)
        if stop > self._end or start < self._end - max(self._ahead, BLOCK_BYTES) - REACH:
            follows = self._end - REACH <= start <= self._end + REACH
            self._ahead = min(MOST_AHEAD, max(BLOCK_BYTES, 2 * self._ahead)) if follows else 0
            self._end = min(n_bytes, stop + self._ahead)
            try:
                self._blocks.ensure([(start, self._end)])
            except RangeFault as fault:
                self._blocks.fault = fault
                raise
        return super().read(size)
