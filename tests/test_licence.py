"""`curate build --license`: sources whose licence was not asked for leave at the first step, with the reason, and are counted."""

from __future__ import annotations

import pytest

from curation.audit import run_query
from curation.build import BadInput, RunOptions, build
from curation.config import BuildConfig
from curation.progress import Progress


def licensed(tiny, out, *licences):
    config = BuildConfig(cap=10, unit="cpm", licences=licences)
    return build(tiny / "world", out, config, RunOptions(threads=1, ontology=tiny / "ontology"), Progress())


def test_only_sources_of_the_licence_are_kept_and_the_others_are_counted(tiny, tmp_path):
    licensed(tiny, tmp_path / "release", "LicenseRef-GTEx-open-access")
    assert run_query(tmp_path / "release", "SELECT DISTINCT source FROM kept").rows == [("gtex",)]
    assert run_query(tmp_path / "release", "SELECT reason, count(*) FROM exclusion WHERE step = 1 GROUP BY ALL").rows == [
        ("the licence of source archs4 was not asked for", 72)
    ]
    assert run_query(tmp_path / "release", "SELECT n_added, n_dropped FROM funnel WHERE step = 1").rows == [(72, 72)]
    citation = (tmp_path / "release" / "CITATION.txt").read_text()
    assert "Science 369" in citation
    assert "Lachmann" not in citation


def test_a_licence_that_no_source_has_is_refused(tiny, tmp_path):
    with pytest.raises(BadInput, match="no source of archs4, gtex has a licence of commercial"):
        licensed(tiny, tmp_path / "release", "commercial")
    assert list(tmp_path.iterdir()) == []
