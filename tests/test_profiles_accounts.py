"""One harness over every reader of both packages: each part of a table has a name of its own, and each must come out read, or be told.

What a file holds is known here from the writing of it, never from the reader. `unsaid` gives the parts that a reader lost without a word; the
last tests lose one on purpose, in each reader, and see it found.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import tables_world as world
from tables_world import SAMPLES, genes
from test_profiles_metadata import KINDS

from curation.label_table import read_samples
from curation.sources.about import read_about
from curation.sources.matrices import Asked, open_matrix
from modelling.predicting.cohort import cohort
from modelling.predicting.genes import GeneSpace
from profiles import opening
from profiles.account import READ, WORDS
from profiles.genes import load_genes
from profiles.metadata import Metadata, is_missing, read_metadata
from profiles.readers import grid_table, text
from profiles.resolve import resolve
from profiles.table import Table

TABLE = load_genes()
UNKNOWN = "Unheard-of-77"
REMARKS = ["# made by a tool of ours", "! and a second line"]


def ids() -> list[str]:
    """One name for each gene: all forms that people write, in turn; the last one is nobody's."""
    forms: list[Callable[[world.Gene], str]] = [
        lambda g: g.ensembl,
        lambda g: f"{g.ensembl}.12",
        lambda g: g.symbol,
        lambda g: f"{g.symbol}|{g.entrez}",
        lambda g: f"{g.symbol} ({g.entrez})",
        lambda g: f"{g.ensembl}_{g.symbol}",
        lambda g: f"gene:{g.ensembl}",
        lambda g: f"{g.symbol}_{g.ensembl}",
    ]
    named = [forms[i % len(forms)](gene) for i, gene in enumerate(genes()[:-1])]
    return [*named, UNKNOWN]


SUMMARIES = {"N_unmapped": 5001, "__no_feature": 777, "ERCC-00002": 31}
ANNOTATION = {
    "Chr": [f"chr{i % 22 + 1}" for i in range(world.N_GENES)],
    "Start": [str(1000 + 977 * i) for i in range(world.N_GENES)],
    "Length": [f"{gene.length:.0f}" for gene in genes()],
    "padj": [f"{i / world.N_GENES:.4f}" for i in range(world.N_GENES)],
    "remark of ours": [f"words {i}" for i in range(world.N_GENES)],
    "nothing": [""] * world.N_GENES,
}


@dataclass
class Held:
    """What a file holds: names of its columns, its rows, the lines above, how many remarks stand among the rows, and the values."""

    columns: list[str]
    rows: list[str]
    lines: list[str] = field(default_factory=list)
    n_inner: int = 0
    samples: tuple[str, ...] = SAMPLES
    n_ids: int = 1  # columns that name genes or samples
    passed_rows: int = 0  # of metadata in a GCT 1.3
    said: tuple[str, ...] = ()


def in_rows() -> tuple[list[str], list[list[str]]]:
    """Genes in rows with everything that may stand beside them."""
    header = ["gene", *ANNOTATION, *SAMPLES]
    body = [[name, *(ANNOTATION[kind][i] for kind in ANNOTATION), *map(str, world.counts()[i])] for i, name in enumerate(ids())]
    body += [[name, *[""] * len(ANNOTATION), *[str(n + k) for k in range(len(SAMPLES))]] for name, n in SUMMARIES.items()]
    return header, body


def in_columns() -> tuple[list[str], list[list[str]]]:
    """Samples in rows."""
    header = ["sample_id", "site", *ids()[:-1], "batch of ours"]
    body = [[name, "liver", *map(str, world.counts()[:-1, k]), f"b{k}"] for k, name in enumerate(SAMPLES)]
    return header, body


def as_text(header: list[str], body: list[list[str]], separator: str, end: str = "\n", quote: bool = False, inner: bool = True) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL)
    writer.writerow(header)
    for i, row in enumerate(body):
        if inner and i == len(body) // 2:
            out.write(f"# a remark among the rows{end}")
        writer.writerow(row)
    return out.getvalue()


def texts(turned: bool) -> Iterator[tuple[str, bytes, Held]]:
    header, body = in_columns() if turned else in_rows()
    held = Held(header, [row[0] for row in body], REMARKS, 1)
    above = "\n".join(REMARKS) + "\n"
    for name, data in {
        "m.tsv": (above + as_text(header, body, "\t")).encode(),
        "m.csv": (above + as_text(header, body, ",", quote=True)).encode("utf-8-sig"),
        "semi.txt": (above + as_text(header, body, ";")).replace("\n", "\r\n").encode("utf-16"),
        "m.tsv.gz": gzip.compress((above + as_text(header, body, "\t")).encode()),
        "old.txt": (above + as_text(header, body, "\t")).replace("\n", "\r").encode(),
    }.items():
        yield name, data, held


