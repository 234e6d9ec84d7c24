"""Hand-made tables in the dialect of each tool: a few hundred real gene names, invented values, four samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from profiles.genes import load_genes

N_GENES = 240
SAMPLES = ("liver_1", "liver_2", "kidney_1", "kidney_2")


@dataclass(frozen=True)
class Gene:
    """The names of one gene."""

    symbol: str
    ensembl: str
    entrez: str
    length: float


@cache
def genes() -> tuple[Gene, ...]:
    """Genes with every kind of name, spread over the reference table."""
    table = load_genes()
    whole = [
        Gene(s, e, z, float(n))
        for s, e, z, n in zip(table.symbol, table.ensembl_gene_id, table.entrez_id, table.length_bp, strict=True)
        if e and z and n == n
    ]
    return tuple(whole[:: len(whole) // N_GENES][:N_GENES])


@cache
def counts() -> np.ndarray:
    """Whole numbers (genes, samples): samples share the order of their genes, as tissues do, and hold zeros."""
    rng = np.random.default_rng(7)
    level = rng.normal(4, 2.5, N_GENES)
    values = np.exp(level[:, None] + rng.normal(0, 0.8, (N_GENES, len(SAMPLES))))
    return np.rint(values).astype(int)


@cache
def tpm() -> np.ndarray:
    """The counts per length, closed to a million."""
    rates = counts() / np.array([gene.length for gene in genes()])[:, None]
    return np.round(rates / rates.sum(axis=0) * 1e6, 3)


def rows(header: str, row: Callable[[int], list[object]], separator: str = "\t") -> str:
    """Header and one row a gene."""
    return "\n".join([header, *(separator.join(map(str, row(g))) for g in range(N_GENES))]) + "\n"


def join(*cells: object) -> str:
    return "\t".join(map(str, cells))


@dataclass(frozen=True)
class Case:
    """A table and what it must be read as: sample ids, values (genes, samples), the quantity that the layout declares."""

    file: str
    text: str
    samples: tuple[str, ...] = SAMPLES
    values: str = "counts"
    quantity: str | None = None
    columns: slice | None = None
    said: tuple[str, ...] = ()  # words of the notes

    def truth(self) -> np.ndarray:
        """(samples, genes) as they must come out."""
        table = {"counts": counts(), "tpm": tpm()}[self.values]
        return table[:, self.columns or slice(None)].T.astype(np.float32)


def one(g: int) -> int:
    return int(counts()[g, 0])


def some(g: int) -> list[object]:
    return list(counts()[g])


def _tables() -> dict[str, Case]:
    named = genes()
    k, t = counts(), tpm()
    head = join(*SAMPLES)
    first = slice(0, 1)
    cases = {
        "plain": Case("m.tsv", rows(join("gene", head), lambda g: [named[g].symbol, *some(g)])),
        "featureCounts": Case("counts.txt", "# Program:featureCounts v2.0.6; Command:\"featureCounts\" \"-a\" \"x.gtf\"\n" + rows(join("Geneid", "Chr", "Start", "End", "Strand", "Length", head), lambda g: [named[g].ensembl, "1;1", "5;90", "30;95", "+;+", 31, *some(g)]), said=("Chr", "Length")),
        "featureCounts of one exon each": Case("counts.txt", rows(join("Geneid", "Chr", "Start", "End", "Strand", "Length", head), lambda g: [named[g].ensembl, 1, 5 + 1000 * g, 30 + 1000 * g, "+", 26, *some(g)])),
        "HTSeq without header": Case("liver_1.htseq.txt", rows("", lambda g: [named[g].ensembl, one(g)])[1:] + "__no_feature\t5000000\n__ambiguous\t17\n", ("liver_1",), columns=first, said=("summaries",)),
        "HTSeq without header, with names": Case("liver_1.txt", rows("", lambda g: [named[g].ensembl, named[g].symbol, one(g)])[1:] + "__no_feature\t\t5000000\n", ("liver_1",), columns=first),
        "HTSeq without header, an empty name and the chromosome": Case("liver_1.counts", rows("", lambda g: [named[g].ensembl + ".3", "", f"chr{g % 22 + 1}", one(g)])[1:] + "__no_feature\t\t\t5000000\n", ("liver_1",), columns=first, said=("summaries",)),
        "featureCounts by symbol, positions joined": Case("counts.txt", rows(join("Geneid", "Chr", "Start", "End", "Strand", "Length", head), lambda g: [named[g].symbol, ";".join(["22"] * (g % 9 + 1)), ";".join(map(str, range(90, 91 + g % 9))), "95", "+", 31, *some(g)]), said=("Chr", "Start")),
        "biomaRt as R writes it": Case("m.tsv", rows(join("Gene.stable.ID", "Gene.name", "Chromosome.scaffold.name", head), lambda g: [named[g].ensembl, named[g].symbol, g % 22 + 1, *some(g)]), said=("Chromosome.scaffold.name",)),
        "means of groups beside the samples": Case("m.tsv", rows(join("gene", head, "liver.mean", "kidney.mean"), lambda g: [named[g].symbol, *some(g), k[g, :2].mean(), k[g, 2:].mean()]), said=("liver.mean", "a group of samples")),
        "averages only": Case("m.tsv", rows(join("gene", "avg_liver", "avg_kidney"), lambda g: [named[g].symbol, *some(g)[:2]]), ("avg_liver", "avg_kidney"), columns=slice(0, 2)),
        "a title and a blank line above the header": Case("suppl.txt", "Table S1. Raw counts\n\n" + rows(join("Gene symbol", "Gene ID", head), lambda g: [named[g].symbol, named[g].ensembl, *some(g)])),
        "a title of a spreadsheet above the header": Case("suppl.csv", '"Table S1, raw counts",,,,,\n,,,,,\n' + rows(",".join(["Gene symbol", "Gene ID", *SAMPLES]), lambda g: [named[g].symbol, named[g].ensembl, *some(g)], ",")),
        "HTSeq joined": Case("m.tsv", rows(join("gene_id", head), lambda g: [named[g].ensembl, *some(g)]) + join("__no_feature", 1, 2, 3, 4) + "\n"),
        "STAR": Case("liver_1ReadsPerGene.out.tab", "N_unmapped\t9\t9\t9\nN_multimapping\t8\t8\t8\nN_noFeature\t7\t70\t6\nN_ambiguous\t3\t1\t2\n" + rows("", lambda g: [named[g].ensembl, one(g), one(g) // 20, one(g) - one(g) // 20])[1:], ("liver_1",), quantity="counts", columns=first, said=("STAR", "strand")),
        "STAR, second strand": Case("s/ReadsPerGene.out.tab", "N_unmapped\t9\t9\t9\nN_noFeature\t7\t70\t6\n" + rows("", lambda g: [named[g].ensembl, one(g) // 2, one(g) // 20, one(g)])[1:], ("s",), quantity="counts", columns=first, said=("the second strand is read",)),
        "STAR with a header": Case("liver_1.tsv", rows(join("gene_id", "unstranded", "stranded_first", "stranded_second"), lambda g: [named[g].ensembl, one(g), one(g) // 3, one(g) // 2]), ("liver_1",), quantity="counts", columns=first),
        "RSEM": Case("liver_1.genes.results", rows(join("gene_id", "transcript_id(s)", "length", "effective_length", "expected_count", "TPM", "FPKM"), lambda g: [named[g].symbol, "NM_1,NM_2", named[g].length, named[g].length - 50, one(g) + 0.5, t[g, 0], t[g, 0] / 2]), ("liver_1",), "tpm", "tpm", first, ("RSEM", "expected_count")),
        "RSEM with joined ids": Case("liver_1.genes.results", rows(join("gene_id", "transcript_id(s)", "length", "effective_length", "expected_count", "TPM", "FPKM", "pme_TPM"), lambda g: [f"{named[g].ensembl}_{named[g].symbol}", "x", 9, 8, one(g), t[g, 0], 1, t[g, 0]]), ("liver_1",), "tpm", "tpm", first),
        "Salmon": Case("liver_1/quant.genes.sf", rows(join("Name", "Length", "EffectiveLength", "TPM", "NumReads"), lambda g: [named[g].ensembl + ".4", named[g].length, 5, t[g, 0], one(g)]), ("liver_1",), "tpm", "tpm", first),
        "kallisto of genes": Case("liver_1/abundance.tsv", rows(join("target_id", "length", "eff_length", "est_counts", "tpm"), lambda g: [named[g].ensembl, named[g].length, 5, one(g), t[g, 0]]), ("liver_1",), "tpm", "tpm", first),
        "tximport": Case("txi.csv", rows(",".join(["", *(f"{q}.{s}" for q in ("abundance", "counts", "length") for s in SAMPLES), "countsFromAbundance"]), lambda g: [named[g].ensembl, *t[g], *k[g], *[named[g].length] * 4, "no"], ","), values="tpm", quantity="tpm", said=("several quantities",)),
        "StringTie": Case("liver_1_gene_abund.tab", rows(join("Gene ID", "Gene Name", "Reference", "Strand", "Start", "End", "Coverage", "FPKM", "TPM"), lambda g: [named[g].ensembl, named[g].symbol, "chr1", "+", 5, 90, one(g) / 7, t[g, 0] / 2, t[g, 0]]), ("liver_1",), "tpm", "tpm", first),
        "Cufflinks": Case("liver_1.genes.fpkm_tracking", rows(join("tracking_id", "class_code", "nearest_ref_id", "gene_id", "gene_short_name", "tss_id", "locus", "length", "coverage", "FPKM", "FPKM_conf_lo", "FPKM_conf_hi", "FPKM_status"), lambda g: [named[g].ensembl, "-", "-", named[g].ensembl, named[g].symbol, "-", "1:5-9", "-", "-", t[g, 0], 0, 9, "OK"]), ("liver_1",), "tpm", "fpkm", first),
        "cuffdiff": Case("genes.fpkm_tracking", rows(join("tracking_id", "class_code", "gene_short_name", "locus", "length", "coverage", *(f"{s}_{q}" for s in SAMPLES[:2] for q in ("FPKM", "conf_lo", "conf_hi", "status"))), lambda g: [f"XLOC_{g:06d}", "-", named[g].symbol, "1:5-9", "-", "-", t[g, 0], 0, 9, "OK", t[g, 1], 0, 9, "OK"]), SAMPLES[:2], "tpm", "fpkm", slice(0, 2)),
        "GDC": Case("liver_1.rna_seq.augmented_star_gene_counts.tsv", "# gene-model: GENCODE v36\n" + join("gene_id", "gene_name", "gene_type", "unstranded", "stranded_first", "stranded_second", "tpm_unstranded", "fpkm_unstranded", "fpkm_uq_unstranded") + "\nN_unmapped\t\t\t9\t9\t9\t\t\t\n" + rows("", lambda g: [named[g].ensembl + ".5", named[g].symbol, "protein_coding", one(g), 1, 2, t[g, 0], 3, 4])[1:], ("liver_1",), "tpm", "tpm", first, ("GDC", "unstranded")),
        "nf-core": Case("salmon.merged.gene_counts.tsv", rows(join("gene_id", "gene_name", head), lambda g: [named[g].ensembl, named[g].symbol, *some(g)])),
        "cBioPortal": Case("data_mrna.txt", rows(join("Hugo_Symbol", "Entrez_Gene_Id", head), lambda g: [named[g].symbol, named[g].entrez, *some(g)]), said=("Entrez_Gene_Id",)),
        "cBioPortal, five lines of remarks": Case("data_mrna.txt", "".join(f"#{join('a', 'b', 'c', 'd', 'e', 'f')}\n" for _ in range(4)) + rows(join("Hugo_Symbol", "Entrez_Gene_Id", head), lambda g: [named[g].symbol, named[g].entrez, *some(g)])),
        "biomaRt": Case("m.csv", rows(",".join(["ensembl_gene_id", "external_gene_name", "chromosome_name", "start_position", "end_position", "percentage_gene_gc_content", "entrezgene_id", "gene_biotype", *SAMPLES]), lambda g: [named[g].ensembl, named[g].symbol, 1, 5 * g, 9 * g, 41.5, named[g].entrez, "protein_coding", *some(g)], ","), said=("percentage_gene_gc_content",)),
        "DESeq2 beside counts": Case("m.tsv", rows(join("gene", head, "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"), lambda g: [named[g].ensembl, *some(g), k[g].mean(), -0.4, 0.2, -2, 0.04, "NA"]), said=("log2FoldChange", "baseMean")),
        "edgeR beside counts": Case("m.tsv", rows(join("gene", "logFC", "logCPM", "F", "PValue", "FDR", head), lambda g: [named[g].symbol, 1.5, 3, 9, 0.001, 0.01, *some(g)]), said=("logCPM",)),
        "NCBI GEO counts": Case("GSE1_raw_counts_GRCh38.p13_NCBI.tsv", rows(join("GeneID", head), lambda g: [named[g].entrez, *some(g)])),
        "Xena": Case("TCGA-LIHC.star_counts.tsv", rows(join("Ensembl_ID", head), lambda g: [named[g].ensembl + ".11", *some(g)])),
        "GTEx GCT": Case("gene_reads.gct", f"#1.2\n{N_GENES}\t4\n" + rows(join("Name", "Description", head), lambda g: [named[g].ensembl + ".2", named[g].symbol, *some(g)])),
        "GTEx GCT of one tissue": Case("gene_reads_liver.gct", f"#1.2\n{N_GENES}\t4\n" + rows(join("id", "Name", "Description", head), lambda g: [g, named[g].ensembl + ".2", named[g].symbol, *some(g)])),
        "GCT 1.3": Case("m.gct", f"#1.3\n{N_GENES}\t4\t2\t2\n" + join("id", "pr_symbol", "pr_number", head) + "\n" + join("tissue", "na", "na", *"abcd") + "\n" + join("age", "na", "na", 1, 2, 3, 4) + "\n" + rows("", lambda g: [named[g].ensembl, named[g].symbol, g % 2, *some(g)])[1:], said=("pr_number",)),
        "DepMap": Case("Omics.csv", "\n".join([",".join(["", "SequencingID", "ModelID", "IsDefaultEntryForModel", "ModelConditionID", *(f"{x.symbol} ({x.entrez})" for x in named)]), *(",".join(map(str, [i, f"CDS-{i}", s, "Yes", f"MC-{i}", *k[:, i]])) for i, s in enumerate(SAMPLES)), ",".join(map(str, [4, "CDS-9", "liver_1", "No", "MC-9", *k[:, 0]]))]) + "\n", said=("not its default",)),
        "DepMap, some bare Ensembl": Case("Omics.csv", "\n".join([",".join(["", *(x.ensembl if i % 3 == 0 else f"{x.symbol} ({x.ensembl})" for i, x in enumerate(named))]), *(",".join(map(str, [s, *k[:, i]])) for i, s in enumerate(SAMPLES))]) + "\n"),
        "samples in rows with facts": Case("m.csv", "\n".join([",".join(["id", "age", "sex", *(x.symbol for x in named)]), *(",".join(map(str, [s, 40 + i, "F", *k[:, i]])) for i, s in enumerate(SAMPLES))]) + "\n", said=("age",)),
        "row numbers before the genes": Case("m.csv", rows(",".join(["", "gene", *SAMPLES]), lambda g: [g, named[g].symbol, *some(g)], ",")),
        "unknown name, lengths by value": Case("m.tsv", rows(join("gene", "bp", head), lambda g: [named[g].symbol, named[g].length, *some(g)]), said=("lengths of the genes",)),
        "unknown name, Entrez ids by value": Case("m.tsv", rows(join("gene", "link", head), lambda g: [named[g].symbol, named[g].entrez, *some(g)]), said=("Entrez ids",)),
        "unknown name, row numbers by value": Case("m.tsv", rows(join("gene", "order", head), lambda g: [named[g].symbol, g + 1, *some(g)]), said=("counts the rows",)),
        "counts and TPM of each sample": Case("m.tsv", rows(join("gene", *(f"{s}_count" for s in SAMPLES), *(f"{s}_TPM" for s in SAMPLES)), lambda g: [named[g].symbol, *k[g], *t[g]]), values="tpm", quantity="tpm", said=("several quantities",)),
        "a mean beside the samples": Case("m.tsv", rows(join("gene", head, "together"), lambda g: [named[g].symbol, *some(g), k[g].mean()]), said=("together", "mean, median or sum of the others")),
        "a mean by its name": Case("m.tsv", rows(join("gene", head, "mean_count"), lambda g: [named[g].symbol, *some(g), 1 + k[g].max()]), said=("mean_count",)),
        "raw and normalised values of each sample": Case("m.tsv", rows(join("gene", *(f"{s}_raw" for s in SAMPLES), *(f"{s}_normalized" for s in SAMPLES)), lambda g: [named[g].symbol, *k[g], *(k[g] * 1.7)]), said=("another quantity", "liver_1_normalized")),
        "mostly blank text column": Case("m.tsv", rows(join("gene", "flag", head), lambda g: [named[g].symbol, "" if g else "housekeeping", *some(g)]), said=("flag",)),
        "numbered samples under a blank corner": Case("m.csv", rows(",1,2,3,4", lambda g: [named[g].ensembl, *some(g)], ","), ("1", "2", "3", "4")),
        "a sample of almost nothing": Case("m.tsv", rows(join("gene", head), lambda g: [named[g].ensembl, *some(g)])),
    }  # fmt: skip
    return cases


TABLES = _tables


REFUSED: dict[str, Callable[[], tuple[str, str, str]]] = {
    "unknown numeric column": lambda: ("m.tsv", rows(join("gene", "purity", *SAMPLES), lambda g: [genes()[g].symbol, (g * 37) % 101, *some(g)]), r"'purity'.*--samples.*--annotation"),
    "a share beside counts": lambda: ("m.tsv", rows(join("gene", "part", *SAMPLES), lambda g: [genes()[g].symbol, one(g) / 1e6, *some(g)]), r"'part': lies between 0 and 1"),
    "two unlike columns": lambda: ("m.tsv", rows(join("gene", "a", "b"), lambda g: [genes()[g].symbol, one(g), (g * 37) % 101]), r"may be no sample: a, b"),
    "positions that run with the samples": lambda: ("m.tsv", rows(join("gene", "start", *SAMPLES[1:]), lambda g: [genes()[g].symbol, *some(g)]), r"'start' is named as position but runs with the samples"),
    "transcripts": lambda: ("quant.sf", rows(join("Name", "Length", "EffectiveLength", "TPM", "NumReads"), lambda g: [f"ENST{g:011d}.2", 9, 8, 1.5, 3]), r"these are transcripts, not genes.*tximport"),
    "RefSeq transcripts": lambda: ("abundance.tsv", rows(join("target_id", "length", "eff_length", "est_counts", "tpm"), lambda g: [f"NM_{g:06d}", 9, 8, 1.5, 3]), r"transcripts, not genes"),
    "transcripts with their genes": lambda: ("salmon.merged.transcript_counts.tsv", rows(join("tx", "gene_id", *SAMPLES), lambda g: [f"ENST{g:011d}", genes()[g // 2].ensembl, *some(g)]), r"transcripts, not genes"),
    "Cufflinks' isoforms": lambda: ("isoforms.fpkm_tracking", rows(join("tracking_id", "class_code", "nearest_ref_id", "gene_id", "gene_short_name", "tss_id", "locus", "length", "coverage", "FPKM", "FPKM_conf_lo", "FPKM_conf_hi", "FPKM_status"), lambda g: [f"TCONS_{g:08d}", "=", "-", f"XLOC_{g // 2:06d}", genes()[g].symbol, "TSS1", "1:5-9", 900, "-", one(g), 0, 9, "OK"]), r"isoforms.*give genes.fpkm_tracking"),
    "cells with a few gene-like words": lambda: ("coldata.csv", "barcode,cluster,n\n" + "".join(f"Plate {i} A1,{('CD8A', 'CD4', 'NKG7')[i % 3]},{i}\n" for i in range(200)), r"neither its column names .* are human genes"),
    "coordinates where ids belong": lambda: ("umap.csv", join("umap_1", *(x.symbol for x in genes()[:9])).replace("\t", ",") + "\n" + "".join(",".join(map(str, [i * 0.37 - 3, *range(i, i + 9)])) + "\n" for i in range(40)), r"no column names the samples.*'umap_1', holds decimals"),
    "cycles of a sequencer": lambda: ("plot.tsv", "\n".join([join("Sample", *range(1, 400, 2)), *(join(s, *range(200)) for s in SAMPLES)]) + "\n", r"are human genes"),
    "an almost empty column": lambda: ("m.tsv", rows(join("gene", "interpretation", *SAMPLES), lambda g: [genes()[g].symbol, 7 if g == 3 else "", *some(g)]), r"'interpretation': nearly all of its cells are empty"),
    "long table": lambda: ("m.tsv", "gene\tsample\tcount\n" + "".join(f"{genes()[g].symbol}\t{s}\t{counts()[g, i]}\n" for g in range(60) for i, s in enumerate(SAMPLES)), r"long table.*pivot"),
    "long table by sample": lambda: ("m.tsv", "sample\tgene\tTPM\n" + "".join(f"{s}\t{genes()[g].symbol}\t{counts()[g, i]}\n" for i, s in enumerate(SAMPLES) for g in range(N_GENES)), r"long table.*pivot"),
    "mouse symbols": lambda: ("m.tsv", rows(join("gene", *SAMPLES), lambda g: [genes()[g].symbol.capitalize(), *some(g)]), "mouse genes"),
    "mouse ids": lambda: ("m.tsv", rows(join("gene", *SAMPLES), lambda g: [f"ENSMUSG{g:011d}", *some(g)]), "mouse genes"),
    "rat ids": lambda: ("m.tsv", rows(join("gene", *SAMPLES), lambda g: [f"ENSRNOG{g:011d}", *some(g)]), "rat genes"),
    "recount3": lambda: ("x.gene_sums.SRP1.G026", "##annotation=G026\n##date.generated=1\n" + rows(join("gene_id", *SAMPLES), lambda g: [genes()[g].ensembl, *(100 * counts()[g])]), r"gene sums.*--unit coverage-N"),
    "only a comparison": lambda: ("res.csv", rows("gene,baseMean,log2FoldChange,pvalue,padj", lambda g: [genes()[g].symbol, 5, 1, 0.2, 0.3], ","), r"no column holds the values of a sample"),
    "several columns without header": lambda: ("m.tsv", rows("", lambda g: [genes()[g].ensembl, *some(g)])[1:], r"4 columns of numbers and no header line"),
    "the same sample twice": lambda: ("m.tsv", rows(join("gene", "S1", "S1", "S2"), lambda g: [genes()[g].symbol, *some(g)[:3]]), r"1 sample ids occur more than once, first: S1"),
    "the same sample twice in rows": lambda: ("m.tsv", "\n".join([join("id", *(x.symbol for x in genes())), *(join("S1", *counts()[:, i]) for i in range(2))]) + "\n", r"1 sample ids occur more than once, first: S1"),
    "a word among numbers": lambda: ("m.tsv", rows(join("gene", *SAMPLES), lambda g: [genes()[g].symbol, *some(g)[:3], "lots" if g == 100 else some(g)[3]]), r"column 'kidney_2', line 102: 'lots' is no number"),
    "a cut GCT": lambda: ("m.gct", f"#1.2\n{N_GENES + 5}\t4\n" + rows(join("Name", "Description", *SAMPLES), lambda g: [genes()[g].ensembl, "x", *some(g)]), r"promises 245 genes and 4 samples, 240 and 4 are there; is the file cut short"),
    "means of groups and their comparison": lambda: ("res.csv", rows(",symbol,baseMean,HD.mean,Control.mean,log2FoldChange,padj", lambda g: [genes()[g].ensembl, genes()[g].symbol, 5, *some(g)[:2], 1, 0.3], ","), r"no column holds the values of a sample.*HD.mean \(mean or spread of a group of samples\).*--samples"),
    "fold changes of many comparisons": lambda: ("lfc.csv", rows(",a_vs_c,b_vs_c", lambda g: [genes()[g].symbol, 0.5 - g % 2, 0.2 * (g % 7) - 0.7], ","), r"no column holds.*a_vs_c \(comparison\)"),
    "a monkey's ids among symbols": lambda: ("m.tsv", rows(join("Gene", *SAMPLES), lambda g: [f"ENSCSAG{g:011d}" if g % 4 == 0 else genes()[g].symbol, *some(g)]), r"these are green monkey genes \(60 of 240"),
    "mouse genes of a GFF file": lambda: ("m.csv", rows("#ID," + ",".join(SAMPLES), lambda g: ["gene-" + genes()[g].symbol.capitalize(), *some(g)], ","), "mouse genes"),
    "mouse, HTSeq without header": lambda: ("a.counts", rows("", lambda g: [f"ENSMUSG{g:011d}.5", "", f"chr{g % 19 + 1}", one(g)])[1:], "mouse genes"),
    "microRNAs": lambda: ("m.tsv", rows(join("miRNA", *SAMPLES), lambda g: [f"hsa-miR-{g + 1}-5p" if g % 2 else f"MIMAT{g:07d}", *some(g)]), "these are microRNAs"),
    "proteins": lambda: ("m.tsv", rows(join("Accession", *SAMPLES), lambda g: [f"P{g % 10}{g:03d}7", *some(g)]), "these are proteins"),
    "a list of proteins": lambda: ("m.tsv", rows(join("GeneSymbol", "RefSeqProteinID", "Species"), lambda g: [genes()[g // 3].symbol, f"NP_{g:06d}", "Homo sapiens"]), "these are proteins"),
    "numbered clusters of an assembly": lambda: ("m.csv", rows("CLUSTER," + ",".join(SAMPLES), lambda g: [f"Cluster_{g + 100}", *some(g)], ","), "are human genes"),
    "featureCounts' summary": lambda: ("counts.txt.summary", join("Status", *SAMPLES) + "\n" + "".join(join(word, 5, 6, 7, 8) + "\n" for word in ("Assigned", "Unassigned_Unmapped", "Unassigned_NoFeatures", "Unassigned_Ambiguity")), "the summary that featureCounts writes"),
    "a SOFT file": lambda: ("GSE1_family.soft", "^DATABASE = GeoMiame\n!Database_name = x\n^SAMPLE = GSM1\n!Sample_title = t\n", "GEO SOFT file.*curate label"),
    "a series matrix of RNA-seq": lambda: ("GSE1_series_matrix.txt", '!Series_title\t"t"\n!Sample_title\t"a"\t"b"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n!series_matrix_table_end\n', r"series matrix without values.*curate label"),
    "a sparse matrix": lambda: ("matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n3 2 1\n1 1 5\n", "read_10x_mtx"),
    "no genes": lambda: ("m.tsv", rows(join("thing", *SAMPLES), lambda g: [f"thing{g}", *some(g)]), "are human genes"),
    "cuffdiff's comparison": lambda: ("gene_exp.diff", rows(join("test_id", "gene", "sample_1", "sample_2", "status", "value_1", "value_2", "p_value"), lambda g: ["x", genes()[g].symbol, "a", "b", "OK", 1, 2, 0.5]), "cuffdiff's comparison"),
    "a sample in one quantity, another in another": lambda: ("m.tsv", rows(join("gene", "a_TPM", "a_count", "b_count"), lambda g: [genes()[g].symbol, *some(g)[:3]]), r"different quantities.*b_count"),
}  # fmt: skip
