"""The JSON API of the page: same answers, within its limits, and nothing but text is ever opened."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import h5py
import httpx
import numpy as np
import polars as pl
import pytest
import schemathesis
import serving_world as world
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serving_world import genes, table_text

import bulkatlas
from modelling.bundle.manifest import BundleError
from modelling.bundle.model import load
from modelling.predicting.predict import predict
from modelling.web import server
from modelling.web.app import STATIC, create_app
from modelling.web.evidence import Evidence, NoEvidence
from modelling.web.gate import Places, Refused, WebLimits
from modelling.web.service import Service
from modelling.web.worker import answered

SCRIPT = "<script>alert(1)</script>"


def write_labels(folder: Path, run: Path) -> Path:
    """A release folder with the two label files, for the samples of the run."""
    ids = pl.read_csv(run / "reference.tsv", separator="\t", quote_char=None)["sample_id"].sort()
    label = {
        "sample_id": ids,
        "term_name": "cerebellum",
        "decided_by": "evidence",
        "field": "source_name",
        "matched_text": "cerebellum",
        "margin": 1.5,
        "source_name": "Cerebellum, adult",
        "sex": ["female", "male", None, *["male"] * (len(ids) - 3)],
        "n_genes_detected": [None, *range(1, len(ids))],
    }
    pl.DataFrame(label).write_parquet(folder / "labels.parquet")
    pl.DataFrame(
        {
            "sample_id": [ids[0]] * 2,
            "field": ["title", "source_name"],
            "matched_text": [SCRIPT, "cerebellum"],
            "weight": [1.0, float("nan")],
        }
    ).write_parquet(folder / "evidence.parquet")
    fact = {"sample_id": ids[:1], "fact": "age", "value": "adult", "field": "source_name", "matched_text": "adult", "decided_by": "text"}
    pl.DataFrame(fact).write_parquet(folder / "facts.parquet")
    return folder


def gene_values(n: int) -> np.ndarray:
    """Values of every gene in n samples (g, n), no two genes alike."""
    return np.random.default_rng(3).gamma(2, 2, (world.N_GENES, n)).astype("<f4")


def write_genes(folder: Path, run: Path) -> Path:
    """by_gene.h5 beside the label files, its samples in another order than the run's reference."""
    ids = pl.read_csv(run / "reference.tsv", separator="\t", quote_char=None)["sample_id"].to_list()[::-1]
    values = np.ascontiguousarray(gene_values(len(ids))[:, ::-1])
    with h5py.File(folder / "by_gene.h5", "w") as file:
        file.attrs["unit"], file.attrs["build_id"] = "log2(TPM+1)", "test"
        file["symbol"], file["sample_id"], file["X"] = [gene.symbol for gene in world.genes()], ids, values
        file["sha256"] = [hashlib.sha256(row.data).hexdigest() for row in values]
    return folder


@pytest.fixture(scope="module")
def service(serving_run: Path, normal_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    made = server.load_service(normal_run, write_genes(write_labels(tmp_path_factory.mktemp("release"), serving_run), serving_run))
    made.limits = WebLimits(megabytes=2, samples=40, columns=5000, rows=5000, cells=200_000, seconds=20)
    return made


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service, ["testserver"])) as opened:
        yield opened


@pytest.fixture(scope="module")
def table() -> str:
    values, names, _ = world.new_samples()
    return table_text(values, names)