def gct(version: int) -> tuple[str, bytes, Held]:
    header, body = in_rows()
    body = [[row[0], f"words {i}", *row[1:]] for i, row in enumerate(body)]
    header = [header[0], "Description", *header[1:]]
    keep = (
        [i for i, name in enumerate(header) if name not in ("padj", "nothing")]
        if version == 3
        else [0, 1, *range(len(header) - 4, len(header))]
    )
    header, body = [header[i] for i in keep], [[row[i] for i in keep] for row in body]
    n_about = len(header) - len(SAMPLES) - 1
    sizes = f"{len(body)}\t{len(SAMPLES)}" + (f"\t{n_about}\t2" if version == 3 else "")
    about = [["site", *["na"] * n_about, *["liver"] * 4], ["batch", *["na"] * n_about, *"abcd"]] if version == 3 else []
    text = f"#1.{version}\n{sizes}\n" + as_text(header, about + body, "\t", inner=False)
    return "m.gct", text.encode(), Held(header, [row[0] for row in body], [f"#1.{version}", sizes], passed_rows=len(about))


def tables(folder: Path) -> Iterator[tuple[str, object, Held]]:
    """(name, what open_table takes, what it holds) in every format and orientation."""
    for turned in (False, True):
        for name, data, held in texts(turned):
            (folder / name).write_bytes(data)
            yield f"{name}, {'samples' if turned else 'genes'} in rows", folder / name, held
        header, body = in_columns() if turned else in_rows()
        frame = pd.DataFrame(body, columns=header)
        for column in frame:
            if column in SAMPLES or (turned and column in ids()) or column in ("Start", "Length", "padj"):
                frame[column] = pd.to_numeric(frame[column])
        held = Held(header, [row[0] for row in body])
        frame.to_parquet(folder / "m.parquet")
        yield "Parquet", folder / "m.parquet", held
        yield "pandas", frame.set_index(header[0]), Held(["", *header[1:]], held.rows)
    for version in (2, 3):
        name, data, held = gct(version)
        (folder / name).write_bytes(data)
        yield f"GCT 1.{version}", folder / name, held
    names = ids()
    obs, var = pd.DataFrame({"site": list("abcd")}, index=list(SAMPLES)), pd.DataFrame({"kind": "x"}, index=names)
    adata = anndata.AnnData(world.counts().T.astype(np.float32), obs, var)
    for what, given in {"AnnData": adata, "AnnData turned": adata.T.copy()}.items():
        yield what, given, Held([*names, "kind", "site"], list(SAMPLES), n_ids=0)
    adata.write_h5ad(folder / "m.h5ad")
    yield "h5ad", folder / "m.h5ad", Held([*names, "kind", "site"], list(SAMPLES), n_ids=0)


def unsaid(table: Table, held: Held) -> list[str]:
    """The parts of a table that are neither read nor told."""
    lost: list[str] = []
    account, notes = table.account, " ".join(table.notes)
    genes_in_rows = table.layout.startswith("genes") and held.n_ids > 0
    read = list(table.sample_ids) if genes_in_rows else list(table.gene_names)
    unread = {part: [entry.name for entry in account.entries if entry.part == part] for part in ("column", "row", "line")}
    n_ids = account.read["column", "gene ids"] + account.read["column", "sample ids"]
    left = Counter(held.columns) - Counter(read) - Counter(unread["column"])
    lost += [f"columns {sorted(left)} where {n_ids} name the rows"] if left.total() != n_ids or n_ids > held.n_ids else []
    rows = list(table.gene_names) if genes_in_rows else list(table.sample_ids)
    left = Counter(held.rows) - Counter(rows) - Counter(unread["row"])
    lost += [f"rows {sorted(left)}"] if left or account.n_rows != len(held.rows) + held.passed_rows else []
    left = Counter(held.lines) - Counter(unread["line"])
    lost += [f"lines {sorted(left)}"] if left else []
    if held.n_inner and f"{held.n_inner} remark line" not in notes:
        lost.append("the remark among the rows")
    for fate in {entry.fate for entry in account.entries} - set(READ) - {"comment"}:
        n = sum(entry.fate == fate for entry in account.entries)
        told = sum(
            int(number.replace(",", ""))
            for number in re.findall(rf"([\d,]+) (?:column|row|line)s? (?:is|are) {re.escape(WORDS[fate])}", notes)
        )
        lost += [f"{n} parts are {fate}, {told} are told"] if told != n else []
    return lost + unequal(table)


