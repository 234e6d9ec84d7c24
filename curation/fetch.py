"""`curate fetch`: the files of one source into its folder, with a ledger of what came from where."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from curation import gdc
from curation.catalogue import Download
from profiles import aside, filenames
from profiles.fetching.bars import bars
from profiles.fetching.checksum import digests
from profiles.fetching.download import DownloadFault, Fetched, Patience, download, look
from profiles.plain_json import NoObject, read_object

LEDGER = ".fetched.json"

Watch = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Outcome:
    """One file: what was done (fetched, present or adopted) and its record."""

    done: str
    record: Fetched


def fetch(
    downloads: Iterable[Download],
    folder: Path,
    *,
    patience: Patience | None = None,
    jobs: int = 4,
    verify: bool = False,
    watch: Watch | None = None,
) -> list[Outcome]:
    """Fetch every file into `folder`; what is there is left alone (with `verify`: hashed again). Raises DownloadFault.

    Several small files are fetched `jobs` at a time. The ledger names each file's URL, size, sha256 and date.
    """
    patience = replace(patience or Patience(), stop=threading.Event())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFault(f"{folder} cannot be made: {error.strerror}") from error
    rows: list[Download] = []
    for listed in downloads:
        rows += gdc.list_files(listed, folder, patience) if listed.kind.startswith("gdc:") else [listed]
    _refuse_names(rows)
    ledger = read_ledger(folder)

    def one(row: Download) -> Outcome:
        return _one_file(row, folder, ledger.get(row.file), patience, verify, watch)

    outcomes: list[Outcome] = []
    try:
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            try:
                outcomes.extend(pool.map(one, rows))
            except BaseException:  # one that failed, or Ctrl-C: the others end at their next block, and what they have stays
                patience.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    finally:
        _write_ledger(folder, ledger, outcomes)
    return outcomes


def _refuse_names(rows: list[Download]) -> None:
    """Before anything is fetched: a server's list must not say where on this disk a file goes."""
    bad = [(row.file, why) for row in rows if (why := filenames.fault(row.file) or ("it is hidden" if row.file.startswith(".") else ""))]
    count = Counter(row.file.lower() for row in rows)
    bad += [(row.file, "it is listed more than once") for row in rows if count[row.file.lower()] > 1]
    if bad:
        name, why = bad[0]
        raise DownloadFault(
            f"{len(bad)} of {len(rows)} listed files have a name that cannot be taken, first {filenames.shown(name)}: {why}; nothing was fetched"
        )


def _one_file(row: Download, folder: Path, known: dict[str, str] | None, patience: Patience, verify: bool, watch: Watch | None) -> Outcome:
    target = folder / row.file
    if target.exists() and not _same(known, row, target, verify):
        return Outcome("adopted", _checked(row, target))
    if target.exists():
        record = Fetched(**{name: value for name, value in (known or {}).items() if name != "date"})  # type: ignore[arg-type]
        return Outcome("present", record)
    if why := filenames.fault_in(folder, row.file):
        raise DownloadFault(f"{target} is not written: {why}; delete the link")
    progress = (lambda done, total: watch(row.file, done, total)) if watch else None
    size = int(row.n_bytes) if row.n_bytes else None
    return Outcome("fetched", download(row.url, target, n_bytes=size, checksum=row.checksum, patience=patience, progress=progress))


def _same(known: dict[str, str] | None, row: Download, target: Path, verify: bool) -> bool:
    """The ledger knows the file as it is now, from this URL; with `verify` its bytes are read again."""
    if known is None or known["url"] != row.url or int(known["n_bytes"]) != target.stat().st_size:
        return False
    if verify and (found := digests(target, {"sha256"})["sha256"]) != known["sha256"]:
        raise DownloadFault(f"{target}: sha256 is {found}, it was {known['sha256']} when it was fetched; delete it and fetch it again")
    return True


def _checked(row: Download, target: Path) -> Fetched:
    """A file that was put here by hand: taken when nothing published contradicts it."""
    algorithm, _, wanted = row.checksum.partition(":")
    found = digests(target, {"sha256"} | ({algorithm} if wanted else set()))
    size = target.stat().st_size
    if row.n_bytes and size != int(row.n_bytes):
        raise DownloadFault(f"{target} is there already with {size:,} bytes, {int(row.n_bytes):,} are published; move it away")
    if wanted and found[algorithm] != wanted.lower():
        both = f"its {algorithm} is {found[algorithm]}, published is {wanted.lower()}"
        raise DownloadFault(f"{target} is there already, {both}; move it away and fetch again")
    return Fetched(row.file, row.url, size, found["sha256"], row.checksum, "")


def read_ledger(folder: Path) -> dict[str, dict[str, str]]:
    """File name -> its record, of all that `curate fetch` put into this folder. Raises DownloadFault when the ledger is damaged."""
    path = folder / LEDGER
    if not path.exists():
        return {}
    try:
        return read_object(path)
    except NoObject as error:
        raise DownloadFault(f"{path} {error}; delete it, the files will be hashed and taken again") from error


def _write_ledger(folder: Path, ledger: dict[str, dict[str, str]], outcomes: list[Outcome]) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    fresh = {item.record.file: {**asdict(item.record), "date": now} for item in outcomes if item.done != "present"}
    if not fresh:
        return
    aside.write_text(folder / LEDGER, json.dumps({**ledger, **fresh}, indent=1, sort_keys=True) + "\n")


def planned(downloads: Iterable[Download]) -> list[list[str]]:
    """File, release, size, checksum and URL of what would be fetched; size and checksum are asked from the server where the table has none."""
    rows = []
    for row in downloads:
        size, checksum = int(row.n_bytes) if row.n_bytes else None, row.checksum
        told = "" if row.kind == "file" else "by the manifest"
        if not told and (size is None or not checksum):
            try:
                stated, published = look(row.url)
                size, checksum = size or stated, checksum or published
            except DownloadFault as fault:
                told = f"not reached ({str(fault).rpartition(': ')[2]})"
        bytes_told = f"{size:,}" if size is not None else told or "not stated"
        rows.append([row.file, row.release, bytes_told, checksum or told or "not published", row.url])
    return rows


def fetch_with_bars(downloads: Iterable[Download], folder: Path, *, jobs: int, verify: bool) -> list[Outcome]:
    """`fetch`, with a bar for each file on a terminal."""
    with bars() as (watch, patience):
        return fetch(downloads, folder, patience=patience, jobs=jobs, verify=verify, watch=watch)
