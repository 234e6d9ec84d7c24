"""The page under fire: who holds what, what is ended, and what everybody else still gets."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import polars as pl
import psutil
import pytest
import serving_world as world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_world import table_text
from starlette.testclient import TestClient

from modelling.predicting.results import tsv
from modelling.web import server
from modelling.web.app import create_app
from modelling.web.gate import Refused, WebLimits
from modelling.web.guard import HEADERS, host_name
from modelling.web.service import Service
from modelling.web.worker import Worker
from modelling.web.workshop import Workshop

FAST = {"head_seconds": 1.5, "taking_seconds": 2.0, "of_one_address": 20}
SERVE = f"""
import sys
from modelling.web.connections import Connection
for name, value in {FAST!r}.items():
    setattr(Connection, name, value)
from modelling.cli import main
main()
"""


@pytest.fixture(scope="module")
def page(serving_run: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`model serve` with short times, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", str(serving_run), "--port", "0", "--max-upload-mb", "8"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[0]
    yield url, psutil.Process(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def table() -> bytes:
    values, names, _ = world.new_samples()
    return table_text(values, names).encode()


def upload(url: str, content: bytes, client: str = "127.0.0.1") -> httpx.Response:
    """From an address of its own: on Linux all of 127/8 is this machine."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=client), timeout=120) as opened:
        return opened.post(f"{url}/api/predict", content=content, headers={"Content-Type": "text/csv"})


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so; fail where it is not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_our_error(answer: httpx.Response) -> bool:
    return list(answer.json()) == ["error"] and all(answer.headers[name] == value for name, value in HEADERS.items())


def connection(url: str, sent: bytes = b"", address: str = "127.0.0.1") -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=20, source_address=(address, 0))
    opened.sendall(sent)
    return opened


def everything(opened: socket.socket) -> bytes:
    received = b""
    try:
        while piece := opened.recv(65536):
            received += piece
    except ConnectionResetError:
        return received
    return received