def unequal(table: Table) -> list[str]:
    """Whether the values are those of the file, cell for cell, whatever was left out."""
    blocks = list(table.blocks(size=3))
    order = np.argsort(np.concatenate([positions for positions, _ in blocks]))
    found = np.concatenate([values for _, values in blocks])[order]
    where = {name: i for i, name in enumerate(ids())}
    expected = np.array([world.counts()[where[name]] for name in table.gene_names if name in where], np.float32).T
    kept = [name in where for name in table.gene_names]
    same = found[:, kept].shape == expected.shape and np.array_equal(found[:, kept], expected)
    return (
        []
        if same and all(kept)
        else [f"values, or rows that are no genes: {[n for n, k in zip(table.gene_names, kept, strict=True) if not k]}"]
    )


def space() -> GeneSpace:
    index = [TABLE.by_ensembl.get(gene.ensembl)[0] for gene in genes()]
    mean = np.log2(world.tpm().mean(axis=1) + 1)
    return GeneSpace([g.symbol for g in genes()], [g.ensembl for g in genes()], [TABLE.hgnc_id[i] for i in index], mean, "log2(TPM+1)")


def unsaid_by_model(table: Table) -> list[str]:
    """Gene ids that the model's door neither matches nor counts."""
    opened = cohort(table, space(), unit="counts")
    for _ in opened:
        pass
    report = " ".join(opened.report.lines())
    n_unmatched = int((opened.match.index < 0).sum())
    unknown = len(table.gene_names) - opened.match.n_human
    lost = [] if n_unmatched == unknown else [f"{n_unmatched} ids without a gene, {unknown} told as unknown"]
    return lost + ([f"{UNKNOWN} is not named"] if UNKNOWN in table.gene_names and UNKNOWN not in report else [])


def unsaid_by_curate(path: Path) -> list[str]:
    """Parts that the notes of a source or the gene ledger do not hold."""
    matrix, notes = open_matrix(path, path.parent, Asked(unit="counts"))
    ledger = resolve(matrix.genes).ledger.to_pylist()
    said = " ".join(notes)
    lost = [note for note in matrix.table.notes if note.removeprefix(f"{path}: ") not in said]
    lost += [f"gene {i} has no row in the ledger" for i in range(len(ledger), len(matrix.table.gene_names))]
    lost += [str(row) for row in ledger if not row["outcome"] or (row["symbol"] is None and not row["reason"])]
    n = sum(len(positions) for positions, _ in matrix.blocks(np.arange(matrix.n_samples)))
    return lost + ([f"{n} of {matrix.n_samples} samples"] if n != matrix.n_samples else [])


def test_every_reader_of_matrices_accounts_for_all_that_a_table_holds(tmp_path: Path) -> None:
    for what, given, held in tables(tmp_path):
        table = opening.open_table(given)
        table.account.check()
        assert (what, unsaid(table, held)) == (what, [])
        assert (what, unsaid_by_model(table)) == (what, [])
        if isinstance(given, Path):
            assert (what, unsaid_by_curate(given)) == (what, [])


# Tables about samples


def with_more(kind: str) -> str:
    """A hand-made table of an archive with remarks, a column of nobody's and a second sample that says nothing in it."""
    table = KINDS[kind][0]
    separator = "\t" if "\t" in table.split("\n")[0] else ","
    *above, header, row = [line for line in table.split("\n") if line][: 6 if kind == "cBioPortal" else 2]
    enclosed = '"' if header.startswith('"') else ""
    second = re.sub(r"\b(GSM1|SRR1|GTEX-1-2|ACH-1|TCGA-1|S1|cell1|s1|SAMN1)\b", r"\g<1>9", row)
    more = [f"{header}{separator}{enclosed}of nobody{enclosed}"]
    more += [f"{row}{separator}{enclosed}word{enclosed}", "# a remark among the rows", f"{second}{separator}{enclosed}word{enclosed}"]
    if "_s" in header:  # the column of nobody in the fashion of the others
        more[0] = more[0].replace("of nobody", "of nobody_s") if header.startswith("BioSample_s") else more[0]
    return "\n".join([*(above or ["# made by a tool"]), *more]) + "\n"


