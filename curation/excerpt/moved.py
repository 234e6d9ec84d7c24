"""What a fetch of a part moved, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass

from curation.remote.ranges import Traffic


@dataclass(frozen=True)
class Moved:
    """What was fetched: traffic of the metadata, of the chunk index and of the chunks; bytes of the chunks themselves, and of them those of an
    earlier run; chunks, and bytes of the whole file.
    """

    metadata: Traffic
    index: Traffic
    chunks: Traffic
    n_chunk_bytes: int = 0
    n_held: int = 0
    n_chunks: int = 0
    n_planned: int = 0  # bytes of the requests for chunks, with what lies between
    n_reused: int = 0  # bytes of the chunks of an excerpt that was there already
    n_bytes_whole: int = 0

    def lines(self, *, is_done: bool = True) -> list[str]:
        """As they are told; before the chunks are fetched: what they would take."""
        told = [f"metadata: {self.metadata}", f"chunk index: {self.index}"]
        if self.n_reused:
            told.append(f"chunks of the excerpt that was here: {self.n_reused:,} bytes, inflated and taken over")
        if self.n_chunks and not is_done:
            told.append(f"chunks: would fetch {self.n_planned:,} bytes for {self.n_chunks:,} chunks of {self.n_chunk_bytes:,} bytes")
        elif self.n_chunks:
            new = self.n_chunk_bytes - self.n_held
            ratio = f", {self.chunks.n_bytes / new:.2f} times the chunks" if new else ""
            held = f" ({self.n_held:,} were here already)" if self.n_held else ""
            told.append(f"chunks: {self.chunks} for {self.n_chunks:,} chunks of {self.n_chunk_bytes:,} bytes{held}{ratio}")
        total = sum(one.n_bytes for one in (self.metadata, self.index, self.chunks))
        return [*told, f"together {total:,} bytes of a file of {self.n_bytes_whole:,}"]
