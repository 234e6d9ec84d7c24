"""Build hook of the wheel: the shipped ontology is compiled into it, so that an installed program never has to."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledOntology(BuildHookInterface):
    """Puts the tables of `curation.ontology.compile_tables` beside the files that they are made from, under the key of both."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # a checkout makes them on first use, into the user's cache
            return
        sys.path.insert(0, self.root)
        from curation import compiled
        from curation.ontology import compile_tables, compiled_key
        from curation.resources import shipped_ontology

        self.folder = tempfile.TemporaryDirectory()
        ontology = shipped_ontology()
        compiled.fill(Path(self.folder.name), partial(compile_tables, ontology))
        name = compiled.NAME + compiled_key(ontology, self.metadata.version)
        build_data["force_include"][self.folder.name] = f"curation/_data/compiled/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()
