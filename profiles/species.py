"""Whose genes the names of a table are, and whether they are genes at all: what to say of those that are not human genes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from profiles.dates import is_date
from profiles.gene_names import PREFIX, parse_gene_names
from profiles.genes import N_SAMPLED, GeneTable, is_title_case, load_genes

# Three or four letters after ENS are a species; Ensembl's commonest in expression tables by name, the others by their letters.
ENSEMBL_SPECIES = {
    "MUS": "mouse", "RNO": "rat", "DAR": "zebrafish", "GAL": "chicken", "SSC": "pig", "BTA": "cattle", "CAF": "dog", "MMU": "macaque",
    "MFA": "macaque", "PTR": "chimpanzee", "OCU": "rabbit", "OAR": "sheep", "ECA": "horse", "XET": "frog", "CGR": "hamster", "MAU": "hamster",
    "CSA": "green monkey", "CJA": "marmoset", "PAN": "baboon", "GGO": "gorilla", "PPA": "bonobo", "PPY": "orangutan", "FCA": "cat",
    "MPU": "ferret", "CPO": "guinea pig", "CHI": "goat", "SSA": "salmon", "ORL": "medaka",
}  # fmt: skip
ENSEMBL = re.compile(r"(?<![A-Za-z0-9])ENS([A-Z]{3,4})?(?:P\d{5})?([GTP])R?\d{10,11}", re.IGNORECASE)
TRANSCRIPT = re.compile(r"[NX][MR]_\d{6,}|uc\d{3}[a-z]{3}\.\d|TCONS_\d+")
OTHER_NAMES = (
    ("mouse", re.compile(r"MGI:\d+|.+Rik|Gm\d+|mt-[A-Z][a-z]?\S*|(?:mm9|mm10|GRCm3[89])_+.+")),
    ("rat", re.compile(r"RGD:?\d+|AABR\d+.*")),
    ("fly", re.compile(r"FBgn\d{7}")),
    ("worm", re.compile(r"WBGene\d{8}")),
    ("yeast", re.compile(r"Y[A-P][LR]\d{3}[CW](?:-[A-Z])?")),
    ("Arabidopsis", re.compile(r"AT[1-5MC]G\d{5}", re.IGNORECASE)),
    ("zebrafish", re.compile(r"(?:zgc:|si:|wu:)\S+|ZDB-GENE-.+")),
)
# What is measured beside genes and named by registers of its own.
MICRO_RNA = re.compile(r"(?:[a-z]{3}-)?(?:miR|mir|let|MIR)-\d\S*|[a-z]{3}-let-7\S*|MIMAT\d{7}(?:_\d+)?|MI\d{7}")
PROTEIN = re.compile(
    r"[NXY]P_\d{6,}(?:\.\d+)?|(?:sp|tr)\|\S+|[OPQ]\d[A-Z\d]{3}\d(?:-\d+)?|[A-NR-Z]\d(?:[A-Z][A-Z\d]{2}\d){1,2}(?:-\d+)?|[A-Z\d]{2,11}_HUMAN"
)
PROBE = re.compile(r"\S+_(?:at|st)|ILMN_\d+|A_\d\d_P\d+|cg\d{8}")
SUMMARY_ROW = re.compile(
    r"__\w+|N_(?:unmapped|multimapping|noFeature|ambiguous)|no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique"
    r"|ERCC-\d{5}|Unassigned_\w+",
)
MOSTLY = 0.5
# A mixture of human and mouse (xenografts) is read for its human part; clones and predicted genes are known to no table of symbols.
FEWEST_HUMAN = 0.3
FEWEST_OTHER = 0.2
# Mammals but rodents share our symbols, so their own ids among the names tell them, where no human id stands beside.
FEWEST_IDS, FEWEST_BY_ID = 20, 0.05
RODENTS = ("mouse", "rat")


@dataclass(frozen=True)
class Species:
    """How many of the names looked at are of each kind; `other` counts genes of other species by their word."""

    n_all: int
    n_names: int
    n_human: int
    n_transcripts: int
    n_probes: int
    n_dates: int
    n_ensembl: int  # human Ensembl ids
    n_micro: int
    n_proteins: int
    other: dict[str, int]
    example: dict[str, str]  # the first name of each kind

    @property
    def refusal(self) -> str | None:
        """Why a table of these names cannot be read as one of human genes and what to do; None if nothing stands against it."""
        for word, n in self.other.items():
            if n > max(FEWEST_OTHER * self.n_names, self.n_human) and self.n_human < FEWEST_HUMAN * self.n_names:
                return (
                    f"these are {word} genes ({n:,} of {self.n_names:,} names looked at, such as {self.example[word]}): only human ones are"
                    " read; map them to human one-to-one orthologues first"
                )
        for word, n in self.other.items():
            if word not in RODENTS and n >= FEWEST_IDS and n > FEWEST_BY_ID * self.n_names and not self.n_ensembl:
                return (
                    f"these are {word} genes ({n:,} of {self.n_names:,} names looked at are its ids, such as {self.example[word]}, and none is a"
                    " human one; symbols are alike in mammals): only human ones are read; map them to human one-to-one orthologues first"
                )
        if self.n_micro > MOSTLY * self.n_names:
            return f"these are microRNAs (such as {self.example['microRNA']}): only tables of genes are read"
        if self.n_proteins > MOSTLY * self.n_names:
            return f"these are proteins (such as {self.example['protein']}): only the expression of genes is read"
        if self.n_transcripts > MOSTLY * self.n_names:
            return (
                f"these are transcripts, not genes (such as {self.example['transcript']}): sum them to genes first, e.g. with tximport, or"
                " give the table of genes that the tool writes beside (RSEM genes.results, Salmon --geneMap)"
            )
        if self.n_probes > MOSTLY * self.n_names:
            return f"these are probes of a microarray (such as {self.example['probe']}), not genes of a sequencing experiment"
        return None

    @property
    def notes(self) -> list[str]:
        """What to say of names that are no human genes where most others are."""
        of = f" of {self.n_names:,}" if self.n_names < self.n_all else ""
        looked = "names looked at" if of else "names"
        said = [f"{n:,}{of} {looked} are those of {word} genes (such as {self.example[word]}): left out" for word, n in self.other.items()]
        if self.n_transcripts:
            said.append(f"{self.n_transcripts:,}{of} {looked} are transcripts, not genes (such as {self.example['transcript']}): left out")
        return said


def species(names: Sequence[str], table: GeneTable | None = None) -> Species:
    """Look at up to N_SAMPLED of the names, spread evenly; mouse and rat symbols are told by their letters (Tspan6)."""
    table = table or load_genes()
    some = [PREFIX.sub("", name.strip().strip('"')) for name in names[:: max(1, len(names) // N_SAMPLED)]]
    kinds: Counter[str] = Counter()
    example: dict[str, str] = {}
    rodent = _rodent([name for name in some if name])
    for name in some:
        if kind := _kind(name, table, rodent):
            kinds[kind] += 1
            example.setdefault(kind, name)
    n = {kind: kinds.pop(kind, 0) for kind in ("human", "transcript", "probe", "date", "microRNA", "protein")}
    n_ensembl = sum(_is_human_id(name) for name in some)
    n_names = len(some) - some.count("")
    return Species(
        sum(map(bool, names)),
        n_names,
        n["human"],
        n["transcript"],
        n["probe"],
        n["date"],
        n_ensembl,
        n["microRNA"],
        n["protein"],
        dict(kinds.most_common()),
        example,
    )


def _rodent(some: Sequence[str]) -> str:
    """The word for names in the case of rodents: rat where any of them is a rat's own."""
    rat = next(pattern for word, pattern in OTHER_NAMES if word == "rat")
    return "rat" if any(rat.fullmatch(name) for name in some) else "mouse"


