"""`curate fetch` against a server on 127.0.0.1 that drops connections, ignores ranges, refuses, and serves wrong files."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest

from curation.catalogue import CatalogueFault, Download, choose_downloads, permitted, read_downloads, read_sources
from curation.fetch import fetch, planned, read_ledger
from curation.resources import ontology_folder
from curation.sources import open_source
from profiles.fetching.download import DownloadFault, Patience, download

DATA = random.Random(7).randbytes(300_000)
MD5 = hashlib.md5(DATA).hexdigest()
QUICK = Patience(attempts=4, first=0.01, longest=0.02, timeout=5)


@dataclass
class Behaviour:
    """What the server does: bodies by path, and faults that are used up one request at a time."""

    files: dict[str, bytes] = field(default_factory=lambda: {"/file.bin": DATA})
    ranges: bool = True
    etag: str = '"v1"'
    cut_after: list[int] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    answer: Callable[[str], bytes | None] | None = None  # instead of the files


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        b = self.behaviour
        path = urlsplit(self.path).path
        wanted = self.headers.get("Range")
        b.seen.append((self.path, wanted))
        if b.answer is not None:
            body = b.answer(self.path)
            return self._send(404 if body is None else 200, body or b"", {})
        if b.answers:
            code, headers = b.answers.pop(0)
            return self._send(code, b"", headers)
        if path not in b.files:
            return self._send(404, b"", {})
        body, start = b.files[path], 0
        if wanted and b.ranges and self.headers.get("If-Range", b.etag) == b.etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(body) > 0 and start:
            return self._send(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        extra = {"ETag": b.etag, **b.headers}
        if start:
            extra["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self._send(206 if start else 200, body[start:], extra)
        return None

    def do_HEAD(self) -> None:
        body = self.behaviour.files.get(self.path)
        self._send(200 if body is not None else 404, b"", {"Content-Length": str(len(body or b"")), **self.behaviour.headers})

    def _send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/octet-stream", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.behaviour.cut_after.pop(0) if code < 300 and self.behaviour.cut_after else len(body)
        self.wfile.write(body[:cut])
        if cut < len(body):
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)


@pytest.fixture
def server() -> Iterator[tuple[str, Behaviour]]:
    behaviour = Behaviour()
    handler = type("Bound", (Handler,), {"behaviour": behaviour})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}", behaviour
    http.shutdown()
    http.server_close()


def row(server_url: str, **changes: str) -> Download:
    return replace(Download("x", "v", "1", "file.bin", server_url + "/file.bin", "", "", "file", ""), **changes)


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_is_verified(server, tmp_path):
    url, _ = server
    fetched = download(url + "/file.bin", tmp_path / "file.bin", n_bytes=len(DATA), checksum="md5:" + MD5, patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert fetched.sha256 == hashlib.sha256(DATA).hexdigest()
    assert only(tmp_path) == ["file.bin"]


def test_a_dropped_connection_is_resumed_where_it_broke(server, tmp_path):
    url, b = server
    b.cut_after = [100_000, 50_000, 10_000]
    download(url + "/file.bin", tmp_path / "file.bin", checksum="md5:" + MD5, patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0 for _, wanted in b.seen]
    assert len(starts) == 4
    assert starts == sorted(starts)
    assert starts[-1] >= 150_000


def test_without_range_support_it_starts_again(server, tmp_path):
    url, b = server
    b.ranges, b.cut_after = False, [100_000, 200_000]
    download(url + "/file.bin", tmp_path / "file.bin", checksum="md5:" + MD5, patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert len(b.seen) == 3


def test_a_second_run_goes_on_from_the_part_of_the_first(server, tmp_path):
    url, b = server
    b.cut_after = [120_000, 0, 0, 0, 0]
    with pytest.raises(DownloadFault, match=r"cut at .* of 300,000 bytes .*file\.bin\.part, run the command again"):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert only(tmp_path) == ["file.bin.part", "file.bin.part.json"]
    b.cut_after = []
    b.seen.clear()
    download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert b.seen[0][1] not in (None, "bytes=0-")


def test_a_file_that_changed_meanwhile_is_not_glued_to_the_old_part(server, tmp_path):
    url, b = server
    b.cut_after = [120_000, 0, 0, 0, 0]
    with pytest.raises(DownloadFault):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    newer = bytes(reversed(DATA))
    b.cut_after, b.etag, b.files["/file.bin"] = [], '"v2"', newer
    download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == newer


def test_a_whole_part_needs_no_byte_more(server, tmp_path):
    url, b = server
    (tmp_path / "file.bin.part").write_bytes(DATA)
    (tmp_path / "file.bin.part.json").write_text(json.dumps({"url": url + "/file.bin", "validator": b.etag}))
    download(url + "/file.bin", tmp_path / "file.bin", checksum="md5:" + MD5, patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert len(b.seen) == 1


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    url, b = server
    (tmp_path / "file.bin.part").write_bytes(DATA + b"more")
    (tmp_path / "file.bin.part.json").write_text(json.dumps({"url": url + "/file.bin", "validator": b.etag}))
    download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_busy_server_is_asked_again_and_its_wish_respected(server, tmp_path):
    url, b = server
    b.answers = [(503, {"Retry-After": "0"}), (429, {}), (500, {})]
    download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert len(b.seen) == 4


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_final_and_leaves_nothing(server, tmp_path, code):
    url, b = server
    b.answers = [(code, {})]
    with pytest.raises(DownloadFault, match=f"answered {code}"):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert len(b.seen) == 1
    assert only(tmp_path) == []


def test_a_wrong_checksum_says_both_values_and_deletes_the_file(server, tmp_path):
    url, _ = server
    with pytest.raises(DownloadFault, match=f"md5 is {MD5}, published is {'0' * 32}"):
        download(url + "/file.bin", tmp_path / "file.bin", checksum="md5:" + "0" * 32, patience=QUICK)
    assert only(tmp_path) == []


def test_the_md5_in_googles_header_is_checked(server, tmp_path):
    url, b = server
    b.headers = {"x-goog-hash": "crc32c=AAAAAA==,md5=" + base64.b64encode(bytes(16)).decode()}
    with pytest.raises(DownloadFault, match=f"md5 is {MD5}, published is {'0' * 32}"):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    b.headers = {"x-goog-hash": "crc32c=AAAAAA==,md5=" + base64.b64encode(bytes.fromhex(MD5)).decode()}
    assert download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK).checksum == "md5:" + MD5


def test_a_wrong_size_says_both(server, tmp_path):
    url, _ = server
    with pytest.raises(DownloadFault, match=r"300,000 bytes came, 299,999 are published"):
        download(url + "/file.bin", tmp_path / "file.bin", n_bytes=299_999, patience=QUICK)


def test_a_challenge_page_is_not_taken_for_data(server, tmp_path):
    url, b = server
    b.headers, b.files["/file.bin"] = {"Content-Type": "text/html; charset=utf-8"}, b"<html>are you a person?"
    with pytest.raises(DownloadFault, match="sent a web page"):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert only(tmp_path) == []


def test_a_server_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DownloadFault, match="the connection failed"):
        download("http://127.0.0.1:9/file.bin", tmp_path / "file.bin", patience=QUICK)


def test_a_full_disk_is_seen_before_the_first_byte(server, tmp_path, monkeypatch):
    url, _ = server
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("profiles.fetching.download.shutil.disk_usage", lambda path: free)
    with pytest.raises(DownloadFault, match=r"needs 0\.0 GB more"):
        download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)
    assert only(tmp_path) == []


def test_two_downloads_of_one_file_do_not_mix(server, tmp_path):
    import fcntl

    url, _ = server
    with (tmp_path / ".file.bin.part.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DownloadFault, match="being fetched by another process"):
            download(url + "/file.bin", tmp_path / "file.bin", patience=QUICK)


def test_proxy_from_the_environment_is_used(server, tmp_path, monkeypatch):
    """The stub server is the proxy: a request through a proxy carries the absolute URL of a host that does not exist."""
    url, b = server
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", url)
    download("http://archive.invalid/file.bin", tmp_path / "file.bin", checksum="md5:" + MD5, patience=QUICK)
    assert b.seen[0][0] == "http://archive.invalid/file.bin"


def test_fetch_leaves_alone_what_is_there_and_keeps_a_ledger(server, tmp_path):
    url, b = server
    first = fetch([row(url)], tmp_path, patience=QUICK)
    assert [item.done for item in first] == ["fetched"]
    assert read_ledger(tmp_path)["file.bin"]["sha256"] == hashlib.sha256(DATA).hexdigest()
    b.seen.clear()
    assert [item.done for item in fetch([row(url)], tmp_path, patience=QUICK)] == ["present"]
    assert b.seen == []
    (tmp_path / "file.bin").write_bytes(bytes(len(DATA)))
    with pytest.raises(DownloadFault, match=r"it was .* when it was fetched"):
        fetch([row(url)], tmp_path, patience=QUICK, verify=True)


def test_a_file_put_there_by_hand_is_taken_only_when_it_is_the_published_one(server, tmp_path):
    url, _ = server
    (tmp_path / "file.bin").write_bytes(DATA)
    assert [item.done for item in fetch([row(url, checksum="md5:" + MD5)], tmp_path, patience=QUICK)] == ["adopted"]
    (tmp_path / "file.bin").write_bytes(b"something else")
    with pytest.raises(DownloadFault, match=f"published is {MD5}"):
        fetch([row(url, checksum="md5:" + MD5)], tmp_path, patience=QUICK)


STAR_HEADER = (
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded"
)


def star_counts(n: int) -> bytes:
    """One STAR count file as the GDC ships it, with two genes."""
    summary = [f"{name}\t\t\t9\t9\t9\t\t\t" for name in ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")]
    genes = [f"ENSG0000000000{g}.1\tG{g}\tprotein_coding\t{n + g}\t0\t0\t1.5\t1.5\t1.5" for g in (3, 5)]
    return "\n".join(["# gene-model: GENCODE v36", STAR_HEADER, *summary, *genes, ""]).encode()


def serve_gdc(behaviour: Behaviour, n_files: int) -> None:
    """Answer as the GDC API does: a manifest, the files endpoint, and each file by its id."""
    names = {f"id{i}": f"id{i}.rna_seq.augmented_star_gene_counts.tsv" for i in range(n_files)}
    bodies = {identifier: star_counts(i) for i, identifier in enumerate(names)}
    lines = [f"{i}\t{name}\t{hashlib.md5(bodies[i]).hexdigest()}\t{len(bodies[i])}\treleased" for i, name in names.items()]
    manifest = "\n".join(["id\tfilename\tmd5\tsize\tstate", *lines, ""]).encode()

    def hit(number: int, identifier: str) -> dict[str, object]:
        case = {"submitter_id": f"TCGA-AA-000{number}", "project": {"project_id": "TCGA-COAD"}}
        case["samples"] = [{"submitter_id": f"TCGA-AA-000{number}-01A", "sample_type": "Primary Tumor"}]
        about = {"data_category": "Transcriptome Profiling", "data_type": "Gene Expression Quantification"}
        return {"file_id": identifier, "file_name": names[identifier], **about, "cases": [case]}

    hits = json.dumps({"data": {"hits": [hit(i, identifier) for i, identifier in enumerate(names)]}}).encode()

    def answer(path: str) -> bytes | None:
        asked = parse_qs(urlsplit(path).query)
        if urlsplit(path).path == "/files":
            assert json.loads(asked["filters"][0])["content"][0]["content"]["value"] == ["TCGA"]
            return manifest if "return_type" in asked else hits
        return bodies.get(urlsplit(path).path.removeprefix("/data/"))

    behaviour.answer = answer


def test_gdc_files_come_by_the_manifest_and_the_reader_takes_the_folder(server, tmp_path):
    url, b = server
    serve_gdc(b, 5)
    outcomes = fetch([row(url, url=url, kind="gdc:TCGA")], tmp_path / "tcga", patience=QUICK)
    assert [item.done for item in outcomes] == ["fetched"] * 5
    source = open_source("tcga", tmp_path / "tcga")
    samples = pa.Table.from_batches(source.samples())
    assert samples["sample_id"].to_pylist() == [f"TCGA-AA-000{i}-01A" for i in range(5)]
    assert set(samples["declared_text"].to_pylist()) == {"TCGA-COAD"}
    assert set(samples["is_tumour"].to_pylist()) == {True}
    assert [item.done for item in fetch([row(url, url=url, kind="gdc:TCGA")], tmp_path / "tcga", patience=QUICK)] == ["present"] * 5


@pytest.mark.parametrize(
    ("body", "told"), [(b"id\tfile\n", "not a GDC manifest"), (b"id\tfilename\tmd5\tsize\tstate\n", "lists no open STAR")]
)
def test_a_manifest_that_is_none_is_refused(server, tmp_path, body, told):
    url, b = server
    b.answer = lambda path: body if "return_type" in path else b'{"data": {"hits": []}}'
    with pytest.raises(DownloadFault, match=told):
        fetch([row(url, url=url, kind="gdc:TCGA")], tmp_path, patience=QUICK)


def test_a_dry_run_asks_size_and_checksum_from_the_server(server):
    url, b = server
    b.headers = {"x-goog-hash": "md5=" + base64.b64encode(bytes.fromhex(MD5)).decode()}
    known = row(url, n_bytes="7", checksum="md5:" + "0" * 32)
    rows = planned([row(url), known, row(url, url=url + "/nowhere"), row(url, kind="gdc:TCGA")])
    assert rows[0][2:4] == ["300,000", "md5:" + MD5]
    assert rows[1][2:4] == ["7", "md5:" + "0" * 32]
    assert rows[2][2] == "not reached (Not Found)"
    assert rows[3][2] == "by the manifest"
    assert all(wanted is None for _, wanted in b.seen)


def test_the_shipped_tables_are_sound():
    cards, downloads = read_sources(), read_downloads()
    assert {"archs4", "gtex", "tcga", "target", "depmap"} <= {item.source for item in downloads}
    for item in downloads:
        assert item.source in cards
        assert item.url.startswith("https://")
        assert not item.checksum or len(item.checksum) == len("md5:") + 32
    assert all(card.citation for card in cards.values() if card.source != "table")


def test_release_and_variant_are_chosen_by_name():
    known = read_downloads()
    assert {item.release for item in choose_downloads(known, "archs4")} == {"2.5"}
    assert {item.release for item in choose_downloads(known, "gtex", release="v8")} == {"v8"}
    assert [item.kind for item in choose_downloads(known, "tcga", "gdc")] == ["gdc:TCGA"]
    for arguments, message in [(("nowhere",), "no download is known"), (("gtex", "x"), "no variant"), (("gtex", None, "v7"), "no release")]:
        with pytest.raises(CatalogueFault, match=message):
            choose_downloads(known, *arguments)


def test_licence_terms_select_sources():
    sources = ["archs4", "tcga", "depmap", "table"]
    assert permitted(sources, "commercial") == {"archs4": False, "tcga": True, "depmap": True, "table": False}
    assert permitted(sources, "CC-BY-4.0, CC0-1.0")["depmap"]
    assert not permitted(sources, "CC-BY-4.0")["tcga"]
    with pytest.raises(CatalogueFault, match="unknown licence GPL"):
        permitted(sources, "GPL")


def test_a_table_with_swapped_columns_or_a_path_for_a_name_is_refused(tmp_path):
    good = (ontology_folder() / "downloads.tsv").read_text().splitlines()
    swapped = tmp_path / "swapped.tsv"
    swapped.write_text("\n".join(["\t".join(reversed(good[0].split("\t"))), *good[1:]]))
    with pytest.raises(CatalogueFault, match="in this order"):
        read_downloads(swapped)
    escaping = tmp_path / "escaping.tsv"
    escaping.write_text(good[0] + "\nx\tv\t1\t../../etc/passwd\thttp://x\t\t\tfile\t\n")
    with pytest.raises(CatalogueFault, match="not a plain file name"):
        read_downloads(escaping)


def test_the_command_fetches_into_the_folder_of_the_source(server, tmp_path):
    from typer.testing import CliRunner

    from curation.cli import app

    url, _ = server
    table = tmp_path / "mirror.tsv"
    header = (ontology_folder() / "downloads.tsv").read_text().splitlines()[0]
    table.write_text(f"{header}\ngtex\tgct\tv8\tfile.bin\t{url}/file.bin\t300000\tmd5:{MD5}\tfile\t\n")
    arguments = ["fetch", "gtex", "--out", str(tmp_path / "input"), "--table", str(table)]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert f"fetched: {tmp_path}/input/gtex/file.bin  300,000 bytes" in first.stdout
    assert "checked against md5" in first.stdout
    assert (tmp_path / "input" / "gtex" / "file.bin").read_bytes() == DATA
    assert "present: " in CliRunner().invoke(app, arguments).stdout


def test_the_sources_are_listed_with_licence_and_citation():
    from typer.testing import CliRunner

    from curation.cli import app

    told = CliRunner().invoke(app, ["sources", "--downloads"]).stdout
    assert "depmap\tDepMap (Cancer Dependency Map), cell lines" in told
    assert "CC-BY-4.0" in told
    assert "https://doi.org/10.1038/s41467-018-03751-6" in told
    assert "human_gene_v2.5.h5" in told