def test_every_error_is_json_with_all_headers(page: tuple[str, psutil.Process]) -> None:
    url, _ = page
    asked = {
        404: httpx.get(f"{url}/nothing"),
        405: httpx.post(f"{url}/api/about"),
        400: httpx.get(f"{url}/", headers={"Host": "evil.example"}),
        403: httpx.get(f"{url}/api/about", headers={"Origin": "http://evil.example"}),
        415: httpx.post(f"{url}/api/predict", content=b"\x89HDF", headers={"Content-Type": "text/csv"}, timeout=60),
        422: httpx.get(f"{url}/api/search", params={"q": "x" * 500}),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert is_our_error(answer), (status, answer.text)


@pytest.mark.parametrize("sent", [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: \xc2\xb2\r\n\r\n", b"GET /" + b"x" * 70000, b"GET / HTTP/1.1\r\n\r\n"])  # fmt: skip
def test_what_is_no_http_is_told_so(page: tuple[str, psutil.Process], sent: bytes) -> None:
    with closing(connection(page[0], sent)) as opened:
        head, _, body = everything(opened).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"default-src 'none'" in head
    assert list(json.loads(body)) == ["error"]


def test_half_open_connections_keep_nobody_out(page: tuple[str, psutil.Process]) -> None:
    """More than the page takes of one address: the oldest give way, the same address is still answered, and in time all are gone."""
    url, process = page
    half = [connection(url, b"GET / HTTP/1.1\r\nX-A: ") for _ in range(60)]
    try:
        start = time.monotonic()
        for address in ("127.0.0.1", "127.0.0.2"):
            with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=20) as opened:
                assert opened.get(f"{url}/api/about").status_code == 200
        assert time.monotonic() - start < 10
        assert b"408" in everything(half[-1]).split(b"\r\n")[0]
        assert len([c for c in process.net_connections() if c.status == "ESTABLISHED"]) < 5
    finally:
        for opened in half:
            opened.close()


def test_an_answer_that_nobody_takes_is_given_up(page: tuple[str, psutil.Process], serving_run: Path) -> None:
    url, process = page
    asked = b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 400
    with closing(socket.socket()) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.connect(("127.0.0.1", int(url.rsplit(":", 1)[1])))
        opened.sendall(asked)
        port = opened.getsockname()[1]

        def is_held() -> bool:
            return any(c.raddr and c.raddr.port == port and c.status == "ESTABLISHED" for c in process.net_connections())

        until(is_held)  # not before it was accepted: a look that comes too early finds nothing, and proves nothing
        until(lambda: not is_held())


def test_slow_bodies_hold_their_own_places_and_no_worker(page: tuple[str, psutil.Process], table: bytes) -> None:
    url, _ = page
    upload(url, table)  # workers have loaded the run
    head = b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\ngene\ts1\n"
    slow = [connection(url, head, "127.0.0.3") for _ in range(WebLimits().of_one_client + 4)]
    try:
        time.sleep(0.5)
        assert "of yours" in upload(url, table, "127.0.0.3").json()["error"]
        start = time.monotonic()
        assert [upload(url, table, "127.0.0.2").status_code for _ in range(2)] == [200, 200]
        print(f"two small tables in {time.monotonic() - start:.1f} s while bodies stand still")
        assert time.monotonic() - start < 20
    finally:
        for opened in slow:
            opened.close()


def test_thirty_uploads_of_one_client_leave_room_for_another(page: tuple[str, psutil.Process], table: bytes) -> None:
    url, _ = page
    with ThreadPoolExecutor(30) as pool:
        fire = [pool.submit(upload, url, table, "127.0.0.3") for _ in range(30)]
        time.sleep(0.2)
        assert [upload(url, table, "127.0.0.2").status_code for _ in range(2)] == [200, 200]
        answers = [one.result() for one in fire]
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 503}
    assert statuses[200] >= WebLimits().of_one_client
    assert all(is_our_error(answer) for answer in answers if answer.status_code == 503)


def children(process: psutil.Process) -> set[int]:
    return {child.pid for child in process.children()}


def test_a_worker_that_falls_is_replaced(page: tuple[str, psutil.Process], table: bytes) -> None:
    url, process = page
    assert upload(url, table).status_code == 200
    before = children(process)
    for pid in before:
        psutil.Process(pid).kill()
    assert upload(url, table).status_code in (200, 413)
    assert upload(url, table).status_code in (200, 413)
    assert upload(url, table).status_code in (200, 413)
    assert upload(url, table).status_code == 200
    assert children(process) - before


def test_work_that_passes_its_time_is_ended(serving_run: Path, table: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stops where nothing looks at the clock: its process is ended, and the next table has another."""
    monkeypatch.setattr("modelling.web.worker.GRACE", 0.0)
    workshop = Workshop(serving_run, WebLimits(at_once=1))
    service = Service(None, None, WebLimits(), serving_run)  # type: ignore[arg-type]
    order = service.order("t", "auto", "auto", (), ())

    async def ask(seconds: float) -> object:
        return await workshop.ask("a", {**order, "seconds": seconds}, table)

    try:
        assert asyncio.run(ask(60))
        old = [seat.worker for seat in workshop.seats if seat.worker is not None]
        for worker in old:
            worker.process.send_signal(signal.SIGSTOP)
        with pytest.raises(Refused, match="longer than allowed") as refusal:
            asyncio.run(ask(0.5))
        assert refusal.value.status == 413
        assert asyncio.run(ask(60))
        assert [worker.is_alive for worker in old] == [False]
    finally:
        workshop.close()


def test_a_worker_that_has_done_its_share_serves_until_its_successor_is_ready(
    serving_run: Path, table: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelling.web.workshop.TABLES_OF_A_WORKER", 2)
    workshop = Workshop(serving_run, WebLimits(at_once=0))
    order = Service(None, None, WebLimits(), serving_run).order("t", "auto", "auto", (), ())  # type: ignore[arg-type]
    pids: list[int] = []
    try:
        while len(set(pids)) < 2 and len(pids) < 2000:
            asyncio.run(workshop.ask("a", order, table))
            worker = workshop.seats[0].worker
            assert worker is not None
            pids.append(worker.process.pid)
        assert pids.count(pids[0]) >= 2
        assert pids[-1] != pids[0]
        assert not psutil.pid_exists(pids[0])
    finally:
        workshop.close()


def test_a_small_table_does_not_wait_for_large_ones(serving_run: Path) -> None:
    """Without processes: the seats are given as the line says."""

    class Slow(Worker):
        def __init__(self, run: Path) -> None:
            self.n_done, self.is_ready = 0, True

        is_alive = True

        def end(self) -> None: ...

        def ask(self, order: object, content: bytes) -> object:  # type: ignore[override]
            time.sleep(0.2 if len(content) > 10 else 0.0)
            return len(content)

    async def line() -> list[tuple[str, int]]:
        workshop = Workshop(serving_run, WebLimits(at_once=2))
        for seat in workshop.seats:
            seat.worker = Slow(serving_run)
        done: list[tuple[str, int]] = []

        async def one(client: str, n: int) -> None:
            await workshop.ask(client, {}, b"x" * n)
            done.append((client, n))

        large = (workshop.limits.quick_megabytes << 20) + 1
        await asyncio.gather(*(one("greedy", large) for _ in range(6)), one("other", large), one("other", 5))
        assert workshop.free.__len__() == 3
        assert not workshop.on_hand
        return done

    done = asyncio.run(line())
    assert done[0] == ("other", 5), "the small one goes first"
    assert [client for client, _ in done].index("other", 1) <= 4, "the other's large table is the next that gets a seat, not the last"


@settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.sampled_from("=+-@\"' \t\r\n\u00a0\u200b\ufeff\uff1d\u22121aA|,;"), max_size=6), min_size=1, max_size=4))
def test_no_cell_is_run_by_a_spreadsheet_as_it_is_or_unquoted(names: list[str]) -> None:
    import csv

    text = tsv(pl.DataFrame({"sample_id": names, "n": range(len(names))}), for_spreadsheet=True).decode()
    plain = [line.split("\t")[0] for line in text.split("\n")[1:-1]]
    unquoted = [row[0] for row in csv.reader(text.splitlines()[1:], delimiter="\t") if row]
    assert len(plain) == len(names), "no cell swallows the next"
    for cell in (*plain, *unquoted):
        seen = cell.strip(" \u00a0\u200b\ufeff\t\r\n").lstrip('"').strip(" \u00a0\u200b\ufeff")
        assert not seen.startswith(("=", "+", "-", "@", "\uff1d", "\u2212"))


@pytest.mark.parametrize(("host", "name"), [("a.b:80", "a.b"), ("A.b", "a.b"), ("[::1]:8000", "[::1]"), ("[::1]", "[::1]"), ("::1", "::1"), (":80", ":80"), ("a:\u00b2", "a:\u00b2")])  # fmt: skip
def test_the_name_of_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


ORIGINS = [
    ({}, 200), ({"Origin": "http://testserver"}, 200), ({"Origin": "https://testserver"}, 200), ({"Origin": "null"}, 403),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "http://testserver:8001"}, 403), ({"Origin": "http://testserver.evil.example"}, 403),
    ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "none"}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), ORIGINS)
def test_another_sites_page_is_told_by_sec_fetch_or_origin(headers: dict[str, str], status: int, serving_run: Path) -> None:
    app = create_app(server.load_service(serving_run), ["testserver"])
    with TestClient(app) as client:
        assert client.get("/api/search", params={"q": "x"}, headers=headers).status_code == status


def test_beyond_loopback_a_name_is_needed() -> None:
    with pytest.raises(server.CannotServe, match="--allow-host NAME"):
        server.names("0.0.0.0", [])
    for bad in ("*", "http://x", "x:8000", "a b", "-x", ""):
        with pytest.raises(server.CannotServe, match="no name or address"):
            server.names("0.0.0.0", [bad])
    assert {"atlas.lab.org", "[fe80::1]", "127.0.0.1"} <= set(server.names("0.0.0.0", ["atlas.lab.org", "fe80::1"]))
    assert "0.0.0.0" not in server.names("127.0.0.1", [])


HOSTILE = {
    "a cell of 200,000 characters": b"gene\ts1\n" + b"x" * 200_000 + b"\t1\nTP53\t2\n",
    "a quoted cell of 200,000 characters": b'gene,s1\n"' + b"x,\n" * 70_000 + b'",1\nTP53,2\n',
    "superscript digits": "#1.3\n\u00b2\t\u00b9\t0\t0\nName\tA\nTP53\t\u00b2\n".encode(),
    "sizes of 5,000 digits": b"#1.3\n" + b"9" * 5000 + b"\t1\t0\t" + b"9" * 5000 + b"\nName\tDescription\tA\nTP53\tx\t1\n",
    "negative sizes": b"#1.3\n-1\t-1\t-5\t-5\nName\tDescription\tA\nTP53\tx\t1\n",
    "lone surrogates": "gene\ts\ud800\nTP53\t1\n".encode("utf-16-le", "surrogatepass"),
    "lone surrogates in UTF-8": "gene\ts\ud800\nTP53\t1\n".encode("utf-8", "surrogatepass"),
    "a number of 5,000 digits": b"gene\ts1\nTP53\t" + b"9" * 5000 + b"\n",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_tables_are_refused_in_words(page: tuple[str, psutil.Process], what: str) -> None:
    answer = upload(page[0], HOSTILE[what])
    assert answer.status_code in (413, 415, 422), answer.text
    assert is_our_error(answer)


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(max_size=300), st.text(st.sampled_from("gene\tTP53,;\"'#!1.23\n\r -NA\u00b2\u20ac|"), max_size=300).map(str.encode)), query=st.text(max_size=40), unit=st.sampled_from(["auto", "counts", "tpm", "\ud83d", "log2-tpm"]))  # fmt: skip
def test_whatever_is_sent_is_answered_in_json(page: tuple[str, psutil.Process], content: bytes, query: str, unit: str) -> None:
    answer = httpx.post(
        f"{page[0]}/api/predict",
        content=content,
        params={"name": query.encode(errors="replace").decode(), "unit": unit.encode(errors="replace").decode()},
        headers={"Content-Type": "text/csv"},
        timeout=60,
    )
    assert answer.status_code in (200, 413, 415, 422)
    assert answer.status_code == 200 or is_our_error(answer)