def _kind(name: str, table: GeneTable, rodent: str) -> str:
    """human, transcript, probe, date, the word of another species, or nothing for what is no name of a gene."""
    if match := ENSEMBL.match(name):
        letters, level = (match.group(1) or "").upper(), match.group(2).upper()
        if level != "G":
            return "protein" if level == "P" else "transcript"
        return ENSEMBL_SPECIES.get(letters, f"ENS{letters}") if letters else "human"
    if TRANSCRIPT.match(name):
        return "transcript"
    if is_title_case(name) and name not in table.by_symbol and table.in_any_letters(name):
        return rodent
    if name in table.by_symbol or name in table.by_entrez:
        return "human"
    for word, pattern in OTHER_NAMES:
        if pattern.fullmatch(name):
            return word
    if PROBE.fullmatch(name):
        return "probe"
    if MICRO_RNA.fullmatch(name):
        return "microRNA"
    if PROTEIN.fullmatch(name):
        return "protein"
    if is_date(name):
        return "date"
    ids = parse_gene_names([name])
    return "human" if any(kind and table.knows(kind[0]) for kind in (ids.ensembl, ids.symbol, ids.entrez)) else ""


def _is_human_id(name: str) -> bool:
    match = ENSEMBL.search(name)
    return match is not None and not match.group(1)


def summary_rows(names: Sequence[str]) -> list[int]:
    """Positions of rows that count reads of no gene (STAR, HTSeq, featureCounts) or of spike-ins: no genes and in no library size."""
    return [i for i, name in enumerate(names) if name[:2] in FIRST_OF_SUMMARY and SUMMARY_ROW.fullmatch(name)]


FIRST_OF_SUMMARY = frozenset({"__", "N_", "no", "am", "to", "al", "ER", "Un"})
