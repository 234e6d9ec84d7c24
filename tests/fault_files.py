"""Every place of every command where a file or folder is named, and what a person may have put there instead."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import fault_paths
import numpy as np

Words = list[str | Path]
Rng = np.random.Generator
Change = Callable[[Path, Rng], Path | None]

# kind of place: what of the world stands there, and the command with it; `f` is what was damaged, `d` a folder to write in.
Slot = tuple[str, Callable[[Path, Path, Path], Words]]
TABLE, HDF5, FOLDER, DATABASE, JSON = "table", "hdf5", "folder", "database", "json"
SLOTS: dict[str, tuple[str, str, Callable[[Path, Path, Path], Words]]] = {
    "label TABLE": (TABLE, "table/table/metadata.tsv", lambda w, d, f: ["curate", "label", f, "--out", d / "o.tsv", "--ontology", w / "ontology"]),
    "label --studies": (
        TABLE, "studies.tsv",
        lambda w, d, f: ["curate", "label", w / "table" / "table" / "metadata.tsv", "--studies", f, "--out", d / "o.tsv", "--ontology", w / "ontology"],
    ),
    "label --ontology": (FOLDER, "ontology", lambda w, d, f: ["curate", "label", w / "gold.tsv", "--out", d / "o.tsv", "--ontology", f]),
    "score GOLD": (TABLE, "gold.tsv", lambda w, d, f: ["curate", "score", f, "--ontology", w / "ontology"]),
    "score LABELS": (TABLE, "labels.tsv", lambda w, d, f: ["curate", "score", w / "gold.tsv", f, "--ontology", w / "ontology"]),
    "explain --db": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "explain", "GSM0001", "--db", f]),
    "explain RELEASE": (FOLDER, "release", lambda w, d, f: ["curate", "explain", "GSM0001", f]),
    "review --gold": (
        TABLE, "gold.tsv",
        lambda w, d, f: ["curate", "review", w / "release", "--words", "sample", "--block", "--reason", "x", "--dry-run", "--gold", f, "--ontology", w / "ontology"],
    ),
    "review RELEASE": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "review", f]),
    "term --db": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "term", "liver", "--db", f]),
    "query RELEASE": (FOLDER, "release", lambda w, d, f: ["curate", "query", f, "liver", "--out", d / "o.tsv", "--genes", "A1BG"]),
    "query --db": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "query", "--db", f, "liver"]),
    "query --genes": (TABLE, "genes.txt", lambda w, d, f: ["curate", "query", w / "release", "liver", "--genes", f"@{f}", "--out", d / "o.tsv"]),
    "query CATALOGUE": (FOLDER, "catalogue", lambda w, d, f: ["curate", "query", f, "liver"]),
    "audit --against": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "audit", "funnel", w / "release", "--against", f]),
    "sql --db": (DATABASE, "release/curation.duckdb", lambda w, d, f: ["curate", "sql", "SELECT count(*) FROM sample", "--db", f]),
    "diff OLD": (FOLDER, "release", lambda w, d, f: ["curate", "diff", f, w / "release", "--out", d / "o.tsv"]),
    "validate": (FOLDER, "release", lambda w, d, f: ["curate", "validate", f]),
    "validate --input": (FOLDER, "world", lambda w, d, f: ["curate", "validate", w / "release", "--input", f, "--ontology", w / "ontology"]),
    "export": (HDF5, "compendium.h5ad", lambda w, d, f: ["curate", "export", f, "--out", d / "o", "--format", "csv"]),
    "import-csv gex": (TABLE, "csv/gex.csv", lambda w, d, f: ["curate", "import-csv", f.parent, "--out", d / "o.h5ad", "--unit", "tpm"]),
    "import-csv clin": (TABLE, "csv/clin.csv", lambda w, d, f: ["curate", "import-csv", f.parent, "--out", d / "o.h5ad", "--unit", "tpm"]),
    "publish RELEASE": (FOLDER, "release", lambda w, d, f: ["curate", "publish", f, d / "cat", "--as", "a@1"]),
    "publish CATALOGUE": (FOLDER, "catalogue", lambda w, d, f: ["curate", "publish", w / "release", f, "--as", "a@1"]),
    "releases": (FOLDER, "catalogue", lambda w, d, f: ["curate", "releases", f]),
    "pull": (FOLDER, "catalogue", lambda w, d, f: ["curate", "pull", f, "atlas", "--out", d / "o"]),
    "deprecate": (FOLDER, "catalogue", lambda w, d, f: ["curate", "deprecate", f, "atlas@1", "--reason", "old"]),
    "fetch --table": (TABLE, "studies.tsv", lambda w, d, f: ["curate", "fetch", "archs4", "--table", f, "--out", d / "o", "--dry-run"]),
    "fetch --samples-of": (TABLE, "ids.txt", lambda w, d, f: ["curate", "fetch", "archs4", "--samples-of", f, "--out", d / "o", "--dry-run"]),
    "override import": (TABLE, "decisions.tsv", lambda w, d, f: ["curate", "override", "import", f, "--ontology", w / "ontology", "--dry-run"]),
    "override check": (FOLDER, "ontology", lambda w, d, f: ["curate", "override", "check", "--ontology", f]),
    "override add --db": (
        DATABASE, "release/curation.duckdb",
        lambda w, d, f: ["curate", "override", "add", "GSM0001", "--term", "UBERON:0002107", "--by", "A", "--reason", "x", "--ontology", w / "ontology", "--db", f, "--dry-run"],
    ),
    "build --studies": (
        TABLE, "studies.tsv", lambda w, d, f: ["curate", "build", "--input", w / "world", "--out", d / "o", "--ontology", w / "ontology", "--unit", "cpm", "--studies", f, "--dry-run"],
    ),
    "build --previous": (
        FOLDER, "release", lambda w, d, f: ["curate", "build", "--input", w / "world", "--out", d / "o", "--ontology", w / "ontology", "--unit", "cpm", "--previous", f, "--dry-run"],
    ),
    "build --input": (FOLDER, "world", lambda w, d, f: ["curate", "build", "--input", f, "--out", d / "o", "--ontology", w / "ontology", "--unit", "cpm", "--dry-run"]),
    "doctor": (FOLDER, "world", lambda w, d, f: ["curate", "doctor", f, "--out", d]),
    "model train": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "train", f, "--out", d / "o", "--epochs", "1", "--device", "cpu", "--map", "none"]),
    "model tune": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "tune", f, "--out", d / "o", "--trials", "1", "--epochs", "1"]),
    "model predict RUN": (FOLDER, "run", lambda w, d, f: ["model", "predict", f, w / "samples.tsv", "--out", d / "o.tsv"]),
    "model predict FILE": (TABLE, "samples.tsv", lambda w, d, f: ["model", "predict", w / "run", f, "--out", d / "o.tsv"]),
    "model embed FILE": (HDF5, "samples.h5ad", lambda w, d, f: ["model", "embed", w / "run", f, "--out", d / "o.tsv"]),
    "model compare FILE": (TABLE, "samples.tsv", lambda w, d, f: ["model", "compare", w / "run", f, "--normals", w / "compendium.h5ad", "--out", d / "o"]),
    "model compare --normals": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "compare", w / "run", w / "samples.tsv", "--normals", f, "--out", d / "o"]),
    "model normals": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "normals", w / "run", f]),
    "model reference": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "reference", w / "run", f, "--map", "pca"]),
    "model export --metrics": (JSON, "run/config.json", lambda w, d, f: ["model", "export", w / "run", "--to", d / "o", "--without-onnx", "--metrics", f]),
    "model load": (FOLDER, "bundle", lambda w, d, f: ["model", "load", f]),
    "model push": (FOLDER, "bundle", lambda w, d, f: ["model", "push", f, d / "cat", "--as", "t@1"]),
    "model pull": (FOLDER, "catalogue", lambda w, d, f: ["model", "pull", f, "tissues", "--out", d / "o"]),
    "model evaluate": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "evaluate", w / "run", f, "--out", d / "o", "--no-figures"]),
    "model evaluate --embedding": (
        TABLE, "embedding.npy", lambda w, d, f: ["model", "evaluate", w / "run", w / "compendium.h5ad", "--out", d / "o", "--no-figures", "--embedding", f"x={f}"],
    ),
    "model baselines": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "baselines", f, "--out", d / "o", "--no-umap"]),
    "model transfer COHORT": (
        TABLE, "cohort.matrix.tsv",
        lambda w, d, f: ["model", "transfer", w / "run", f, "--metadata", w / "cohort.tsv", "--rubric", w / "rubric.tsv", "--out", d / "o"],
    ),
    "model transfer --metadata": (
        TABLE, "cohort.tsv",
        lambda w, d, f: ["model", "transfer", w / "run", w / "cohort.matrix.tsv", "--metadata", f, "--rubric", w / "rubric.tsv", "--out", d / "o"],
    ),
    "model transfer --rubric": (
        TABLE, "rubric.tsv",
        lambda w, d, f: ["model", "transfer", w / "run", w / "cohort.matrix.tsv", "--metadata", w / "cohort.tsv", "--rubric", f, "--out", d / "o"],
    ),
    "model audit-labels": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "audit-labels", f, "--out", d / "o"]),
    "model audit-labels --truth": (TABLE, "truth.tsv", lambda w, d, f: ["model", "audit-labels", w / "compendium.h5ad", "--out", d / "o", "--truth", f]),
    "model audit-labels --labels": (
        TABLE, "release/labels.parquet", lambda w, d, f: ["model", "audit-labels", w / "compendium.h5ad", "--out", d / "o", "--labels", f],
    ),
    "model audit-samples": (HDF5, "compendium.h5ad", lambda w, d, f: ["model", "audit-samples", f, "--out", d / "o"]),
    "model audit-samples --truth": (TABLE, "truth.tsv", lambda w, d, f: ["model", "audit-samples", w / "compendium.h5ad", "--out", d / "o", "--truth", f]),
    "model ablate --labels": (
        TABLE, "release/labels.parquet", lambda w, d, f: ["model", "ablate", w / "compendium.h5ad", "--out", d / "o", "--cell-lines", "--labels", f, "--seeds", "1", "--epochs", "1"],
    ),
    "model serve": (FOLDER, "run", lambda w, d, f: ["model", "serve", f, "--port", "0"]),
    "model serve --db": (FOLDER, "release", lambda w, d, f: ["model", "serve", w / "run", "--db", f, "--port", "0"]),
}  # fmt: skip
SERVES = ("model serve",)  # runs until it is stopped: only what must be refused is tried

ANY: dict[str, Change] = {name: (lambda path, rng, change=change: change(path)) for name, change in fault_paths.PATHS.items()}


def kind_of(into: dict[str, Change]) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        into[change.__name__] = change
        return change

    return register


def _gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@kind_of(ANY)
def nothing_there(path, rng):
    _gone(path)


@kind_of(ANY)
def a_name_with_a_line_break(path, rng):
    return path.rename(path.with_name(f"a\nb {path.name}"))


@kind_of(ANY)
def a_name_that_is_no_text(path, rng):
    new = Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff\xfe" + path.suffix.encode()))
    return path.rename(new)


@kind_of(ANY)
def a_windows_path(path, rng):
    return Path(f"C:\\data\\{path.name}")


@kind_of(ANY)
def a_name_of_300_letters(path, rng):
    return path.with_name("x" * 300)


@kind_of(ANY)
def below_a_file(path, rng):
    if path.is_file():
        return path / "below"
    (path.with_name("plain")).write_text("x")
    return path.with_name("plain") / "below"


@kind_of(ANY)
def noise(path, rng):
    _gone(path)
    path.write_bytes(rng.bytes(5000))


@kind_of(ANY)
def an_empty_path(path, rng):
    return Path("")


@kind_of(ANY)
def standard_input_that_is_empty(path, rng):
    return Path("/dev/stdin")


@kind_of(ANY)
def a_page_of_a_server(path, rng):
    _gone(path)
    path.write_text("<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n")


@kind_of(ANY)
def a_pointer_of_git_lfs(path, rng):
    _gone(path)
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n")


@kind_of(ANY)
def a_pipe_somebody_writes_to(path, rng):
    """As <(zcat file) of a shell: read once, no place to go back to."""
    content = path.read_bytes() if path.is_file() else b"x\n"
    _gone(path)
    os.mkfifo(path)
    if os.fork() == 0:
        os.setsid()
        try:
            import signal

            signal.alarm(20)
            for _ in range(3):
                descriptor = os.open(path, os.O_WRONLY)
                os.write(descriptor, content[: 1 << 16])
                os.close(descriptor)
        except OSError:
            pass
        finally:
            os._exit(0)


TABLES: dict[str, Change] = {}


def of_bytes(change: Callable[[bytes, Rng], bytes]) -> None:
    def damage(path: Path, rng: Rng) -> None:
        path.write_bytes(change(path.read_bytes(), rng))

    TABLES[change.__name__] = damage


@of_bytes
def a_mark_of_byte_order(data, rng):
    return b"\xef\xbb\xbf" + data


@of_bytes
def marks_in_the_middle(data, rng):
    return data.replace(b"\n", b"\n\xef\xbb\xbf")


@of_bytes
def utf16(data, rng):
    return data.decode("latin-1").encode("utf-16")


@of_bytes
def utf32(data, rng):
    return data.decode("latin-1").encode("utf-32")


@of_bytes
def two_encodings(data, rng):
    half = len(data) // 2
    return data[:half] + "é".encode() + data[half:] + b"caf\xe9\n"


@of_bytes
def nul(data, rng):
    at = int(rng.integers(0, len(data)))
    return data[:at] + b"\0" + data[at:]


@of_bytes
def control_characters(data, rng):
    return data.replace(b"\n", b"\x1b[31m\x08\x07\n", 3)


@of_bytes
def an_endless_first_cell(data, rng):
    return b"x" * (3 << 20) + data


@of_bytes
def header_only(data, rng):
    return data.split(b"\n")[0]


@of_bytes
def without_header(data, rng):
    return data.split(b"\n", 1)[-1]


@of_bytes
def columns_twice(data, rng):
    return b"\n".join(line + b"\t" + line for line in data.split(b"\n"))


@of_bytes
def a_row_longer(data, rng):
    return data + b"a\tb\tc\td\te\tf\tg\th\n"


@of_bytes
def a_row_shorter(data, rng):
    return data + b"a\n"


@of_bytes
def an_open_quote(data, rng):
    return data.replace(b"\n", b'\n"', 1)


@of_bytes
def rows_twice(data, rng):
    return data + data.split(b"\n", 1)[-1]


@of_bytes
def cells_of_nothing(data, rng):
    header = data.split(b"\n")[0]
    return header + b"\n" + (b"\t" * header.count(b"\t") + b"\n") * 5


@of_bytes
def strange_numbers(data, rng):
    words = [b"1e400", b"-5", b"Infinity", b"-inf", b"NaN", b"1e-400", b"0x10", b"1,000", b"#REF!", b"9" * 400]
    rows = data.split(b"\n")
    return b"\n".join(
        [rows[0], *(b"\t".join([*row.split(b"\t")[:-1], words[i % len(words)]]) for i, row in enumerate(rows[1:]) if row), b""]
    )


@of_bytes
def carriage_returns(data, rng):
    return data.replace(b"\n", b"\r")


@of_bytes
def flipped(data, rng):
    changed = bytearray(data)
    for at in rng.integers(0, len(changed), 10):
        changed[at] = int(rng.integers(0, 256))
    return bytes(changed)


@of_bytes
def cut_off(data, rng):
    return data[: int(rng.integers(1, len(data)))]


@of_bytes
def lone_surrogates(data, rng):
    return data.replace(b"\n", b"\xed\xa0\x80\n", 2)


@of_bytes
def an_id_of_a_megabyte(data, rng):
    head, _, rest = data.partition(b"\n")
    return head + b"\n" + b"S" * (1 << 20) + rest


def as_another_format(suffix: str, make: Callable[[bytes, str], bytes]) -> None:
    def damage(path: Path, rng: Rng) -> Path:
        new = path.with_name(f"{path.stem}{suffix}")
        content = make(path.read_bytes(), path.name)
        _gone(path)
        new.write_bytes(content)
        return new

    TABLES[f"named {suffix}" + (f" ({make.__name__})" if make.__name__ != "<lambda>" else "")] = damage


def _zip(data: bytes, name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return held.getvalue()


def zip_of_two(data: bytes, name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr(name, data)
        file.writestr("../../" + name, data)
    return held.getvalue()


def _tar(data: bytes, name: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as file:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        file.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def npz(data: bytes, name: str) -> bytes:
    held = io.BytesIO()
    np.savez(held, a=np.arange(5))
    return held.getvalue()


def pickled_array(data: bytes, name: str) -> bytes:
    held = io.BytesIO()
    np.save(held, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return held.getvalue()


def endless_array(data: bytes, name: str) -> bytes:
    return b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }".ljust(127) + b"\n"


for _suffix in (
    ".parquet",
    ".h5ad",
    ".h5",
    ".xlsx",
    ".xls",
    ".ods",
    ".gct",
    ".gz",
    ".zst",
    ".xz",
    ".bz2",
    ".zip",
    ".npy",
    ".json",
    ".mtx",
    ".loom",
    ".rds",
    ".feather",
    "",
):
    as_another_format(_suffix, lambda data, name: data)
for _suffix, _make in (
    (".tsv.gz", lambda data, name: gzip.compress(data)),
    (".tsv.bz2", lambda data, name: bz2.compress(data)),
    (".tsv.xz", lambda data, name: lzma.compress(data)),
):
    as_another_format(_suffix, _make)
as_another_format(".tsv.zip", _zip)
as_another_format(".xlsx", _zip)
as_another_format(".zip", zip_of_two)
as_another_format(".tar.gz", _tar)
as_another_format(".npy", npz)
as_another_format(".npy", pickled_array)
as_another_format(".npy", endless_array)

HDF5S: dict[str, Change] = {"cut_off": TABLES["cut_off"], "flipped": TABLES["flipped"], "text": TABLES["named .h5ad"]}


def of_file(change: Callable[[object], object]) -> None:
    """A change of an open HDF5 file."""

    def damage(path: Path, rng: Rng) -> None:
        import h5py

        with h5py.File(path, "r+") as file:
            change(file)

    HDF5S[change.__name__] = damage


@of_file
def no_matrix(f):
    del f["X"]


@of_file
def no_obs(f):
    del f["obs"]


@of_file
def no_var(f):
    del f["var"]


@of_file
def no_samples(f):
    n = f["obs"][f["obs"].attrs["_index"]]
    del f["obs"][f["obs"].attrs["_index"]]
    f["obs"].create_dataset(f["obs"].attrs["_index"], data=n[:0])


@of_file
def matrix_of_nothing_known(f):
    shape = f["X"].shape
    del f["X"]
    f["X"] = np.full(shape, np.nan, np.float32)


@of_file
def matrix_of_infinity(f):
    f["X"][0, 0] = np.inf


@of_file
def matrix_below_zero(f):
    f["X"][:] = -np.abs(f["X"][:]) - 1


@of_file
def matrix_of_zero(f):
    f["X"][:] = 0


@of_file
def matrix_of_text(f):
    shape = f["X"].shape
    del f["X"]
    f["X"] = np.full(shape, b"x", "S1")


@of_file
def matrix_of_three_sides(f):
    values = f["X"][:]
    del f["X"]
    f["X"] = values[None]


@of_file
def matrix_of_another_shape(f):
    values = f["X"][:]
    del f["X"]
    f["X"] = values[:-1]


@of_file
def ids_twice(f):
    name = f["obs"].attrs["_index"]
    ids = f["obs"][name][:]
    ids[1] = ids[0]
    f["obs"][name][:] = ids


@of_file
def genes_twice(f):
    name = f["var"].attrs["_index"]
    ids = f["var"][name][:]
    ids[1] = ids[0]
    f["var"][name][:] = ids


@of_file
def uns_of_strange_types(f):
    for name in list(f["uns"]) if "uns" in f else []:
        del f["uns"][name]
        f["uns"][name] = np.arange(3)


@of_file
def splits_of_one_word(f):
    if "split" in f["obs"]:
        del f["obs"]["split"]
        f["obs"].attrs["column-order"] = [name for name in f["obs"].attrs["column-order"] if name != "split"]


@of_file
def columns_of_another_length(f):
    for name in [name for name in f["obs"] if name != f["obs"].attrs["_index"]][:2]:
        del f["obs"][name]
        f["obs"][name] = np.arange(3)


DATABASES: dict[str, Change] = {"cut_off": TABLES["cut_off"], "flipped": TABLES["flipped"]}


def _at(first: int, last: int) -> Change:
    def damage(path: Path, rng: Rng) -> None:
        data = bytearray(path.read_bytes())
        for place in rng.integers(first, min(last, len(data)), 6):
            data[place] ^= int(rng.integers(1, 256))
        path.write_bytes(data)

    return damage


for _name, _first, _last in (("head flipped", 0, 64), ("head of 12 KB flipped", 64, 12288), ("first block flipped", 12288, 12288 + 262144)):
    DATABASES[_name] = _at(_first, _last)


@kind_of(DATABASES)
def of_another_storage_version(path, rng):
    data = bytearray(path.read_bytes())
    data[12:20] = (int(rng.integers(200, 2**31))).to_bytes(8, "little")
    path.write_bytes(data)


def _sql(*statements: str) -> Change:
    def damage(path: Path, rng: Rng) -> None:
        import duckdb

        con = duckdb.connect(str(path))
        for statement in statements:
            con.execute(statement)
        con.close()

    return damage


DATABASES |= {
    "no sample": _sql("DROP TABLE sample CASCADE"),
    "no label": _sql("DROP TABLE label CASCADE"),
    "no build": _sql("DROP TABLE build CASCADE"),
    "empty tables": _sql("DELETE FROM label", "DELETE FROM sample", "DELETE FROM build"),
    "a column less": _sql("ALTER TABLE sample DROP COLUMN title"),
    "a table that is a view": _sql("DROP TABLE label CASCADE", "CREATE VIEW label AS SELECT * FROM read_csv('/etc/passwd')"),
    "a column of another type": _sql("DROP TABLE label CASCADE", "CREATE TABLE label AS SELECT [1] AS sample_id, {'a': 1} AS tissue"),
}  # fmt: skip


@kind_of(DATABASES)
def of_no_tables(path, rng):
    path.unlink()
    _sql("CREATE TABLE a AS SELECT 1 AS b")(path, rng)


@kind_of(DATABASES)
def a_sqlite_file(path, rng):
    import sqlite3

    path.unlink()
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE sample (sample_id)")
    con.commit()
    con.close()


@kind_of(DATABASES)
def a_log_of_changes_that_is_noise(path, rng):
    path.with_name(path.name + ".wal").write_bytes(rng.bytes(2000))


FOLDERS: dict[str, Change] = {}


@kind_of(FOLDERS)
def an_empty_folder(path, rng):
    shutil.rmtree(path)
    path.mkdir()


@kind_of(FOLDERS)
def a_file_less(path, rng):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    files[int(rng.integers(len(files)))].unlink()


@kind_of(FOLDERS)
def a_file_that_is_empty(path, rng):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    files[int(rng.integers(len(files)))].write_bytes(b"")


@kind_of(FOLDERS)
def a_file_that_is_a_folder(path, rng):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    chosen = files[int(rng.integers(len(files)))]
    chosen.unlink()
    chosen.mkdir()


@kind_of(FOLDERS)
def a_file_that_is_a_pipe(path, rng):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    chosen = files[int(rng.integers(len(files)))]
    chosen.unlink()
    os.mkfifo(chosen)


@kind_of(FOLDERS)
def a_file_that_is_cut_off(path, rng):
    files = sorted(file for file in path.rglob("*") if file.stat().st_size > 1 and file.is_file())
    chosen = files[int(rng.integers(len(files)))]
    data = chosen.read_bytes()
    chosen.write_bytes(data[: int(rng.integers(1, len(data)))])


@kind_of(FOLDERS)
def a_file_that_is_flipped(path, rng):
    files = sorted(file for file in path.rglob("*") if file.stat().st_size > 1 and file.is_file())
    TABLES["flipped"](files[int(rng.integers(len(files)))], rng)


@kind_of(FOLDERS)
def a_json_that_is_damaged(path, rng):
    import fault_text

    files = sorted(path.rglob("*.json"))
    if files:
        chosen = files[int(rng.integers(len(files)))]
        chosen.write_bytes(fault_text.damaged_json(chosen.read_text(), rng))
        return
    files = sorted(file for file in path.rglob("*.tsv")) or sorted(file for file in path.rglob("*.txt"))
    TABLES["nul"](files[int(rng.integers(len(files)))], rng)


@kind_of(FOLDERS)
def a_table_that_is_damaged(path, rng):
    files = sorted(file for file in path.rglob("*") if file.suffix in (".tsv", ".txt", ".gct") and file.stat().st_size)
    if not files:
        return a_file_that_is_flipped(path, rng)
    kinds = sorted(name for name in TABLES if not name.startswith("named"))
    TABLES[kinds[int(rng.integers(len(kinds)))]](files[int(rng.integers(len(files)))], rng)


@kind_of(FOLDERS)
def a_parquet_that_is_damaged(path, rng):
    import fault_text

    files = sorted(path.rglob("*.parquet"))
    if not files:
        return a_file_that_is_flipped(path, rng)
    kinds = sorted(fault_text.PARQUET)
    fault_text.PARQUET[kinds[int(rng.integers(len(kinds)))]](files[int(rng.integers(len(files)))], rng)


@kind_of(FOLDERS)
def a_file_that_is_a_dangling_link(path, rng):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    chosen = files[int(rng.integers(len(files)))]
    chosen.unlink()
    chosen.symlink_to("nowhere")


@kind_of(FOLDERS)
def a_folder_that_links_to_itself(path, rng):
    (path / "again").symlink_to(path)


JSONS: dict[str, Change] = {
    name: (lambda path, rng, content=content: path.write_bytes(content) and None)
    for name, content in {
        "a list": b"[1, 2]", "null": b"null", "nested": b"[" * 100_000, "not a number": b'{"balanced_accuracy": NaN, "per_class": Infinity}', "text": b'"x"',
        "other types": json.dumps({"balanced_accuracy": "x", "per_class": 5, "r2": [], "imputation": None, "weighted_f1": {"a": 1}}).encode(),
        "latin-1": b'{"a": "\xe9"}', "a key twice": b'{"a": 1, "a": 2}', "a long number": b'{"balanced_accuracy": ' + b"9" * 5000 + b"}",
    }.items()
}  # fmt: skip

KINDS = {TABLE: TABLES, HDF5: HDF5S, FOLDER: FOLDERS, DATABASE: DATABASES, JSON: JSONS}
SEEDED = ("a_file", "a_json", "a_table", "a_parquet", "flipped", "cut_off", "head", "first block")  # one seed is one fault of many


def prepare(slot: str, kind: str) -> Callable[[Path, Path, Rng], Words]:
    """A copy of what belongs at a place, damaged, and the command that meets it."""
    sort, base, words = SLOTS[slot]
    change = (ANY | KINDS[sort])[kind]

    def damaged(world: Path, place: Path, rng: Rng) -> Words:
        (place / "in").mkdir()
        source = world / base
        if slot.startswith("import-csv"):
            shutil.copytree(source.parent, place / "in", dirs_exist_ok=True)
        elif source.is_dir():
            shutil.copytree(source, place / "in" / source.name)
        else:
            shutil.copy(source, place / "in")
        if base == "embedding.npy":
            shutil.copy(world / "embedding.ids.txt", place / "in")
        target = place / "in" / source.name
        found = change(target, rng)
        return words(world, place, target if found is None else found)

    return damaged
