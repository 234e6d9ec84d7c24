"""The dialect of text tables: files as tools write them by hand, and random tables written in every dialect and read back."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.errors import TableFault
from profiles.limits import LimitExceeded, Limits
from profiles.metadata import read_frame
from profiles.text import Dialect, sniff


def look(text: str | bytes, limits: Limits | None = None) -> Dialect:
    data = text.encode() if isinstance(text, str) else text
    return sniff(lambda: io.BytesIO(data), "t", limits)


def rows(text: str | bytes) -> list[list[str]]:
    data = text.encode() if isinstance(text, str) else text
    frame = read_frame(data, "t").frame
    return [frame.columns, *(["" if cell is None else cell for cell in row] for row in frame.iter_rows())]


# Quotes: decided on the whole file


def test_a_quote_in_a_tsv_is_a_quote_and_joins_no_lines() -> None:
    text = 'id\ttitle\tsource\na\tx\tliver\nb\t"rep 1\tkidney\nc\trep 2"\tspleen\nd\tx\tlung\n'
    assert rows(text)[2:4] == [["b", '"rep 1', "kidney"], ["c", 'rep 2"', "spleen"]]
    assert "a quote is read as a quote" in look(text).notes[0]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('id\tt\na\t"kidney" cortex\nb\tx\n', '"kidney" cortex'),
        ('id\tt\na\t5" tumour\nb\tx\n', '5" tumour'),
        ('id\tt\na\t"liver"\nb\tx\n', '"liver"'),  # the only enclosed cell of its column: somebody's quote
        ('"id"\t"t"\n"a"\t"liver"\n"b"\t"x"\n', "liver"),  # R
        ('"id"\t"t"\n"a"\t"5"" tumour"\n"b"\t"x"\n', '5" tumour'),
        ('"id"\t"t"\n"a"\t"the \\"best\\" one"\n"b"\tNA\n', 'the "best" one'),  # R's write.table escapes by a backslash
        ('id\tt\na\t"one\ttwo"\nb\tx\n', "one\ttwo"),  # a spreadsheet quotes what needs it
        ('id\tt\na\t"one\ntwo"\nb\tx\n', "one\ntwo"),
        ('id,t\na,"one, two"\nb,x\n', "one, two"),
        ('id,t\na,"5"" tumour"\nb,x\n', '5" tumour'),
        ('id,t\na,5" tumour\nb,"x"\n', '5" tumour'),
        ('id,t\na,"line one\nline two, end"\nb,x\n', "line one\nline two, end"),
        ('id;t\na;"1; 2"\nb;x\n', "1; 2"),
    ],
)
def test_one_rule_of_quoting_for_the_whole_file(text: str, cell: str) -> None:
    assert rows(text)[1] == ["a", cell]
    assert len(rows(text)) == 3


def test_the_only_enclosed_cells_late_in_a_file_change_the_verdict() -> None:
    body = "".join(f's{i}\t"title {i}"\n' for i in range(30_000))
    assert look(f"id\ttitle\n{body}").quoted
    assert not look(f"id\ttitle\n{body}last\ttitle\n").quoted


def test_quotes_that_match_in_no_reading_are_an_error_with_its_line() -> None:
    with pytest.raises(TableFault, match=r"the quotes do not match: .* line 3"):
        look('id,t,u\na,x,y\nb,"open,\nc,x\n')


# What stands above and among the rows


def test_remarks_above_and_the_header_behind_a_hash() -> None:
    found = look("## made by a tool\n#\n#id\ta\tb\ns1\tx\ty\ns2\tz\tw\n")
    assert (found.header, found.header_behind, found.comments, found.n_skip) == (["id", "a", "b"], "#", ["## made by a tool", "#"], 3)


def test_several_lines_as_wide_as_the_header_are_remarks() -> None:
    text = "#Patient\tSample\n#id of patient\tid of sample\n#STRING\tSTRING\n#1\t1\nPATIENT_ID\tSAMPLE_ID\np\ts\n"
    assert look(text).header == ["PATIENT_ID", "SAMPLE_ID"]
    assert len(look(text).comments) == 4


def test_a_remark_that_repeats_the_header_is_a_remark() -> None:
    assert look("#id\ttissue\nid\ttissue\ns1\tliver\n").header == ["id", "tissue"]
    assert len(rows("#id\ttissue\nid\ttissue\ns1\tliver\n")) == 2


def test_lines_of_a_series_matrix() -> None:
    text = '!Series_title\t"a"\n!Sample_x\t"1"\t"2"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"g1"\t1.5\t2\n"g2"\t3\t4\n!series_matrix_table_end\n'
    found = look(text)
    assert (found.header, found.n_inner_comments, len(found.comments)) == (["ID_REF", "GSM1", "GSM2"], 1, 3)
    assert rows(text)[1:] == [["g1", "1.5", "2"], ["g2", "3", "4"]]


def test_an_id_that_starts_with_a_hash_is_a_row() -> None:
    assert rows("id\tt\n#1\tliver\n#2\tlung\n")[1:] == [["#1", "liver"], ["#2", "lung"]]


def test_a_gct_file() -> None:
    found = look("#1.2\n2\t2\nName\tDescription\ts1\ts2\ng1\ta\t1\t2\ng2\tb\t3\t4\n")
    assert (found.header, found.comments, found.n_skip) == (["Name", "Description", "s1", "s2"], ["#1.2", "2\t2"], 3)


@pytest.mark.parametrize(
    ("text", "expected", "n_remarks"),
    [
        ('id,t\na,"one\n#two"\n', [["a", "one\n#two"]], 0),
        ('id,t\na,"one\n#two, three\n!\nfour"\nb,x\n', [["a", "one\n#two, three\n!\nfour"], ["b", "x"]], 0),
        ('id,t\n# a remark\na,"one\ntwo"\n', [["a", "one\ntwo"]], 1),
        ('id,t\n# a "quoted" remark\na,"one\n#two"\n# 5" wide\nb,x\n', [["a", "one\n#two"], ["b", "x"]], 2),  # "#two" was lost, and nothing said
        ('"id"\t"t"\n"a"\t"one \\"best\\"\n#two"\n#remark\n"b"\t"x"\n', [["a", 'one "best"\n#two'], ["b", "x"]], 1),
    ],
)
def test_a_line_of_an_enclosed_cell_is_no_remark_and_quotes_of_a_remark_enclose_nothing(text: str, expected: list[list[str]], n_remarks: int) -> None:
    assert rows(text)[1:] == expected
    found = look(text)
    assert (found.multiline, found.n_inner_comments) == (True, n_remarks)
    assert any("remark lines among the rows were left out" in note for note in found.notes) == bool(n_remarks)


def test_a_quote_that_encloses_nothing_makes_no_cell_of_a_remark() -> None:
    """Where quotes are characters each remark goes, whatever stands between two quotes."""
    assert rows('id\tt\na\t5" wide\n# remark\nb\t6" wide\n')[1:] == [["a", '5" wide'], ["b", '6" wide']]


# R's three forms, and other spreadsheets


@pytest.mark.parametrize(
    ("text", "header", "short"),
    [
        ('"a" "b"\n"r 1" "x" 1\n"r 2" "y" 2\n', ["", "a", "b"], True),  # write.table(x, file)
        ('"a"\t"b"\n"r1"\t"x"\t1\n"r2"\t"y"\t2\n', ["", "a", "b"], True),
        ('""\t"a"\t"b"\n"r1"\t"x"\t1\n"r2"\t"y"\t2\n', ["", "a", "b"], False),  # col.names = NA
        ("a\tb\nr1\tx\t1\nr2\ty\t2\n", ["", "a", "b"], True),  # quote = FALSE
        ('"","a","b"\n"r1","x",1\n', ["", "a", "b"], False),  # write.csv
        ('"";"a";"b"\n"r1";"x";1,5\n', ["", "a", "b"], False),  # write.csv2
        ("a\nr1\tx\nr2\ty\n", ["", "a"], True),
        ("a\tb\nx\ty\t\nz\tw\t\n", ["a", "b", ""], False),  # a separator ends each row
    ],
)
def test_row_names(text: str, header: list[str], short: bool) -> None:
    found = look(text)
    assert (found.header, found.header_short) == (header, short)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("g;a;b\nx;3;0\ny;1,5;2,25\n", ",", ""),
        ("g\ta\tb\nx\t3\t0\ny\t1,5\t2\n", ",", ""),
        ("g\ta\tb\nx\t3.5\t0\ny\t1,5\t2\n", ".", "1,5"),
        ("g\ta\tb\nx\t1,234\t0\ny\t12,345\t2\n", ".", "1,234"),
        ("g\ta\tb\nx\t1,234.5\t0\n", ".", "1,234.5"),
        ("g\ta\td\nx\t1.5\tsolute carrier, member 2\n", ".", ""),
        ("g\ta\td\nx\t15\tform 1,25 of it\n", ".", ""),
        ("g,a\nx,1.5\n", ".", ""),
        ('"g";"a"\n"x";-0,5e-3\n', ",", ""),
    ],
)
def test_the_decimal_mark_is_decided_on_the_whole_file(text: str, decimal: str, thousands: str) -> None:
    found = look(text)
    assert (found.decimal, found.thousands) == (decimal, thousands)


def test_a_decimal_comma_far_down_counts() -> None:
    assert look("g;a\n" + "".join(f"x{i};{i}\n" for i in range(1_000_000)) + "y;1,5\n").decimal == ","


# Encodings, line ends, packing


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    text = end.join(["id\ttissue", "s1\tMönckeberg", "s2\tliver", ""])
    assert rows(text.encode(encoding)) == [["id", "tissue"], ["s1", "Mönckeberg"], ["s2", "liver"]]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: pa.compress(data, "zstd", asbytes=True)])
def test_packing_is_known_by_its_bytes(pack) -> None:  # type: ignore[no-untyped-def]
    assert rows(pack(b"id\tt\na\tliver\n")) == [["id", "t"], ["a", "liver"]]


def test_a_byte_that_is_no_utf8_far_down_makes_the_whole_file_latin() -> None:
    data = b"id\ttissue\n" + b"s\tliver\n" * 700_000 + "z\tMönckeberg\n".encode("latin-1")
    assert look(data).encoding == "latin-1"


def test_a_stray_return_inside_a_cell_is_a_blank() -> None:
    assert rows("id\tt\na\tone\rtwo\nb\tx\n") == [["id", "t"], ["a", "one two"], ["b", "x"]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b'{"id": 1}', "is JSON"),
        (b"PK\x03\x04xxxx", r"is a zip archive \(an .xlsx is one too\)"),
        (b"\x89HDF\r\n\x1a\n", "is HDF5"),
        (b"PAR1xxxx", "is Parquet"),
        (gzip.compress(b"id\tt\na\tb\n" * 9000)[:-40], "damaged or cut"),
        (b"id\tt\n" + b"a\tb\n" * 40_000 + b"b\tc\0d\n", "line 40002 holds a NUL byte"),
        (b"a single column\nx\n", "holds no tab, comma or semicolon"),
        (b"id\tt\n", "holds a header line and nothing below it"),
        (b"#one\n#two\n", "are remarks or empty"),
    ],
)
def test_what_is_no_table_is_named(data: bytes, told: str) -> None:
    with pytest.raises(TableFault, match=told):
        look(data)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id\ta\tb\ns1\tx\ty\ns2\tx\n", r"line 3 has 2 cells where the header has 3 \(it begins with 's2'\)"),
        ("id,a,b\ns1,x,y\ns2,one, two,y\n", "line 3 has 4 cells .* a cell with a comma in it must stand in quotes"),
        ("# remark\n\nid\ta\ns1\tx\n" + "s\tx\n" * 50 + "s2\tx\ty\n", "line 55 has 3 cells"),
    ],
)
def test_a_ragged_row_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(TableFault, match=told):
        rows(text)


def test_limits() -> None:
    with pytest.raises(LimitExceeded, match="more than 2 columns"):
        look("a\tb\tc\n1\t2\t3\n", Limits(columns=2))
    with pytest.raises(TableFault, match="line 2 is longer than 1 MB"):
        look("a\tb\n" + "x" * (9 << 20) + "\ty\n", Limits(line=1 << 20))


def test_without_its_header_a_table_has_one_more_row() -> None:
    found = look("ENSG1\t5\nENSG2\t6\n").without_header()
    assert (found.header, found.rows, found.body().read()) == (["", ""], [["ENSG1", "5"], ["ENSG2", "6"]], b"ENSG1\t5\nENSG2\t6\n")


def test_rows_are_spread_over_the_file() -> None:
    found = look("id\tn\n" + "".join(f"r{i}\t{i}\n" for i in range(100_000)))
    places = [int(row.split(b"\t")[1]) for row in found.spread]
    assert len(places) > 250
    assert {b - a for a, b in pairwise(places)} == {places[1] - places[0]}
    assert places[-1] > 99_000


# Random tables in random dialects


@dataclass(frozen=True)
class Form:
    separator: str
    quoting: str  # none, minimal, all, words, backslash
    row_names: str  # none, short, empty
    end: str
    encoding: str
    remarks: int
    final_end: bool
    packed: bool


FORMS = st.builds(
    Form,
    separator=st.sampled_from("\t,;|"),
    quoting=st.sampled_from(["none", "minimal", "all", "words", "backslash"]),
    row_names=st.sampled_from(["none", "short", "empty"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    remarks=st.integers(0, 2),
    final_end=st.booleans(),
    packed=st.booleans(),
)
WORDS = st.sampled_from(["liver", "whole blood", "NA", "", "é", "1.5", "-", "tissue: lung", "x#y", "!"])
CELLS = st.one_of(WORDS, st.text(alphabet="ab \"',;|\t#:é", max_size=8)).map(str.strip)


@st.composite
def tables(draw):  # type: ignore[no-untyped-def]
    """(header, rows): the first column holds names that each differ."""
    n_columns, n_rows = draw(st.integers(2, 4)), draw(st.integers(1, 8))
    header = ["name", *(f"col{i}" for i in range(1, n_columns))]
    return header, [[f"s{i}", *(draw(CELLS) for _ in range(n_columns - 1))] for i in range(n_rows)]


def is_plain(cell: str, separator: str) -> bool:
    """Whether a cell can be written without quotes in a file that knows none, and is no quoted word to a reader."""
    return separator not in cell and not (cell.startswith('"') or cell.endswith('"'))


def allowed(body: list[list[str]], form: Form) -> list[list[str]]:
    """The same rows without the cells that a form cannot hold, or that leave open which form it is."""
    if form.quoting == "none":
        body = [[text if is_plain(text, form.separator) else "word" for text in row] for row in body]
    if form.row_names == "short":  # where all rows end in nothing, a separator ends them
        body = [[*row[:-1], row[-1] or "x"] for row in body]
        if len(body[0]) == 2:  # a header of one cell names no separator: the cells must not hold another one
            body = [[text if not set(text) & set("\t,;| ") else "word" for text in row] for row in body]
    return body


def written(header: list[str], body: list[list[str]], form: Form) -> bytes:
    names = header[1:] if form.row_names == "short" else ["", *header[1:]] if form.row_names == "empty" else header

    def cell(text: str, *, is_word: bool = True) -> str:
        if form.quoting == "none":
            return text
        doubled = text.replace('"', '\\"' if form.quoting == "backslash" else '""')
        needed = any(sign in text for sign in (form.separator, '"', "\n", "\r"))
        return f'"{doubled}"' if form.quoting in ("all", "backslash") or needed or (form.quoting == "words" and is_word) else text

    lines = [f"# remark {i}" for i in range(form.remarks)]
    lines += [form.separator.join(cell(name) for name in names)]
    lines += [form.separator.join(cell(text) for text in row) for row in body]
    data = (form.end.join(lines) + (form.end if form.final_end else "")).encode(form.encoding)
    return gzip.compress(data) if form.packed else data


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(tables(), FORMS)
def test_a_random_table_comes_back_in_every_dialect(table: tuple[list[str], list[list[str]]], form: Form) -> None:
    header, body = table
    body = allowed(body, form)
    data = written(header, body, form)
    read = rows(data)
    expected = header if form.row_names == "none" else ["", *header[1:]]
    assert read == [expected, *body]


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from("\t,;"))
def test_what_pythons_own_writer_writes_comes_back(table: tuple[list[str], list[list[str]]], separator: str) -> None:
    header, body = table
    # blanks at the ends of a cell are no part of it
    body = [[text.replace("b", "\n").strip() for text in row] for row in body]
    if separator == "\t":  # a cell with both could be two rows, and is then read so, which is said
        body = [[text.replace("\t", "t") if "\n" in text else text for text in row] for row in body]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([header, *body])
    assert rows(out.getvalue()) == [header, *body]
