"""Ways to damage a text table, a GCT file, a Parquet file and JSON, drawn from a seeded generator."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Rng = np.random.Generator
TEXT: dict[str, Callable[[Path, Rng], Path | None]] = {}
GCT: dict[str, Callable[[Path, Rng], Path | None]] = {}
PARQUET: dict[str, Callable[[Path, Rng], Path | None]] = {}
BOMB = 1 << 28


def _into(kinds: dict[str, Callable[[Path, Rng], Path | None]]) -> Callable[[Any], Any]:
    def register(change: Any) -> Any:
        kinds[change.__name__] = change
        return change

    return register


def of_lines(kinds: dict[str, Any]) -> Callable[[Any], Any]:
    """A change of the lines of a text; it may give bytes."""

    def register(change: Callable[[list[str], Rng], Any]) -> Any:
        def damage(path: Path, rng: Rng) -> None:
            found = change(path.read_text().splitlines(), rng)
            path.write_bytes(found if isinstance(found, bytes) else ("\n".join(found) + "\n").encode("utf-8", "surrogateescape"))

        kinds[change.__name__] = damage
        return change

    return register


lines_of = of_lines(TEXT)


@lines_of
def flipped_bytes(lines, rng):
    data = bytearray("\n".join(lines).encode())
    for at in rng.integers(0, len(data), 12):
        data[at] = int(rng.integers(0, 256))
    return bytes(data)


@lines_of
def cut_off(lines, rng):
    text = "\n".join(lines)
    return text[: int(rng.integers(1, len(text)))].encode()


@lines_of
def noise(lines, rng):
    return rng.bytes(int(rng.integers(1, 20_000)))


@lines_of
def only_a_header(lines, rng):
    return lines[:1]


@lines_of
def no_header(lines, rng):
    return lines[1:]


@lines_of
def nul_in_ids(lines, rng):
    at = int(rng.integers(1, len(lines)))
    return [*lines[:at], "TP\0" + lines[at], *lines[at + 1 :]]


@lines_of
def nul_in_the_header(lines, rng):
    return [lines[0].replace("\t", "\t\0", 1), *lines[1:]]


@lines_of
def a_cell_of_a_megabyte(lines, rng):
    at = int(rng.integers(1, len(lines)))
    return [*lines[:at], lines[at].rsplit("\t", 1)[0] + "\t" + "9" * (1 << 20), *lines[at + 1 :]]


@lines_of
def a_name_of_a_megabyte(lines, rng):
    return [*lines[:1], "G" * (1 << 20) + lines[1], *lines[2:]]


@lines_of
def a_header_of_a_megabyte(lines, rng):
    return [lines[0] + "x" * (1 << 20), *lines[1:]]


@lines_of
def one_line(lines, rng):
    return " ".join(lines).encode()


@lines_of
def numbers_that_are_none(lines, rng):
    words = ["1e999", "-1e999", "nan", "inf", "0x1p3", "١٢", "²", "1_000", "1,5", "--", "=1+1", "1" * 5000, "1e", "+", "∞", "\ud800"]
    out = list(lines)
    for word in rng.choice(words, 3):
        at = int(rng.integers(1, len(out)))
        out[at] = out[at].rsplit("\t", 1)[0] + "\t" + str(word)
    return "\n".join(out).encode("utf-8", "surrogatepass")


@lines_of
def infinity(lines, rng):
    at = int(rng.integers(1, len(lines)))
    return [*lines[:at], lines[at].rsplit("\t", 1)[0] + "\tinf", *lines[at + 1 :]]


@lines_of
def ragged(lines, rng):
    at = int(rng.integers(1, len(lines)))
    return [*lines[:at], lines[at] + "\t1\t2\t3", *lines[at + 1 :]]


@lines_of
def a_column_twice(lines, rng):
    return [f"{line}\t{line.rsplit(chr(9), 1)[-1]}" for line in lines]


@lines_of
def a_row_twice(lines, rng):
    return [*lines, lines[int(rng.integers(1, len(lines)))]]


@lines_of
def quotes_left_open(lines, rng):
    at = int(rng.integers(1, len(lines)))
    return [*lines[:at], '"' + lines[at], *lines[at + 1 :]]


@lines_of
def utf16(lines, rng):
    return "\n".join(lines).encode("utf-16" if rng.integers(2) else "utf-16-be")


@lines_of
def latin1(lines, rng):
    return "\n".join([lines[0] + "\tproben\xe9", *(line + "\t1" for line in lines[1:])]).encode("latin-1")


@lines_of
def carriage_returns_only(lines, rng):
    return "\r".join(lines).encode()


@lines_of
def blank_lines_only(lines, rng):
    return b"\n" * 5000


@lines_of
def separators_only(lines, rng):
    return b"\t" * 200_000 + b"\n" + b"\t" * 200_000


@lines_of
def a_hundred_thousand_columns(lines, rng):
    return ["gene\t" + "\t".join(map(str, range(100_000))), "TP53" + "\t1" * 100_000]


@lines_of
def samples_with_control_characters(lines, rng):
    return [lines[0] + "\x1b[31m\x07\u202e", *lines[1:]]


def packed(name: str, suffix: str, pack: Callable[[bytes, Rng], bytes]) -> None:
    def damage(path: Path, rng: Rng) -> Path:
        made = path.with_name(path.name + suffix)
        made.write_bytes(pack(path.read_bytes(), rng))
        path.unlink()
        return made

    damage.__name__ = name
    TEXT[name] = damage


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.compress(data, codec="zstd", asbytes=True))


packed("gzip_cut_off", ".gz", lambda data, rng: gzip.compress(data)[: -int(rng.integers(1, 400))])
packed("gzip_flipped", ".gz", lambda data, rng: _flip(gzip.compress(data), rng))
packed("gzip_of_noise", ".gz", lambda data, rng: b"\x1f\x8b\x08\x00" + rng.bytes(1000))
packed("gzip_that_is_plain", ".gz", lambda data, rng: data)
packed("gzip_of_nothing", ".gz", lambda data, rng: gzip.compress(b""))
packed("gzip_of_gzip", ".gz", lambda data, rng: gzip.compress(gzip.compress(data)))
packed("gzip_with_a_tail", ".gz", lambda data, rng: gzip.compress(data) + rng.bytes(100))
packed("gzip_bomb_of_one_line", ".gz", lambda data, rng: gzip.compress(b"gene\ta\nTP53\t" + b"1" * BOMB, 1))
packed("gzip_bomb_of_lines", ".gz", lambda data, rng: gzip.compress(data.split(b"\n")[0] + b"\n" + b"\n" * BOMB, 1))
packed("gzip_bomb_of_nul", ".gz", lambda data, rng: gzip.compress(b"\0" * BOMB, 1))
packed("zstd_cut_off", ".zst", lambda data, rng: _zstd(data)[: -int(rng.integers(1, 400))])
packed("zstd_flipped", ".zst", lambda data, rng: _flip(_zstd(data), rng))
packed("zstd_bomb", ".zst", lambda data, rng: _zstd(b"gene\ta\nTP53\t" + b"1" * BOMB))
packed("xz_cut_off", ".xz", lambda data, rng: lzma.compress(data)[: -int(rng.integers(1, 100))])
packed("xz_flipped", ".xz", lambda data, rng: _flip(lzma.compress(data), rng))
packed("bz2_cut_off", ".bz2", lambda data, rng: bz2.compress(data)[: -int(rng.integers(1, 100))])
packed("bz2_flipped", ".bz2", lambda data, rng: _flip(bz2.compress(data), rng))


def _flip(data: bytes, rng: Rng) -> bytes:
    changed = bytearray(data)
    for at in rng.integers(0, len(changed), 6):
        changed[at] ^= int(rng.integers(1, 256))
    return bytes(changed)


head_of = of_lines(GCT)
SIZES = ["-1\t-1", "0\t0", "999999999999999999999\t1", "1e3\t2", "²\t³", "9" * 5000 + "\t1", "60\t", "\t", "60 24", "60\t24\t3\t4\t5", "nan\tinf", "60\t99999999999",
         "4294967296\t24", "60\t-24", "٣\t٤", "60\t24\t0\t1000000000", "60\t24\t-1\t-1"]  # fmt: skip


@head_of
def sizes_that_are_none(lines, rng):
    return [lines[0], str(rng.choice(SIZES)), *lines[2:]]


@head_of
def gct_version(lines, rng):
    return [str(rng.choice(["#1.3", "#9.9", "#", "#1.2\t\t\t", "1.2"])), *lines[1:]]


@head_of
def gct_without_its_head(lines, rng):
    return lines[int(rng.integers(1, 4)) :]


@head_of
def gct_of_three_lines(lines, rng):
    return lines[: int(rng.integers(0, 4))]


@head_of
def gct_three_with_huge_sizes(lines, rng):
    return ["#1.3", "60\t24\t1000000000000\t1", *lines[2:]]


for _name in (
    "flipped_bytes",
    "cut_off",
    "nul_in_ids",
    "a_cell_of_a_megabyte",
    "numbers_that_are_none",
    "gzip_flipped",
    "gzip_bomb_of_lines",
    "utf16",
):
    GCT[_name] = TEXT[_name]


@_into(PARQUET)
def nested_columns(path, rng):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    kinds = [
        pa.array([[1.0]] * len(table)), pa.array([{"a": 1}] * len(table)), pa.array([[("a", 1)]] * len(table), pa.map_(pa.string(), pa.int64())),
        pa.array([[1.0, 2.0]] * len(table), pa.list_(pa.float64(), 2)),
    ]  # fmt: skip
    pq.write_table(table.set_column(1, table.column_names[1], kinds[int(rng.integers(len(kinds)))]), path)


@_into(PARQUET)
def columns_of_strange_types(path, rng):
    import datetime
    import decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    table, n = pq.read_table(path), len(pq.read_table(path))
    kinds = [
        pa.array([decimal.Decimal("1.5")] * n), pa.array([decimal.Decimal(10) ** 60] * n, pa.decimal256(76, 2)), pa.array([datetime.datetime(2020, 1, 1)] * n),
        pa.array([datetime.timedelta(1)] * n, pa.duration("s")), pa.array([b"\xff\xfe"] * n), pa.array([True] * n), pa.nulls(n), pa.array(["x"] * n).dictionary_encode(),
        pa.array([1.0] * n, pa.float16()), pa.array([2**64 - 1] * n, pa.uint64()), pa.array([b"1234"] * n, pa.binary(4)), pa.array([datetime.time(1)] * n),
    ]  # fmt: skip
    for at in range(1, min(4, table.num_columns)):
        table = table.set_column(at, table.column_names[at], kinds[int(rng.integers(len(kinds)))])
    pq.write_table(table, path)


@_into(PARQUET)
def parquet_text_that_is_none(path, rng):
    """Columns that the file calls text: bytes that are no UTF-8, which no writer of ours or of Arrow looks at; and extension types."""
    import uuid

    import pyarrow as pa
    import pyarrow.parquet as pq

    table, n = pq.read_table(path), len(pq.read_table(path))
    raw = pa.array([rng.bytes(5) for _ in range(n)], pa.binary())
    kinds = [
        pa.Array.from_buffers(pa.string(), n, raw.buffers()), raw, pa.array([rng.bytes(4) for _ in range(n)], pa.binary(4)),
        pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"], pa.binary()).buffers())),
        pa.array([uuid.UUID(int=i).bytes for i in range(n)], pa.uuid()) if hasattr(pa, "uuid") else raw,
    ]  # fmt: skip
    at = int(rng.integers(0, 3))
    pq.write_table(table.set_column(at, table.column_names[at], kinds[int(rng.integers(len(kinds)))]), path)


@_into(PARQUET)
def parquet_columns_twice(path, rng):
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    pq.write_table(table.append_column(table.column_names[1], table.column(1)), path)


@_into(PARQUET)
def parquet_without_columns_or_rows(path, rng):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    made = [table.slice(0, 0), table.select([0]), pa.table({}), table.slice(0, 1), table.select(table.column_names[1:])]
    pq.write_table(made[int(rng.integers(len(made)))], path)


@_into(PARQUET)
def parquet_names_with_nul(path, rng):
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    pq.write_table(table.rename_columns([table.column_names[0], *(f"a\0{i}" for i in range(1, table.num_columns))]), path)


@_into(PARQUET)
def parquet_flipped(path, rng):
    data = bytearray(path.read_bytes())
    for at in rng.integers(4, len(data), 8):
        data[at] ^= int(rng.integers(1, 256))
    path.write_bytes(data)


@_into(PARQUET)
def parquet_footer_flipped(path, rng):
    data = bytearray(path.read_bytes())
    length = int.from_bytes(data[-8:-4], "little")
    for at in rng.integers(len(data) - 8 - length, len(data) - 4, 4):
        data[at] ^= int(rng.integers(1, 256))
    path.write_bytes(data)


@_into(PARQUET)
def parquet_cut_off(path, rng):
    data = path.read_bytes()
    path.write_bytes(data[: int(rng.integers(0, len(data)))])


@_into(PARQUET)
def parquet_metadata_of_pandas_damaged(path, rng):
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    said = [
        b"{",
        b'{"index_columns": 5}',
        b'{"index_columns": [{"kind": "range"}]}',
        b"[" * 5000,
        b'{"index_columns": ["nowhere"], "columns": 3}',
        b"\xff",
    ]
    pq.write_table(table.replace_schema_metadata({b"pandas": said[int(rng.integers(len(said)))]}), path)


# JSON

VALUES: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1.5, -0.5, 1e308, float("nan"), float("inf"), "", "x", "../../etc/passwd", "a\0b", [], {}, [1], {"a": 1}, "é" * 1000,
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value, the whole first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, below in inside for found in places(below, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any, *, remove: bool = False) -> Any:
    """A copy with another value at a place, or without it."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and remove:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], new, remove=remove)
    return copy


def damaged_json(text: str, rng: Rng) -> bytes:
    """One of: a value of another type, a key less, a key more, deep nesting, half of it, no UTF-8, a key twice, long numbers."""
    kind = int(rng.integers(9))
    content = json.loads(text)
    spots = places(content)
    spot = spots[int(rng.integers(len(spots)))]
    if kind <= 2:
        return json.dumps(changed(content, spot, random.Random(int(rng.integers(1 << 30))).choice(VALUES))).encode()
    if kind == 3:
        return json.dumps(changed(content, spot, None, remove=True)).encode()
    if kind == 4:
        return (json.dumps(content)[:-1] + ', "zz": ' + "[" * 200_000 + "]" * 200_000 + "}").encode()
    if kind == 5:
        return text.encode()[: int(rng.integers(0, len(text)))]
    if kind == 6:
        return text.encode().replace(b'"', b'"\xff', 1)
    if kind == 7:
        return (json.dumps(content)[:-1] + ', "zz": ' + "9" * 5000 + "}").encode()
    return text.encode("utf-16")
