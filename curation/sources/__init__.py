"""The archives that can be read, one module each; all give the same sample table and the same matrix blocks."""

from __future__ import annotations

from pathlib import Path

from curation.source import LAYOUTS, Source, SourceFault, UnknownSource


def open_source(name: str, folder: Path) -> Source:
    """Open one source folder by its name. Raises UnknownSource, and SourceFault when files are missing or unreadable."""
    if not folder.is_dir():
        raise SourceFault(f"{folder} is no folder; a source is a folder that holds {LAYOUTS.get(name, 'its files')}")
    if name == "archs4":
        from curation.sources.archs4 import open_archs4

        return open_archs4(folder)
    if name == "depmap":
        from curation.sources.depmap import open_depmap

        return open_depmap(folder)
    if name == "gtex":
        from curation.sources.gtex import open_gtex

        return open_gtex(folder)
    if name == "table":
        from curation.sources.table import open_table

        return open_table(folder)
    if name in ("tcga", "target"):
        from curation.sources.tcga import open_tcga

        return open_tcga(folder, name)
    known = "; ".join(f"{source} ({holds})" for source, holds in LAYOUTS.items())
    raise UnknownSource(f"'{name}' ({folder}) is no known source; rename the folder to one of: {known}")
