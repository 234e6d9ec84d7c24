"""What `curate label` of ten rows costs, against importing the two libraries that it cannot do without (duckdb, pyarrow).

    python benchmarks/label_ten.py

Processor time and peak memory of whole processes, the median of five; the first run, which may compile the ontology, is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TEXTS = (
    "liver tumour",
    "kidney cortex",
    "HepG2 cells treated",
    "CD4+ T cells",
    "fetal brain",
    "lung adenocarcinoma",
    "whole blood PBMC",
    "skeletal muscle biopsy",
    "pleural macrophage",
    "iPSC-derived neurons",
)
RUNS = 5


def cost(*arguments: str) -> tuple[float, float]:
    """Processor seconds and peak MB of one Python process."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def median_cost(*arguments: str) -> tuple[float, float]:
    seconds, megabytes = zip(*(cost(*arguments) for _ in range(RUNS)), strict=True)
    return statistics.median(seconds), statistics.median(megabytes)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "ten.tsv"
        rows = [f"GSM{i}\t{text} rep{i}\t{text}\ttissue: {text}, age: {30 + i}" for i, text in enumerate(TEXTS)]
        table.write_text("\n".join(["sample_id\ttitle\tsource_name_ch1\tcharacteristics_ch1", *rows]) + "\n")
        label = ("-c", "from curation.cli import main; main()", "label", str(table), "--out", str(Path(folder) / "labels.tsv"))
        cost(*label)
        import_s, import_mb = median_cost("-c", "import duckdb, pyarrow")
        label_s, label_mb = median_cost(*label)
    print(f"import duckdb, pyarrow: {import_s:.2f} s, {import_mb:.0f} MB")
    print(f"curate label, ten rows: {label_s:.2f} s, {label_mb:.0f} MB: {label_s / import_s:.1f} times the import")


if __name__ == "__main__":
    main()
