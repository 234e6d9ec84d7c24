"""The RO-Crate and the citation of a release."""

from __future__ import annotations

import hashlib
import json

import pytest

from curation.crate import CITATION, CRATE, citation_text, write_citation, write_crate

MANIFEST = {
    "build_id": "abc123",
    "sources_used": ["archs4", "table", "tcga"],
    "created": "2026-01-02T03:04:05+00:00",
    "parameters": {"cap": 10, "seed": 42},
    "versions": {"bulkatlas": "0.1.0", "duckdb": "2.0.0"},
    "inputs": [
        {"source": "tcga", "file": "m.gz", "bytes": 3, "sha256": "a" * 64},
        {"source": "archs4", "file": "human.h5", "bytes": 4, "sha256": "b" * 64},
        {"source": "table", "file": "t.tsv", "bytes": 5, "sha256": "c" * 64},
        {"source": "ontology", "file": "rules.tsv", "bytes": 6, "sha256": "d" * 64},
    ],
}


@pytest.fixture
def crate(tmp_path):
    (tmp_path / "labels.parquet").write_bytes(b"rows")
    write_citation(tmp_path, MANIFEST["sources_used"])
    write_crate(tmp_path, MANIFEST)
    return tmp_path


def graph(folder):
    return {entity["@id"]: entity for entity in json.loads((folder / CRATE).read_text())["@graph"]}


def test_every_reference_in_the_crate_leads_to_an_entity(crate):
    entities = graph(crate)

    def references(value):
        if isinstance(value, dict) and set(value) == {"@id"}:
            yield value["@id"]
        elif isinstance(value, dict):
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    asked = {name for entity in entities.values() for key, value in entity.items() if key != "@id" for name in references(value)}
    assert asked - {"https://w3id.org/ro/crate/1.1"} <= entities.keys()


def test_inputs_and_outputs_carry_size_checksum_and_licence(crate):
    entities = graph(crate)
    assert entities["labels.parquet"]["sha256"] == hashlib.sha256(b"rows").hexdigest()
    assert entities["labels.parquet"]["contentSize"] == "4"
    licence = entities["urn:sha256:" + "a" * 64]["license"]["@id"]
    assert entities[licence]["name"] == "LicenseRef-NIH-GDS-open-access"
    unstated = entities["urn:sha256:" + "c" * 64]["license"]["@id"]
    assert entities[unstated]["name"] == "not stated by the source"


def test_the_rocrate_library_reads_it(crate):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="the library rocrate is not installed")
    read = rocrate.ROCrate(crate)
    assert read.root_dataset["identifier"] == "abc123"
    assert {"labels.parquet", CITATION} <= {entity.id for entity in read.data_entities}
    assert read.get("#build")["instrument"]["version"] == "0.1.0"


def test_the_citation_names_each_source_once_and_the_unknown_honestly():
    text = citation_text(["tcga", "archs4", "table"])
    assert text.count("10.1038/s41467-018-03751-6") == 1
    assert "table: the user's own samples; licence and citation not stated." in text
    assert "gtex" not in text
    assert "Uberon" in text