def post(client: TestClient, body: bytes | str, **options: object) -> httpx.Response:
    headers = {"Content-Type": "text/plain"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
    return client.post("/api/predict", content=body, headers=headers, params=options)  # type: ignore[arg-type]


def post_compare(client: TestClient, body: str, **options: object) -> httpx.Response:
    return client.post("/api/compare", content=body, headers={"Content-Type": "text/plain"}, params=options)  # type: ignore[arg-type]


def test_predictions_equal_those_of_python(client: TestClient, serving_run: Path, table: str, tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(table)
    ours = predict(load(serving_run), tmp_path / "t.tsv")
    answer = post(client, table, name="t.tsv")
    assert answer.status_code == 200
    content = answer.json()
    for row, sample in zip(ours.table.iter_rows(named=True), content["samples"], strict=True):
        for name in ("sample_id", "tissue", "unsure", "status", "unsure_because"):
            assert sample[name] == row[name]
        for name in ("probability", "map_x", "map_y", "similarity", "coverage"):
            assert sample[name] == pytest.approx(row[name], abs=1e-6)
        assert [n["sample_id"] for n in sample["neighbours"]] == row["nearest_samples"].split(";")
    assert content["report"]["unit"] == "TPM"
    assert post(client, table, format="tsv").text == content["tsv"]
    assert content["tsv"].splitlines()[0].startswith("sample_id\ttissue\tprobability")


def test_a_sample_is_compared_as_python_compares_it(client: TestClient, normal_run: Path, tmp_path: Path) -> None:
    values, names, changed = world.changed_samples()
    (tmp_path / "t.tsv").write_text(table_text(values, names))
    ours = bulkatlas.load_model(normal_run).compare(tmp_path / "t.tsv")
    body = table_text(values, names)
    for place, name in enumerate(names):
        answer = post_compare(client, body, position=place).json()
        fdr, difference = (dict(zip(ours.var_names, ours.layers[kind][place].tolist(), strict=True)) for kind in ("fdr", "difference"))
        assert answer["sample_id"] == name
        assert (answer["tissue"], answer["n_normal"]) == (ours.obs["compared_with"][name], ours.obs["normal_samples"][name])
        assert (answer["n_higher"], answer["n_lower"]) == (ours.obs["genes_higher"][name], ours.obs["genes_lower"][name])
        for one in answer["higher"] + answer["lower"]:
            assert one["difference"] == pytest.approx(difference[one["gene"]], abs=1e-3)
            assert one["fdr"] == pytest.approx(fdr[one["gene"]], rel=1e-3, abs=1e-9)
    first = post_compare(client, body, position=0).json()
    assert len({one["gene"] for one in first["higher"] if one["fdr"] < 0.05} & set(changed)) >= 0.7 * len(changed)
    assert all(one["difference"] <= 0 for one in first["lower"])
    table = pl.read_csv(post_compare(client, body, position=1, format="tsv").content, separator="\t")
    assert table["gene"].sort().to_list() == sorted(load(normal_run).genes)
    other = post_compare(client, body, position=0, tissue="liver").json()
    assert (other["tissue"], other["called"]) == ("liver", "brain")
    assert other["n_higher"] > first["n_higher"]


def test_what_cannot_be_compared_says_why(client: TestClient, serving_run: Path, table: str) -> None:
    assert "none at place 12" in post_compare(client, table, position=12).json()["error"]
    assert "no normal samples of 'elbow'" in post_compare(client, table, position=0, tissue="elbow").json()["error"]
    values, names, _ = world.new_samples(1)
    values[0, 700:] = np.nan
    few = post_compare(client, table_text(values[:2], names[:2]).replace("nan", ""), position=0, unit="tpm", samples=names[:2]).json()
    assert few["status"].startswith("refused: ")
    assert few["tissue"] is None
    without = server.load_service(serving_run)
    assert without.about().normals == []
    with TestClient(create_app(without, ["testserver"])) as opened:
        answer = post_compare(opened, table, position=0)
    assert answer.status_code == 422
    assert "model normals RUN COMPENDIUM" in answer.json()["error"]
    assert answer.json()["error"] == without.about().no_normals


@pytest.mark.parametrize(("kind", "said"), [("no_length", "counts cannot become TPM"), ("no_gene", "none can be read here")])
def test_a_model_says_what_it_can_read_and_offers_no_example_that_it_cannot(
    kind: str, said: str, serving_run: Path, tmp_path: Path
) -> None:
    """Genes without a known length, and genes that no table can name: the example is read, or not offered."""
    without = [g.symbol for g in world.reference_genes() if not g.length_bp > 0][: world.N_GENES]
    names = without if kind == "no_length" else [f"spot_{i}" for i in range(world.N_GENES)]
    shutil.copytree(serving_run, tmp_path / "run")
    new = dict(zip(load(serving_run).genes, names, strict=True))
    for file in ("genes.tsv", "scaler.tsv", "example.tsv"):
        head, *rows = (tmp_path / "run" / file).read_text().splitlines()
        cells = [row.split("\t") for row in rows]
        lines = ["\t".join([new[cell[0]], *([""] * len(cell[1:]) if file == "genes.tsv" else cell[1:])]) for cell in cells]
        (tmp_path / "run" / file).write_text("\n".join([head, *lines]) + "\n")
    service = server.load_service(tmp_path / "run")
    about = service.about()
    assert said in about.reads
    order = service.order("example.tsv", "auto", "auto", (), ())
    status, *_ = answered(service.predictor, order, (tmp_path / "run" / "example.tsv").read_bytes())
    assert about.has_example == (status["status"] == 200) == (kind == "no_length")


def test_damaged_normal_samples_are_told_before_anything_listens(normal_run: Path, tmp_path: Path) -> None:
    shutil.copytree(normal_run, tmp_path / "run")
    (tmp_path / "run" / "normals.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BundleError, match="damaged or cut short"):
        server.load_service(tmp_path / "run")


def test_the_answer_that_holds_and_the_depth_are_those_of_python(client: TestClient, normal_run: Path, tmp_path: Path) -> None:
    values, names = world.between("brain", "spinal_cord")
    counts = world.counts(values)
    (tmp_path / "t.tsv").write_text(table_text(counts, names))
    ours = predict(load(normal_run), tmp_path / "t.tsv").table
    samples = post(client, table_text(counts, names)).json()["samples"]
    for name in ("answer", "answer_level", "answer_term_id"):
        assert [sample[name] for sample in samples] == ours[name].to_list()
    assert "group" in ours["answer_level"].to_list()
    assert [sample["reads"] for sample in samples] == counts.sum(axis=1).tolist()
    assert post(client, table_text(values, names)).json()["samples"][0]["reads"] is None


def test_few_detected_genes_are_said_to_be_unsure(client: TestClient) -> None:
    values = np.zeros((2, world.N_GENES))
    values[0, :40], values[1, 5] = 9, 9
    samples = post(client, table_text(values, ["few", "one"]), unit="counts").json()["samples"]
    assert [(s["unsure"], s["genes_detected"], s["coverage"]) for s in samples] == [(True, 40, 1.0), (True, 1, 1.0)]
    assert [s["unsure_because"].split(" of ")[0] for s in samples] == ["only 40 genes detected, 2.7%", "only 1 gene detected, 0.1%"]


def test_the_compendium_can_be_browsed(client: TestClient, serving_run: Path) -> None:
    about = client.get("/api/about").json()
    assert {t["tissue"]: t["organ_system"] for t in about["tissues"]} == world.TISSUES
    assert about["simulated"]
    assert "research use" in about["notice"]
    held = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None, null_values=[])
    points = client.get("/api/map").content
    n = struct.unpack("<I", points[:4])[0]
    assert len(points) == 4 + 11 * n
    np.testing.assert_allclose(np.frombuffer(points, "<f4", n, 4), held["map_x"].cast(pl.Float32))
    codes = np.frombuffer(points, np.uint8, n, 4 + 8 * n)
    assert [about["tissues"][c]["tissue"] for c in codes] == held["tissue"].to_list()
    assert client.get("/api/map/names").text.splitlines()[0].split("\t") == [held["sample_id"][0], held["series_id"][0] or ""]
    series = client.get("/api/tissues/brain").json()
    assert sum(s["n_samples"] for s in series) == (held["tissue"] == "brain").sum()
    assert client.get("/api/tissues/feather").status_code == 404
    assert client.get("/api/search", params={"q": "spinal c"}).json()["tissues"] == ["spinal_cord"]
    found = client.get("/api/search", params={"q": held["sample_id"][5]}).json()
    assert found["samples"][0] == held["sample_id"][5]
    assert "TPM" in post(client, client.get("/api/example").content).json()["report"]["unit"]


def test_the_evidence_of_a_label_is_shown(client: TestClient, serving_run: Path) -> None:
    ids = sorted(pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None)["sample_id"])
    content = client.get(f"/api/samples/{ids[0]}").json()
    assert content["label"]["term_name"] == "cerebellum"
    assert content["sample"]["organ_system"]
    assert content["proposals"][0]["matched_text"] == SCRIPT
    assert content["proposals"][1]["weight"] is None
    assert client.get(f"/api/samples/{ids[1]}").json()["proposals"] == []
    assert client.get("/api/samples/GSM0").status_code == 404


def test_evidence_is_found_from_any_file_of_the_release(serving_run: Path, tmp_path: Path) -> None:
    with pytest.raises(NoEvidence, match=r"no labels\.parquet"):
        Evidence.open(tmp_path)
    write_labels(tmp_path, serving_run)
    (tmp_path / "curation.duckdb").write_bytes(b"not opened")
    for path in (tmp_path, tmp_path / "labels.parquet", tmp_path / "curation.duckdb"):
        assert Evidence.open(path).labels == tmp_path / "labels.parquet"
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(NoEvidence, match="not a readable Parquet"):
        Evidence.open(tmp_path)


def packed_zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.tsv", b"0" * 20_000_000)
    return buffer.getvalue()


REFUSED = {
    "a zip bomb": (packed_zip(), {}, 415, "zip archive"),
    "gzip": (gzip.compress(b"gene\ts1\n" * 100000), {}, 415, "gzip"),
    "gzip by header": (gzip.compress(b"gene\ts1\n"), {"Content-Encoding": "gzip"}, 415, "not packed"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), {}, 415, "HDF5"),
    "a pickle": (b"\x80\x04\x95" + bytes(100), {}, 415, "pickle"),
    "npz": (b"PK\x03\x04" + bytes(100), {}, 415, "zip"),
    "HTML as CSV": (b"<!DOCTYPE html><script>alert(1)</script>", {"Content-Type": "text/csv"}, 415, "HTML"),
    "a form": (b"--x", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "as a form"),
    "nothing": (b"", {}, 422, "is empty"),
    "too many bytes": (b"gene\ts1\n" + b"x\t1\n" * 800_000, {}, 413, "larger than 2 MB"),
    "too many columns": (b"gene" + b"\ts" * 20_000 + b"\nA1BG" + b"\t1" * 20_000, {}, 413, "5,000 columns"),
    "a million columns": (b"gene" + b"\t" * 1_000_000 + b"\nA1BG" + b"\t" * 1_000_000, {}, 413, "columns"),
    "no genes": (b"a\tb\nfoo\t2\n", {}, 422, "are human genes"),
    "a million million rows of metadata": (b"#1.3\n2\t1\t0\t1000000000000\nName\tA\nTP53\t1\nACTB\t2\n", {}, 413, "rows"),
    "a few rows of metadata": (b"#1.3\n2\t1\t0\t9\nName\tA\nTP53\t1\nACTB\t2\n", {}, 422, "9 rows of sample metadata, 2 are there"),
    "a path": (b"/etc/passwd", {}, 422, "no tab, comma or semicolon"),
    "no text": (bytes(range(256)) * 10, {}, 415, "binary"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_too_large_or_no_text_table_is_refused(what: str, client: TestClient) -> None:
    body, headers, status, said = REFUSED[what]
    answer = post(client, body, headers=headers)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert said in answer.json()["error"]


def test_too_many_rows_samples_or_cells_are_refused(client: TestClient) -> None:
    values, _ = world.tpm(5, 1)
    rows = "".join(f"g{i}\t1\t2\n" for i in range(6000))
    real = table_text(values, [f"s{i}" for i in range(6)])
    assert "5,000 rows" in post(client, real + rows.replace("\t1\t2", "\t1" * 6)).json()["error"]
    many = np.repeat(values, 8, axis=0)
    names = [f"s{i}" for i in range(48)]
    for genes_in_rows in (True, False):
        answer = post(client, table_text(many[:, :1500].round(1), names, genes_in_rows=genes_in_rows))
        assert (answer.status_code, "40 samples" in answer.json()["error"]) == (413, True)


def test_hostile_names_come_back_as_text(client: TestClient) -> None:
    values, _, _ = world.new_samples(1)
    names = [SCRIPT, "=HYPERLINK(1)", "+1", "-1", "@x", "a b"]
    answer = post(client, table_text(values, names), name=f"../../{SCRIPT}.tsv")
    assert answer.headers["content-type"] == "application/json"
    assert [s["sample_id"] for s in answer.json()["samples"]] == names
    cells = [line.split("\t")[0] for line in answer.json()["tsv"].splitlines()[1:]]
    assert cells == [SCRIPT, "'=HYPERLINK(1)", "'+1", "'-1", "'@x", "a b"]
    for unit, layout in (("furlongs", "auto"), ("auto", "sideways")):
        assert post(client, table_text(values, names), unit=unit, layout=layout).status_code == 422


def test_headers_forbid_what_the_page_does_not_need(client: TestClient) -> None:
    for path in ("/", "/app.js", "/api/about", "/api/samples/none"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert client.get("/api/about", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/api/about", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert post(client, "x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/../../../../etc/passwd").status_code == 404
    assert client.get("/%2e%2e/app.py").status_code == 404


def test_the_page_needs_no_network() -> None:
    for path in STATIC.iterdir():
        for address in re.findall(r"""(?:src|href|url\(|from|import)\W{1,3}(https?://[^"'\s)]+)""", path.read_text()):
            assert address.startswith("https://www.ncbi.nlm.nih.gov/geo/"), f"{path.name}: {address}"
    assert "<script>" not in (STATIC / "index.html").read_text()
    assert not [
        p.name for p in STATIC.iterdir() if re.search(r"\.(innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write|eval\(", p.read_text())
    ]


def test_places_are_few_for_all_fewer_for_one_client_and_bound_in_bytes() -> None:
    places = Places(WebLimits(at_once=2, waiting=3, of_one_client=2, held_megabytes=1))
    with ExitStack() as inside:
        for client in ("a", "a", "b", "b"):
            inside.enter_context(places.taken(client))
        with pytest.raises(Refused, match="of yours"):
            inside.enter_context(places.taken("a"))
        held = inside.enter_context(places.taken("c"))
        inside.enter_context(places.taken("c"))
        with pytest.raises(Refused, match="6 tables are being sent"):
            inside.enter_context(places.taken("d"))
        held.add(1 << 20)
        with pytest.raises(Refused, match="fill the memory"):
            held.add(1)
    assert (places.n_bytes, dict(places.of_client)) == (0, {})


def test_a_body_that_never_ends_is_given_up(service: Service, table: str) -> None:
    slow = Service(service.predictor, None, WebLimits(seconds=1), service.folder)

    async def dripping() -> httpx.Response:
        async def drip():
            yield table[:1000].encode()
            await asyncio.sleep(30)

        transport = httpx.ASGITransport(create_app(slow, ["test"]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
            return await opened.post("/api/predict", content=drip(), headers={"Content-Type": "text/plain"})

    start = time.monotonic()
    answer = asyncio.run(dripping())
    assert answer.status_code == 408
    assert time.monotonic() - start < 20


def started(run: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """`model serve` as a process, and its address."""
    code = "from modelling.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "serve", str(run), "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), line
    return process, line.split()[0]


@pytest.fixture(scope="module")
def address(serving_run: Path) -> Iterator[str]:
    process, url = started(serving_run, "--max-upload-mb", "40")
    yield url
    process.terminate()
    process.communicate(timeout=20)


def test_twenty_uploads_at_once_are_answered_or_refused_cleanly(address: str, table: str) -> None:
    def send(_: int) -> tuple[int, object]:
        answer = httpx.post(f"{address}/api/predict", content=table, headers={"Content-Type": "text/csv"}, timeout=120)
        return answer.status_code, answer.json().get("samples", answer.json().get("error"))

    with ThreadPoolExecutor(21) as pool:
        uploads = [pool.submit(send, i) for i in range(20)]
        assert httpx.get(f"{address}/", timeout=60).status_code == 200
        outcomes = [upload.result() for upload in uploads]
    statuses = [status for status, _ in outcomes]
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= WebLimits().of_one_client
    answers = [json.dumps(samples) for status, samples in outcomes if status == 200]
    assert len(set(answers)) == 1
    assert all("busy" in str(said) for status, said in outcomes if status == 503)


def test_a_gigabyte_is_refused_at_its_first_byte_and_when_it_lies_about_its_size(address: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b"gene\ts1\n"
        for _ in range(1024):
            sent += 1 << 20
            yield b"A1BG\t1.5\n" * 116_509

    for headers in ({"Content-Length": str(1 << 30)}, {}):
        try:
            answer = httpx.post(f"{address}/api/predict", content=endless(), headers={"Content-Type": "text/csv", **headers}, timeout=60)
            assert answer.status_code == 413
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            pass  # the server hung up on a client that went on sending
        assert sent < 200 << 20
        assert httpx.get(f"{address}/api/about", timeout=60).status_code == 200


def test_nothing_is_kept_on_disk(serving_run: Path, table: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from modelling.cli import main; main()", "serve", str(serving_run), "--port", "0"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path, env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().split()[0]
    before = sorted(tmp_path.rglob("*"))
    assert httpx.post(f"{url}/api/predict", content=table, headers={"Content-Type": "text/csv"}, timeout=120).status_code == 200
    assert sorted(tmp_path.rglob("*")) == before
    process.terminate()
    process.communicate(timeout=20)


def test_a_port_in_use_is_said(address: str, serving_run: Path) -> None:
    with pytest.raises(server.CannotServe, match=r"cannot listen on 127\.0\.0\.1:.*--port"):
        server.serve(serving_run, port=int(address.rsplit(":", 1)[1]))


def test_ids_of_every_kind_reach_the_page_too(client: TestClient) -> None:
    values, names, tissues = world.new_samples(1)
    answer = post(client, table_text(world.counts(values), names, [g.entrez_id for g in genes()]))
    assert [s["tissue"] for s in answer.json()["samples"]] == tissues


def test_the_api_keeps_its_openapi_promises(service: Service) -> None:
    """Every operation, with generated queries and bodies: documented status codes, documented shapes, no server error."""
    app = create_app(service, ["localhost", "127.0.0.1", "testserver"])
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    seen = set()
    for operation in schema.get_all_operations():
        found = operation.ok()
        seen.add(found.path)

        @settings(max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @schemathesis_given(found)
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # OpenAPI cannot say which text is a table

        check()
    assert "/api/predict" in seen
    assert len(seen) >= 8


def schemathesis_given(operation):
    """Hypothesis' decorator over one operation's cases."""
    from hypothesis import given

    return given(case=operation.as_strategy())


def test_facts_and_measures_follow_the_points_of_the_map(client: TestClient, serving_run: Path) -> None:
    ids = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None)["sample_id"]
    ordered = ids.sort().to_list()
    about = client.get("/api/about").json()
    assert [(one["by"], one["kind"], one["n_known"]) for one in about["colours"]] == [
        ("sex", "fact", len(ids) - 1),
        ("decided_by", "fact", len(ids)),
        ("n_genes_detected", "measure", len(ids) - 1),
    ]
    sex = client.get("/api/facts/sex").json()
    said = dict(zip(ids, [None if code == 255 else sex["values"][code] for code in sex["codes"]], strict=True))
    assert [said[name] for name in ordered[:4]] == ["female", "male", None, "male"]
    content = client.get("/api/measures/n_genes_detected").content
    values = dict(zip(ids, np.frombuffer(content, "<f4", offset=4).tolist(), strict=True))
    assert struct.unpack_from("<I", content) == (len(ids),)
    assert np.isnan(values[ordered[0]])
    assert [values[name] for name in ordered[1:]] == list(range(1, len(ids)))
    for path in ("/api/facts/n_genes_detected", "/api/measures/sex", "/api/facts/nonsense"):
        assert client.get(path).status_code == 404


def test_a_gene_is_found_by_every_name_and_read_from_its_own_row(client: TestClient, serving_run: Path) -> None:
    n = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None).height
    gene = next(g for g in genes() if g.previous)
    row = gene_values(n)[genes().index(gene)]
    for name in (gene.symbol, gene.symbol.lower(), gene.ensembl_gene_id, gene.hgnc_id):
        assert client.get(f"/api/genes/{name}").json()["symbol"] == gene.symbol
        assert client.get("/api/search", params={"q": name}).json()["genes"][0]["symbol"] == gene.symbol
    assert np.array_equal(np.frombuffer(client.get(f"/api/genes/{gene.symbol}/values").content, "<f4", offset=4), row)
    assert client.get("/api/genes/NOSUCHGENE").status_code == 404


def test_a_damaged_gene_is_said_and_not_shown(serving_run: Path, tmp_path: Path) -> None:
    from modelling.web.genes import Genes, NoGenes

    ids = pl.read_csv(serving_run / "reference.tsv", separator="\t", quote_char=None)["sample_id"].to_numpy()
    path = write_genes(tmp_path, serving_run) / "by_gene.h5"
    with h5py.File(path, "r+") as file:
        file["X"][3, 0] += 1
    held = Genes.open(path, ids[::-1])
    assert np.array_equal(held.values(genes()[4].symbol)[1], gene_values(len(ids))[4][::-1])
    with pytest.raises(NoGenes, match=f"{genes()[3].symbol} is damaged"):
        held.values(genes()[3].symbol)
    path.write_bytes(b"no HDF5")
    with pytest.raises(NoGenes, match="not a readable by_gene"):
        Genes.open(path, ids)


def test_terms_hold_their_parts() -> None:
    from modelling.web.terms import Terms

    terms = Terms(
        [
            "UBERON:0002421",
            "UBERON:0000955",
            "UBERON:0002107",
            "",
            "CL:0000182",
            "UBERON:0",
        ],  # hippocampus, brain, liver, none, hepatocyte, no term
        ["brain", "brain", "liver", "", "liver", "spleen"],
    )
    assert terms.rows("UBERON:0000955") == [0, 1]
    assert terms.rows("UBERON:0002106") == [5]
    assert [one["term_id"] for one in terms.find("hepatic", 1)] == ["UBERON:0002107"]
    assert terms.find("UBERON:0002421", 3)[0]["name"] == "hippocampal formation"
    assert terms.find("kidney", 3) == []
    assert [(one["term_id"], one["n_samples"]) for one in terms.parts([0, 1, 1])] == [("UBERON:0000955", 2), ("UBERON:0002421", 1)]
