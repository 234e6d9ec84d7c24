"""`curate diff OLD NEW`: samples gained, lost, relabelled and re-split between two releases, and because of what; as rows and as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.audit import Answer, run_audit
from curation.release import read_manifest
from curation.resources import PACKAGE
from profiles import aside

TEMPLATE = "diff.html"
SHOWN_ON_PAGE = 500
UNKNOWN = "weights, fields or cell lines of the ontology folder"  # of why_labels_changed.sql, where nothing else is found


@dataclass(frozen=True)
class Diff:
    """`changes`: one row per sample that differs (columns of the audit what_changed, and `because`); the rest are summaries."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    changes: Answer
    by_change: list[tuple[str, int]]
    by_cause: list[tuple[str, int]]
    by_tissue: list[tuple[str, str, int]]
    inputs: list[tuple[str, str]]
    parameters: list[tuple[str, Any, Any]]


def diff(old: Path, new: Path) -> Diff:
    """Compare two release folders. Raises BadRelease, DatabaseFault."""
    before, after = read_manifest(old), read_manifest(new)
    changed = run_audit(new, "what_changed", old)
    why = run_audit(new, "why_labels_changed", old)
    also = _program(before, after)
    because = {
        row[0]: f"{cause} ({also})" if also and cause == UNKNOWN else cause
        for row in why.rows
        for cause in [row[why.columns.index("because")]]
    }
    rows = [(*row, because.get(row[0])) for row in changed.rows]
    columns = [*changed.columns, "because"]
    at = {name: position for position, name in enumerate(columns)}
    moved = [
        row
        for row in rows
        if (row[at["tissue_before"]] or "") != (row[at["tissue_after"]] or "") and row[at["change"]] not in ("gained", "lost")
    ]
    tissues = Counter((row[at["tissue_before"]] or "(unlabelled)", row[at["tissue_after"]] or "(unlabelled)") for row in moved)
    return Diff(
        old=before,
        new=after,
        changes=Answer(columns, rows),
        by_change=_most(Counter(row[at["change"]] for row in rows)),
        by_cause=_most(Counter(cause for cause in because.values())),
        by_tissue=[(*pair, n) for pair, n in tissues.most_common()],
        inputs=_inputs(before, after),
        parameters=_parameters(before, after),
    )


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Input files that are new, gone, or have other bytes."""
    old = {(row["source"], row["file"]): row["sha256"] for row in before["inputs"]}
    new = {(row["source"], row["file"]): row["sha256"] for row in after["inputs"]}
    told = {
        "new": new.keys() - old.keys(),
        "gone": old.keys() - new.keys(),
        "changed": {key for key in old.keys() & new.keys() if old[key] != new[key]},
    }
    return sorted(("/".join(key), what) for what, keys in told.items() for key in keys)


def _program(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What is to be said beside a cause that lies in no table, where another program built; empty where it was the same."""
    old, new = before["schema_version"], after["schema_version"]
    return f"or the program: schema version {old} -> {new}" if old != new else ""


def _parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Parameters of the build that differ, and the program that built."""
    old, new = (
        {**of["parameters"], "schema_version": of["schema_version"], "bulkatlas": of["versions"]["bulkatlas"]} for of in (before, after)
    )
    return [(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def write_page(path: Path, found: Diff) -> None:
    """One page without network: the summaries, and the first rows of the changes."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    from curation.build_report import Rows, html_table

    def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Markup:
        return Markup(html_table(Rows(columns, rows)))

    environment = Environment(loader=FileSystemLoader(PACKAGE / "templates"), autoescape=True, trim_blocks=True)
    environment.globals["table"] = table
    aside.write_text(path, environment.get_template(TEMPLATE).render(diff=found, shown=found.changes.rows[:SHOWN_ON_PAGE]))
