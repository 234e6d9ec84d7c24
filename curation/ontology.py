"""Terms, tissues, rules, overrides and cell lines: from the files of the ontology folder into DuckDB."""

from __future__ import annotations

import csv
import gzip
from functools import cache, partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from curation.compiled import find_or_make, key
from curation.database import DatabaseFault, connect, insert_arrow, quoted, run_sql_file
from curation.reference import OntologyFault, check_patterns, check_reference
from curation.resources import ontology_folder, shipped_ontology, sql_folder
from curation.steps import STAGES, run_stage

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.database import Connection

OBO_FILES = ("uberon.obo.gz", "diseases.obo.gz")
OVERRIDE_COLUMNS = "override_id scope target term_id is_cell_line curator date reason fact value"
ADDED = frozenset({"fact", "value"})  # columns that a file written before schema 2 lacks
FACT_RULE = "rule_id fact verdict match text fields value ontology_term_id unit yes no reason"
READ_ELSEWHERE = ("sources.tsv",)  # by catalogue.py
GENES = "genes.tsv.gz"
NOT_CONTENT = ("downloads.tsv", "levels.tsv")  # neither addresses nor what a model backs off to decide a label
SCHEMA_FILES = ("ontology", "lexicon", "fact", "normalise")
OVERRIDE = "override"  # the one table that people change between two commands: read every time, and not compiled
# What a release keeps for `curate explain`, `query`, `audit` and `override`; the rest is needed for labelling only.
LABEL_KEPT = ("term", "term_name", "closure", "obsolete_term", "term_tissue", "tissue", "rule", "weight", "phrase_conflict")
FACT_KEPT = ("fact_rule", "fact_weight", "disease_name", "disease_above", "development_stage", "vocabulary")
KEPT = (*LABEL_KEPT, *FACT_KEPT)
FACT_USED = ("fact_phrase", "phrase_shape", "phrase_start")
USED = (*KEPT, "term_place", "lexicon", "field_key", "cell_line", "cell_name", "tissue_yield", *FACT_USED)

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
        (
            "declared",
            "declared_tissue.tsv",
            "source field text term_id term_name tissue is_cell_line reason",
            "term_id term_name tissue is_cell_line reason",
        ),
    )
}


def load_reference(con: Connection, folder: Path | None = None, *, keep: bool = False) -> None:
    """Give the connection the reference tables (term, closure, tissue, rule, override, lexicon, ...) of an ontology folder, every row checked.

    They are views of compiled files (see compiled.py) and go with the connection; with `keep` those that a release needs become tables.
    Raises OntologyFault with the file, the row and what to do about it.
    """
    folder = folder or ontology_folder()
    place = find_or_make(compiled_key(folder), partial(compile_tables, folder))
    run_sql_file(con, sql_folder() / "schema" / "normalise.sql")
    for table in USED:
        kind = "OR REPLACE TABLE" if keep and table in KEPT else "OR REPLACE TEMP VIEW"
        con.execute(f"CREATE {kind} {table} AS FROM read_parquet({quoted(place / f'{table}.parquet')})")
    run_sql_file(con, sql_folder() / "schema" / "override.sql")
    _insert_rows(con, OVERRIDE, folder)
    check_reference(con, "overrides")


def content_files(folder: Path) -> list[Path]:
    """The files that decide the content of a build that uses an ontology folder, by name: what is hashed is what is read.

    Genes are named by the table that comes with the program, because a model is matched to the same one. Raises OntologyFault for a folder
    with another gene table, or with a table that nothing reads.
    """
    genes = shipped_ontology() / GENES
    known = {*OBO_FILES, *(file for file, _, _ in TABLES.values()), *READ_ELSEWHERE}
    found = {path.name: path for path in folder.iterdir() if path.suffix in {".tsv", ".gz"} and path.name not in (GENES, *NOT_CONTENT)}
    if strange := sorted(set(found) - known):
        raise OntologyFault(f"{folder} holds {', '.join(strange)}, which nothing reads; its tables are {', '.join(sorted(known))}")
    if (own := folder / GENES).exists() and own.read_bytes() != genes.read_bytes():
        raise OntologyFault(
            f"{own} is not the gene table of this program, and would not be used; take it away, or put it into {genes.parent}"
        )
    return sorted([*found.values(), genes], key=lambda path: path.name)


def compiled_key(folder: Path, program: str | None = None) -> str:
    """The key of an ontology folder's compiled tables: of its files, of what makes the tables from them, and of the program's version."""
    files = [folder / name for name in (*OBO_FILES, *(file for table, (file, _, _) in TABLES.items() if table != OVERRIDE))]
    if missing := next((path for path in files if not path.is_file()), None):
        raise OntologyFault(f"{missing} is missing; the ontology folder must hold {missing.name}")
    sql = [sql_folder() / "schema" / f"{name}.sql" for name in SCHEMA_FILES]
    sql += [sql_folder() / "build" / f"{step}.sql" for stage in ("terms", "phrases", "fact_phrases") for step in STAGES[stage]]
    sql += sorted((sql_folder() / "checks" / "reference").glob("*.sql"))
    return key([*files, *sql, Path(__file__)], program or version("bulkatlas"))


def compile_tables(folder: Path, out: Path) -> None:
    """Write the finished tables of an ontology folder, one Parquet file each, the same bytes wherever it is done. Raises OntologyFault."""
    con = connect()
    try:
        fill_tables(con, folder)
        con.execute("SET threads = 1")  # one order of rows
        for table in USED:
            target = quoted(out / f"{table}.parquet")
            con.execute(f"COPY (SELECT * FROM {table} ORDER BY ALL) TO {target} (FORMAT parquet, COMPRESSION zstd)")
    finally:
        con.close()


def fill_tables(con: Connection, folder: Path) -> None:
    """Make every reference table but `override` from the files of an ontology folder, and check them. Raises OntologyFault."""
    for name in SCHEMA_FILES:
        run_sql_file(con, sql_folder() / "schema" / f"{name}.sql")
    _insert_terms(con, folder)
    for table in TABLES:
        if table != OVERRIDE:
            _insert_rows(con, table, folder)
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
    import polars as pl  # pyarrow.array would import pandas: twice the time of everything else in `curate label` of ten rows

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
    cells = {name: [row[i] or None for row in rows[1:]] for i, name in enumerate(header)}
    lines = {"line": list(range(2, len(rows) + 1))}
    return pl.DataFrame(lines | cells, schema={"line": pl.Int64} | dict.fromkeys(header, pl.String)).to_arrow()


def _insert_rows(con: Connection, table: str, folder: Path) -> None:
    file, columns, optional = TABLES[table]
    rows = read_rows(folder / file, columns, optional)
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
