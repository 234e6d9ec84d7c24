"""`curate doctor`: what it measures is true of this machine, and what is not good enough is refused."""

from __future__ import annotations

import re
import shutil

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.doctor import (
    Finding,
    Load,
    NotFit,
    available_memory,
    diagnose,
    load_findings,
    measure_load,
    python_findings,
    refuse,
    write_speed,
)


def test_every_required_package_is_listed_with_its_bound():
    findings = {finding.what: finding for finding in python_findings()}
    assert findings["duckdb"].needed.startswith(">=")
    assert findings["Python"].is_fit
    assert all(finding.is_fit in (True, None) for finding in findings.values())


def test_disk_and_memory_are_those_of_the_machine(tmp_path):
    findings = {finding.what: finding for finding in diagnose(None, tmp_path)}
    told = float(findings[f"free disk at {tmp_path}"].found.split()[0].replace(",", ""))
    assert told == pytest.approx(shutil.disk_usage(tmp_path).free / 1e9, rel=0.05)
    assert 0 < available_memory() < 1 << 46
    assert write_speed(tmp_path, 8 << 20) > 1e5


def test_the_load_of_a_planned_build_is_counted(tiny):
    load = measure_load(tiny / "world")
    assert load.n_samples == 96
    assert load.n_files == 3
    assert load.n_bytes == sum(path.stat().st_size for path in (tiny / "world").rglob("*") if path.is_file())


def test_a_build_that_does_not_fit_is_refused(tmp_path):
    findings = load_findings(Load(n_samples=10**9, n_bytes=10**15, n_files=3), tmp_path, cap=None)
    assert [finding.is_fit for finding in findings if finding.what == "disk for the release"] == [False]
    with pytest.raises(NotFit, match="disk for the release"):
        refuse(findings)
    refuse([Finding("a", "b", is_fit=True), Finding("c", "d")])


def test_times_grow_with_the_number_of_samples(tmp_path):
    def seconds(n):
        found = next(f.found for f in load_findings(Load(n, 10**6, 1), tmp_path, cap=None) if f.what == "time, samples, labels, splits")
        value, unit = re.match(r"about (\S+) (\S+)", found).groups()
        return float(value) * {"s": 1, "min": 60, "h": 3600}[unit]

    assert seconds(1_000) < seconds(100_000) < seconds(1_000_000)


def test_the_command_prints_and_decides(tiny, tmp_path):
    result = CliRunner().invoke(app, ["doctor", "--input", str(tiny / "world"), "--out", str(tmp_path / "release")])
    assert result.exit_code == 0, result.output
    assert "96 samples in 3 files" in result.stdout
    assert not (tmp_path / "release").exists()
