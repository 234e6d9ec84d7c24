"""Ways to damage one dataset of an HDF5 file, drawn from a seeded generator: each is a file that the library itself writes, or its bytes changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

Rng = np.random.Generator
Damage = Callable[[Path, str, Rng], None]
DATASET: dict[str, Damage] = {}
BYTES: dict[str, Callable[[Path, Rng], None]] = {}
CHUNK = (16, 8)


def on_dataset(change: Callable[[h5py.File, str, np.ndarray, Rng], None]) -> Callable[[h5py.File, str, np.ndarray, Rng], None]:
    """Register a change that gets the open file, the name and the values; the dataset is gone from the file already."""

    def damage(path: Path, name: str, rng: Rng) -> None:
        with h5py.File(path, "r+") as file:
            element = file[name]
            values = element[()] if isinstance(element, h5py.Dataset) else np.zeros((8, 8), np.float32)
            attributes = dict(element.attrs)
            del file[name]
            change(file, name, values, rng)
            with contextlib.suppress(KeyError, OSError, RuntimeError, AttributeError):  # a link that leads nowhere has none
                file[name].attrs.update(attributes)

    DATASET[change.__name__.strip("_")] = damage
    return change


def numbers(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind in "uif" else np.arange(values.size, dtype=np.float32).reshape(values.shape)


def chunk_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(1, min(16, n)) for n in shape)


@on_dataset
def never_written(file, name, values, rng):
    file.create_dataset(name, values.shape, values.dtype)


@on_dataset
def never_written_in_chunks(file, name, values, rng):
    file.create_dataset(name, values.shape, values.dtype, chunks=chunk_of(values.shape), compression="gzip")


@on_dataset
def half_written(file, name, values, rng):
    made = file.create_dataset(name, values.shape, values.dtype, chunks=chunk_of(values.shape), compression="gzip")
    half = int(rng.integers(1, max(2, values.shape[0])))
    made[:half] = values[:half]


@on_dataset
def never_written_with_a_fill_value(file, name, values, rng):
    if values.dtype.kind not in "uif":
        return never_written(file, name, values, rng)
    file.create_dataset(name, values.shape, values.dtype, fillvalue=int(rng.integers(1, 9)))


@on_dataset
def virtual_of_a_file_that_is_gone(file, name, values, rng):
    layout = h5py.VirtualLayout(values.shape, numbers(values).dtype)
    layout[...] = h5py.VirtualSource("gone.h5", "x", shape=values.shape)
    file.create_virtual_dataset(name, layout)


@on_dataset
def virtual_of_a_file_beside(file, name, values, rng):
    beside = Path(file.filename).with_name("beside.bin")
    with h5py.File(beside, "w") as other:
        other["x"] = numbers(values)
    layout = h5py.VirtualLayout(values.shape, numbers(values).dtype)
    layout[...] = h5py.VirtualSource(beside.name, "x", shape=values.shape)
    file.create_virtual_dataset(name, layout)


@on_dataset
def external_storage_that_is_gone(file, name, values, rng):
    plain = numbers(values)
    file.create_dataset(name, plain.shape, plain.dtype, external=[("gone.bin", 0, plain.nbytes)])


@on_dataset
def external_storage_anywhere(file, name, values, rng):
    plain = numbers(values)
    file.create_dataset(name, plain.shape, plain.dtype, external=[("/etc/passwd", 0, plain.nbytes)])


@on_dataset
def external_link(file, name, values, rng):
    file[name] = h5py.ExternalLink("gone.h5", "/x")


@on_dataset
def external_link_to_a_file_beside(file, name, values, rng):
    with h5py.File(Path(file.filename).with_name("linked.bin"), "w") as other:
        other["x"] = values
    file[name] = h5py.ExternalLink("linked.bin", "/x")


@on_dataset
def soft_link_to_nothing(file, name, values, rng):
    file[name] = h5py.SoftLink("/nowhere")


@on_dataset
def soft_link_to_itself(file, name, values, rng):
    file[name] = h5py.SoftLink("/" + name)


@on_dataset
def a_group(file, name, values, rng):
    file.create_group(name)


@on_dataset
def a_scalar(file, name, values, rng):
    file[name] = 5


@on_dataset
def a_named_type(file, name, values, rng):
    file[name] = np.dtype("f8")


@on_dataset
def no_dataspace(file, name, values, rng):
    file[name] = h5py.Empty("f4")


@on_dataset
def one_more_axis(file, name, values, rng):
    file[name] = values[..., None]


@on_dataset
def one_axis_less(file, name, values, rng):
    file[name] = values.ravel() if values.ndim > 1 else (values[0] if values.size else 0)


@on_dataset
def two_columns(file, name, values, rng):
    file[name] = np.stack([values, values], axis=-1)


@on_dataset
def no_rows(file, name, values, rng):
    file[name] = values[:0]


@on_dataset
def turned(file, name, values, rng):
    file[name] = values.T if values.ndim > 1 else values[::-1]


@on_dataset
def one_row_less(file, name, values, rng):
    file[name] = values[:-1]


@on_dataset
def one_row_more(file, name, values, rng):
    file[name] = np.concatenate([values, values[:1]])


@on_dataset
def a_claim_of_a_terabyte(file, name, values, rng):
    shape = (2**38, *values.shape[1:]) if rng.integers(2) else (*values.shape[:-1], 2**38)
    file.create_dataset(name, shape, values.dtype, chunks=chunk_of(values.shape), compression="gzip")


@on_dataset
def as_many_rows_as_can_be(file, name, values, rng):
    file.create_dataset(name, (2**62, *values.shape[1:]), numbers(values).dtype, chunks=chunk_of(values.shape), compression="gzip")


@on_dataset
def a_chunk_of_gigabytes(file, name, values, rng):
    plain = numbers(values)
    wide = (min(plain.shape[0], 16), *(1,) * (plain.ndim - 2), 2**26 - 1) if plain.ndim > 1 else (2**29,)
    file.create_dataset(name, plain.shape, plain.dtype, maxshape=(None,) * plain.ndim, chunks=wide, compression="gzip")


@on_dataset
def a_bomb_in_a_chunk(file, name, values, rng):
    """Values of one sample in a chunk that inflates to a quarter of a gigabyte."""
    plain = numbers(values).astype(np.float32)
    chunk = (2**12, *(1,) * (plain.ndim - 2), 2**14) if plain.ndim > 1 else (2**26,)
    made = file.create_dataset(name, plain.shape, plain.dtype, maxshape=(None,) * plain.ndim, chunks=chunk, compression="gzip")
    made[...] = plain


def typed(kind: str, convert: Callable[[np.ndarray, Rng], object]) -> None:
    def change(file: h5py.File, name: str, values: np.ndarray, rng: Rng) -> None:
        file[name] = convert(numbers(values), rng)

    change.__name__ = f"as_{kind}"
    on_dataset(change)


typed("bool", lambda v, rng: v > 1)
typed("complex", lambda v, rng: v.astype(np.complex64))
typed("float16", lambda v, rng: v.astype(np.float32).clip(0, 6e4).astype(np.float16))
typed("big_endian", lambda v, rng: v.astype(">f8"))
typed("int8", lambda v, rng: (v % 100).astype(np.int8))
typed("uint64_beyond", lambda v, rng: np.full(v.shape, 2**64 - 1, np.uint64))
typed("int64_below_zero", lambda v, rng: np.full(v.shape, -(2**63), np.int64))
typed("float64_beyond_float32", lambda v, rng: np.full(v.shape, 1e300))
typed("not_a_number", lambda v, rng: np.where(rng.random(v.shape) < 0.01, np.nan, v.astype(np.float32)))
typed("infinity", lambda v, rng: np.where(rng.random(v.shape) < 0.01, np.inf, v.astype(np.float32)))
typed("text", lambda v, rng: v.astype("S8"))
typed("text_with_nul", lambda v, rng: np.full(v.shape, b"a\x00b", "S3"))
typed("text_that_is_not_utf8", lambda v, rng: np.full(v.shape, b"\xff\xfe\xe9", "S3"))
typed("records", lambda v, rng: np.zeros(v.shape, [("a", "f4"), ("b", "i4")]))
typed("opaque", lambda v, rng: np.zeros(v.shape, "V5"))


@on_dataset
def as_enum(file, name, values, rng):
    kind = h5py.enum_dtype({"NO": 0, "YES": 1}, basetype="i1")
    file.create_dataset(name, data=np.ones(values.shape, "i1"), dtype=kind)


@on_dataset
def as_references(file, name, values, rng):
    made = file.create_dataset(name, values.shape, h5py.ref_dtype)
    made[(0,) * values.ndim] = file.ref


@on_dataset
def as_rows_of_any_length(file, name, values, rng):
    made = file.create_dataset(name, values.shape, h5py.vlen_dtype(np.int32))
    made[(0,) * values.ndim] = np.arange(3)


@on_dataset
def as_arrays(file, name, values, rng):
    file.create_dataset(name, values.shape, np.dtype((np.float32, (3,))))


def filtered(kind: str, **options: object) -> None:
    def change(file: h5py.File, name: str, values: np.ndarray, rng: Rng) -> None:
        plain = numbers(values)
        plain = plain.astype(np.int32) if "scaleoffset" in options else plain
        file.create_dataset(name, data=plain, chunks=chunk_of(plain.shape), **options)

    change.__name__ = f"filtered_by_{kind}"
    on_dataset(change)


filtered("lzf", compression="lzf")
filtered("fletcher32", fletcher32=True, compression="gzip", shuffle=True)
filtered("scaleoffset", scaleoffset=0)


@on_dataset
def filtered_by_nobody(file, name, values, rng):
    plain = numbers(values)
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_chunk(chunk_of(plain.shape))
    create.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    space = h5py.h5s.create_simple(plain.shape)
    parent, _, last = name.rpartition("/")
    made = h5py.h5d.create(file[parent or "/"].id, last.encode(), h5py.h5t.py_create(plain.dtype), space, create)
    made.write_direct_chunk((0,) * plain.ndim, rng.bytes(200))


@on_dataset
def chunks_of_noise(file, name, values, rng):
    plain = numbers(values)
    made = file.create_dataset(name, data=plain, chunks=chunk_of(plain.shape), compression="gzip", shuffle=True)
    made.id.write_direct_chunk((0,) * plain.ndim, rng.bytes(int(rng.integers(1, 300))))


@on_dataset
def chunks_that_inflate_to_less(file, name, values, rng):
    import zlib

    plain = numbers(values)
    made = file.create_dataset(name, data=plain, chunks=chunk_of(plain.shape), compression="gzip")
    made.id.write_direct_chunk((0,) * plain.ndim, zlib.compress(b"\x01" * 3))


@on_dataset
def chunks_that_inflate_to_more(file, name, values, rng):
    import zlib

    plain = numbers(values)
    made = file.create_dataset(name, data=plain, chunks=chunk_of(plain.shape), compression="gzip")
    made.id.write_direct_chunk((0,) * plain.ndim, zlib.compress(b"\x01" * (1 << 24)))


# The bytes of the whole file.


def on_bytes(change: Callable[[bytearray, Rng], bytes | bytearray]) -> None:
    def damage(path: Path, rng: Rng) -> None:
        path.write_bytes(change(bytearray(path.read_bytes()), rng))

    BYTES[change.__name__] = damage


@on_bytes
def cut_off(data, rng):
    return data[: int(rng.integers(1, len(data)))]


@on_bytes
def empty(data, rng):
    return b""


@on_bytes
def flipped_bytes(data, rng):
    for at in rng.integers(0, len(data), 20):
        data[at] ^= int(rng.integers(1, 256))
    return data


@on_bytes
def flipped_bytes_at_the_start(data, rng):
    for at in rng.integers(8, min(len(data), 4096), 4):
        data[at] ^= int(rng.integers(1, 256))
    return data


@on_bytes
def flipped_bytes_of_the_structure(data, rng):
    """Bytes near the signatures of nodes, heaps and headers."""
    places = [at for mark in (b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"FRHP", b"BTHD") for at in _all(data, mark)]
    for at in rng.choice(places, 3) if places else []:
        data[min(len(data) - 1, int(at) + int(rng.integers(4, 80)))] ^= int(rng.integers(1, 256))
    return data


@on_bytes
def huge_numbers_in_the_structure(data, rng):
    places = [at for mark in (b"TREE", b"SNOD", b"HEAP", b"GCOL") for at in _all(data, mark)]
    if places:
        at = int(rng.choice(places)) + int(rng.integers(1, 10)) * 8
        data[at : at + 8] = b"\xff" * 7 + b"\x7f"
    return data


@on_bytes
def zeros_in_the_middle(data, rng):
    at = int(rng.integers(0, len(data)))
    length = int(rng.integers(1, 5000))
    data[at : at + length] = bytes(len(data[at : at + length]))
    return data


@on_bytes
def something_before_it(data, rng):
    return rng.bytes(512) + bytes(data)


@on_bytes
def another_kind_of_file(data, rng):
    return [b"PK\x03\x04 nothing", b"\x1f\x8b\x08\x00", b"<html>503</html>", b"\x89HDF\r\n\x1a\n", b"\x00" * 4096][int(rng.integers(5))]


def _all(data: bytearray, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found
