"""What a compendium says about itself."""

from __future__ import annotations

import json
from typing import Any

from curation.config import SCHEMA_VERSION, BuildConfig
from curation.database import Connection, fetch_arrow

ORGAN_SYSTEMS = """
WITH system AS (SELECT tissue, any_value(organ_system) AS organ_system FROM tissue GROUP BY tissue)
FROM system
UNION
SELECT kept.class, arg_min(system.organ_system, (system.tissue)) FROM kept JOIN system USING (tissue) GROUP BY kept.class
ORDER BY 1
"""


def compendium_uns(con: Connection, config: BuildConfig, inputs: list[dict[str, Any]], build_id: str) -> dict[str, Any]:
    """What the compendium says about itself; nothing in it depends on the time or the place of the build."""
    funnel = fetch_arrow(con, "SELECT * FROM funnel ORDER BY step").to_pylist()
    systems = con.execute(ORGAN_SYSTEMS).fetchall()
    return {
        "schema_version": SCHEMA_VERSION,
        "build_id": build_id,
        "parameters": json.dumps(config.parameters(), sort_keys=True),
        "sources": json.dumps(inputs, sort_keys=True),
        "funnel": json.dumps(funnel),
        "tissues": json.dumps(dict(systems), sort_keys=True),
        "simulated": any("simulated" in row["file"].lower() for row in inputs),
    }
