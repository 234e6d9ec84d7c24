"""What fresh faults found, each a fixed case: it ended in a traceback, hung, was lost or left something behind before it was mended."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import fault_text
import h5py
import numpy as np
import polars as pl
import pytest
from evaluation_world import frame, write
from fault_kills import Ends, torn_file
from typer.testing import CliRunner

from curation.cli import app
from curation.database import connect
from curation.release import BadRelease, read_columns
from curation.review import ReviewFault, refuse_taken
from curation.sources.table import _read_settings
from modelling.bundle.checks import read_table
from modelling.bundle.manifest import BundleError
from modelling.data import Compendium, CompendiumError
from modelling.studies.embeddings import EmbeddingError, read_embedding
from profiles import aside
from profiles.command_line import _for_a_terminal, told
from profiles.errors import BulkatlasError, MetadataFault, TableFault
from profiles.metadata import read_frame
from profiles.opening import open_table
from profiles.saying import LogFault, heeding, logging_the_end

GONE = 2**22 + 7  # above every process id of Linux


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    genes = ["TP53", "A1BG", "ACTB", "GAPDH", "ALB"]
    table = {"gene": genes, **{name: np.arange(1.0, 6.0) for name in ("s1", "s2", "s3", "s4")}}
    pl.DataFrame(table).write_parquet(tmp_path / "samples.parquet")
    return tmp_path / "samples.parquet"


# Parquet


@pytest.mark.parametrize("kind", ["columns_of_strange_types", "parquet_text_that_is_none"])
def test_parquet_columns_of_any_type_are_values_or_refused(samples, kind):
    """Bytes that are no text ended in ArrowInvalid where a column was looked at; as metadata, durations and 256-bit decimals did, and Rust's panic."""
    whole = samples.read_bytes()
    for seed in range(12):
        samples.write_bytes(whole)
        fault_text.PARQUET[kind](samples, np.random.default_rng(seed))
        for read in (lambda: list(open_table(samples).blocks()), lambda: read_frame(samples).frame):
            with contextlib.suppress(BulkatlasError):
                read()


def test_text_of_a_parquet_table_is_as_it_was(tmp_path):
    """Read by Arrow now: numbers, truths, days, lists and categories read as before."""
    table = pl.DataFrame(
        {
            "sample_id": ["a", "b"], "n": [3, None], "x": [3.0, 0.5], "is": [True, None], "day": pl.Series(["2020-01-02", None]).str.to_date(),
            "many": [["p", "q"], []], "word": pl.Series(["u", "v"], dtype=pl.Categorical),
        }
    )  # fmt: skip
    table.write_parquet(tmp_path / "t.parquet")
    assert read_frame(tmp_path / "t.parquet").frame.rows() == [
        ("a", "3", "3.0", "true", "2020-01-02", "p,q", "u"),
        ("b", None, "0.5", None, None, None, "v"),
    ]


def test_a_parquet_table_without_columns_is_refused(tmp_path):
    pl.DataFrame().write_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableFault, match="without a column of words or numbers"):
        read_frame(tmp_path / "t.parquet")


# What a kill leaves


@pytest.mark.parametrize("text", ["", "Unfinished wor", "Unfinished work of bulkatlas: process"])
def test_a_mark_that_a_kill_cut_is_swept_once_its_process_is_gone(tmp_path, text):
    """A kill between the making of the mark and its words left a hidden folder for ever."""
    left, of_living, with_work = (tmp_path / f".bulkatlas-{name}" for name in (f"{GONE}-a", f"{os.getpid()}-b", f"{GONE}-c"))
    for folder in (left, of_living, with_work):
        folder.mkdir()
        (folder / aside.MARK).write_text(text)
    (with_work / "of somebody").write_text("x")
    aside.sweep(tmp_path)
    assert [folder.exists() for folder in (left, of_living, with_work)] == [False, True, True]


def test_the_kills_would_notice_a_file_that_is_cut():
    ends = Ends({"a": "3:old"}, {"a": "9:new", "report.html": "1000"}, frozenset(), 1.0, 0.5)
    assert torn_file(ends, {"a": "3:old"}) == torn_file(ends, {"a": "9:new"}) == torn_file(ends, {"report.html": "1010"}) == ""
    assert "a is 5:half" in torn_file(ends, {"a": "5:half"})
    assert torn_file(ends, {"report.html": "500"}) and torn_file(ends, {"strange": "1:x"})


