"""`curate fetch` from a server that lies: lengths, dates, ranges, redirects, bodies without end; and a disk that is full or may not be written."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from fault_runner import small_disk

from profiles.fetching.download import DownloadFault, Patience, download

Answer = Callable[[socket.socket, str], None]
QUICK = Patience(attempts=3, first=0.01, longest=0.02, timeout=0.5)


def raw(text: str) -> Answer:
    return lambda client, request: client.sendall(text.replace("\n", "\r\n").encode("latin-1"))


def endless(head: str, piece: bytes, pause: float = 0.0) -> Answer:
    def answer(client: socket.socket, request: str) -> None:
        client.sendall(head.replace("\n", "\r\n").encode())
        while True:
            client.sendall(piece)
            time.sleep(pause)

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[str, list[str]]]]:
    """Start a server that gives one answer to everybody; returns its address and the requests it saw."""
    open_sockets: list[socket.socket] = []

    def start(answer: Answer) -> tuple[str, list[str]]:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)
        seen: list[str] = []

        def one(client: socket.socket) -> None:
            with client:
                try:
                    request = client.recv(65536).decode("latin-1")
                    seen.append(request.splitlines()[0] if request else "")
                    answer(client, request)
                except OSError:
                    pass

        def run() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(client,), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/file.bin", seen

    yield start
    for opened in open_sockets:
        opened.close()


OK = "HTTP/1.1 200 OK\nContent-Type: application/octet-stream\n"
LIES: dict[str, tuple[Answer, str]] = {
    **{
        f"a length of {length[:12]!r}": (raw(f"{OK}Content-Length: {length}\n\nabc"), "a length that is none")
        for length in ("abc", "-5", "\xb2", "1e3", "0x10", "9" * 5000, "3, 3", " ", "1_0")
    },
    "a length of an exabyte": (raw(f"{OK}Content-Length: 999999999999999999\n\nabc"), "GB more; make room"),
    "more than was stated in pieces": (
        endless(f"{OK}Transfer-Encoding: chunked\nContent-Length: 4\n\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
        "more than the|a length that is none|tries without",
    ),
    "a piece that is none": (raw(f"{OK}Transfer-Encoding: chunked\n\nzz\nabc\n"), "tries without a new byte"),
    "a piece of an exabyte": (raw(f"{OK}Transfer-Encoding: chunked\n\nffffffffffffffff\nabc"), "tries without a new byte"),
    "drops of a byte": (endless(f"{OK}Content-Length: 100000\n\n", b"x", 0.05), "tries without a new byte"),
    "a busy server with a wish that is none": (raw("HTTP/1.1 503 Busy\nRetry-After: \xb2\nContent-Length: 0\n\n"), "answered 503"),
    "a wish in words": (raw("HTTP/1.1 503 Busy\nRetry-After: soon\nContent-Length: 0\n\n"), "answered 503"),
    "a wish of the past": (raw("HTTP/1.1 503 Busy\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\nContent-Length: 0\n\n"), "answered 503"),
    "a status that is none": (raw("HTTP/1.1 banana\n\n"), "tries without a new byte"),
    "no HTTP": (raw("220 smtp ready\n"), "tries without a new byte"),
    "nothing": (lambda client, request: None, "tries without a new byte"),
    "a header of a megabyte": (raw(f"HTTP/1.1 200 OK\nX: {'a' * (1 << 20)}\n\n"), "tries without a new byte"),
    "ten thousand headers": (raw("HTTP/1.1 200 OK\n" + "X: a\n" * 10_000 + "\n"), "tries without a new byte"),
    "a range of another place": (raw("HTTP/1.1 206 Partial\nContent-Range: bytes \xb2-5/9\nContent-Length: 3\n\nabc"), "asked for bytes from 0"),
    "a redirect to a file": (raw("HTTP/1.1 302 Found\nLocation: file:///etc/passwd\nContent-Length: 0\n\n"), "redirects to file|answered 302"),
    "a redirect to ftp": (raw("HTTP/1.1 302 Found\nLocation: ftp://127.0.0.1/x\nContent-Length: 0\n\n"), "redirects to ftp|answered 302"),
    "a redirect to another host": (raw("HTTP/1.1 302 Found\nLocation: http://example.org/x\nContent-Length: 0\n\n"), "another host, example.org"),
    "a redirect in a circle": (raw("HTTP/1.1 302 Found\nLocation: /file.bin\nContent-Length: 0\n\n"), "answered 302|tries without"),
    "a redirect to nothing": (raw("HTTP/1.1 302 Found\nLocation: http://[::1\nContent-Length: 0\n\n"), "no HTTP|answered 302"),
    "a refusal in strange words": (raw("HTTP/1.1 403 \x1b[31mno\x07\nContent-Length: 0\n\n"), "answered 403"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_one_clear_error_in_bounded_time(serve, tmp_path, name):
    answer, told = LIES[name]
    url, _ = serve(answer)
    begun = time.monotonic()
    with pytest.raises(DownloadFault, match=told) as caught:
        download(url, tmp_path / "file.bin", patience=QUICK)
    assert time.monotonic() - begun < 20
    assert len(str(caught.value)) < 600
    assert not (tmp_path / "file.bin").exists()


def test_a_body_without_end_is_stopped_at_the_size_that_the_table_states(serve, tmp_path):
    url, _ = serve(endless(f"{OK}Connection: close\n\n", b"x" * 65536))
    with pytest.raises(DownloadFault, match="more than the 100,000 bytes came"):
        download(url, tmp_path / "file.bin", n_bytes=100_000, patience=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_another_host_is_followed_where_a_checksum_tells_what_came(serve, tmp_path):
    import hashlib

    body = "published"
    target, _ = serve(raw(f"{OK}Content-Length: {len(body)}\n\n{body}"))
    elsewhere = target.replace("127.0.0.1", "localhost")
    url, _ = serve(raw(f"HTTP/1.1 302 Found\nLocation: {elsewhere}\nContent-Length: 0\n\n"))
    with pytest.raises(DownloadFault, match="another host, localhost"):
        download(url, tmp_path / "file.bin", patience=QUICK)
    digest = hashlib.sha256(body.encode()).hexdigest()
    assert download(url, tmp_path / "file.bin", checksum=f"sha256:{digest}", patience=QUICK).n_bytes == len(body)


def test_a_disk_that_fills_before_the_end_keeps_what_came(serve, tmp_path):
    url, _ = serve(endless(f"{OK}Connection: close\n\n", b"x" * 65536))
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        if disk is None:
            pytest.skip("no right to mount a file system here")
        with pytest.raises(DownloadFault, match=r"file\.bin\.part cannot be written: No space left on device; what came so far stays"):
            download(url, disk / "file.bin", patience=QUICK)
        assert (disk / "file.bin.part").stat().st_size > 500_000
        assert not (disk / "file.bin").exists()


def test_a_folder_that_may_not_be_written_is_one_clear_error(serve, tmp_path):
    from fault_runner import remount

    url, seen = serve(raw(f"{OK}Content-Length: 3\n\nabc"))
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        if disk is None:
            pytest.skip("no right to mount a file system here")
        remount(disk, "ro")
        with pytest.raises(DownloadFault, match="cannot be written: Read-only file system"):
            download(url, disk / "file.bin", patience=QUICK)
    assert seen == []
