"""Kinds of bad input: files, values, ids, rules, parameters, paths. Each ends in one clear error that leaves nothing behind, or is counted."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tiny_world

from curation.audit import run_query
from curation.build import BuildReport, RunOptions, build
from curation.config import BuildConfig
from curation.progress import Progress
from profiles.errors import BulkatlasError

Spoil = Callable[[Path], dict[str, object] | None]
KINDS: dict[str, tuple[Spoil, str]] = {}


def kind(name: str, told: str) -> Callable[[Spoil], Spoil]:
    """Register a way to spoil the folder `place` (world, ontology) or the options of the build, and what the error must say."""

    def register(spoil: Spoil) -> Spoil:
        KINDS[name] = (spoil, told)
        return spoil

    return register


def h5(place: Path) -> Path:
    return place / "world" / "archs4" / "human_gene_v2.5.h5"


def gct(place: Path) -> Path:
    return place / "world" / "gtex" / "gene_reads.gct"


def attributes(place: Path) -> Path:
    return place / "world" / "gtex" / "GTEx_SampleAttributesDS.txt"


def edit_h5(name: str, told: str, change: Callable[[h5py.File], object]) -> None:
    def spoil(place: Path) -> None:
        with h5py.File(h5(place), "r+") as file:
            change(file)

    KINDS[name] = (spoil, told)


def edit_text(name: str, told: str, path: Callable[[Path], Path], change: Callable[[str], str]) -> None:
    def spoil(place: Path) -> None:
        file = path(place)
        file.write_text(change(file.read_text()))

    KINDS[name] = (spoil, told)


def edit_table(name: str, told: str, table: str, change: Callable[[list[list[str]]], object]) -> None:
    """Change the rows (header first) of a table of the ontology folder."""

    def spoil(place: Path) -> None:
        path = place / "ontology" / table
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        change(rows)
        path.write_text("".join("\t".join(row) + "\n" for row in rows))

    KINDS[name] = (spoil, told)


def option(name: str, told: str, **options: object) -> None:
    KINDS[name] = (lambda place: {key: value(place) if callable(value) else value for key, value in options.items()}, told)


def renamed(file: h5py.File, old: str, new: str) -> None:
    file.move(old, new)


def replaced(file: h5py.File, name: str, data: object) -> None:
    del file[name]
    file.create_dataset(name, data=data)


def column(rows: list[list[str]], name: str) -> int:
    return rows[0].index(name)


def override(*cells: str) -> Callable[[list[list[str]]], object]:
    def change(rows: list[list[str]]) -> None:
        given = dict(zip(("scope", "target", "term_id", "date"), cells, strict=True))
        plain = {"override_id": "O1", "is_cell_line": "", "curator": "A", "reason": "because", "fact": "", "value": "", **given}
        rows.append([plain[name] for name in rows[0]])

    return change


# Paths
option("the input folder is not there", "is no folder", input=lambda place: place / "nowhere")
option("the input is a file", "is no folder", input=h5)
option("the output exists", "exists; choose another --out|which is read; choose a folder beside it", out=lambda place: place / "world")
option(
    "the output lies in a file",
    "cannot be written|is no folder|Not a directory|choose a folder beside it",
    out=lambda place: h5(place) / "out",
)
option("the ontology folder is not there", "missing|is no folder", ontology=lambda place: place / "nowhere")
option("the earlier release is none", "holds no manifest", previous=lambda place: place / "world")


@kind("the input folder is empty", "holds no source folder")
def _(place: Path) -> None:
    shutil.rmtree(place / "world")
    (place / "world").mkdir()


@kind("a subfolder of no known source", "is no known source")
def _(place: Path) -> None:
    (place / "world" / "geo2").mkdir()


@kind("a source folder without files", "human_gene")
def _(place: Path) -> None:
    h5(place).unlink()


@kind("an earlier release with a damaged manifest", "no readable JSON")
def _(place: Path) -> dict[str, object]:
    (place / "old").mkdir()
    (place / "old" / "manifest.json").write_text('{"build_id": ')
    return {"previous": place / "old"}


@kind("a folder where a file should be", "h5")
def _(place: Path) -> None:
    h5(place).unlink()
    h5(place).mkdir()


# Parameters
option("a cap of 0", "--cap is 0", config={"cap": 0})
option("a negative cap", "--cap is -5", config={"cap": -5})
option("a subset of 0", "--subset is 0", config={"subset": 0})
option("a negative cell-line cap", "--cell-line-cap is -1", config={"cell_line_cap": -1})
option("a threshold of 0", "--single-cell-threshold is 0", config={"single_cell_threshold": 0.0})
option("a threshold above 1", "--single-cell-threshold is 2", config={"single_cell_threshold": 2.0})
option("an unknown licence", "unknown licence GPL", config={"licences": ("GPL",)})
option("a licence that no source has", "no source of archs4, gtex has a licence of CC-BY-4.0", config={"licences": ("CC-BY-4.0",)})
option("a memory limit that is none", "Memory must have a number", memory="lots")


# ARCHS4 files
@kind("a truncated HDF5 file", "is cut off|cannot be read as HDF5")
def _(place: Path) -> None:
    data = h5(place).read_bytes()
    h5(place).write_bytes(data[: len(data) // 2])


@kind("a web page named .h5", "is a web page, not HDF5")
def _(place: Path) -> None:
    h5(place).write_text("<!doctype html><html>503</html>")


@kind("an empty file", "cannot be read as HDF5|is empty")
def _(place: Path) -> None:
    h5(place).write_bytes(b"")


@kind("one sample in two files of a source", "GSM0000")
def _(place: Path) -> None:
    shutil.copy(h5(place), h5(place).with_name("human_gene_v2.6.h5"))


edit_h5("no expression", "data/expression", lambda file: renamed(file, "data/expression", "data/counts"))
edit_h5("no sample metadata", "meta/samples", lambda file: file.move("meta/samples", "meta/other"))
edit_h5("no accessions", "geo_accession", lambda file: renamed(file, "meta/samples/geo_accession", "meta/samples/id"))
edit_h5("no titles", "title", lambda file: renamed(file, "meta/samples/title", "meta/samples/name"))
edit_h5("titles of another length", "title", lambda file: replaced(file, "meta/samples/title", [b"a", b"b"]))
edit_h5("genes of another length", "gene|symbol", lambda file: replaced(file, "meta/genes/symbol", [b"A1BG", b"TP53"]))
edit_h5("no gene names", "gene", lambda file: renamed(file, "meta/genes/symbol", "meta/genes/nothing"))
edit_h5(
    "genes that nobody knows",
    "gene",
    lambda file: replaced(file, "meta/genes/symbol", [f"X{i}".encode() for i in range(tiny_world.N_GENES)]),
)
edit_h5("an accession twice", "GSM0001", lambda file: file["meta/samples/geo_accession"].__setitem__(0, "GSM0001"))
edit_h5("an empty accession", "empty|no id|without", lambda file: file["meta/samples/geo_accession"].__setitem__(0, ""))
edit_h5(
    "expression with one axis",
    r"is \(10,\) but the metadata name",
    lambda file: replaced(file, "data/expression", np.arange(10, dtype=np.uint32)),
)
edit_h5("expression of text", "number|type|text", lambda file: replaced(file, "data/expression", np.full((60, 72), b"x")))
edit_h5("negative counts", "negative", lambda file: replaced(file, "data/expression", np.full((60, 72), -3, dtype=np.int32)))
edit_h5(
    "counts that are no number",
    "not whole-number counts",
    lambda file: replaced(file, "data/expression", np.full((60, 72), np.nan, dtype=np.float32)),
)
edit_h5(
    "an accession of another source",
    "GTEX-1000-1226-SM-ABCD0",
    lambda f: f["meta/samples/geo_accession"].__setitem__(0, "GTEX-1000-1226-SM-ABCD0"),
)

# GTEx files
edit_text("a GCT without its mark", "#1.2|GCT", gct, lambda text: text.replace("#1.2", "#9"))
edit_text("a ragged row", "line|row", gct, lambda text: text.replace("\t", " ", 0).rsplit("\t", 1)[0] + "\n")
edit_text("a word among the numbers", "many", gct, lambda text: text.rsplit("\t", 1)[0] + "\tmany\n")
edit_text("a negative value", "negative|-7", gct, lambda text: text.rsplit("\t", 1)[0] + "\t-7\n")
edit_text(
    "a sample column twice", "GTEX-1000-1226-SM-ABCD0", gct, lambda text: text.replace("GTEX-1000-0726-SM-ABCD0", "GTEX-1000-1226-SM-ABCD0")
)
edit_text("a GCT that ends after its header", "no|gene|row", gct, lambda text: "\n".join(text.splitlines()[:3]) + "\n")
edit_text("attributes without the tissue", "SMTSD", attributes, lambda text: text.replace("SMTSD", "TISSUE"))
edit_text("attributes without the sample", "SAMPID", attributes, lambda text: text.replace("SAMPID", "ID"))
edit_text(
    "attributes that contradict", "GTEX-1000-1226", attributes, lambda text: text + text.splitlines()[1].replace("Liver", "Lung") + "\n"
)


@kind("no attributes", "SampleAttributes")
def _(place: Path) -> None:
    attributes(place).unlink()


@kind("a damaged gzip file", "gz|cut off|damaged|decompress")
def _(place: Path) -> None:
    data = gzip.compress(gct(place).read_bytes())
    gct(place).unlink()
    gct(place).with_suffix(".gct.gz").write_bytes(data[: len(data) // 2])


# Rules, terms and overrides
@kind("no ontology file", "uberon.obo.gz is missing")
def _(place: Path) -> None:
    (place / "ontology" / "uberon.obo.gz").unlink()


@kind("a damaged ontology file", "uberon.obo.gz")
def _(place: Path) -> None:
    (place / "ontology" / "uberon.obo.gz").write_bytes(b"no gzip")


@kind("no rules", "rules.tsv is missing")
def _(place: Path) -> None:
    (place / "ontology" / "rules.tsv").unlink()


edit_table("a rule of another shape", "rules.tsv line 2", "rules.tsv", lambda rows: rows[1].pop())
edit_table("rules without a column", "rules.tsv: the columns", "rules.tsv", lambda rows: rows[0].__setitem__(0, "id"))
edit_table("a rule id twice", "rules.tsv", "rules.tsv", lambda rows: rows.append(list(rows[1])))
edit_table(
    "a rule to no term", "UBERON:7777777", "rules.tsv", lambda rows: mapped(rows).__setitem__(column(rows, "term_id"), "UBERON:7777777")
)
edit_table("a rule of unknown verdict", "rules.tsv", "rules.tsv", lambda rows: rows[1].__setitem__(column(rows, "verdict"), "perhaps"))
edit_table("a rule without a reason", "reason is empty", "rules.tsv", lambda rows: rows[1].__setitem__(column(rows, "reason"), ""))
edit_table(
    "a pattern that is none", "pattern|regular|\\(", "rules.tsv", lambda rows: pattern(rows).__setitem__(column(rows, "text"), "(unclosed")
)
edit_table(
    "a tissue rooted nowhere", "UBERON:7777777", "tissues.tsv", lambda rows: rows[1].__setitem__(column(rows, "root_id"), "UBERON:7777777")
)
edit_table("a weight above one", "weights.tsv", "weights.tsv", lambda rows: rows[1].__setitem__(column(rows, "weight"), "7"))
edit_table("a weight that is no number", "weights.tsv", "weights.tsv", lambda rows: rows[1].__setitem__(column(rows, "weight"), "much"))
edit_table("an override of nothing", "GSM9999", "overrides.tsv", override("sample", "GSM9999", "UBERON:0002107", "2026-01-31"))
edit_table("an override to no term", "UBERON:7777777", "overrides.tsv", override("sample", "GSM0001", "UBERON:7777777", "2026-01-31"))
edit_table("an override of unknown scope", "overrides.tsv", "overrides.tsv", override("donor", "GSM0001", "UBERON:0002107", "2026-01-31"))
edit_table("an override on no day", "overrides.tsv", "overrides.tsv", override("sample", "GSM0001", "UBERON:0002107", "yesterday"))


def mapped(rows: list[list[str]]) -> list[str]:
    return next(row for row in rows[1:] if row[column(rows, "term_id")])


def pattern(rows: list[list[str]]) -> list[str]:
    return next(row for row in rows[1:] if row[column(rows, "match")] == "pattern")


@pytest.fixture
def place(tiny: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny / "world", tmp_path / "world")
    shutil.copytree(tiny / "ontology", tmp_path / "ontology")
    return tmp_path


@pytest.mark.parametrize("name", KINDS)
def test_bad_input_is_one_clear_error_and_nothing_is_left(place, name):
    spoil, told = KINDS[name]
    given = spoil(place) or {}
    before = sorted(path for path in place.rglob("*"))
    out = given.get("out", place / "release")
    run = {"ontology": place / "ontology", "threads": 1, **{key: given[key] for key in ("ontology", "previous", "memory") if key in given}}
    with pytest.raises(BulkatlasError, match=told) as caught:
        config = BuildConfig(**{"cap": 10, "unit": "cpm", **given.get("config", {})})
        build(given.get("input", place / "world"), out, config, RunOptions(**run), Progress())
    assert "\n" not in str(caught.value).strip()
    assert len(str(caught.value)) < 1500
    assert sorted(path for path in place.rglob("*")) == before


def test_there_are_sixty_kinds():
    assert len(KINDS) >= 60


def built(place: Path) -> tuple[BuildReport, dict[str, tuple[str | None, str]]]:
    """Build the spoilt world: the report, and tissue and decision of every sample."""
    report = tiny_world.build_tiny(place / "world", place / "release", ontology=place / "ontology")
    rows = run_query(place / "release", "SELECT sample_id, tissue, decided_by FROM label").rows
    return report, {name: (tissue, decided) for name, tissue, decided in rows}


def test_what_is_not_refused_is_counted_in_the_notes(place):
    """A dimension line that lies, a tissue that nobody listed, a sample without attributes: named, with what was done."""
    gct(place).write_text(gct(place).read_text().replace("60\t24", "61\t25"))
    lines = attributes(place).read_text().replace("\tLiver\tRNASEQ", "\tElbow\tRNASEQ").splitlines()
    attributes(place).write_text("\n".join(lines[:-1]) + "\n")
    report, labels = built(place)
    notes = "\n".join(report.notes)
    assert "8 samples with SMTSD 'Elbow'" in notes
    assert "61" in notes
    assert lines[-1].split("\t")[0] in notes
    assert labels["GTEX-1000-1226-SM-ABCD0"] == (None, "unmapped")


def test_sql_in_ids_words_and_rules_is_data(place):
    ids = ["x'); DROP TABLE sample; --", "$seed", 'a"b', "a\\b", "100%", "née 🧬"]
    with h5py.File(h5(place), "r+") as file:
        for i, name in enumerate(ids):
            file["meta/samples/geo_accession"][i] = name
            file["meta/samples/title"][i] = f"kidney {name}"
        file["meta/samples/series_id"][20] = "GSE1'; DELETE FROM kept; --"
    rules = place / "ontology" / "rules.tsv"
    header, *_ = rules.read_text().splitlines()
    row = {
        "rule_id": "x'); DROP TABLE rule; --",
        "verdict": "map",
        "match": "phrase",
        "text": "'); drop table",
        "fields": "any",
        "kind": "anatomy",
    }
    row |= {"term_id": "UBERON:0002113", "term_name": "kidney", "yes": "'); drop table", "no": "", "reason": 'it\'s "data"; $cap'}
    rules.write_text(rules.read_text() + "\t".join(row[name] for name in header.split("\t")) + "\n")
    _, labels = built(place)
    assert set(ids) <= labels.keys()
    assert len(labels) == 96
    assert run_query(place / "release", "SELECT reason FROM rule WHERE rule_id LIKE 'x%DROP%'").rows == [('it\'s "data"; $cap',)]


def test_an_output_path_with_quotes_and_sql_in_it_is_a_path(place):
    out = place / 'it\'s "mine"; DROP TABLE sample; --'
    tiny_world.build_tiny(place / "world", out, ontology=place / "ontology")
    assert run_query(out, "SELECT count(*) FROM sample").rows == [(96,)]
