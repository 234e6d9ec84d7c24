"""Bad input by kind: what is damaged, how, with which seed, and the command that then meets it."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fault_files
import fault_hdf5
import fault_paths
import fault_text
import h5py
import numpy as np

Words = list[str | Path]
Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """One fault: `prepare` damages a copy of the world in an empty folder and gives the command."""

    kind: str
    number: int
    prepare: Callable[[Path, Path, Rng], Words]

    def words(self, world: Path, place: Path) -> Words:
        """The command, with the fault in place."""
        return self.prepare(world, place, np.random.default_rng([zlib.crc32(self.kind.encode()), self.number]))


ONCE = 1
H5AD_ELEMENTS = ("X", "obs/_index", "var/_index", "obs/tissue/codes", "obs/tissue/categories", "obs/n", "var/gene_name")
SPARSE_ELEMENTS = ("X/data", "X/indices", "X/indptr")
ARCHS4_ELEMENTS = (
    "data/expression", "meta/samples/geo_accession", "meta/samples/title", "meta/samples/series_id", "meta/samples/singlecellprobability", "meta/genes/symbol",
    "meta/samples/characteristics_ch1",
)  # fmt: skip
BUNDLE_JSON = ("config.json", "reference.json", "manifest.json")
BUNDLE_TSV = ("genes.tsv", "tissues.tsv", "reference.tsv", "scaler.tsv")
BUNDLE_TENSORS = ("model.safetensors", "reference.safetensors")


def h5ad_cases(n: int, elements: int | None = None) -> Iterator[Case]:
    """Datasets of dense and sparse .h5ad, `n` seeds of each change of bytes."""
    for element in H5AD_ELEMENTS[:elements]:
        for name, damage in fault_hdf5.DATASET.items():
            yield Case(f"h5ad {element} {name}", 0, _predict_h5ad("samples.h5ad", element, damage))
    for element in SPARSE_ELEMENTS[:elements]:
        for name, damage in fault_hdf5.DATASET.items():
            for base in ("sparse.h5ad", "by_gene.h5ad")[: 1 if elements else 2]:
                yield Case(f"{base} {element} {name}", 0, _predict_h5ad(base, element, damage))
    for name, change in fault_hdf5.BYTES.items():
        for base in ("samples.h5ad", "sparse.h5ad"):
            for number in range(n):
                yield Case(f"{base} bytes {name}", number, _predict_bytes(base, change))
    for name, edit in H5AD_EDITS.items():
        yield Case(f"h5ad {name}", 0, _predict_edited(edit))


def _predict_h5ad(base: str, element: str, damage: fault_hdf5.Damage) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        file = Path(shutil.copy(world / base, place / "s.h5ad"))
        damage(file, element, rng)
        return ["model", "predict", world / "run", file, "--out", place / "out.tsv"]

    return prepare


def _predict_bytes(base: str, change: Callable[[Path, Rng], None]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        file = Path(shutil.copy(world / base, place / "s.h5ad"))
        change(file, rng)
        return ["model", "predict", world / "run", file, "--out", place / "out.tsv"]

    return prepare


def _predict_edited(edit: Callable[[h5py.File], object]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        file = Path(shutil.copy(world / "sparse.h5ad", place / "s.h5ad"))
        with h5py.File(file, "r+") as opened:
            edit(opened)
        return ["model", "predict", world / "run", file, "--out", place / "out.tsv"]

    return prepare


def _attribute(place: str, name: str, value: object) -> Callable[[h5py.File], object]:
    return lambda file: file[place].attrs.__setitem__(name, value)


H5AD_EDITS: dict[str, Callable[[h5py.File], object]] = {
    "no obs": lambda f: f.__delitem__("obs"),
    "no var": lambda f: f.__delitem__("var"),
    "no X": lambda f: f.__delitem__("X"),
    "no index": lambda f: f.__delitem__("obs/_index"),
    "no indices": lambda f: f.__delitem__("X/indices"),
    "no codes": lambda f: f.__delitem__("obs/tissue/codes"),
    "obs linked to itself": lambda f: f["obs"].__setitem__("tissue2", h5py.SoftLink("/obs")),
    "a circle of groups": lambda f: f["obs"].__setitem__("again", f["obs"]),
    "encoding nobody knows": _attribute("X", "encoding-type", "csr_tensor"),
    "encoding that is a number": _attribute("X", "encoding-type", 5),
    "version nobody knows": _attribute("X", "encoding-version", "99.0"),
    "obs that says it is an array": _attribute("obs", "encoding-type", "array"),
    "categorical that says it is an array": _attribute("obs/tissue", "encoding-type", "array"),
    "shape of a trillion": _attribute("X", "shape", [2**40, 2**40]),
    "shape below zero": _attribute("X", "shape", [-1, 5]),
    "shape of one number": _attribute("X", "shape", 5),
    "shape of text": _attribute("X", "shape", "six"),
    "shape of decimals": _attribute("X", "shape", [6.0, float("nan")]),
    "no shape": lambda f: f["X"].attrs.__delitem__("shape"),
    "index that is a number": _attribute("obs", "_index", 3),
    "index that is not there": _attribute("obs", "_index", "nothing"),
    "index that is a path": _attribute("obs", "_index", "../var/_index"),
    "column order that names nothing": _attribute("obs", "column-order", ["x", "y"]),
    "column order of numbers": _attribute("obs", "column-order", [1, 2]),
    "codes beyond the categories": lambda f: f["obs/tissue/codes"].__setitem__(0, 99),
    "codes below": lambda f: f["obs/tissue/codes"].__setitem__(0, -7),
    "an index beyond": lambda f: f["X/indices"].__setitem__(0, 2**31 - 1),
    "an index below": lambda f: f["X/indices"].__setitem__(3, -1),
    "a pointer backwards": lambda f: f["X/indptr"].__setitem__(2, 1),
    "a pointer beyond": lambda f: f["X/indptr"].__setitem__(-1, 2**31 - 1),
    "a pointer below": lambda f: f["X/indptr"].__setitem__(1, -5),
    "uns that nests": lambda f: f.require_group("/".join(["uns", *["a"] * 500])),
    "a layer of another kind": lambda f: f["layers"].__setitem__("odd", np.arange(5)),
    "raw without var": lambda f: f.require_group("raw").__setitem__("X", np.zeros((6, 2))),
}


def archs4_cases(n: int, elements: int | None = None) -> Iterator[Case]:
    """Datasets of an ARCHS4 file under `curate build`."""
    for element in ARCHS4_ELEMENTS[:elements]:
        for name, damage in fault_hdf5.DATASET.items():
            yield Case(f"archs4 {element} {name}", 0, _build(lambda w, rng, e=element, d=damage: d(_archs4(w), e, rng)))
    for name, change in fault_hdf5.BYTES.items():
        for number in range(n):
            yield Case(f"archs4 bytes {name}", number, _build(lambda w, rng, c=change: c(_archs4(w), rng)))


def _archs4(place: Path) -> Path:
    return place / "world" / "archs4" / "human_gene_v2.5.h5"


def _build(spoil: Callable[[Path, Rng], object], source: str = "world") -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        shutil.copytree(world / source, place / source)
        spoil(place, rng)
        options = ["--unit", "cpm"] if source == "world" else []
        return [
            "curate",
            "build",
            "--input",
            place / source,
            "--out",
            place / "out",
            "--ontology",
            world / "ontology",
            "--threads",
            "1",
            *options,
        ]

    return prepare


def path_cases() -> Iterator[Case]:
    """Links, devices and folders where a source, a file of one, a table, a run or a file of one should be."""
    for name, change in fault_paths.PATHS.items():
        for target in (
            "world/archs4",
            "world/archs4/human_gene_v2.5.h5",
            "world/gtex/gene_reads.gct",
            "world/gtex/GTEx_SampleAttributesDS.txt",
        ):
            yield Case(f"build {target} {name}", 0, _build(lambda p, rng, t=target, c=change: c(p / t)))
        for target in ("table/table/matrix.tsv", "table/table/metadata.tsv"):
            yield Case(f"build {target} {name}", 0, _build(lambda p, rng, t=target, c=change: c(p / t), "table"))
        yield Case(f"build beside, {name}", 0, _build(lambda p, rng, c=change: _beside(p / "world" / "archs4" / "more.h5", c)))
        yield Case(f"build a source, {name}", 0, _build(lambda p, rng, c=change: _beside(p / "world" / "tcga", c)))
        for target in ("samples.tsv", "samples.h5ad", "samples.parquet", "samples.gct"):
            yield Case(f"predict {target} {name}", 0, _path_of_predict(target, change))
        for target in ("config.json", "model.safetensors", "genes.tsv", "reference.tsv", "reference.safetensors", "reference.json"):
            yield Case(f"run {target} {name}", 0, _path_of_run(target, change))


def _beside(path: Path, change: Callable[[Path], None]) -> None:
    path.touch()
    change(path)


def _path_of_predict(target: str, change: Callable[[Path], None]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        change(Path(shutil.copy(world / target, place / target)))
        return ["model", "predict", world / "run", place / target, "--out", place / "out.tsv"]

    return prepare


def _path_of_run(target: str, change: Callable[[Path], None]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        shutil.copytree(world / "run", place / "run")
        change(place / "run" / target)
        return ["model", "predict", place / "run", world / "samples.tsv", "--out", place / "out.tsv"]

    return prepare


def text_cases(n: int) -> Iterator[Case]:
    """Text, GCT and Parquet under `model predict`, and as the files of sources under `curate build`."""
    for kinds, base in ((fault_text.TEXT, "samples.tsv"), (fault_text.GCT, "samples.gct"), (fault_text.PARQUET, "samples.parquet")):
        for name, change in kinds.items():
            for number in range(n):
                yield Case(f"predict {base} {name}", number, _predict_text(base, change))
    for name, change in fault_text.GCT.items():
        for number in range(n):
            yield Case(f"build gct {name}", number, _build(lambda p, rng, c=change: c(p / "world" / "gtex" / "gene_reads.gct", rng)))
    for name, change in fault_text.TEXT.items():
        yield Case(
            f"build attributes {name}", 0, _build(lambda p, rng, c=change: c(p / "world" / "gtex" / "GTEx_SampleAttributesDS.txt", rng))
        )
        yield Case(f"build metadata {name}", 0, _build(lambda p, rng, c=change: c(p / "table" / "table" / "metadata.tsv", rng), "table"))
        yield Case(f"build matrix {name}", 0, _build(lambda p, rng, c=change: c(p / "table" / "table" / "matrix.tsv", rng), "table"))
        yield Case(f"label {name}", 0, _label(change))
    for number in range(8 * n):
        yield Case("build source.json", number, _build(_source_json, "table"))


def _predict_text(base: str, change: Callable[[Path, Rng], Path | None]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        file = Path(shutil.copy(world / base, place / base))
        return ["model", "predict", world / "run", change(file, rng) or file, "--out", place / "out.tsv"]

    return prepare


def _label(change: Callable[[Path, Rng], Path | None]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        file = Path(shutil.copy(world / "table" / "table" / "metadata.tsv", place / "metadata.tsv"))
        return ["curate", "label", change(file, rng) or file, "--out", place / "out.tsv", "--ontology", world / "ontology"]

    return prepare


def _source_json(place: Path, rng: Rng) -> None:
    settings = {
        "unit": "counts",
        "layout": "genes",
        "samples": ["new_*"],
        "annotation": [],
        "id": "sample_id",
        "text": ["title", "source_name"],
    }
    (place / "table" / "table" / "source.json").write_bytes(fault_text.damaged_json(json.dumps(settings), rng))


def bundle_cases(n: int) -> Iterator[Case]:
    """Files of a run, damaged; and of a bundle whose manifest was made to fit, so that nothing stops at a checksum."""
    for file in BUNDLE_JSON[:2]:
        for number in range(20 * n):
            yield Case(f"run {file}", number, _run(_json_of(file)))
    for number in range(12 * n):
        yield Case("bundle manifest.json", number, _bundle(_json_of("manifest.json")))
    for file in BUNDLE_TSV[:3]:
        for name in ("flipped_bytes", "cut_off", "noise", "only_a_header", "no_header", "nul_in_ids", "a_cell_of_a_megabyte", "ragged", "a_row_twice", "utf16", "latin1",
                     "numbers_that_are_none", "quotes_left_open", "blank_lines_only"):  # fmt: skip
            yield Case(f"run {file} {name}", 0, _run(_text_of(file, fault_text.TEXT[name])))
    for file in BUNDLE_TENSORS:
        for name, change in TENSORS.items():
            for number in range(n if "flipped" in name or "cut" in name else 1):
                yield Case(f"run {file} {name}", number, _run(_tensors_of(file, change)))
    for name, edit in CONFIG_EDITS.items():
        yield Case(f"run config {name}", 0, _run(_config_of(edit)))


def file_cases(n: int) -> Iterator[Case]:
    """Every place of a command where a file or folder is named, and everything that may stand there instead; `n` seeds of the random ones."""
    for slot, (sort, _, _) in fault_files.SLOTS.items():
        for kind in fault_files.ANY | ({} if slot in fault_files.SERVES else fault_files.KINDS[sort]):
            for number in range(n if kind.startswith(fault_files.SEEDED) else 1):
                yield Case(f"{slot}: {kind}", number, fault_files.prepare(slot, kind))


def _run(spoil: Callable[[Path, Rng], object]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        shutil.copytree(world / "run", place / "run")
        spoil(place / "run", rng)
        return ["model", "predict", place / "run", world / "samples.tsv", "--out", place / "out.tsv"]

    return prepare


def _bundle(spoil: Callable[[Path, Rng], object]) -> Callable[[Path, Path, Rng], Words]:
    def prepare(world: Path, place: Path, rng: Rng) -> Words:
        from modelling.bundle.manifest import write_manifest

        shutil.copytree(world / "run", place / "run")
        write_manifest(place / "run", sorted(path.name for path in (place / "run").iterdir()))
        spoil(place / "run", rng)
        return ["model", "load", place / "run"]

    return prepare


def _json_of(file: str) -> Callable[[Path, Rng], object]:
    return lambda run, rng: (run / file).write_bytes(fault_text.damaged_json((run / file).read_text(), rng))


def _text_of(file: str, change: Callable[[Path, Rng], Path | None]) -> Callable[[Path, Rng], object]:
    return lambda run, rng: change(run / file, rng)


def _tensors_of(file: str, change: Callable[[bytes, Rng], bytes]) -> Callable[[Path, Rng], object]:
    return lambda run, rng: (run / file).write_bytes(change((run / file).read_bytes(), rng))


def _config_of(edit: Callable[[dict[str, object]], object]) -> Callable[[Path, Rng], object]:
    def spoil(run: Path, rng: Rng) -> None:
        content = json.loads((run / "config.json").read_text())
        edit(content)
        (run / "config.json").write_text(json.dumps(content))

    return spoil


def _train(**changes: object) -> Callable[[dict[str, object]], object]:
    return lambda content: content["train"].update(changes)  # type: ignore[attr-defined]


CONFIG_EDITS: dict[str, Callable[[dict[str, object]], object]] = {
    "a latent of a billion": _train(n_latent=10**9),
    "a hidden layer of a billion": _train(n_hidden=10**9),
    "a head of a billion": _train(head_hidden=10**9),
    "a latent beyond int64": _train(n_latent=2**70),
    "a latent of 1.5": _train(n_latent=1.5),
    "a latent that is true": _train(n_latent=True),
    "a latent of text": _train(n_latent="16"),
    "no latent": _train(n_latent=None),
    "a share of nothing": _train(n_hidden=None, hidden_share=float("nan")),
    "a clip of text": _train(clip="ten"),
    "a clip below zero": _train(clip=-1),
    "a scale nobody knows": _train(input_scale="cube"),
    "a preset nobody knows": _train(preset="theirs"),
    "a prior nobody knows": _train(prior="none"),
    "a setting nobody knows": _train(n_heads=3),
    "a dropout of nan": _train(dropout=float("nan")),
    "a dropout of text": _train(dropout="x"),
    "sizes of a billion": lambda c: c["sizes"].update(n_genes=10**9),
    "sizes that are text": lambda c: c.update(sizes="many"),
    "train that is a list": lambda c: c.update(train=[]),
    "details that are none": lambda c: c.update(details=None),
    "details without a unit": lambda c: c["details"].pop("unit"),
    "a unit nobody knows": lambda c: c["details"].update(unit="bananas"),
    "calibration that is none": lambda c: c.update(calibration=None),
    "calibration of text": lambda c: c["calibration"].update(mass="x"),
    "calibration with nan": lambda c: c["calibration"].update(mass=float("nan"), far_below=float("nan")),
    "calibration with more": lambda c: c["calibration"].update(zz=1),
    "a format of text": lambda c: c.update(format="two"),
    "a format that is none": lambda c: c.pop("format"),
}


def _header(change: Callable[[dict[str, dict[str, object]], Rng], object]) -> Callable[[bytes, Rng], bytes]:
    def damage(data: bytes, rng: Rng) -> bytes:
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        found = change(header, rng)
        text = found if isinstance(found, bytes) else json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + data[8 + length :]

    return damage


def _some(header: dict[str, dict[str, object]], rng: Rng) -> dict[str, object]:
    names = sorted(name for name in header if name != "__metadata__")
    return header[names[int(rng.integers(len(names)))]]


def _tensor_values(value: float, name: str = "") -> Callable[[bytes, Rng], bytes]:
    def damage(data: bytes, rng: Rng) -> bytes:
        from safetensors.numpy import load, save

        tensors = load(data)
        chosen = (
            name
            if name in tensors
            else str(rng.choice(sorted(key for key in tensors if tensors[key].dtype.kind == "f" and tensors[key].size)))
        )
        flat = tensors[chosen].copy().reshape(-1)
        flat[int(rng.integers(flat.size))] = value
        tensors[chosen] = flat.reshape(tensors[chosen].shape)
        return save(tensors)

    return damage


def _recast(kind: str) -> Callable[[bytes, Rng], bytes]:
    def damage(data: bytes, rng: Rng) -> bytes:
        from safetensors.numpy import load, save

        return save({name: value.astype(kind) for name, value in load(data).items()})

    return damage


TENSORS: dict[str, Callable[[bytes, Rng], bytes]] = {
    "flipped": lambda data, rng: fault_text._flip(data, rng),
    "header flipped": lambda data, rng: fault_text._flip(data[:400], rng) + data[400:],
    "cut off": lambda data, rng: data[: int(rng.integers(0, len(data)))],
    "header of an exabyte": lambda data, rng: (2**60).to_bytes(8, "little") + data[8:],
    "header below zero": lambda data, rng: b"\xff" * 8 + data[8:],
    "header that is deep": _header(lambda h, rng: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "header that is a list": _header(lambda h, rng: b"[]"),
    "header of nothing": _header(lambda h, rng: b"{}"),
    "header that is not UTF-8": _header(lambda h, rng: b'{"\xff": 1}'),
    "offsets backwards": _header(lambda h, rng: _some(h, rng).update(data_offsets=[8, 0])),
    "offsets beyond": _header(lambda h, rng: _some(h, rng).update(data_offsets=[0, 2**50])),
    "offsets beyond int64": _header(lambda h, rng: _some(h, rng).update(data_offsets=[0, 2**70])),
    "offsets below zero": _header(lambda h, rng: _some(h, rng).update(data_offsets=[-4, 4])),
    "a shape of a trillion": _header(lambda h, rng: _some(h, rng).update(shape=[2**40, 2**40])),
    "a shape below zero": _header(lambda h, rng: _some(h, rng).update(shape=[-1])),
    "a type nobody knows": _header(lambda h, rng: _some(h, rng).update(dtype="F3")),
    "a type of another size": _header(lambda h, rng: _some(h, rng).update(dtype="F64")),
    "bfloat16": _header(lambda h, rng: [v.update(dtype="BF16", shape=[*v["shape"][:-1], v["shape"][-1] * 2] if v.get("shape") else v.get("shape")) for k, v in h.items() if k != "__metadata__"]),
    "metadata that is no text": _header(lambda h, rng: h.update(__metadata__={"a": 1})),
    "float64": _recast("f8"),
    "float16": _recast("f2"),
    "whole numbers": _recast("i4"),
    "truths": _recast("?"),
    "not a number": _tensor_values(float("nan")),
    "infinity": _tensor_values(float("inf")),
    "a temperature of zero": _tensor_values(0.0, "temperature"),
    "a temperature below zero": _tensor_values(-1.0, "temperature"),
    "a temperature of nan": _tensor_values(float("nan"), "temperature"),
    "a scaler below zero": _tensor_values(-1.0, "standardise.std_g"),
    "a residual of nan": _tensor_values(float("nan"), "residual_g"),
    "nothing": lambda data, rng: b"",
    "a pickle": lambda data, rng: b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.",
}  # fmt: skip

GROUPS: dict[str, Callable[[int], Iterator[Case]]] = {
    "h5ad": h5ad_cases,
    "archs4": archs4_cases,
    "paths": lambda n: path_cases(),
    "text": text_cases,
    "bundle": bundle_cases,
    "files": file_cases,
}
