#!/usr/bin/env python3
"""The precision table of docs/logs/labels.md: per fact its samples, coverage and what a person read; or the next rows to read.

    curate label TEXT --out labels.parquet --database labelled.duckdb
    python benchmarks/fact_precision.py labelled.duckdb [--verdicts docs/logs/facts_read.tsv]
    python benchmarks/fact_precision.py labelled.duckdb --draw sex

The rows that are read are the first ROWS of each fact by md5 of sample id, SEED and the name of the fact, so anyone draws the same. Verdicts hold
sample ids and verdicts only (columns fact, sample_id, verdict: right or wrong). A row that is drawn and has no verdict is counted as unread.
The interval is Wilson's, 95%.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

from curation.database import Connection, reading
from curation.facts import KNOWN

SEED, ROWS = 15, 100
DRAWN = (
    "SELECT sample_id, value, fact.unit, field, matched_text, title, source_name, characteristics FROM fact JOIN sample USING (sample_id) "
    "WHERE fact = $fact ORDER BY md5(sample_id || $seed || $fact) LIMIT $rows"
)


def verdicts(path: Path) -> dict[tuple[str, str], bool]:
    """(fact, sample id) -> whether a person found it right."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {(row["fact"], row["sample_id"]): row["verdict"] == "right" for row in csv.DictReader(lines, delimiter="\t")}


def interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share."""
    share, scale = right / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return middle - half, min(1.0, middle + half)


def drawn(con: Connection, fact: str) -> list[tuple[object, ...]]:
    """The rows to read of one fact."""
    return con.execute(DRAWN, {"fact": fact, "seed": str(SEED), "rows": ROWS}).fetchall()


def table(con: Connection, read: dict[tuple[str, str], bool]) -> list[str]:
    """Rows of Markdown, a fact a row."""
    ((n_samples,),) = con.execute("SELECT count(*) FROM sample").fetchall()
    lines = ["| fact | samples | coverage | read | right | 95% | unread |", "|---|---|---|---|---|---|---|"]
    for fact in KNOWN:
        ((n,),) = con.execute("SELECT count(*) FROM fact WHERE fact = $fact", {"fact": fact}).fetchall()
        known = [read.get((fact, str(row[0]))) for row in drawn(con, fact)]
        said = [verdict for verdict in known if verdict is not None]
        low, high = interval(sum(said), len(said)) if said else (0.0, 1.0)
        lines.append(
            f"| {fact} | {n:,} | {n / n_samples:.3f} | {len(said)} | {sum(said)} | {low:.3f} to {high:.3f} | {len(known) - len(said)} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--verdicts", type=Path, default=Path(__file__).parent.parent / "docs" / "logs" / "facts_read.tsv")
    parser.add_argument("--draw", choices=KNOWN)
    asked = parser.parse_args()
    with reading(asked.database) as con:
        if asked.draw:
            print("\n".join("\t".join("" if cell is None else str(cell) for cell in row) for row in drawn(con, asked.draw)))
        else:
            print("\n".join(table(con, verdicts(asked.verdicts))))


if __name__ == "__main__":
    main()
