"""Packed tables that inflate without end, and workbooks that end the process of who reads them: one clear error each, in little memory and time."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from profiles.errors import BulkatlasError
from profiles.opening import open_table
from profiles.readers.workbook_guard import workbook_fault

GENES = ["TP53", "ALB", "GAPDH", "ACTB", "CD4", "CD8A", "INS", "EGFR"]
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(path: Path, *more: str, parts: dict[str, bytes] | None = None) -> Path:
    """A workbook of a few genes and two samples, with cells beside them."""
    rows = ["".join([cell("A1", "gene"), cell("B1", "s1"), cell("C1", "s2")])]
    rows += [cell(f"A{i}", gene) + f'<c r="B{i}"><v>{i}</v></c><c r="C{i}"><v>{i * 3}</v></c>' for i, gene in enumerate(GENES, 2)]
    body = "".join(f'<row r="{i}">{row}</row>' for i, row in enumerate(rows, 1)) + "".join(f"<row>{one}</row>" for one in more)
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, text)
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return path


def test_a_workbook_is_read_as_before(tmp_path: Path) -> None:
    table = open_table(workbook(tmp_path / "s.xlsx"))
    ((_, values),) = table.blocks()
    assert list(table.sample_ids) == ["s1", "s2"]
    assert values.tolist() == [[*range(2, 10)], [3 * i for i in range(2, 10)]]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (cell("XFD1048576", "x"), "span 1,048,576 rows and 16,384 columns"),
        (cell("A99999999999", "x") + cell("ZZZZZZZZ1", "y"), "span 99,999,999,999 rows and 217,180,147,158 columns"),
    ],
)
def test_a_cell_far_away_is_told_before_room_is_taken_for_all_between(tmp_path: Path, more: str, told: str) -> None:
    """The library ends the process (SIGABRT), or panics; a process of its own shows that this one reads none of it."""
    path = workbook(tmp_path / "s.xlsx", more)
    code = (
        "import sys, resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); from pathlib import Path\n"
        "from profiles.opening import open_table; open_table(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert told in done.stderr.strip().splitlines()[-1]
    assert "TableFault" in done.stderr.strip().splitlines()[-1]


def test_cells_of_a_binary_sheet_are_counted_too(tmp_path: Path) -> None:
    """Records of MS-XLSB: a row header (0), a number (5), of row 5 and columns 2 and 16,383; then row 1,048,575."""
    records = [(0, 5), (5, 2), (5, 16_383), (0, 1_048_575), (5, 2)]
    data = b"".join(bytes([kind, 8]) + number.to_bytes(4, "little") + bytes(4) for kind, number in records)
    path = workbook(tmp_path / "s.xlsb", parts={"xl/worksheets/sheet2.bin": data})
    assert "sheet2.bin span 1,048,571 rows and 16,382 columns" in workbook_fault(path)
    near = workbook(tmp_path / "t.xlsb", parts={"xl/worksheets/sheet2.bin": data[:30]})
    assert workbook_fault(near) == ""


def test_a_workbook_that_inflates_without_end(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", parts={"xl/sharedStrings.xml": bytes(70 << 20)})
    with pytest.raises(BulkatlasError, match=r"xl/sharedStrings\.xml inflates to 73,400,320 bytes, 200 times what is packed"):
        open_table(path)


def test_bytes_flipped_in_a_workbook_are_an_error_or_values(tmp_path: Path) -> None:
    whole, rng = workbook(tmp_path / "s.xlsx").read_bytes(), random.Random(20)
    n_refused = 0
    for number in range(150):
        data = bytearray(whole[: rng.randrange(30, len(whole))] if number % 5 == 0 else whole)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        (tmp_path / "t.xlsx").write_bytes(data)
        try:
            list(open_table(tmp_path / "t.xlsx").blocks())
        except BulkatlasError as error:
            n_refused += 1
            assert len(str(error)) < 1500  # noqa: PT017 - whether there is an error is what is drawn
    assert n_refused > 50


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 1),
    "zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
    "xz": lambda data: lzma.compress(data, preset=0),
    "bz2": lambda data: bz2.compress(data, 1),
}


@pytest.mark.parametrize("suffix", PACKERS)
def test_text_that_inflates_without_end_is_stopped(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty lines behind a table: not one of them is too long, and all together are more than a disk holds."""
    head = "gene\ts1\ts2\n" + "".join(f"{gene}\t{i}\t{i * 3}\n" for i, gene in enumerate(GENES))
    monkeypatch.setattr("profiles.text.streams.UNSUSPICIOUS", 2 << 20)
    path = tmp_path / f"t.tsv.{suffix}"
    path.write_bytes(PACKERS[suffix](head.encode() + b"\n" * (6 << 20)))
    with pytest.raises(BulkatlasError, match=r"t\.tsv\.\w+: inflates to more than [\d,]+ bytes, 200 times what is packed"):
        list(open_table(path).blocks())
    path.write_bytes(PACKERS[suffix](head.encode() + b"\n" * (1 << 18)))
    assert list(open_table(path).sample_ids) == ["s1", "s2"]
