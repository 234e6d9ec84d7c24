"""TARGET, the paediatric tumours: the files of the GDC, as those of TCGA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from curation.sources.tcga import open_tcga

if TYPE_CHECKING:
    from curation.source import Source


def open_target(folder: Path) -> Source:
    """Open a folder of TARGET. Raises what `open_tcga` raises."""
    return open_tcga(folder, "target")
