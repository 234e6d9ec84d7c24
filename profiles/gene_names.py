"""What one cell of a gene column names: an Ensembl id, a symbol, an Entrez or HGNC id, alone or joined in one of the usual ways."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from profiles.dates import is_date

# GENCODE before release 25 wrote the copy on Y of a pseudoautosomal gene as ENSGR0000..., later ones as ENSG00000..._PAR_Y.
ENSEMBL = re.compile(r"ENSG(R?)(\d{10,11})(?:\.\d+)?(?:_PAR_Y)?", re.IGNORECASE)
ENSEMBL_WITHIN = re.compile(rf"(?<![A-Za-z0-9])(?:gene[:-])?({ENSEMBL.pattern})(?![A-Za-z0-9])(?:_\d{{1,2}}(?!\d))?", re.IGNORECASE)
# What stands before a name to say that it is a gene (GFF attributes) or which genome of several it is of (mixed references).
PREFIX = re.compile(r"^(?:gene[:-]|gene_id[:= ]|(?:hg19|hg38|GRCh37|GRCh38)_+)(?=.)", re.IGNORECASE)
# Brackets and colons also stand inside of names, as in C1qR(P) and Em:AC068896.4: there only a number or an id after them is another name.
SEPARATORS = re.compile(r"[|;,]+|\s+|\s*\((?=\d+\))|\)$|(?<!HGNC):(?=\d{3,}$)", re.IGNORECASE)
BESIDE_ENSEMBL = re.compile(r"[|;,()\s]+|(?<!HGNC):")
# R's make.names of DepMap's `TP53 (7157)`.
DOTTED_ENTREZ = re.compile(r"(.+)\.\.(\d+)\.")
SYMBOL_ENTREZ = re.compile(r"([A-Z][A-Za-z0-9-]*)_([1-9]\d{2,})")
SYMBOL_LIKE = re.compile(r"[A-Z][A-Z0-9-]{1,}")


@dataclass(frozen=True)
class GeneIds:
    """The gene identifiers of one matrix, in its order; a kind that the file lacks is an empty tuple."""

    ensembl: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    entrez: tuple[str, ...] = ()

    def __len__(self) -> int:
        return max(len(self.ensembl), len(self.symbol), len(self.entrez))

    @property
    def labels(self) -> tuple[str, ...]:
        """One name per gene, for messages."""
        kinds = [kind for kind in (self.symbol, self.ensembl, self.entrez) if kind]
        return tuple(next((name for name in names if name), "?") for names in zip(*kinds, strict=True))


def plain_ensembl(gene: str) -> str:
    """An Ensembl gene id without its version, the pseudoautosomal copy on Y folded into the one on X; empty for anything else."""
    match = ENSEMBL.fullmatch(gene.strip())
    return f"ENSG{'0' if match.group(1) else ''}{match.group(2)}" if match else ""


def loc_number(name: str) -> str:
    """The Entrez id in NCBI's name for a gene without a symbol, LOC100287102; empty for anything else."""
    return name[3:] if name[:3] in ("LOC", "loc") and name[3:].isdigit() else ""


def parse_gene_names(names: Sequence[str]) -> GeneIds:
    """Tell Ensembl ids, symbols and Entrez ids in one column apart, alone or joined.

    Joined as in `TP53 (7157)`, `TP53|7157`, `ENSG...|TP53`, `TP53_ENSG...`, `TP53;ENSG...`, `gene:ENSG...`; an HGNC id stays in the
    symbols. A number alone stays a symbol: whether the column is one of Entrez ids, `resolve` sees from the whole of it.
    """
    registers = _registers(names)
    cells = [
        ("", name, "") if registers and (match := SYMBOL_ENTREZ.fullmatch(name)) and match.group(1) in registers else _parse(name)
        for name in names
    ]
    kinds = (tuple(column) for column in zip(*cells, strict=True)) if cells else ((), (), ())
    return GeneIds(*(kind if any(kind) else () for kind in kinds))


def _registers(names: Sequence[str]) -> frozenset[str]:
    """What stands before a number in more names than one gene has: `LRG_100` and `Cluster_100` are the hundredth of a list, not Entrez id 100."""
    before = Counter(match.group(1) for name in set(names) if "_" in name and (match := SYMBOL_ENTREZ.fullmatch(name)))
    return frozenset(word for word, n in before.items() if n > 1)


def _parse(name: str) -> tuple[str, str, str]:
    """Ensembl id, symbol, Entrez id of one cell, empty where it has none."""
    if ENSEMBL.fullmatch(name):
        return name, "", ""
    if name.isalnum():
        return "", name, ""
    return _joined(PREFIX.sub("", name.strip().strip('"').strip()))


def _joined(name: str) -> tuple[str, str, str]:
    if found := ENSEMBL_WITHIN.search(name):
        rest = f"{name[: found.start()].rstrip('_')}|{name[found.end() :].lstrip('_')}"
        return found.group(1), *_symbol_and_number([part for part in BESIDE_ENSEMBL.split(rest) if part.strip("-_?.")])
    if match := DOTTED_ENTREZ.fullmatch(name) or SYMBOL_ENTREZ.fullmatch(name):
        return "", match.group(1), match.group(2)
    parts = [part for part in SEPARATORS.split(name) if part.strip("-_?.")]
    if (len(parts) < 2 and "?" not in name) or is_date(name) or _several_genes(parts):
        return "", name, ""
    return "", *_symbol_and_number(parts)


def _several_genes(parts: Sequence[str]) -> bool:
    """Whether a cell names two genes or more, as in `TP53 /// TP63`: none of them is meant alone."""
    return sum(bool(SYMBOL_LIKE.fullmatch(part)) for part in parts) > 1


def _symbol_and_number(parts: Sequence[str]) -> tuple[str, str]:
    """The first symbol and the first Entrez id among the parts of a joined name."""
    numbers = [part for part in parts if part.isdigit()]
    rest = [part for part in parts if not part.isdigit()]
    return "".join(rest[:1]), "".join(numbers[:1])
