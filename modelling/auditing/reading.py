"""What the audits look at, read from a compendium in one pass: its most variable genes, the marker genes, and how many genes each sample detects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.data import Compendium
from modelling.progress import Stage, silent
from modelling.scores.detected import detected_genes
from modelling.scratch import scratch_array

N_VARIABLE = 2000
N_TOP = 50
N_CORE = 300


@dataclass(frozen=True)
class Samples:
    """All n samples of a compendium: x_nv (n, v) log2 values of `variable` genes, marker_n each marker gene that was measured, detected_n the share of
    genes above zero, core_n the share of the N_CORE genes that all samples read strongly, top_n the share of all expression in the N_TOP strongest genes."""

    compendium: Compendium
    variable: list[str]
    x_nv: Floats
    marker_n: dict[str, Floats]
    detected_n: Floats
    core_n: Floats
    top_n: Floats

    @property
    def ids(self) -> Array:
        """Sample ids (n)."""
        return self.compendium.sample_ids

    def text(self, name: str) -> Array:
        """A column of obs as text (n), empty where the file lacks it."""
        return self.compendium.text(name).astype(str)

    def measured(self, genes: Sequence[str]) -> list[str]:
        """Those of some markers that the compendium holds."""
        return [gene for gene in genes if gene in self.marker_n]

    def mean(self, genes: Sequence[str]) -> Floats:
        """Mean log2 value of some markers (n); NaN where none was measured."""
        held = self.measured(genes)
        mean: Floats = np.mean([self.marker_n[gene] for gene in held], axis=0) if held else np.full(len(self.ids), np.nan)
        return mean


@dataclass(frozen=True)
class Finding:
    """One suspicion. evidence: values under their names, the columns of the audit's table; score: larger is surer; what to decide if it is right:
    to take the label away, or `is_cell_line` and fact with value; reason: a sentence for overrides.tsv."""

    sample_id: str
    score: float
    evidence: dict[str, str | float]
    reason: str
    is_cell_line: bool = False
    fact: str = ""
    value: str = ""
    decide: bool = True


@dataclass(frozen=True)
class Audited:
    """What one audit found, surest first, and what it could not look at."""

    name: str
    question: str
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)
    n_audited: int = 0


def read_samples(compendium: Compendium, markers: Sequence[str], stage: Stage = silent) -> Samples:
    """One pass over the compendium, in blocks."""
    mean, std = compendium.moments()
    genes = compendium.genes.astype(str)
    columns: Ints = np.sort(np.argsort(-std, kind="stable")[:N_VARIABLE])
    core = np.argsort(2 * std - mean, kind="stable")[:N_CORE]
    place = {symbol: i for i, symbol in enumerate(compendium.var["symbol"].astype(str))}
    held = [gene for gene in dict.fromkeys(markers) if gene in place]
    rows = np.arange(compendium.n_samples)
    x = scratch_array((len(rows), len(columns)))
    marked = np.zeros((len(held), len(rows)), np.float32)
    detected, cored, top = (np.zeros(len(rows)) for _ in range(3))
    advance = stage("reading samples", len(rows))
    for piece, block in compendium.blocks(rows, genes=[*genes, *held]):
        whole = block[:, : len(genes)]
        x[piece] = np.nan_to_num(whole[:, columns])
        marked[:, piece] = block[:, len(genes) :].T
        detected[piece] = detected_genes(whole)[1]
        cored[piece] = detected_genes(whole[:, core])[1]
        linear = np.exp2(np.nan_to_num(whole)) - 1
        top[piece] = np.partition(linear, -N_TOP, axis=1)[:, -N_TOP:].sum(1) / np.maximum(linear.sum(1), 1e-9)
        advance(len(piece))
    return Samples(compendium, genes[columns].tolist(), x, dict(zip(held, marked, strict=True)), detected, cored, top)


def ranked(findings: list[Finding]) -> list[Finding]:
    """Surest first, of equal ones by id."""
    return sorted(findings, key=lambda finding: (-finding.score, finding.sample_id))
