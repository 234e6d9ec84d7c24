"""Faults planted into a copy of a release, one a row: what is done, how much of the papers is written again, and what becomes of it.

`seal` says how far the one who plants goes. `none`: only the file is changed. `manifest`: its checksum in the manifest too. `all`: manifest and
RO-Crate are written again by the program's own code, so that only the content gives the fault away. What is `found` names the question that must find
it; a tolerance is one of docs/reference/provenance.md, written there before it was run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.build import make_build_id
from curation.crate import write_crate
from curation.database import connect
from curation.matrix.compendium import matrix_offset
from curation.release import sha256, write_json, write_manifest

FILES, FORM, PARAMETERS = (
    "every file has the checksum of the manifest",
    "the manifest has its entries and no others",
    "the parameters are those of a build",
)
BUILD, CRATE = "build_id is made of what the manifest states", "the RO-Crate is that of these files and this manifest"
CITATION, ONE = "CITATION.txt is that of the sources", "manifest, database and compendium tell of one build"
ONTOLOGY, INPUTS = "the ontology is the one that the build read", "the sources are the files that the build read"
OPENS, MAPPED, PARTS = (
    "the compendium opens",
    "X can be mapped and has the shape of obs and var",
    "the compendium holds its parts and no others",
)
BLOCKS, SCALER = "every block of rows has its checksum", "train_mean and train_std are those of the training rows"
MILLION, QUALITY = "every sample sums to one million", "the quality columns are those of X"
GENES, BY_GENE, LEDGER = "genes are named as in the gene table", "by_gene.h5 is X, gene by gene", "the gene ledger is that of X"
DATABASE, PROMISES, OBS = "the database opens", "the promises of sql/checks hold", "obs is what the database says"
LABELS, EVIDENCE, FACTS = (f"{name}.parquet is what the database says" for name in ("labels", "evidence", "facts"))
LABELS_OBS, PAGES = "labels.parquet agrees with obs", "funnel and report are those of the database"
X_ARCHS4, X_GTEX, AGAIN = "X is what archs4 holds", "X is what gtex holds", "the tables come again from the sources"
EXPECTED = "the release is the one that is expected"

Plant = Callable[[Path], None]


@dataclass(frozen=True)
class Planted:
    """One row of the list; `found` is a question, or `T1` and the like: a tolerance, told by --expect alone."""

    name: str
    plant: Plant
    found: str
    seal: str = "none"
    with_sources: bool = False


def own(release: Path, name: str) -> Path:
    """The file as a copy of its own: the copies of a release share their files by hard links until they are written to."""
    path = release / name
    copy = path.with_name(f"{path.name}.copy")
    shutil.copyfile(path, copy)
    os.replace(copy, path)
    return path


def sealed(release: Path, how: str) -> None:
    """Write the papers again, as far as asked."""
    if how == "none":
        return
    content = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    if how == "manifest":
        for row in content["outputs"]:
            if (path := release / row["file"]).is_file():
                row |= {"bytes": path.stat().st_size, "sha256": sha256(path)}
        write_json(own(release, "manifest.json"), content)
        return
    own(release, "manifest.json")
    own(release, "ro-crate-metadata.json")
    write_crate(release, write_manifest(release, {name: value for name, value in content.items() if name != "outputs"}))


def manifest(change: Callable[[dict[str, Any]], Any], *, crate: bool = True) -> Plant:
    """Change the manifest, and write the crate again so that it names the changed one."""

    def plant(release: Path) -> None:
        content = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
        change(content)
        write_json(own(release, "manifest.json"), content)
        if crate:
            with contextlib.suppress(KeyError, TypeError, AttributeError):  # no crate can be made of some manifests
                write_crate(release, content)

    return plant


def output(name: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        next(row for row in content["outputs"] if row["file"] == name).update(changes)

    return change


def listed(name: str, text: bytes = b"x") -> Callable[[dict[str, Any]], None]:
    """One more file in the manifest."""
    return lambda m: m["outputs"].append({"file": name, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()})


def identified(content: dict[str, Any]) -> None:
    content["build_id"] = make_build_id(
        content["versions"]["bulkatlas"], content["schema_version"], content["parameters"], content["inputs"], content["previous"]
    )


def both(*plants: Plant) -> Plant:
    def plant(release: Path) -> None:
        for one in plants:
            one(release)

    return plant


def text(name: str, old: str, new: str) -> Plant:
    """Replace the first occurrence in a text file."""

    def plant(release: Path) -> None:
        path = own(release, name)
        content = path.read_text(encoding="utf-8")
        assert old in content, f"{name} does not hold {old!r}"
        path.write_text(content.replace(old, new, 1), encoding="utf-8")

    return plant


def cut(name: str, share: float = 0.5) -> Plant:
    def plant(release: Path) -> None:
        path = own(release, name)
        os.truncate(path, int(path.stat().st_size * share))

    return plant


def lost(name: str) -> Plant:
    return lambda release: (release / name).unlink()


def written(name: str, content: bytes) -> Plant:
    def plant(release: Path) -> None:
        (release / name).unlink(missing_ok=True)
        (release / name).write_bytes(content)

    return plant


def linked(release: Path) -> None:
    """A file of the release becomes a link to an equal one outside."""
    path = own(release, "funnel.md")
    outside = release.parent / "outside.md"
    path.rename(outside)
    path.symlink_to(outside)


def sql(*statements: str) -> Plant:
    def plant(release: Path) -> None:
        con = connect(own(release, "curation.duckdb"))
        for statement in statements:
            con.execute(statement)
        con.close()

    return plant


def parquet(name: str, change: Callable[[pa.Table], pa.Table]) -> Plant:
    def plant(release: Path) -> None:
        path = own(release, name)
        pq.write_table(change(pq.read_table(path)), path, compression="zstd")

    return plant


def cell(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    return table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))


def h5(change: Callable[[h5py.File], Any], name: str = "compendium.h5ad") -> Plant:
    def plant(release: Path) -> None:
        with h5py.File(own(release, name), "r+") as file:
            change(file)

    return plant


def x(change: Callable[[np.ndarray], None], *, blocks: bool = True) -> Plant:
    """Change X, and the checksums of its blocks with it."""

    def plant(release: Path) -> None:
        path = own(release, "compendium.h5ad")
        offset, shape = matrix_offset(path)
        values = np.memmap(path, np.float32, "r+", offset, shape)
        change(values)
        values.flush()
        if blocks:
            digest = hashlib.sha256(np.array(values).data).hexdigest()
            own(release, "compendium.checksums.tsv").write_text(f"first_row\tn_rows\tsha256\n0\t{shape[0]}\t{digest}\n")

    return plant


def put(file: h5py.File, name: str, at: Any, value: Any) -> None:
    file[name][at] = value


def replaced(file: h5py.File, name: str, value: Any) -> None:
    """Another value in the place of an element of uns, its encoding kept."""
    attributes = dict(file[name].attrs)
    del file[name]
    file[name] = value
    file[name].attrs.update(attributes)


def next_code(file: h5py.File, column: str, row: int) -> None:
    codes = file[f"obs/{column}/codes"]
    codes[row] = (codes[row] + 1) % len(file[f"obs/{column}/categories"])


def swap_rows(values: np.ndarray) -> None:
    values[[0, 1]] = values[[1, 0]]


def rotated(values: np.ndarray) -> None:
    """One sample keeps its values and gives each to the next gene: sums, genes detected and zeros stay."""
    values[3] = np.roll(values[3], 1)


def chunked(file: h5py.File) -> None:
    values, attributes = file["X"][:], dict(file["X"].attrs)
    del file["X"]
    file.create_dataset("X", data=values, chunks=(8, 8), compression="gzip").attrs.update(attributes)


def lose_column(file: h5py.File, table: str, name: str) -> None:
    del file[f"{table}/{name}"]
    file[table].attrs["column-order"] = [column for column in file[table].attrs["column-order"] if column != name]


def add_column(file: h5py.File) -> None:
    file["obs/age_guess"] = np.zeros(len(file["obs/sample_id"]), np.float32)
    file["obs/age_guess"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    file["obs"].attrs["column-order"] = [*file["obs"].attrs["column-order"], "age_guess"]


VIEW = (
    "CREATE TABLE planted AS SELECT * REPLACE (if(sample_id = (SELECT min(sample_id) FROM sample), 'eye', tissue) AS tissue) FROM exported_label",
    "DROP VIEW exported_label",
    "CREATE VIEW exported_label AS FROM planted",
)
FIRST = "(SELECT min(sample_id) FROM kept WHERE split = 'train')"


def relabelled(release: Path) -> None:
    """One training sample gets another tissue in the tables, the Parquet file and obs alike."""
    con = connect(release / "curation.duckdb", read_only=True)
    sample, row, old = con.execute("SELECT sample_id, row, tissue FROM kept WHERE split = 'train' ORDER BY row LIMIT 1").fetchall()[0]
    new = con.execute("SELECT min(tissue) FROM kept WHERE tissue NOT IN ('', ?)", [old]).fetchall()[0][0]
    con.close()
    sql(*(f"UPDATE {table} SET {column} = '{new}' WHERE sample_id = '{sample}'" for table, column in (("kept", "tissue"), ("kept", "class"), ("label", "tissue"), ("draw", "tissue"))))(release)  # fmt: skip

    def in_obs(file: h5py.File) -> None:
        names = [name.decode() for name in file["obs/tissue/categories"][:]]
        file["obs/tissue/codes"][row] = names.index(new)

    h5(in_obs)(release)
    table = pq.read_table(release / "labels.parquet")
    at = pc.index(table["sample_id"], sample).as_py()
    parquet("labels.parquet", lambda rows: cell(rows, "tissue", at, new))(release)


def coherent_input(release: Path) -> None:
    """The checksum of a table of the ontology changed in manifest, database and compendium alike, and a build id that fits."""

    def change(content: dict[str, Any]) -> None:
        next(row for row in content["inputs"] if row["file"] == "rules.tsv")["sha256"] = "0" * 64
        identified(content)

    manifest(change, crate=False)(release)
    content = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    said = {"sources": json.dumps(content["inputs"], sort_keys=True), "build_id": content["build_id"]}
    h5(lambda file: [replaced(file, f"uns/{name}", value) for name, value in said.items()])(release)
    h5(lambda file: file.attrs.__setitem__("build_id", content["build_id"]), "by_gene.h5")(release)
    sql(*(f"UPDATE build SET value = $${value}$$ WHERE key = '{name}'" for name, value in said.items()))(release)
    rewritten_pages(release)


def rewritten_pages(release: Path) -> None:
    from curation.build_report import write_report
    from curation.database import reading

    with reading(release / "curation.duckdb") as con:
        write_report(con, own(release, "report.html"), json.loads((release / "manifest.json").read_text(encoding="utf-8")))


def of_world(change: Plant) -> Plant:
    """A fault in the sources, not in the release."""
    return lambda release: change(release.parent / "world")


def source_counts(world: Path) -> None:
    path = own(world / "gtex", "gene_reads.gct")
    lines = path.read_text().splitlines()
    cells = lines[20].split("\t")
    lines[20] = "\t".join([*cells[:2], *(str(int(c) + 9000) for c in cells[2:])])
    path.write_text("\n".join(lines) + "\n")


OTHER_DAY = {"created": "2001-01-01T00:00:00+00:00"}

# fmt: off
PLANTS: list[Planted] = [
    # the manifest
    Planted("an entry of the manifest is dropped", manifest(lambda m: m["outputs"].pop(0)), FILES),
    Planted("the last entry is dropped, its file too", both(lost("report.html"), manifest(lambda m: m["outputs"].pop())), FILES),
    Planted("a checksum is changed", manifest(output("labels.parquet", sha256="0" * 64)), FILES),
    Planted("a size is changed", manifest(output("labels.parquet", bytes=1)), FILES),
    Planted("a checksum is no text", manifest(output("labels.parquet", sha256=7)), FORM),
    Planted("an entry for a file that is not there", manifest(listed("more.parquet")), FILES),
    Planted("a file that no build writes, with its entry", both(written("run.sh", b"x"), manifest(listed("run.sh"))), FILES),
    Planted("an entry that leads outside", manifest(listed("../world/gtex/gene_reads.gct")), FILES),
    Planted("an entry with an absolute path", manifest(listed("/etc/passwd")), FILES),
    Planted("an entry with a drive letter", manifest(listed("C:\\x")), FILES),
    Planted("an entry with a NUL byte", manifest(listed("x\0")), FILES),
    Planted("an entry named as a device", manifest(listed("NUL.tsv")), FILES),
    Planted("an entry with dots of Unicode", manifest(listed("\u2025/x")), FILES),
    Planted("an entry of 300 characters", manifest(listed("n" * 300)), FILES),
    Planted("an entry twice", manifest(lambda m: m["outputs"].append(m["outputs"][0])), FILES),
    Planted("an entry that is no row", manifest(lambda m: m["outputs"].append("x")), FILES),
    Planted("outputs is a text", manifest(lambda m: m.update(outputs="none")), FORM),
    Planted("outputs is lost", manifest(lambda m: m.pop("outputs")), FORM),
    Planted("an unknown entry", manifest(lambda m: m.update(signed_by="somebody")), FORM),
    Planted("a parameter is changed", manifest(lambda m: m["parameters"].update(cap=9)), BUILD),
    Planted("a parameter is changed, with a build id that fits", manifest(lambda m: (m["parameters"].update(cap=9), identified(m))), ONE),
    Planted("a parameter is added", manifest(lambda m: (m["parameters"].update(shuffle=True), identified(m))), PARAMETERS),
    Planted("a parameter is lost", manifest(lambda m: (m["parameters"].pop("tiers"), identified(m))), PARAMETERS),
    Planted("a parameter is out of range", manifest(lambda m: (m["parameters"].update(single_cell_threshold=7), identified(m))), PARAMETERS),
    Planted("the build id is another", manifest(lambda m: m.update(build_id="0" * 16)), BUILD),
    Planted("an earlier build is invented", manifest(lambda m: m.update(previous="0" * 16)), BUILD),
    Planted("an ontology checksum is changed", manifest(lambda m: m["inputs"][-1].update(sha256="0" * 64)), BUILD),
    Planted("an ontology checksum is changed everywhere", coherent_input, "T3", "all"),
    Planted("the same, and the ontology is asked", coherent_input, ONTOLOGY, "all", with_sources=True),
    Planted("an input is dropped", manifest(lambda m: (m["inputs"].pop(0), identified(m))), ONE),
    Planted("an input is added", manifest(lambda m: (m["inputs"].append({**m["inputs"][0], "file": "b.h5"}), identified(m))), ONE),
    Planted("an input leads outside", manifest(lambda m: m["inputs"][0].update(file="../x")), FORM),
    Planted("a source is not among those used", manifest(lambda m: m["sources_used"].pop()), ONE),
    Planted("the program's version is changed", manifest(lambda m: m["versions"].update(bulkatlas="9.9.9")), BUILD),
    Planted("a version is lost", manifest(lambda m: m["versions"].pop("duckdb")), FORM),
    Planted("a version is none", manifest(lambda m: m["versions"].update(duckdb="new")), FORM),
    Planted("the version of a library is changed", manifest(lambda m: m["versions"].update(numpy="1.0.0")), PAGES),
    Planted("the version of a library is changed, in the report too", both(manifest(lambda m: m["versions"].update(numpy="1.0.0")), rewritten_pages), "T2", "all"),
    Planted("the schema version is changed", manifest(lambda m: m.update(schema_version="2")), FORM),
    Planted("created is no time", manifest(lambda m: m.update(created="yesterday")), FORM),
    Planted("created is another day", manifest(lambda m: m.update(OTHER_DAY)), PAGES),
    Planted("created is another day, in the report too", both(manifest(lambda m: m.update(OTHER_DAY)), rewritten_pages), "T2", "all"),
    Planted("a stage took another time", manifest(lambda m: m["stages"][0].update(seconds=1e6)), "T2"),
    Planted("a note is changed", manifest(lambda m: m["notes"].append("checked by hand")), ONE),
    Planted("the manifest is changed, the crate is not", manifest(lambda m: m["stages"].clear(), crate=False), CRATE),
    Planted("a checksum written again, the crate is not", text("funnel.md", "Funnel", "FUNNEL"), CRATE, "manifest"),
    # the files
    Planted("a file is added", written("extra.txt", b"x"), FILES),
    Planted("an empty folder is added", lambda release: (release / "extra").mkdir(), FILES),
    Planted("a file becomes a link to one outside", linked, FILES),
    Planted("a text is changed", text("funnel.md", "1", "2"), FILES),
    Planted("a file is emptied", cut("CITATION.txt", 0), FILES),
    # the RO-Crate
    Planted("the crate is lost", lost("ro-crate-metadata.json"), CRATE),
    Planted("the crate is cut", cut("ro-crate-metadata.json"), CRATE),
    Planted("the crate has no graph", written("ro-crate-metadata.json", b"{}"), CRATE),
    Planted("the crate states another licence", text("ro-crate-metadata.json", "not stated by the source", "CC0-1.0"), CRATE),
    Planted("the crate states another parameter", text("ro-crate-metadata.json", '"value": "42"', '"value": "43"'), CRATE),
    Planted("the crate names another manifest", text("ro-crate-metadata.json", '"@id": "manifest.json"', '"@id": "other.json"'), CRATE),
    Planted("the crate names a file outside", text("ro-crate-metadata.json", '"@id": "funnel.md"', '"@id": "../funnel.md"'), CRATE),
    Planted("the crate has another context", text("ro-crate-metadata.json", "1.1/context", "1.2/context"), CRATE),
    # the pages
    Planted("the citation is changed", text("CITATION.txt", "cite", "praise"), CITATION, "all"),
    Planted("a number of the funnel is changed", text("funnel.md", "| 11 |", "| 12 |"), PAGES, "all"),
    Planted("a number of the report is changed", text("report.html", "samples kept", "samples found"), PAGES, "all"),
    # the Parquet files
    Planted("a label is changed in labels.parquet", parquet("labels.parquet", lambda t: cell(t, "tissue", 0, "eye")), LABELS, "all"),
    Planted("a column of labels.parquet is lost", parquet("labels.parquet", lambda t: t.drop_columns(["decided_by"])), LABELS, "all"),
    Planted("a row of labels.parquet is lost", parquet("labels.parquet", lambda t: t.slice(1)), LABELS, "all"),
    Planted("labels.parquet has another order", parquet("labels.parquet", lambda t: t.take(list(reversed(range(len(t)))))), LABELS, "all"),
    Planted("labels.parquet is cut", cut("labels.parquet"), LABELS, "all"),
    Planted("labels.parquet holds rows of the matrix in turn", parquet("labels.parquet", lambda t: t.set_column(t.column_names.index("matrix_row"), "matrix_row", pc.subtract(71, t["matrix_row"]))), LABELS_OBS, "all"),
    Planted("a weight is changed in evidence.parquet", parquet("evidence.parquet", lambda t: cell(t, "weight", 0, 0.123)), EVIDENCE, "all"),
    Planted("a proposal is lost", parquet("evidence.parquet", lambda t: t.slice(0, len(t) - 1)), EVIDENCE, "all"),
    Planted("a fact is changed in facts.parquet", parquet("facts.parquet", lambda t: cell(t, "value", 0, "99")), FACTS, "all"),
    # the database
    Planted("the database is lost", lost("curation.duckdb"), DATABASE),
    Planted("the database is lost, the papers fit", lost("curation.duckdb"), FILES, "all"),
    Planted("the database is cut", cut("curation.duckdb"), ONE, "all"),
    Planted("the database is a text", written("curation.duckdb", b"none" * 5000), DATABASE, "all"),
    Planted("a table is lost", sql("DROP TABLE quality"), OBS, "all"),
    Planted("a tissue is changed in the database", sql(f"UPDATE kept SET tissue = 'eye' WHERE sample_id = {FIRST}"), OBS, "all"),
    Planted("a label is changed in the database", sql(f"UPDATE label SET tissue = 'eye' WHERE sample_id = {FIRST}"), LABELS, "all"),
    Planted("a group lies in two splits", sql(f"UPDATE split SET split = 'test' WHERE sample_id = {FIRST}"), PROMISES, "all"),
    Planted("an exclusion is lost", sql("DELETE FROM exclusion WHERE sample_id = (SELECT min(sample_id) FROM exclusion)"), PROMISES, "all"),
    Planted("the funnel is changed in the database", sql("UPDATE funnel SET n_out = n_out + 1 WHERE step = 1"), PROMISES, "all"),
    Planted("a gene of the ledger is another", sql("UPDATE gene_ledger SET symbol = (SELECT max(symbol) FROM gene_ledger) WHERE source = 'archs4' AND matrix_column = 7"), LEDGER, "all"),
    Planted("two genes of the ledger are exchanged", sql("UPDATE gene_ledger SET matrix_column = 15 - matrix_column WHERE source = 'archs4' AND matrix_column IN (7, 8)"), X_ARCHS4, "all", with_sources=True),
    Planted("the record of the build is changed", sql("UPDATE build SET value = '0' WHERE key = 'build_id'"), ONE, "all"),
    Planted("rows of the matrix are recorded otherwise", sql("UPDATE matrix_row SET row = 71 - row"), PROMISES, "all"),
    Planted("a quality is changed in the database", sql(f"UPDATE quality SET n_genes_detected = 1 WHERE sample_id = {FIRST}"), OBS, "all"),
    Planted("a view says something else", both(sql(*VIEW), parquet("labels.parquet", lambda t: cell(t, "tissue", 0, "eye"))), LABELS, "all"),
    Planted("a sample gets another tissue everywhere", relabelled, AGAIN, "all", with_sources=True),
    # the compendium
    Planted("the compendium is lost", lost("compendium.h5ad"), OPENS),
    Planted("the compendium is a text", written("compendium.h5ad", b"none"), OPENS, "all"),
    Planted("the compendium is cut", cut("compendium.h5ad", 0.9), MAPPED, "all"),
    Planted("a value of X is changed", x(lambda v: v.__setitem__((2, 5), v[2, 5] + 0.5), blocks=False), BLOCKS, "all"),
    Planted("a value of X, its block's checksum too", x(lambda v: v.__setitem__((2, 5), v[2, 5] + 0.5)), MILLION, "all"),
    Planted("a value of X is lost", x(lambda v: v.__setitem__((2, 5), np.nan)), LEDGER, "all"),
    Planted("a value of X is infinite", x(lambda v: v.__setitem__((2, 5), np.inf)), MILLION, "all"),
    Planted("a value of X is negative", x(lambda v: v.__setitem__((2, 5), -1)), MILLION, "all"),
    Planted("two rows of X are exchanged", x(swap_rows), X_ARCHS4, "all", with_sources=True),
    Planted("the values of a sample go to other genes", x(rotated), SCALER, "all"),
    Planted("X is compressed", h5(chunked), MAPPED, "all"),
    Planted("X is lost", h5(lambda f: f.__delitem__("X")), MAPPED, "all"),
    Planted("the checksums of blocks are cut", cut("compendium.checksums.tsv"), BLOCKS, "all"),
    Planted("a block is counted twice", lambda r: own(r, "compendium.checksums.tsv").open("a").write((r / "compendium.checksums.tsv").read_text().splitlines()[1] + "\n"), BLOCKS, "all"),
    Planted("a standard deviation is changed", h5(lambda f: put(f, "var/train_std", 3, f["var/train_std"][3] * 1.01)), SCALER, "all"),
    Planted("a mean is changed", h5(lambda f: put(f, "var/train_mean", 3, f["var/train_mean"][3] + 0.01)), SCALER, "all"),
    Planted("a gene that varies is said not to", h5(lambda f: put(f, "var/kept", 3, False)), SCALER, "all"),
    Planted("an Ensembl id is another gene's", h5(lambda f: put(f, "var/ensembl_gene_id", 3, f["var/ensembl_gene_id"][4])), GENES, "all"),
    Planted("an HGNC id is lost", h5(lambda f: put(f, "var/hgnc_id", 3, "")), GENES, "all"),
    Planted("a length is changed", h5(lambda f: put(f, "var/length_bp", 3, 1.0)), GENES, "all"),
    Planted("two symbols are exchanged", h5(lambda f: put(f, "var/symbol", slice(0, 2), f["var/symbol"][:2][::-1])), GENES, "all"),
    Planted("a tissue is changed in obs", h5(lambda f: next_code(f, "tissue", 4)), OBS, "all"),
    Planted("a split is changed in obs", h5(lambda f: next_code(f, "split", 0)), OBS, "all"),
    Planted("a sample is renamed in obs", h5(lambda f: put(f, "obs/sample_id", 0, "GSM1")), OBS, "all"),
    Planted("a column of obs is lost", h5(lambda f: lose_column(f, "obs", "split")), OBS, "all"),
    Planted("a quality column of obs is lost", h5(lambda f: lose_column(f, "obs", "library_size")), PARTS, "all"),
    Planted("a column of obs is added", h5(add_column), OBS, "all"),
    Planted("a category that no sample has", h5(lambda f: put(f, "obs/sex/categories", 0, "other") if f["obs/sex/categories"][0] == b"" else put(f, "obs/tissue/categories", 0, "eye")), OBS, "all"),
    Planted("a library size is changed in obs", h5(lambda f: put(f, "obs/library_size", 1, 1.0)), OBS, "all"),
    Planted("a library size is changed in obs and database", both(h5(lambda f: put(f, "obs/library_size", 1, f["obs/library_size"][1] + 9)), sql("UPDATE quality SET library_size = library_size + 9 WHERE sample_id = (SELECT sample_id FROM kept WHERE row = 1)")), X_ARCHS4, "all", with_sources=True),
    Planted("a number of genes is changed", h5(lambda f: put(f, "obs/n_genes_detected", 1, 3)), QUALITY, "all"),
    Planted("a share of zeros is changed", h5(lambda f: put(f, "obs/fraction_zero", 1, 0.5)), QUALITY, "all"),
    Planted("an outlier is said to be none", h5(lambda f: put(f, "obs/is_outlier", 1, not f["obs/is_outlier"][1])), QUALITY, "all"),
    Planted("simulated data are said to be real", h5(lambda f: put(f, "uns/simulated", (), not f["uns/simulated"][()])), ONE, "all"),
    Planted("the unit is another", h5(lambda f: replaced(f, "uns/unit", "log2(TPM+1)")), ONE, "all"),
    Planted("the unit is lost", h5(lambda f: f.__delitem__("uns/unit")), ONE, "all"),
    Planted("uns has other parameters", h5(lambda f: replaced(f, "uns/parameters", "{}")), ONE, "all"),
    Planted("uns has another build id", h5(lambda f: replaced(f, "uns/build_id", "0" * 16)), ONE, "all"),
    Planted("uns has another funnel", h5(lambda f: replaced(f, "uns/funnel", "[]")), ONE, "all"),
    Planted("uns has other tissues", h5(lambda f: replaced(f, "uns/tissues", "{}")), ONE, "all"),
    Planted("uns says more", h5(lambda f: f.__setitem__("uns/doi", "10.1/1")), ONE, "all"),
    Planted("a layer is added", h5(lambda f: f.create_dataset("layers/counts", data=np.zeros((72, 58)))), PARTS, "all"),
    Planted("a group is added", h5(lambda f: f.create_group("raw")), PARTS, "all"),
    Planted("obs is lost", h5(lambda f: f.__delitem__("obs")), MAPPED, "all"),
    Planted("a value of by_gene.h5 is changed", h5(lambda f: put(f, "X", (2, 3), 1.5), "by_gene.h5"), BY_GENE, "all"),
    Planted("by_gene.h5 is of another build", h5(lambda f: f.attrs.__setitem__("build_id", "0" * 16), "by_gene.h5"), ONE, "all"),
    Planted("by_gene.h5 is cut", cut("by_gene.h5"), BY_GENE, "all"),
    # the sources, and what is written again as a whole
    Planted("a source file is changed", of_world(source_counts), INPUTS, with_sources=True),
    Planted("values of a source are changed", of_world(source_counts), X_GTEX, with_sources=True),
    Planted("the release of another world", lambda release: None, EXPECTED),
]
# fmt: on
