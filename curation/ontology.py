"""Terms, tissues, rules, overrides and cell lines: from the files of the ontology folder into DuckDB."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from curation.database import DatabaseFault, insert_arrow, run_sql_file
from curation.reference import OntologyFault, check_patterns, check_reference
from curation.resources import ontology_folder, sql_folder
from curation.steps import run_stage

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.database import Connection

OBO_FILES = ("uberon.obo.gz", "diseases.obo.gz")
SCHEMA_FILES = ("ontology", "lexicon", "fact", "normalise")

OVERRIDE_COLUMNS = "override_id scope target term_id is_cell_line curator date reason fact value"
ADDED = frozenset({"fact", "value"})  # columns that a file written before schema 2 lacks
FACT_RULE = "rule_id fact verdict match text fields value ontology_term_id unit yes no reason"

# table -> (file, columns in any order, those that may be empty)
TABLES: dict[str, tuple[str, frozenset[str], frozenset[str]]] = {
    table: (file, frozenset(columns.split()), frozenset(optional.split()))
    for table, file, columns, optional in (
        ("relation", "relations.tsv", "term_id term_name relation parent_id parent_name reason", ""),
        ("tissue", "tissues.tsv", "tissue root_id root_name organ_system priority", ""),
        ("field_key", "fields.tsv", "key match field reason", ""),
        ("weight", "weights.tsv", "field kind weight reason", ""),
        ("rule", "rules.tsv", "rule_id verdict match text fields kind term_id term_name yes no reason", "term_id term_name no"),
        ("tissue_yield", "yields.tsv", "tissue beside reason", "beside"),
        ("override", "overrides.tsv", OVERRIDE_COLUMNS, "term_id is_cell_line fact value"),
        (
            "cell_line",
            "cell_lines.tsv",
            "name accession line_name term_id term_name disease needs reason",
            "accession line_name term_id term_name disease needs",
        ),
        ("cell_name", "cell_names.tsv.gz", "accession name", ""),
        ("vocabulary", "vocabulary.tsv", "list word match reason", ""),
        ("fact_rule", "fact_rules.tsv", FACT_RULE, "value ontology_term_id unit no"),
        ("fact_weight", "fact_weights.tsv", "fact field weight reason", ""),
        ("disease_name", "disease_names.tsv.gz", "term_id name synonym", ""),
        ("disease_parent", "disease_parents.tsv.gz", "term_id parent_id", ""),
        ("development_stage", "development_stages.tsv", "term_id name synonym", ""),
    )
}


def load_reference(con: Connection, folder: Path | None = None) -> None:
    """Fill the reference tables (term, closure, tissue, rule, override, cell_line, lexicon, ...) from `folder` and check every row.

    Raises OntologyFault with the file, the row and what to do about it.
    """
    folder = folder or ontology_folder()
    for name in SCHEMA_FILES:
        run_sql_file(con, sql_folder() / "schema" / f"{name}.sql")
    _insert_terms(con, folder)
    for table, (file, columns, optional) in TABLES.items():
        _insert(con, table, read_rows(folder / file, columns, optional), file)
    con.execute("INSERT INTO term_parent SELECT term_id, parent_id, relation FROM relation")
    run_stage(con, "terms")
    check_reference(con)
    check_patterns(con)
    run_stage(con, "phrases")
    run_stage(con, "fact_phrases")


def read_rows(path: Path, columns: frozenset[str], optional: frozenset[str]) -> pa.Table:
    """A TSV file as text columns plus `line`; every cell is data, whatever stands in it. Empty optional cells become null.

    Raises OntologyFault when the file is missing, its header differs, a row is ragged or a required cell is empty.
    """
    import pyarrow as pa

    if not path.is_file():
        raise OntologyFault(f"{path} is missing; the ontology folder must hold {path.name}")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    header = rows[0] if rows else []
    if lacking := sorted((columns & ADDED) - set(header)) if path.name == "overrides.tsv" else []:
        rows = [[*row, *(lacking if i == 0 else [""] * len(lacking))] for i, row in enumerate(rows)]
        header = rows[0]
    if set(header) != columns or len(header) != len(columns):
        raise OntologyFault(f"{path.name}: the columns are {header}, expected {sorted(columns)} in any order")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise OntologyFault(f"{path.name} line {line}: {len(row)} cells instead of {len(header)}; separate them by one tab each")
        empty = [name for name, cell in zip(header, row, strict=True) if not cell.strip() and name not in optional]
        if empty:
            raise OntologyFault(f"{path.name} line {line}: {', '.join(empty)} is empty; every row needs it")
    cells = {name: pa.array([row[i] or None for row in rows[1:]], pa.string()) for i, name in enumerate(header)}
    return pa.table({"line": pa.array(range(2, len(rows) + 1), pa.int64()), **cells})


def _insert(con: Connection, table: str, rows: pa.Table, file: str) -> None:
    try:
        insert_arrow(con, table, rows)
    except DatabaseFault as error:
        raise OntologyFault(f"{file}: {error}; ids must be unique and numbers, dates and truth values readable") from error


def _insert_terms(con: Connection, folder: Path) -> None:
    """term, obsolete_term and term_parent from the OBO files."""
    files = []
    for name in OBO_FILES:
        if not (folder / name).is_file():
            raise OntologyFault(f"{folder / name} is missing; make it with scripts/build_ontology.py")
        files.append((folder / name).read_bytes())
    try:
        tables = _parse_terms(*files)
    except (OSError, EOFError, KeyError, SyntaxError, ValueError) as error:
        raise OntologyFault(f"{' or '.join(OBO_FILES)} of {folder} cannot be read as OBO ({str(error)[:200]}); make it again") from error
    for table, rows in tables.items():
        insert_arrow(con, table, rows)


@cache
def _parse_terms(*files: bytes) -> dict[str, pa.Table]:
    """Rows of term, obsolete_term and term_parent; kept, because parsing is the slowest part and a process may label several times."""
    import pronto
    import pyarrow as pa

    names: list[tuple[str | None, ...]] = []
    obsolete: list[tuple[str | None, ...]] = []
    edges: list[tuple[str | None, ...]] = []
    for content in files:
        for term in pronto.Ontology(BytesIO(gzip.decompress(content))).terms():
            if term.obsolete:
                obsolete.append((term.id, term.name, next((t.id for t in term.replaced_by), None)))
                continue
            names.append((term.id, term.name, term.name, "NAME"))
            names += [(term.id, term.name, s.description, s.scope) for s in term.synonyms]
            edges += [(term.id, parent.id, relation.id) for relation, parents in term.relationships.items() for parent in parents]

    def table(columns: str, rows: list[tuple[str | None, ...]]) -> pa.Table:
        ordered = sorted(rows, key=lambda row: [cell or "" for cell in row])
        return pa.table({name: [row[i] for row in ordered] for i, name in enumerate(columns.split())})

    return {
        "term": table("term_id name synonym scope", names),
        "obsolete_term": table("term_id name replaced_by", obsolete),
        "term_parent": table("term_id parent_id relation", edges),
    }
