"""RO-Crate 1.1 of a release (https://w3id.org/ro/crate/1.1), and the text that cites its sources.

The crate says, in the vocabulary of schema.org, which files with which licences and checksums went in, which program with which
parameters ran, and which files came out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from curation.catalogue import OWN, UNSTATED, SourceCard, card_of, read_sources
from curation.mark import CRATE, MARK
from curation.release import sha256, write_json

CITATION = "CITATION.txt"
REFERENCES = ("uberon", "cl", "mondo", "cellosaurus", "hgnc", "gencode")
MEDIA_TYPES = {
    ".h5ad": "application/x-hdf5",
    ".duckdb": "application/vnd.duckdb",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}
LICENCE_URLS = {"CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/"}

Entity = dict[str, Any]


def citation_text(sources: Iterable[str], cards: Mapping[str, SourceCard] | None = None) -> str:
    """What to cite for a release of these sources: the archives, then the reference data. Raises CatalogueFault for an unknown source."""
    known = cards or read_sources()
    lines = ["When you use this compendium, cite the sources that it is made of.", ""]
    for name in sorted(sources):
        card = card_of(name, known)
        cited = "the user's own samples; licence and citation not stated." if card.role == OWN else _cite(card)
        lines.append(f"- {name}: {cited}")
    lines += ["", "Labels and genes are named with:", ""]
    lines += [f"- {known[name].title}: {_cite(known[name])} Licence {known[name].licence}." for name in REFERENCES]
    lines += ["", "Licences of the sources:", ""]
    lines += [f"- {name}: {known[name].licence} {known[name].licence_url}".rstrip() for name in sorted(sources) if name in known]
    return "\n".join(lines) + "\n"


def _cite(card: SourceCard) -> str:
    return card.citation + (f" https://doi.org/{card.doi}" if card.doi else "")


def write_citation(folder: Path, sources: Iterable[str], cards: Mapping[str, SourceCard] | None = None) -> None:
    """Write CITATION.txt into a release of these sources."""
    (folder / CITATION).write_text(citation_text(sources, cards), encoding="utf-8")


def write_crate(folder: Path, manifest: Mapping[str, Any], cards: Mapping[str, SourceCard] | None = None) -> None:
    """Write ro-crate-metadata.json into a release whose other files are whole, its manifest too: the crate holds the checksum of each.

    What the outputs of `manifest` name is taken from there; only other files are read.
    """
    write_json(folder / CRATE, crate(folder, manifest, cards))


def crate(folder: Path, manifest: Mapping[str, Any], cards: Mapping[str, SourceCard] | None = None) -> dict[str, Any]:
    """The RO-Crate of the files of a release, as JSON has it; nothing in it depends on when it is written."""
    known = cards or read_sources()
    sources = manifest["sources_used"]
    known_files = {row["file"]: row["sha256"] for row in manifest.get("outputs", [])}
    outputs = [
        _output(path, folder, known_files) for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (CRATE, MARK)
    ]
    inputs = [_input(row, known) for row in manifest["inputs"]]
    articles = [_article(known[name]) for name in (*sources, *REFERENCES) if name in known and known[name].doi]
    cited = sorted({row["source"] for row in manifest["inputs"]} - {"ontology"})
    licences = list({entity["@id"]: entity for name in cited for entity in [_licence(card_of(name, known))]}.values())
    action, program, parameters = _build_action(manifest, inputs, outputs)
    dataset = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"bulkatlas compendium {manifest['build_id']}",
        "description": f"Human bulk RNA-seq samples of {', '.join(sources)} with tissue labels, splits and provenance.",
        "datePublished": manifest["created"],
        "identifier": manifest["build_id"],
        "license": _links(_licence(card_of(name, known)) for name in sources),
        "citation": _links(articles),
        "hasPart": _links([*outputs, *inputs]),
        "mentions": {"@id": action["@id"]},
    }
    about = {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}, "about": {"@id": "./"}}
    graph = [about, dataset, action, program, *parameters, *outputs, *inputs, *articles, *licences]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _build_action(manifest: Mapping[str, Any], inputs: list[Entity], outputs: list[Entity]) -> tuple[Entity, Entity, list[Entity]]:
    """The run of `curate build`: the action, the program with what it needs, and its parameters."""
    versions = manifest["versions"]
    program = {
        "@id": "#bulkatlas",
        "@type": "SoftwareApplication",
        "name": "bulkatlas",
        "version": versions["bulkatlas"],
        "softwareRequirements": [f"{name} {version}" for name, version in sorted(versions.items()) if name != "bulkatlas"],
    }
    parameters = [
        {"@id": f"#parameter-{name}", "@type": "PropertyValue", "name": name, "value": str(value)}
        for name, value in sorted(manifest["parameters"].items())
    ]
    action = {
        "@id": "#build",
        "@type": "CreateAction",
        "name": f"curate build {manifest['build_id']}",
        "endTime": manifest["created"],
        "instrument": {"@id": program["@id"]},
        "object": _links([*inputs, *parameters]),
        "result": _links(outputs),
    }
    return action, program, parameters


def _links(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]


def _output(path: Path, folder: Path, known: Mapping[str, str]) -> Entity:
    name = path.relative_to(folder).as_posix()
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        "sha256": known.get(name) or sha256(path),
    }


def _input(row: Mapping[str, Any], known: Mapping[str, SourceCard]) -> Entity:
    """An input is named by its checksum: it is no part of the folder, and the same file elsewhere is the same input."""
    entity = {
        "@id": f"urn:sha256:{row['sha256']}",
        "@type": "CreativeWork",
        "name": f"{row['source']}/{row['file']}",
        "contentSize": str(row["bytes"]),
        "sha256": row["sha256"],
    }
    return entity if row["source"] == "ontology" else {**entity, "license": {"@id": _licence(card_of(row["source"], known))["@id"]}}


def _article(card: SourceCard) -> Entity:
    return {"@id": f"https://doi.org/{card.doi}", "@type": "ScholarlyArticle", "name": card.citation}


def _licence(card: SourceCard) -> Entity:
    stated = "not stated by the source" if card.licence == UNSTATED else card.licence
    address = LICENCE_URLS.get(card.licence) or (card.licence_url if card.licence != UNSTATED else "") or f"#licence-{card.source}"
    return {"@id": address, "@type": "CreativeWork", "name": stated, "description": f"commercial use: {card.commercial_use}"}
