"""What legitimate visitors of `model serve` see while somebody else fires at it, and whether uploads leave memory behind.

    python benchmarks/page_under_fire.py RUN [--uploads 250]

Attackers and the visitor have addresses of their own (127.0.0.3 and 127.0.0.2), as on a network. The visitor asks for the model and sends a small
table, again and again, in each of these: nothing else going on; fifty uploads of a large table at once; 200 half-open connections; twenty bodies that
stand still. Then `--uploads` small tables one after the other: resident memory of the page and of its workers after the first fifty, and at the end.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from record import record

VISITOR, ATTACKER = "127.0.0.2", "127.0.0.3"
SECONDS = 15.0  # of each part
HALF_OPEN, SLOW, AT_ONCE = 200, 20, 50
LARGE = 40  # times the samples of the small table
WARM = 50  # uploads before memory is first looked at


def client(address: str) -> httpx.Client:
    """A client of its own address, with a new connection for each request as another visitor would have."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(transport=httpx.HTTPTransport(local_address=address, limits=limits), timeout=120)


def send(url: str, table: bytes, address: str) -> httpx.Response:
    """One upload."""
    with client(address) as opened:
        return opened.post(f"{url}/api/predict", content=table, headers={"Content-Type": "text/csv"})


def visits(url: str, table: bytes, until: Callable[[], bool]) -> tuple[list[float], list[float], Counter[int]]:
    """Seconds of each look at the model and of each small table, and the statuses."""
    looks: list[float] = []
    tables: list[float] = []
    statuses: Counter[int] = Counter()
    while not until():
        start = time.monotonic()
        with client(VISITOR) as opened:
            statuses[opened.get(f"{url}/api/about").status_code] += 1
        looks.append(time.monotonic() - start)
        start = time.monotonic()
        statuses[send(url, table, VISITOR).status_code] += 1
        tables.append(time.monotonic() - start)
    return looks, tables, statuses


def larger(table: bytes) -> bytes:
    """The same samples again and again, under other names."""
    head, *rows = table.decode().splitlines()
    gene, *names = head.split("\t")
    lines = ["\t".join([gene, *(f"{name}_{i}" for i in range(LARGE) for name in names)])]
    for row in rows:
        symbol, _, values = row.partition("\t")
        lines.append("\t".join([symbol, *([values] * LARGE)]))
    return ("\n".join(lines) + "\n").encode()


@contextmanager
def held(url: str, n: int, sent: bytes) -> Iterator[None]:
    """Connections that send this and then nothing; one that is ended is opened again, as an attacker would."""
    stop, place = threading.Event(), ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    opened: list[socket.socket] = []

    def keep() -> None:
        while not stop.is_set():
            for one in list(opened):
                one.setblocking(False)
                try:
                    if one.recv(65536) == b"":
                        opened.remove(one)
                        one.close()
                except BlockingIOError:
                    continue
                except OSError:
                    opened.remove(one)
            while len(opened) < n:
                one = socket.create_connection(place, timeout=10, source_address=(ATTACKER, 0))
                one.sendall(sent)
                opened.append(one)
            stop.wait(0.2)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for one in opened:
            one.close()


def told(name: str, found: tuple[list[float], list[float], Counter[int]], also: str = "") -> dict[str, float]:
    """One line, and the numbers to record."""
    looks, tables, statuses = found
    said = ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()))
    times = f"median {median(tables):.2f} s, slowest {max(tables):.2f} s; page {median(looks):.3f}, {max(looks):.3f} s"
    print(f"{name:26} {len(tables):4} small tables: {times}; {said}{also}", flush=True)
    short = name.split()[0] if name[0].isalpha() else name.split(maxsplit=1)[1].split()[0].replace("-", "_")
    return {
        f"{short}_table_median_s": median(tables),
        f"{short}_table_slowest_s": max(tables),
        f"{short}_page_slowest_s": max(looks),
        f"{short}_refused": sum(statuses.values()) - statuses[200],
    }


def median(values: list[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def memory(process: psutil.Process) -> float:
    """Resident MB of the page and its workers that is their own."""
    return sum(one.memory_full_info().uss for one in [process, *process.children()]) / 1e6


def lasting(seconds: float) -> Callable[[], bool]:
    """Whether the time is over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def main() -> None:
    """Start the page and fire."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--uploads", type=int, default=250)
    asked = parser.parse_args()
    small = (asked.run / "example.tsv").read_bytes()
    large = larger(small)
    print(f"small table {len(small) / 1e6:.2f} MB, large {len(large) / 1e6:.1f} MB")
    command = [sys.executable, "-c", "from modelling.cli import main; main()", "serve", str(asked.run), "--port", "0"]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert page.stdout is not None
    url = page.stdout.readline().split()[0]
    process, measured = psutil.Process(page.pid), dict[str, float]()
    try:
        for _ in range(6):
            send(url, small, VISITOR)
        measured |= told("quiet", visits(url, small, lasting(SECONDS)))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            fire = [pool.submit(send, url, large, ATTACKER) for _ in range(AT_ONCE)]
            found = visits(url, small, lambda: all(one.done() for one in fire))
            theirs = Counter(one.result().status_code for one in fire)
            measured |= told(f"{AT_ONCE} large uploads at once", found, f"; theirs {dict(theirs)}")
        with held(url, HALF_OPEN, b"GET / HTTP/1.1\r\nX-A: "):
            measured |= told(f"{HALF_OPEN} half-open connections", visits(url, small, lasting(SECONDS)))
        slow = b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\ngene\ts1\n"
        with held(url, SLOW, slow):
            measured |= told(f"{SLOW} bodies stand still", visits(url, small, lasting(SECONDS)))
        for i in range(asked.uploads):
            if i == WARM:
                before = memory(process)
            if (status := send(url, small, VISITOR).status_code) != 200:
                sys.exit(f"upload {i} was answered with {status}")
        after = memory(process)
        print(f"memory after {WARM} uploads {before:.0f} MB, after {asked.uploads} {after:.0f} MB")
        measured |= {"memory_before_mb": before, "memory_after_mb": after}
    finally:
        page.send_signal(signal.SIGINT)
        page.wait(30)
    record("page_under_fire", **measured)


if __name__ == "__main__":
    main()
