"""report.html of a build: one page without network, every number of it a query over the build's database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import Any

from curation.checks import check_names
from curation.crate import citation_text
from curation.database import Connection, fetch_first
from curation.fitness import verdict
from curation.picture import funnel_svg, histogram_svg
from curation.resources import PACKAGE, sql_folder

REPORT = "report.html"
TEMPLATE = "build_report.html"
MOST_ROWS = 20
BINS = 40
QUALITY = {"library_size": "library size (log10)", "n_genes_detected": "genes detected", "fraction_zero": "share of zeros"}


@dataclass(frozen=True)
class Rows:
    """Column names and rows of one query."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def write_report(con: Connection, path: Path, manifest: Mapping[str, Any]) -> None:
    """Write the page of the build that `con` holds; `manifest` gives inputs, parameters, versions and notes."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(PACKAGE / "templates"), autoescape=True, trim_blocks=True)
    environment.globals.update(table=lambda rows: Markup(html_table(rows)), stack=lambda counts, most: Markup(_stack(counts, most)))
    content = collect(con, manifest)
    content["funnel"] = Markup(content["funnel"])
    content["histograms"] = [{"name": name, "svg": Markup(svg)} for name, svg in content["histograms"]]
    page = environment.get_template(TEMPLATE).render(content)
    path.write_text(page, encoding="utf-8")


def collect(con: Connection, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the page shows."""
    sources = sorted({row["source"] for row in manifest["inputs"]} - {"ontology", "studies"})
    tissues = _tissues(con, sources)
    kept = _query(
        con, "SELECT count(*) AS n, count(DISTINCT nullif(tissue, '')) AS n_tissues, count(DISTINCT group_id) AS n_groups FROM kept"
    ).dicts()[0]
    (n_all,) = _query(con, "SELECT count(*) AS n FROM sample").rows[0]
    (n_labelled,) = _query(con, "SELECT count(*) AS n FROM kept WHERE tissue <> ''").rows[0]
    quality_sources, histograms = _histograms(con)
    fitness = verdict(con)
    facts = {"samples in the sources": n_all, "samples kept": kept["n"], "of them labelled": n_labelled, "tissues": kept["n_tissues"]}
    return {
        "build_id": manifest["build_id"],
        "created": manifest["created"],
        "version": manifest["versions"]["bulkatlas"],
        "sources": sources,
        "facts": [(name, f"{value:,}") for name, value in {**facts, "studies and donors": kept["n_groups"]}.items()],
        "notes": manifest["notes"],
        "is_simulated": fetch_first(con, "SELECT value FROM build WHERE key = 'simulated'") == ("true",),
        "verdict": fitness,
        "thin": Rows(fitness.columns, fitness.thin),
        "funnel": funnel_svg(_query(con, "SELECT * FROM funnel ORDER BY step").dicts()),
        "tissues": tissues,
        "most": max([1, *(row["before"] for row in tissues)]),
        "provenance": _query(con, PROVENANCE),
        "rules": _query(con, RULES),
        "stated": _audit(con, "facts_by_source"),
        "balance": _audit(con, "split_balance").dicts(),
        "missing": _audit(con, "classes_missing_from_a_part"),
        "quality_sources": quality_sources,
        "histograms": histograms,
        "n_outliers": f"{_query(con, 'SELECT count(*) FILTER (is_outlier) AS n FROM quality').rows[0][0]:,}",
        "studies": _audit(con, "groups_by_size", MOST_ROWS),
        "dominating": _audit(con, "studies_that_dominate", MOST_ROWS),
        "checks": [(name, _promise(name)) for name in (*check_names(), *check_names("exported"))],
        "parameters": Rows(["parameter", "value"], sorted(manifest["parameters"].items())),
        "inputs": Rows(
            ["source", "file", "bytes", "sha256"], [[row[k] for k in ("source", "file", "bytes", "sha256")] for row in manifest["inputs"]]
        ),
        "versions": Rows(["package", "version"], sorted(manifest["versions"].items())),
        "citation": citation_text(manifest["sources_used"]),
    }


