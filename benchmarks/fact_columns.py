#!/usr/bin/env python3
"""Facts read from text against columns that curators filled: per table, style and fact how many are stated, found and right.

    python benchmarks/fact_columns.py [--shared ../shared]

The columns of Xena's phenotypes (TCGA, TARGET, GTEx) and of DepMap's models are written as a submitter would, once under keys (`keys`: gender: Male)
and once as a title without any key (`title`), labelled, and compared with the columns. A third set holds real text of arrays with a curated term:
of those whose term names a tumour, how many are said to be one. The tables helped to write the rules: this measures agreement.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from fact_precision import interval
from record import record

from curation.label_table import label_table

NEOPLASM = re.compile(r"carcinom|tumou?r|leuk.?emia|lymphom|gliom|melanom|sarcom|blastom|adenom|cancer|myelom|neoplas", re.IGNORECASE)
STATUS = {"Normal Tissue": "normal", "Solid Tissue Normal": "adjacent normal"}
NO_STATUS = ("Cell Line", "Control Analyte")


@dataclass(frozen=True)
class Row:
    """One line of the table: of `n` samples whose column says something, how many the text gave a value, and how many the same."""

    table: str
    style: str
    fact: str
    n: int
    n_found: int
    n_right: int

    def __str__(self) -> str:
        low, high = interval(self.n_right, self.n_found) if self.n_found else (0.0, 1.0)
        precision = f"{self.n_right / self.n_found:.4f}" if self.n_found else "–"
        shares = f"{self.n_right / self.n:.4f} | {precision} | {low:.3f} to {high:.3f}"
        return f"| {self.table} | {self.style} | {self.fact} | {self.n:,} | {self.n_found:,} | {self.n_right:,} | {shares} |"


def xena(path: Path) -> pl.DataFrame:
    """sample_id, site, disease, type and sex as the table has them; truth of sex and tissue_status."""
    import gzip

    raw = pl.read_csv(gzip.decompress(path.read_bytes()).decode("latin-1").encode(), separator="\t", infer_schema=False, quote_char=None)
    kind = pl.col("_sample_type")
    status = pl.when(kind.is_in(NO_STATUS)).then(pl.lit("")).otherwise(kind.replace_strict(STATUS, default="tumour"))
    return raw.select(
        sample_id="sample",
        site="_primary_site",
        disease=pl.when(kind.is_in(["Normal Tissue", *NO_STATUS])).then(pl.lit("")).otherwise(pl.col("detailed_category")),
        type="_sample_type",
        sex_words="_gender",
        age_words=pl.lit(""),
        table="_study",
        sex=pl.col("_gender").str.to_lowercase(),
        tissue_status=status,
        age=pl.lit(""),
    ).fill_null("")


def depmap(path: Path) -> pl.DataFrame:
    """The same of DepMap's models: lines, so that only sex and age are compared."""
    raw = pl.read_csv(path, infer_schema=False).fill_null("")
    sex = pl.when(pl.col("Sex").is_in(["Male", "Female"])).then(pl.col("Sex")).otherwise(pl.lit(""))
    age = pl.col("Age").str.replace(r"\.0$", "")
    return raw.select(
        sample_id="ModelID",
        site=pl.col("SampleCollectionSite").str.replace_all("_", " "),
        disease="OncotreePrimaryDisease",
        type=pl.lit("cell line"),
        sex_words=sex,
        age_words=age,
        table=pl.lit("DepMap"),
        sex=sex.str.to_lowercase(),
        tissue_status=pl.lit(""),
        age=age,
    )


def written(frame: pl.DataFrame, style: str) -> pl.DataFrame:
    """The columns as text: under keys, or as a title."""
    age = pl.when(pl.col("age_words") != "").then(pl.col("age_words") + " years old").otherwise(pl.lit(""))
    if style == "title":
        parts = [pl.col("site"), pl.col("disease"), pl.col("type"), pl.col("sex_words"), age, pl.col("sample_id")]
        named = [pl.when(part != "").then(part) for part in parts]
        return frame.select("sample_id", title=pl.concat_str(named, separator=", ", ignore_nulls=True))
    keys = {"gender": "sex_words", "age": "age_words", "disease": "disease", "sample type": "type"}
    pairs = [pl.when(pl.col(column) != "").then(pl.lit(f"{key}: ") + pl.col(column)) for key, column in keys.items()]
    characteristics = pl.concat_str(pairs, separator=", ", ignore_nulls=True)
    return frame.select("sample_id", title="sample_id", source_name="site", characteristics=characteristics)


def labelled(text: pl.DataFrame) -> pl.DataFrame:
    """What `curate label` says of it."""
    with tempfile.TemporaryDirectory() as folder:
        text.write_csv(Path(folder) / "text.tsv", separator="\t")
        label_table(Path(folder) / "text.tsv", Path(folder) / "labels.parquet")
        return pl.read_parquet(Path(folder) / "labels.parquet")


def compared(frame: pl.DataFrame, style: str) -> list[Row]:
    """A row per table and fact that its columns state."""
    found = labelled(written(frame, style)).select(
        "sample_id",
        sex_found=pl.col("sex").fill_null(""),
        tissue_status_found=pl.col("tissue_status").fill_null(""),
        age_found=pl.col("age").cast(pl.Float64).fill_null(float("nan")),
    )
    rows = []
    for (table,), part in frame.join(found, on="sample_id", validate="1:1").group_by("table", maintain_order=True):
        for fact in ("sex", "tissue_status", "age"):
            said = part.filter(pl.col(fact) != "")
            if fact == "age":
                told, same = pl.col("age_found").is_not_nan(), pl.col("age_found") == pl.col("age").cast(pl.Float64)
            else:
                told, same = pl.col(f"{fact}_found") != "", pl.col(f"{fact}_found") == pl.col(fact)
            if said.height:
                rows.append(Row(str(table), style, fact, said.height, said.filter(told).height, said.filter(told & same).height))
    return rows


def tumours(path: Path) -> Row:
    """Real text with a curated term: those whose term names a tumour."""
    raw = pl.read_csv(path, separator="\t", infer_schema=False).fill_null("")
    named = raw.filter(pl.col("bto_name").map_elements(lambda name: bool(NEOPLASM.search(name)), return_dtype=pl.Boolean))
    found = labelled(raw).rename({"sample_id": "geo_accession"}).join(named.select("geo_accession"), on="geo_accession")
    status = found["tissue_status"].fill_null("")
    return Row("arrays", "as submitted", "tissue_status = tumour", named.height, int((status != "").sum()), int((status == "tumour").sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    data = parser.parse_args().shared / "data"
    frames = [xena(data / "real_metadata" / "xena_TcgaTargetGTEX_phenotype.txt.gz"), depmap(data / "real_metadata" / "depmap_Model.csv")]
    rows = [row for style in ("keys", "title") for frame in frames for row in compared(frame, style)]
    rows.append(tumours(data / "labels" / "ale_visible.tsv"))
    print("| table | written as | fact | stated | found | right | recall | precision | 95% |\n|---|---|---|---|---|---|---|---|---|")
    print("\n".join(map(str, rows)))
    for fact in ("sex", "tissue_status", "age"):
        of = [row for row in rows if row.fact.startswith(fact)]
        n, right, found = sum(row.n for row in of), sum(row.n_right for row in of), sum(row.n_found for row in of)
        record(f"fact_columns_{fact}", n=n, recall=right / n, precision=right / found)


if __name__ == "__main__":
    main()
