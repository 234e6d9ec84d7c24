"""Questions of the database and of the files that are views of it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pyarrow as pa

from curation.build import sql_parameters
from curation.build_report import REPORT, write_report
from curation.checks import broken_rows, check_names
from curation.database import Connection, fetch_arrow
from curation.description import ORGAN_SYSTEMS
from curation.matrix.by_gene import BY_GENE
from curation.matrix.normalise import UNIT_NAMES
from curation.query.samples import SAMPLES
from curation.query.view import ORDERED, make_view
from curation.resources import sql_folder
from curation.tables import EVIDENCE, FACTS, FUNNEL, LABELS, write_funnel
from curation.validating.compendium import Compendium
from curation.validating.finding import first
from curation.validating.papers import config_of

if TYPE_CHECKING:
    import pandas as pd

# The order in which each is written. The views are ours, not those that lie in the database: a stranger may have made these.
VIEWS = {
    LABELS: ("90_exported_label", "sample_id"),
    EVIDENCE: ("91_exported_evidence", "sample_id, weight DESC, evidence_id"),
    FACTS: ("92_exported_fact", "sample_id, fact"),
}
OF_LABELS = ("source", "series_id", "group_id", "split", "term_id", "disease", "sex", "age", "tissue_status", "donor_id")
Manifest = Mapping[str, Any]


def promises(con: Connection, manifest: Manifest) -> tuple[bool, str]:
    """No row breaks what sql/checks promise."""
    parameters = sql_parameters(config_of(manifest), list(manifest["sources_used"]))
    checks = [*check_names(), *check_names("exported")]
    broken = [f"{name}: {len(rows)} rows" for name in checks if (rows := broken_rows(con, name, parameters)[1])]
    return not broken, f"{len(checks)} promises, {len(broken)} broken{first(broken)}"


def view(con: Connection, path: Path) -> tuple[bool, str]:
    """A Parquet file is what the tables of the database give."""
    import pyarrow.parquet as pq

    name, order = VIEWS[path.name]
    text = (sql_folder() / "build" / f"{name}.sql").read_text(encoding="utf-8")
    select = re.split(r"CREATE OR REPLACE VIEW \w+ AS\s", text)[1].strip().rstrip(";")
    return _alike(fetch_arrow(con, f"SELECT * FROM ({select}) ORDER BY {order}"), pq.read_table(path))


def samples(con: Connection, folder: Path) -> tuple[bool, str]:
    """samples.parquet is the view `samples` of the tables of the database."""
    import pyarrow.parquet as pq

    make_view(con, {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()})
    return _alike(fetch_arrow(con, ORDERED), pq.read_table(folder / SAMPLES))


def _alike(ours: pa.Table, held: pa.Table) -> tuple[bool, str]:
    if ours.column_names != held.column_names or ours.num_rows != held.num_rows:
        odd = sorted(set(ours.column_names) ^ set(held.column_names))
        return False, f"{held.num_rows:,} rows for {ours.num_rows:,}, {len(odd)} columns differ{first(odd)}"
    wrong = [column for column in ours.column_names if not _same(ours[column], held[column])]
    return not wrong, f"{held.num_rows:,} rows, {held.num_columns} columns, {len(wrong)} differ{first(wrong)}"


def _same(ours: pa.ChunkedArray, held: pa.ChunkedArray) -> bool:
    return ours.type == held.type and (ours.equals(held) or repr(ours.to_pylist()) == repr(held.to_pylist()))  # repr: NaN is NaN


def labels_and_obs(folder: Path, data: Compendium) -> tuple[bool, str]:
    """The rows of labels.parquet that stand in the matrix are those of obs, each at its place."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / LABELS).to_pandas()
    table = table[table["matrix_row"].notna()].sort_values("matrix_row").set_index("sample_id")
    obs = data.obs
    wrong = [] if list(table.index) == list(obs.index) and list(table["matrix_row"]) == list(range(len(obs))) else ["the rows"]
    if not wrong:
        is_labelled = (obs["tissue"] != "").to_numpy()
        wrong += [] if list(table["tissue"][is_labelled]) == list(obs["tissue"][is_labelled]) else ["tissue"]
        wrong += [name for name in OF_LABELS if name in table and name != "term_id" and _texts(table[name]) != _texts(obs[name])]
        wrong += [] if _texts(table["term_id"][is_labelled]) == _texts(obs["term_id"][is_labelled]) else ["term_id"]
    return not wrong, f"{len(table):,} rows, {len(OF_LABELS) + 1} columns, {len(wrong)} differ{first(wrong)}"


