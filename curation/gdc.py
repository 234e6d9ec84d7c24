"""What the NCI Genomic Data Commons holds for a program: one STAR count file a sample, with its md5, and the sample sheet.

API: https://docs.gdc.cancer.gov/API/Users_Guide/Search_and_Retrieval/ (files endpoint, `return_type=manifest` for checksums).
"""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

from curation.catalogue import Download
from profiles import aside
from profiles.fetching.download import DownloadFault, Patience, download
from profiles.plain_json import read_object

MANIFEST = "gdc_manifest.tsv"
SHEET = "gdc_sample_sheet.tsv"
SHEET_COLUMNS = ("File ID", "File Name", "Data Category", "Data Type", "Project ID", "Case ID", "Sample ID", "Sample Type")
FIELDS = (
    "file_id,file_name,data_category,data_type,cases.submitter_id,cases.project.project_id,"
    "cases.samples.submitter_id,cases.samples.sample_type"
)
MOST_FILES = 100_000
MOST_DIGITS = 18


def _query(base: str, program: str, **more: str) -> str:
    wanted = {
        "cases.project.program.name": program,
        "data_type": "Gene Expression Quantification",
        "analysis.workflow_type": "STAR - Counts",
        "access": "open",
    }
    filters = {"op": "and", "content": [{"op": "in", "content": {"field": field, "value": [value]}} for field, value in wanted.items()]}
    return f"{base}/files?" + urllib.parse.urlencode({"filters": json.dumps(filters), "size": str(MOST_FILES), **more})


def list_files(row: Download, folder: Path, patience: Patience) -> list[Download]:
    """Fetch the manifest and the sample sheet of a program into `folder`; returns one download per count file. Raises DownloadFault."""
    program = row.kind.partition(":")[2]
    manifest, hits = folder / MANIFEST, folder / ".gdc_hits.json"
    download(_query(row.url, program, return_type="manifest"), manifest, patience=patience)
    download(_query(row.url, program, fields=FIELDS, format="JSON"), hits, patience=patience)
    _write_sheet(hits, folder / SHEET)
    hits.unlink()
    return [
        Download(row.source, row.variant, row.release, name, f"{row.url}/data/{identifier}", size, f"md5:{md5}", "file", "")
        for identifier, name, md5, size in _read_manifest(manifest)
    ]


def _read_manifest(path: Path) -> list[tuple[str, str, str, str]]:
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    except UnicodeDecodeError as error:
        raise DownloadFault(f"{path}: not a GDC manifest, it is no UTF-8 text; fetch it again") from error
    names = header.split("\t")
    try:
        columns = [names.index(name) for name in ("id", "filename", "md5", "size")]
    except ValueError as error:
        raise DownloadFault(f"{path}: not a GDC manifest, its columns are {header[:80]!r}; it needs id, filename, md5, size") from error
    rows = [line.split("\t") for line in lines if line]
    if not rows:
        raise DownloadFault(f"{path}: the GDC lists no open STAR count file for this program")
    wrong = [number for number, row in enumerate(rows, start=2) if len(row) <= max(columns) or not _is_size(row[columns[3]])]
    if wrong:
        raise DownloadFault(f"{path} line {wrong[0]}: {len(wrong)} rows of the GDC manifest lack a size, or columns; fetch it again")
    return [tuple(row[column] for column in columns) for row in rows]  # type: ignore[misc]


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < MOST_DIGITS


def _write_sheet(hits: Path, sheet: Path) -> None:
    """The portal's sample sheet: several cases or samples of one file are comma-joined, as the portal does."""
    try:
        lines = ["\t".join(SHEET_COLUMNS), *("\t".join(row) for row in sorted(_sheet_rows(read_object(hits)["data"]["hits"])))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DownloadFault(f"the GDC files endpoint answered something else than its documented JSON: {hits}") from error
    aside.write_text(sheet, "\n".join(lines) + "\n")


def _sheet_rows(found: list[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for hit in found:
        cases = hit.get("cases", [])
        samples = [sample for case in cases for sample in case.get("samples", [])]
        joined = [
            ", ".join(case.get("project", {}).get("project_id", "") for case in cases),
            ", ".join(case.get("submitter_id", "") for case in cases),
            ", ".join(sample.get("submitter_id", "") for sample in samples),
            ", ".join(sample.get("sample_type", "") for sample in samples),
        ]
        rows.append([hit["file_id"], hit["file_name"], hit.get("data_category", ""), hit.get("data_type", ""), *joined])
    return rows