# Small files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"text": 5}', "text must be a word or a list of words, not 5"),
        (b'{"samples": [["a"]]}', "samples must be a word or a list of words"),
        (b'{"unit": null}', "unit must be a word, not None"),
        (b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nests deeper than any file of ours"),
        (b'{"unit": "tpm", "unit": "counts"}', "'unit' stands twice"),
        ('{"unit": "tpm"}'.encode("utf-16"), "is no UTF-8 text"),
    ],
)
def test_a_source_json_of_other_types_is_refused(tmp_path, content, said):
    (tmp_path / "source.json").write_bytes(content)
    with pytest.raises(MetadataFault, match=said):
        _read_settings(tmp_path)


def test_an_empty_table_of_a_run_is_a_damaged_one(tmp_path):
    (tmp_path / "genes.tsv").touch()
    with pytest.raises(BundleError, match="is damaged: it has no column symbol"):
        read_table(tmp_path / "genes.tsv", ["symbol"])


def test_a_rule_that_is_there_is_named_where_it_is(tmp_path):
    """The message named a scratch folder that was gone by then."""
    (tmp_path / "rules.tsv").write_text("rule_id\ttext\nreview-sample\tsample\n")
    with pytest.raises(ReviewFault, match=f"{tmp_path}/rules.tsv: a rule review-sample is there already"):
        refuse_taken({"rule_id": "review-sample"}, tmp_path / "rules.tsv")
    (tmp_path / "rules.tsv").write_bytes(b"")
    with pytest.raises(ReviewFault, match="is no table of rules"):
        refuse_taken({"rule_id": "review-sample"}, tmp_path / "rules.tsv")


@pytest.mark.parametrize("make", ["npz", "pickle", "endless", "empty"])
def test_an_array_that_is_none_is_refused_before_room_is_taken_for_it(tmp_path, make):
    path = tmp_path / "e.npy"
    (tmp_path / "e.ids.txt").write_text("a\nb\n")
    if make == "npz":
        with path.open("wb") as file:
            np.savez(file, a=np.arange(3))
    elif make == "pickle":
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }".ljust(117) + b"\n"
        path.write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + head if make == "endless" else b"")
    with pytest.raises(EmbeddingError, match=r"e\.npy: not (a plain|one) \.npy array"):
        read_embedding(path, np.array(["a"]))


# Compendia


def test_columns_of_another_length_are_a_damaged_compendium(tmp_path):
    x, obs = frame()
    path = write(tmp_path / "c.h5ad", x, obs)
    with h5py.File(path, "r+") as file:
        del file["obs/tissue"]
        file["obs/tissue"] = np.arange(3)
    with pytest.raises(CompendiumError, match="its obs or var cannot be read"):
        Compendium.open(path)


def test_values_below_zero_in_a_logarithm_of_one_and_more_are_no_expression(tmp_path):
    x, obs = frame()
    x[5, 2] = -3
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        compendium.x(np.array([0, 1]))
        with pytest.raises(CompendiumError, match=r"1 values of 1 samples are infinite or below 0, first: -3\.0 of G2 in "):
            compendium.x(np.arange(8))
    x[:] = np.nan
    with (
        Compendium.open(write(tmp_path / "n.h5ad", x, obs)) as compendium,
        pytest.raises(CompendiumError, match="X holds no value of any gene in 2 samples"),
    ):
        compendium.x(np.array([0, 1]))


def test_a_damaged_parquet_file_of_a_release_is_the_release_s_fault(tmp_path):
    path = tmp_path / "labels.parquet"
    with pytest.raises(BadRelease, match=r"labels\.parquet: no such file; the release is damaged"):
        read_columns(path, ["a"])
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert read_columns(path, ["a"]).num_rows == 1
    with pytest.raises(BadRelease, match="has no column b"):
        read_columns(path, ["a", "b"])
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(BadRelease, match="is no readable Parquet file"):
        read_columns(path, ["a"])


# Names, logs, Ctrl-C


