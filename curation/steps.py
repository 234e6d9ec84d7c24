"""The steps of a build in the order in which they run: one table of names for SQL files and the Python between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from curation.database import run_sql_file
from curation.facts import fact_pattern_hit
from curation.groups import linked_group
from curation.patterns import pattern_hit
from curation.resources import sql_folder
from curation.split import group_split
from profiles.saying import note_progress

if TYPE_CHECKING:
    from curation.database import Connection

# stage -> its steps; each makes the table or view of its name, from sql/build/NN_name.sql or the function in PYTHON.
STAGES: dict[str, tuple[str, ...]] = {
    "terms": ("10_closure", "11_term_tissue", "12_term_place", "13_term_name"),
    "phrases": ("14_plain_phrase", "15_term_phrase", "16_line_phrase", "17_lexicon", "19_phrase_conflict"),
    "groups": ("20_sample_key", "21_linked_group", "22_torn_group", "23_linking_sample", "24_sample_group"),
    "fact_phrases": ("27_disease_above", "28_fact_phrase", "28b_phrase_shape", "29_phrase_start"),
    "texts": (
        "30_characteristics_pair",
        "31_pair_field",
        "32_piece",
        "33_text",
        "34_spoken_text",
        "34b_sample_text",
        "35_text_shape",
        "35b_shape_place",
        "35c_text_reading",
        "36_ngram",
        "37_meaning",
        "38_hit",
        "38b_suspect",
        "39_pattern_hit",
    ),
    "evidence": (
        "40_named_line",
        "41_flanked_hit",
        "42_placed_hit",
        "43_text_evidence",
        "44_declared_evidence",
        "45_override_hit",
        "46_evidence",
        "47_remade_sample",
        "48_fact_hit",
        "49_fact_pattern_hit",
    ),
    "label": (
        "50_proposed",
        "50b_proposal",
        "51_candidate_label",
        "52_winner",
        "53_finest",
        "54_place",
        "55_cell_line_sample",
        "56_label",
        "57_explained_label",
    ),
    "tiers": ("58_tier", "59_told_fact"),
    "exclusion": ("60_early_exclusion", "61_candidate"),
    "facts": (
        "62_fact_evidence",
        "63_fact_proposal",
        "64_status_word",
        "65_status_fact",
        "66_control_fact",
        "67_stated_fact",
        "68_fact",
        "69_sample_fact",
    ),
    "split": ("70_group_tissue", "71_group_split", "72_split", "73_draw"),
    "kept": ("74_shallow_sample", "75_kept", "76_exclusion", "77_missing_class"),  # once more when the matrix was read
    "funnel": ("80_funnel",),
    "exported": ("90_exported_label", "91_exported_evidence", "92_exported_fact"),
}
PYTHON: dict[str, Callable[[Connection], None]] = {
    "21_linked_group": linked_group,
    "39_pattern_hit": pattern_hit,
    "49_fact_pattern_hit": fact_pattern_hit,
    "71_group_split": group_split,
}


def run_stage(con: Connection, stage: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run the steps of one stage in their order. Raises DatabaseFault with the name of the file."""
    start = time.perf_counter()
    for step in STAGES[stage]:
        if step in PYTHON:
            PYTHON[step](con)
        else:
            run_sql_file(con, sql_folder() / "build" / f"{step}.sql", parameters)
    note_progress(f"{stage}: {time.perf_counter() - start:.1f} s")