def cells_of(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows by Python's reader, remarks left out."""
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    header, *rows = csv.reader(lines, delimiter="\t" if "\t" in lines[0] else ",")
    return (["", *header] if len(header) < len(rows[0]) else header), rows


def unsaid_of_samples(found: Metadata, text: str, notes: str) -> list[str]:
    """Columns, rows, words and remarks of a table about samples that are neither read nor told."""
    header, rows = cells_of(text)
    header = [re.sub("_[sldt]$", "", name) for name in header] if "Run_s" in header else header
    assert "Sample_title" not in header or "Sample_title" in notes  # renamed, and said
    header = [name.replace("Sample_title", "title") for name in header]
    if said := re.search(r"(\d+) rows say of their sample", notes):
        rows = rows[int(said[1]) :]
    read = {column for columns in found.read.values() for column in columns}
    others = [column for column in header if column not in read]
    lost = [f"column {column!r}" for column in others[:6] if column not in notes]
    lost += [] if not others or f"{len(others)} column" in notes else [f"the number of {len(others)} columns"]
    lost += [f"{found.samples.height} of {len(rows)} rows"] if found.samples.height != len(rows) else []
    lost += [] if "1 remark line" in notes else ["the remark among the rows"]
    lost += [] if "above the header" in notes else ["the lines above the header"]
    for row, sample in zip(rows, found.samples.iter_rows(named=True), strict=False):
        words = " ".join(str(value) for value in sample.values() if value is not None)
        for column, cell in zip(header, row, strict=True):
            gone = [word for word in re.findall(r"\w+", cell) if word not in words]
            if column in read and gone and not (is_missing(cell) and cell in notes) and cell != "tissue":
                lost.append(f"{column}: {cell!r}")
    return lost


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_of_metadata_accounts_for_all_that_a_table_holds(kind: str, tmp_path: Path) -> None:
    text = with_more(kind)
    found = read_metadata(text.encode(), name="t", speaking=True)
    assert unsaid_of_samples(found, text, " ".join([*found.notes, *found.account().sentences()])) == []
    found.account().check()
    path = tmp_path / "metadata.tsv"
    path.write_text(text, encoding="utf-8")
    _, said = read_samples(path)
    assert unsaid_of_samples(found, text, " ".join(said)) == []
    about = read_about(path)
    assert len(about.rows) == found.samples.height
    assert unsaid_of_samples(found, text, " ".join(about.notes)) == []


# A reader that loses something must not pass


def losing_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = text.TextGrid.batches
    monkeypatch.setattr(text.TextGrid, "batches", lambda *a: (batch.slice(1) for batch in whole(*a)))


def losing_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opening.decide

    def decide(head: object, wish: object) -> object:
        plan = whole(head, wish)  # type: ignore[arg-type]
        lost = next(i for i, (fate, _) in plan.fates.items() if fate == "annotation")
        del plan.fates[lost]
        return plan

    monkeypatch.setattr(opening, "decide", decide)


def losing_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opening.decide

    def decide(head: object, wish: object) -> object:
        plan = whole(head, wish)  # type: ignore[arg-type]
        del plan.fates[plan.values.pop()], plan.names[-1]
        return plan

    monkeypatch.setattr(opening, "decide", decide)


def losing_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_table.Account, "sentences", lambda self: [])


def losing_remarks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = text.sniff

    def sniff(*given: object) -> object:
        found = whole(*given)  # type: ignore[arg-type]
        return text.replace(found, notes=(), comments=found.comments[:1])

    monkeypatch.setattr(text, "sniff", sniff)


def swapping_values(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = text.TextGrid.batches
    monkeypatch.setattr(text.TextGrid, "batches", lambda self, words, numbers: whole(self, words, [*numbers[1:], *numbers[:1]]))


@pytest.mark.parametrize("plant", [losing_rows, losing_columns, losing_samples, losing_notes, losing_remarks, swapping_values])
def test_a_reader_that_loses_something_is_found(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    _, data, held = next(texts(turned=False))
    assert unsaid(opening.open_table(data, "t"), held) == []
    plant(monkeypatch)
    assert unsaid(opening.open_table(data, "t"), held) != []


def test_a_reader_of_metadata_that_loses_a_column_is_found() -> None:
    text = with_more("SRA run table")
    found = read_metadata(text.encode(), name="t")
    notes = " ".join([*found.notes, *found.account().sentences()])
    assert unsaid_of_samples(found, text, notes) == []
    found.read["characteristics"].remove("tissue")  # read no more, and said nowhere
    assert "the number of 9 columns" in unsaid_of_samples(found, text, notes)
    lost = Metadata(found.name, found.archive, found.id_column, found.source, found.samples.drop("characteristics"), found.read)
    assert any("hepatocyte" in what for what in unsaid_of_samples(lost, text, notes))
