"""Writers of the four native layouts. Every file name holds `simulated`, by which the build knows what it reads."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.demo.anatomy import gtex_tissues, tcga_studies
from curation.demo.expression import World
from curation.demo.sample import DemoSample
from profiles import room

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

Advance = Callable[[int], None]
BYTES_PER_SAMPLE = 4_000  # of texts, with what an HDF5 file keeps beside each
ARCHS4_CHUNK = (2000, 1)  # of human_gene_v2.x.h5


def write_archs4(folder: Path, world: World, samples: Sequence[DemoSample], advance: Advance) -> None:
    """human_gene_v2.x.h5: uint32 counts, genes x samples, one chunk per 2,000 genes of a sample, texts of variable length."""
    n_genes = len(world.genes)
    n_bytes = 2 * n_genes * len(samples) + BYTES_PER_SAMPLE * len(samples)  # counts shrink to less than half
    with room.new_hdf5(folder / "human_gene_v2.6_simulated.h5", n_bytes) as file:
        file.attrs["simulated"] = True
        _texts(file, "meta/info/author", "curate demo (simulated)")
        _texts(file, "meta/info/version", "2.6 layout, simulated")
        _texts(file, "meta/info/creation-date", "01/01/2026")
        _texts(file, "meta/genes/symbol", list(world.genes.symbol))
        _texts(file, "meta/genes/ensembl_gene", list(world.genes.ensembl))
        _texts(file, "meta/genes/biotype", ["protein_coding"] * n_genes)
        data = file.create_dataset(
            "data/expression",
            shape=(n_genes, len(samples)),
            maxshape=(n_genes, None),
            dtype="uint32",
            chunks=(min(ARCHS4_CHUNK[0], n_genes), ARCHS4_CHUNK[1]),
            compression="gzip",
            compression_opts=4,
        )
        aligned = np.zeros(len(samples))
        for place, counts in world.counts(samples):
            data[:, place] = counts.T.astype(np.uint32)
            aligned[place] = counts.sum(axis=1)
            advance(len(counts))
        _archs4_samples(file, samples, aligned)


def _archs4_samples(file: Any, samples: Sequence[DemoSample], aligned: NDArray[np.float64]) -> None:
    fixed = {
        "channel_count": "1",
        "contact_address": "",
        "contact_city": "",
        "contact_country": "",
        "contact_institute": "simulated",
        "contact_name": "curate,,demo",
        "contact_zip": "",
        "data_processing": "simulated counts, negative binomial",
        "extract_protocol_ch1": "simulated",
        "instrument_model": "none (simulated)",
        "last_update_date": "Jan 02 2026",
        "library_selection": "cDNA",
        "library_strategy": "RNA-Seq",
        "molecule_ch1": "total RNA",
        "organism_ch1": "Homo sapiens",
        "platform_id": "GPL00000",
        "status": "Public on Jan 02 2026",
        "submission_date": "Jan 01 2026",
        "taxid_ch1": "9606",
        "type": "SRA",
    }
    columns: dict[str, list[str]] = {name: [value] * len(samples) for name, value in fixed.items()}
    columns["geo_accession"] = columns["sample"] = [sample.sample_id for sample in samples]
    columns["series_id"] = [sample.series_id for sample in samples]
    columns["title"] = [sample.title for sample in samples]
    columns["source_name_ch1"] = [sample.source_name for sample in samples]
    columns["characteristics_ch1"] = [sample.characteristics for sample in samples]
    columns["library_source"] = ["transcriptomic single cell" if sample.kind == "single cell" else "transcriptomic" for sample in samples]
    columns["relation"] = [f"BioSample: simulated/{sample.sample_id},SRA: simulated/{sample.sample_id}" for sample in samples]
    for name in sorted(columns):
        _texts(file, f"meta/samples/{name}", columns[name])
    probability = np.asarray([sample.single_cell_probability for sample in samples])
    file.create_dataset("meta/samples/singlecellprobability", data=probability)
    file.create_dataset("meta/samples/alignedreads", data=aligned)


def _texts(file: Any, name: str, values: str | list[str]) -> None:
    import h5py

    file.create_dataset(name, data=values, dtype=h5py.string_dtype("utf-8"))


def write_gtex(folder: Path, world: World, samples: Sequence[DemoSample], advance: Advance) -> None:
    """GCT 1.2, gzipped (versioned Ensembl ids, symbols as description), and the sample attributes with SMTSD."""
    import polars as pl

    frame = pl.DataFrame({"Name": [f"{gene}.1" for gene in world.genes.ensembl], "Description": list(world.genes.symbol)})
    frame = frame.hstack(_columns(world, samples, advance))
    head = f"#1.2\n{len(world.genes)}\t{len(samples)}\n"
    _gzip(folder / "GTEx_simulated_gene_reads.gct.gz", head.encode() + frame.write_csv(separator="\t").encode())
    site = {item.smtsd: item.smts for item in gtex_tissues()}
    pl.DataFrame(
        {
            "SAMPID": [sample.sample_id for sample in samples],
            "SMTS": [site[sample.title] for sample in samples],
            "SMTSD": [sample.title for sample in samples],
            "SMAFRZE": ["RNASEQ"] * len(samples),
            "SMPTHNTS": ["simulated"] * len(samples),
        }
    ).write_csv(folder / "GTEx_simulated_SampleAttributesDS.txt", separator="\t")


def write_tcga(folder: Path, world: World, samples: Sequence[DemoSample], unlisted: set[str], advance: Advance) -> None:
    """The UCSC Xena matrix, log2(expected count + 1) by symbol, and its phenotype table, which lacks the `unlisted` samples."""
    import polars as pl

    # Xena's gene names are older than today's: a few dozen genes go by an earlier symbol.
    pairs = zip(world.genes.symbol, world.genes.previous, strict=True)
    names = [old if old and position % 40 == 0 else now for position, (now, old) in enumerate(pairs)]
    frame = pl.DataFrame({"sample": names}).hstack(_columns(world, samples, advance, log2=True))
    _gzip(folder / "tcga_simulated_RSEM_Hugo_expected_count.tsv.gz", frame.write_csv(separator="\t", float_precision=4).encode())
    listed = [sample for sample in samples if sample.sample_id not in unlisted]
    site = {item.disease: item.site for item in tcga_studies()}
    kinds = {"01": "Primary Tumor", "03": "Primary Blood Derived Cancer - Peripheral Blood", "11": "Solid Tissue Normal"}
    table = pl.DataFrame(
        {
            "sample": [sample.sample_id for sample in listed],
            "detailed_category": [sample.title for sample in listed],
            "primary disease or tissue": [sample.title for sample in listed],
            "_primary_site": [site[sample.title] for sample in listed],
            "_sample_type": [kinds[sample.sample_id[-2:]] for sample in listed],
            "_gender": [sample.sex for sample in listed],
            "_study": ["TCGA"] * len(listed),
        }
    )
    _gzip(folder / "TcgaTargetGTEX_simulated_phenotype.txt.gz", table.write_csv(separator="\t").encode("utf-8"))


def write_depmap(folder: Path, world: World, samples: Sequence[DemoSample], advance: Advance) -> None:
    """log2(TPM + 1), models x genes named `SYMBOL (ENTREZ)`, and Model.csv."""
    import polars as pl

    from curation.demo.anatomy import cell_lines

    genes = [f"{symbol} ({entrez})" for symbol, entrez in zip(world.genes.symbol, world.genes.entrez, strict=True)]
    blocks = []
    for _, counts in world.counts(samples):
        rate = counts / world.genes.length_bp
        blocks.append(np.log2(1e6 * rate / rate.sum(axis=1, keepdims=True) + 1))
        advance(len(counts))
    frame = pl.DataFrame({"": [sample.sample_id for sample in samples]}).hstack(pl.from_numpy(np.concatenate(blocks), schema=genes))
    frame.write_csv(folder / "OmicsExpressionProteinCodingGenesTPMLogp1_simulated.csv", float_precision=6)
    line = {item.cell_line: item for item in cell_lines()}
    models = [line[sample.region] for sample in samples]
    pl.DataFrame(
        {
            "ModelID": [sample.sample_id for sample in samples],
            "PatientID": [sample.donor_id for sample in samples],
            "CellLineName": [sample.cell_line for sample in samples],
            "StrippedCellLineName": ["".join(filter(str.isalnum, sample.cell_line)).upper() for sample in samples],
            "OncotreeLineage": [model.lineage for model in models],
            "OncotreePrimaryDisease": [model.disease for model in models],
            "Sex": [model.sex for model in models],
            "SampleCollectionSite": [model.collection_site for model in models],
            "PublicComments": ["simulated"] * len(samples),
        }
    ).write_csv(folder / "Model_simulated.csv")


def _columns(world: World, samples: Sequence[DemoSample], advance: Advance, *, log2: bool = False) -> pl.DataFrame:
    import polars as pl

    frames = []
    for place, counts in world.counts(samples):
        values = np.log2(counts + 1.0) if log2 else counts
        frames.append(pl.from_numpy(np.ascontiguousarray(values.T), schema=[sample.sample_id for sample in samples[place]]))
        advance(len(counts))
    return pl.concat(frames, how="horizontal")


def _gzip(path: Path, content: bytes) -> None:
    # No time and no name in the header: the same content gives the same bytes.
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=5, mtime=0) as file:
        file.write(content)
