"""What is known by name: columns that hold no expression, quantities, and the layouts of counting tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

COLUMNS_TABLE: Final = Path(__file__).with_name("columns.tsv")
# Marks of a comparison may stand anywhere in a name: log2FoldChange_A_vs_B, treated.padj.
COMPARISON = re.compile(
    r"(^|_)(log(2|10|e)?_?(fold_?change|fc|ratio)|lfc|p_?adj|(adj(usted)?_)?p_?val(ue)?s?(_adj)?|fdr|q_?value|padj_.*|lfcse|basemean)(_|$)|[^_]_(vs|versus)_[^_]"
)
CONFIDENCE = re.compile(
    r"(^|_)(conf_(lo|hi)|ci_(lower|upper|lo|hi)(_bound)?|lower_?ci|upper_?ci|quant_status|status|posterior_(mean|stddev|sd)_.*)$"
)
# The mean of a group of samples beside the comparison of groups, or beside samples: S1, S2, treated.mean.
GROUP = re.compile(r".+_(means?|avg|averages?|medians?)|(means?|avg|averages?|medians?)_.+")
GROUP_SPREAD = re.compile(r".+_(sd|sem|stdev|stderr|variance)|(sd|sem|stdev|stderr|variance)_.+")
# What one cell of a name says of the quantity, best first: TPM need no gene lengths of ours, and counts are what was measured.
UNITS: Final = ("tpm", "counts", "fpkm", "cpm")  # those of the quantities below that say what the values are
QUANTITIES: Final[dict[str, str]] = {
    "tpm": r"tpms?|abundance|tpm_?values?|transcripts_per_million",
    "counts": r"(raw_?|read_?|expected_?|est(imated)?_?|unnormali[sz]ed_?|norm(ali[sz]ed)?_?)?(counts?|reads|num_?reads|frags|fragments)",
    "fpkm": r"fpkms?|rpkms?",
    "cpm": r"cpms?|rpm",
    "raw": r"raw",
    "other": r"scaled|norm(ali[sz]ed)?|coverage|cov|length|eff(ective)?_?length|fpkm_uq|uq|median_?ratio|vst|rlog|log2?_?(tpm|fpkm|cpm)|isopct|tmm|z_?score"
    r"|conf_(lo|hi)|ci_(lower|upper)",
}


@dataclass(frozen=True)
class Tool:
    """A tool that writes one sample in several quantities: the columns that give it away, and the one to take."""

    name: str
    columns: frozenset[str]
    take: str
    quantity: str
    transcripts: bool = False


TOOLS: Final = (
    Tool(
        "GDC augmented STAR counts",
        frozenset({"unstranded", "stranded_first", "stranded_second", "tpm_unstranded"}),
        "tpm_unstranded",
        "tpm",
    ),
    Tool("RSEM isoforms", frozenset({"transcript_id", "gene_id", "expected_count", "isopct"}), "tpm", "tpm", True),
    Tool("RSEM", frozenset({"gene_id", "expected_count", "tpm", "fpkm"}), "tpm", "tpm"),
    Tool("Salmon", frozenset({"name", "effectivelength", "tpm", "numreads"}), "tpm", "tpm"),
    Tool("Sailfish", frozenset({"name", "tpm", "estimatednumreads"}), "tpm", "tpm"),
    Tool("kallisto", frozenset({"target_id", "eff_length", "est_counts", "tpm"}), "tpm", "tpm"),
    Tool("StringTie transcripts", frozenset({"t_id", "t_name", "fpkm"}), "fpkm", "fpkm", True),
    Tool("StringTie", frozenset({"gene_id", "coverage", "fpkm", "tpm"}), "tpm", "tpm"),
    Tool("Cufflinks", frozenset({"tracking_id", "fpkm", "fpkm_conf_lo"}), "fpkm", "fpkm"),
    Tool("STAR with a header", frozenset({"unstranded", "stranded_first", "stranded_second"}), "", "counts"),
)
# Tables that hold no matrix, each with the sentence that says so.
REFUSED: Final = (
    (
        {"sample_1", "sample_2", "value_1", "value_2"},
        "cuffdiff's comparison of two conditions, not the expression of samples: give genes.fpkm_tracking",
    ),
    (
        {"tracking_id", "condition", "replicate", "fpkm"},
        "cuffdiff's long table of read groups, one row per gene and replicate: give genes.fpkm_tracking or genes.count_table",
    ),
)
# Ends of file names that tools add to the sample's name, longest first, and names that are no sample's: the folder is.
TAILS = re.compile(
    r"(\.(gz|xz|zst|bz2))?$|\.(rna_seq\.)?augmented_star_gene_counts$|[._-]?ReadsPerGene(\.out)?$|\.(genes|isoforms)$|\.(results|fpkm_tracking|out|tab|sf|tsv|csv|txt"
    r"|tabular|xlsx?|parquet|pq|gct|h5ad|htseq|HTSeq|counts?|quant|abundance|genes|isoforms|gene_abund|featureCounts)$|[._-](quant|abundance|gene_abund(ances)?|htseq|counts?|ReadsPerGene)$"
)
NO_SAMPLE = frozenset({"quant", "abundance", "genes", "isoforms", "readspergene", "readspergene.out", "t_data", "gene_abundances"})


def plain(name: str) -> str:
    """A column name in lower case, with one underscore for whatever is no letter or digit."""
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


@cache
def _known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    kinds: dict[str, list[str]] = {}
    for line in COLUMNS_TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        kind, pattern, _ = line.split("\t")
        kinds.setdefault(kind, []).append(pattern)
    return tuple((kind, re.compile("|".join(f"(?:{pattern})" for pattern in patterns))) for kind, patterns in kinds.items())


def kind_of_column(name: str, *, beside_comparison: bool = False) -> str:
    """What a column of that name holds besides expression, by columns.tsv; "" where the name does not say."""
    text = plain(name)
    if COMPARISON.search(text):
        return "comparison"
    if CONFIDENCE.search(text):
        return "bounds or state of an estimate"
    for kind, pattern in _known():
        if pattern.fullmatch(text) and (kind != "comparison with others" or beside_comparison):
            return kind.removesuffix(" with others")
    return ""


def groups_among(names: Sequence[str], *, beside_comparison: bool) -> list[int]:
    """Positions of names that speak of a group of samples, where samples or a comparison of groups stand beside them."""
    plain_names = [plain(name) for name in names]
    means = [i for i, name in enumerate(plain_names) if GROUP.fullmatch(name)]
    if beside_comparison:
        return sorted({*means, *(i for i, name in enumerate(plain_names) if GROUP_SPREAD.fullmatch(name))})
    return means if len(means) < len(names) else []


def is_comparison(names: Sequence[str]) -> bool:
    """Whether a column name is one that only tests of a difference have."""
    return any(COMPARISON.search(plain(name)) for name in names)


def tool_of(names: Sequence[str]) -> Tool | None:
    """The tool whose table of one sample has these columns."""
    have = {plain(name) for name in names}
    return next((tool for tool in TOOLS if tool.columns <= have), None)


def refused_as(names: Sequence[str]) -> str:
    """Why a table of these columns is no matrix; "" where it may be one."""
    have = {plain(name) for name in names}
    return next((sentence for columns, sentence in REFUSED if columns <= have), "")


QUANTITY_PARTS: Final = tuple((kind, re.compile(f"(?:{pattern})", re.IGNORECASE)) for kind, pattern in QUANTITIES.items())


@cache
def _parts() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    # The longest name of a quantity first, so that fpkm_uq is not fpkm with a sample `uq`.
    order = ("other", "tpm", "counts", "fpkm", "cpm", "raw")
    before, after = r"(?:{})[ ._:-](?P<sample>.+)", r"(?P<sample>.+?)[ ._:-](?:{})"

    def form(pattern: str, kind: str) -> re.Pattern[str]:
        return re.compile(pattern.format(QUANTITIES[kind]), re.IGNORECASE)

    return tuple((kind, form(before, kind), form(after, kind)) for kind in order)


def sample_and_quantity(name: str) -> tuple[str, str]:
    """(sample, quantity) of a column name such as `S1_TPM`, `abundance.S1` or `FPKM`; quantity "" where the name holds none."""
    text = name.strip()
    for kind, pattern in reversed(QUANTITY_PARTS):
        if pattern.fullmatch(text):
            return "", kind
    for kind, before, after in _parts():
        if match := before.fullmatch(text) or after.fullmatch(text):
            return match["sample"], kind
    return text, ""


def sample_of_file(path: str) -> str:
    """What the sample of a one-sample table is called: its file's name without the ends that tools add, or its folder's."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    while (shorter := TAILS.sub("", name)) != name and shorter:
        name = shorter
    parent = folder.rpartition("/")[2]
    return parent if name.lower() in NO_SAMPLE and parent not in ("", ".", "..") else name