def _texts(column: pd.Series[Any]) -> list[str]:
    return [
        "" if absent else f"{value:.6g}" if isinstance(value, float) else str(value)
        for absent, value in zip(column.isna(), column, strict=True)
    ]


def one_build(con: Connection, folder: Path, data: Compendium | None, manifest: Manifest) -> tuple[bool, str]:
    """Manifest, database and, where there is one, compendium tell of one build in the same words."""
    funnel = json.dumps(fetch_arrow(con, "SELECT * FROM funnel ORDER BY step").to_pylist())
    expected = {
        "schema_version": manifest["schema_version"],
        "build_id": manifest["build_id"],
        "parameters": json.dumps(manifest["parameters"], sort_keys=True),
        "sources": json.dumps(manifest["inputs"], sort_keys=True),
        "funnel": funnel,
        "tissues": json.dumps(dict(con.execute(ORGAN_SYSTEMS).fetchall()), sort_keys=True),
        "simulated": any("simulated" in row["file"].lower() for row in manifest["inputs"]),
    }
    recorded = {**expected, "notes": manifest["notes"]}
    of_uns = {**expected, "unit": UNIT_NAMES[manifest["parameters"]["unit"]]}
    uns: Mapping[str, Any] = data.uns if data is not None else of_uns
    said = {name: value.item() if hasattr(value, "item") else value for name, value in uns.items()}
    wrong = [f"uns/{name}" for name in sorted(of_uns.keys() | said.keys()) if said.get(name) != of_uns.get(name) or name not in of_uns]
    held = dict(con.execute("SELECT key, value FROM build").fetchall())
    as_text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in recorded.items()}
    wrong += [f"build/{name}" for name in sorted(as_text.keys() | held.keys()) if held.get(name) != as_text.get(name)]
    used = [name for (name,) in con.execute("SELECT DISTINCT source FROM kept ORDER BY source").fetchall()]
    wrong += [] if used == manifest["sources_used"] else ["sources_used"]
    if (folder / BY_GENE).is_file():
        wrong += [f"{BY_GENE} {name}" for name in ("build_id", "unit") if _attribute(folder / BY_GENE, name) != of_uns[name]]
    return not wrong, f"{len(of_uns)} facts, {len(wrong)} differ{first(wrong)}"


def _attribute(path: Path, name: str) -> str:
    with h5py.File(path, "r") as file:
        value = file.attrs[name]
        return value.decode() if isinstance(value, bytes) else str(value)


def pages(con: Connection, folder: Path, manifest: Manifest) -> tuple[bool, str]:
    """funnel.md and report.html are what this program writes of the database; the report only where it is the build's version."""
    wrong = []
    is_simulated = any("simulated" in row["file"].lower() for row in manifest["inputs"])
    with tempfile.TemporaryDirectory() as place:
        write_funnel(con, Path(place, FUNNEL), config_of(manifest), is_simulated=is_simulated)
        names = [FUNNEL]
        if manifest["versions"]["bulkatlas"] == version("bulkatlas"):
            write_report(con, Path(place, REPORT), manifest)
            names.append(REPORT)
        wrong = [name for name in names if Path(place, name).read_bytes() != (folder / name).read_bytes()]
    return not wrong, f"{' and '.join(names)}, {len(wrong)} differ{first(wrong)}"