def test_a_name_that_is_no_text_is_told_as_one(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.duckdb"))
    with pytest.raises(UnicodeEncodeError) as found:
        connect(path, read_only=True)
    assert told(found.value) is not None
    assert r"\udcff.duckdb: a name with bytes that are no UTF-8 text" in str(told(found.value))


def test_a_log_that_cannot_be_written_is_one_line_and_no_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LogFault, match="pipe: a pipe that nobody reads"), heeding(["--log", str(tmp_path / "pipe")]):
        pass
    with pytest.raises(LogFault, match="--log /dev/full: No space left on device"), heeding(["--log", "/dev/full"]), logging_the_end("x"):
        pass


def test_a_log_says_where_a_fault_of_the_program_came_up(tmp_path):
    with pytest.raises(ZeroDivisionError), heeding(["--log", str(tmp_path / "log")]), logging_the_end("x \udcff"):
        1 / 0  # noqa: B018
    with pytest.raises(TableFault), heeding(["--log", str(tmp_path / "log")]), logging_the_end("y"):
        raise TableFault("t.tsv: is none")
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0].endswith(r"$ x \udcff")
    assert "ended by ZeroDivisionError: division by zero (test_faults_found.py:" in lines[1]
    assert "ended by t.tsv: is none; after" in lines[3]


@pytest.mark.parametrize(("package", "part"), [("curation", "curation.cli"), ("modelling", "modelling.cli")])
def test_ctrl_c_while_the_program_is_loaded_is_no_traceback(package, part):
    code = f"""
import os, signal, sys
class Stop:
    def find_spec(self, name, *_):
        if name == {part!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stop())
from {package}.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_ctrl_c_in_a_terminal_stops_a_query_with_one_line(tiny, tmp_path):
    """Typed, as a person does: the terminal sends the signal to all that runs in front."""
    endless = "SELECT count(*) FROM range(100000000000) a, range(1000) b"
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [sys.executable, "-m", "curation", "sql", endless, "--db", str(tiny / "release"), "--log", "log"])
    said, until, typed = b"", time.monotonic() + 60, False
    while time.monotonic() < until:
        if not typed and (tmp_path / "log").exists():
            time.sleep(1.0)  # it is in the query, or on the way to it: either ends the same
            os.write(terminal, b"\x03")
            typed = True
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            said += os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
    os.close(terminal)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == 130, said
    assert said.count(b"\n") == 1 and b"stopped: nothing half-written" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]


def test_what_is_no_file_is_told_as_what_it_is(tmp_path):
    """Pipes and devices were "no such file", which they are not."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    for name, said in (
        ("pipe", "a pipe, and tables are read more than once: write it to a file first"),
        ("link", "a link to what is not there"),
        ("gone", "no such file"),
    ):
        with pytest.raises(TableFault, match=f"{name}: {said}"):
            open_table(tmp_path / name)
        with pytest.raises(MetadataFault, match=f"{name}: {said}"):
            read_frame(tmp_path / name)
    with pytest.raises(MetadataFault, match="/dev/null: a device"):
        read_frame(Path("/dev/null"))


def test_a_catalogue_s_index_of_any_json_is_a_line(tmp_path):
    for content in (b"[", b"[]", b"null", json.dumps({"format": 5}).encode(), b"[" * 100_000, b"\xff"):
        (tmp_path / "catalogue.json").write_bytes(content)
        result = CliRunner().invoke(app, ["releases", str(tmp_path)])
        assert isinstance(result.exception, BulkatlasError), result.exception


def test_an_error_never_fills_the_terminal_nor_gives_it_orders(tmp_path):
    """A header cell of three megabytes was printed whole, and escape sequences of a column's name reached the terminal."""
    (tmp_path / "t.tsv").write_text("x" * (3 << 20) + "\x1b[31mred\ttitle\na\tliver\n")
    ended = subprocess.run(
        [sys.executable, "-m", "curation", "label", "t.tsv", "--out", "o.tsv"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "has no column that is known to hold sample ids" in ended.stderr
    assert "(3,145,736 letters)" in ended.stderr and len(ended.stderr) < 1500
    assert _for_a_terminal("a\x1b[2J\x07 é\tb") == "a\\x1b[2J\\x07 é\\tb"
    cut = _for_a_terminal("b" * 10_000 + "what to do")
    assert len(cut) < 3100 and cut.endswith("what to do")