PROVENANCE = """
SELECT coalesce(label.decided_by, 'unlabelled') AS decided_by, sample.source, count(*) AS n_samples, count(kept.sample_id) AS n_kept
FROM sample LEFT JOIN label USING (sample_id) LEFT JOIN kept USING (sample_id)
GROUP BY ALL ORDER BY n_samples DESC, decided_by, source
"""
RULES = """
SELECT
    coalesce(evidence.rule_id, CASE evidence.kind WHEN 'declared' THEN '(column of the source)' ELSE '(name in the ontology)' END) AS rule,
    evidence.field, count(*) AS n_samples, count(DISTINCT label.tissue) AS n_tissues, min(evidence.matched_text) AS example
FROM label JOIN evidence USING (evidence_id) WHERE label.tissue <> ''
GROUP BY ALL ORDER BY n_samples DESC, rule, field LIMIT 15
"""


def _tissues(con: Connection, sources: Sequence[str]) -> list[dict[str, Any]]:
    """One row per tissue: counts before and after the cap, by source in the order of `sources`."""
    by_tissue: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _audit(con, "tissues_by_source").dicts():
        by_tissue.setdefault(row["tissue"], {})[row["source"]] = row
    rows = []
    for tissue, by_source in by_tissue.items():
        before = [by_source.get(name, {}).get("n_before_cap", 0) for name in sources]
        after = [by_source.get(name, {}).get("n_kept", 0) for name in sources]
        sums = {name: sum(row[name] for row in by_source.values()) for name in ("n_groups", "n_tumour")}
        rows.append(
            {"tissue": tissue, "before": sum(before), "kept": sum(after), "before_by_source": before, "kept_by_source": after, **sums}
        )
    return sorted(rows, key=lambda row: (-row["before"], row["tissue"]))


def _histograms(con: Connection) -> tuple[list[str], list[tuple[str, str]]]:
    sources = [
        name for (name,) in con.execute("SELECT DISTINCT source FROM kept JOIN quality USING (sample_id) ORDER BY source").fetchall()
    ]
    drawn = []
    for column, name in QUALITY.items():
        value = f"log10(greatest({column}, 1))" if "log10" in name else column
        found = fetch_first(con, f"SELECT min({value}), max({value}) FROM quality")
        low, high = (0.0, 1.0) if found is None or found[0] is None else (float(found[0]), float(found[1]))
        span = (high - low) or 1.0
        series = {source: [0] * BINS for source in sources}
        counted = con.execute(
            f"SELECT source, least(floor(({value} - $low) / $span * {BINS})::INTEGER, {BINS - 1}) AS bin, count(*) "
            f"FROM quality JOIN kept USING (sample_id) WHERE {column} IS NOT NULL GROUP BY ALL",
            {"low": low, "span": span},
        )
        for source, position, count in counted.fetchall():
            series[source][position] = count
        drawn.append((name, histogram_svg(name, series, f"{low:,.2f}".rstrip("0").rstrip("."), f"{high:,.2f}".rstrip("0").rstrip("."))))
    return sources, drawn


def _query(con: Connection, query: str) -> Rows:
    cursor = con.execute(query)
    return Rows([column[0] for column in cursor.description or []], cursor.fetchall())


def _audit(con: Connection, name: str, most: int | None = None) -> Rows:
    answer = _query(con, (sql_folder() / "audits" / f"{name}.sql").read_text(encoding="utf-8"))
    return Rows(answer.columns, answer.rows[:most])


def _promise(name: str) -> str:
    lines = (sql_folder() / "checks" / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    head = takewhile(lambda line: line.startswith("--"), lines)
    return " ".join(line.removeprefix("--").strip() for line in head).partition(":")[2].strip()


def html_table(rows: Rows) -> str:
    """A table; whole columns of numbers stand to the right, with thousands separators."""
    is_number = [all(isinstance(row[i], (int, float)) for row in rows.rows) and bool(rows.rows) for i in range(len(rows.columns))]
    head = "".join(
        f"<th{' class=n' * number}>{escape(name.replace('_', ' '))}</th>" for name, number in zip(rows.columns, is_number, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(value, number) for value, number in zip(row, is_number, strict=True)) + "</tr>" for row in rows.rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any, number: bool) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    else:
        text = "" if value is None else str(value)
    return f"<td{' class=n' * number}>{escape(text)}</td>"


def _stack(counts: Sequence[int], most: int) -> str:
    """A bar of several parts; its whole length is `most` samples."""
    parts = "".join(
        f'<i class="s{i % 6}" style="width:{count / max(most, 1) * 100:.3f}%" title="{count:,}"></i>'
        for i, count in enumerate(counts)
        if count
    )
    return f'<div class="stack">{parts}</div>'
