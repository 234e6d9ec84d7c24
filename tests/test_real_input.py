"""The whole curation line on 1,079 measured samples of three archives in their native layouts (skipped where they are absent)."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from curation.build import RunOptions, build
from curation.config import BuildConfig
from curation.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
INPUT = Path(os.environ.get("BULKATLAS_SHARED", ROOT.parent / "shared")) / "data" / "real_input"
pytestmark = pytest.mark.skipif(not INPUT.is_dir(), reason=f"measured input is not at {INPUT} (set BULKATLAS_SHARED)")

GTEX = {
    "Bladder": "bladder",
    "Cervix - Ectocervix": "cervix",
    "Cervix - Endocervix": "cervix",
    "Kidney - Cortex": "kidney",
    "Minor Salivary Gland": "salivary_gland",
    "Uterus": "uterus",
}
TCGA = {
    "Bile duct": "biliary_tract", "Bladder": "bladder", "Cervix": "cervix", "Colon": "colon", "Endometrium": "uterus", "Esophagus": "esophagus",
    "Head and Neck region": "head_and_neck", "Kidney": "kidney", "Liver": "liver", "Lung": "lung", "Prostate": "prostate", "Rectum": "colon",
    "Stomach": "stomach", "Thyroid Gland": "thyroid", "Uterus": "uterus",
}  # fmt: skip
CELL_LINES = {"BT474", "HME", "MB435", "MCF7", "T47D"}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "release"
    build(INPUT, out, BuildConfig(), RunOptions(), Progress())
    return out


@pytest.fixture(scope="module")
def labels(release: Path) -> pd.DataFrame:
    return pd.read_parquet(release / "labels.parquet").set_index("sample_id")


def test_every_measured_sample_is_accounted_for(labels: pd.DataFrame, release: Path) -> None:
    assert labels.source.value_counts().to_dict() == {"tcga": 798, "gtex": 191, "archs4": 90}
    kept = anndata.read_h5ad(release / "compendium.h5ad", backed="r").obs
    assert set(kept.index) == set(labels.index[labels.excluded_at.isna()])


def test_cell_lines_leave_and_mixtures_stay_unlabelled(labels: pd.DataFrame) -> None:
    study = labels[labels.series_id == "GSE12946"]
    text = study.title + " " + study.source_name + " " + study.characteristics
    lines = {name: study[text.str.contains(name)] for name in CELL_LINES}
    assert all(len(rows) == 1 and rows.excluded_at.eq(9).all() for rows in lines.values())
    assert int(study.excluded_at.notna().sum()) == len(CELL_LINES)
    mixtures = study[text.str.contains("mix", case=False)]
    assert len(mixtures) == 2
    assert mixtures.split.eq("unlabelled").all()
    assert mixtures.tissue.eq("").all()


def test_fibroblasts_are_fibroblast(labels: pd.DataFrame) -> None:
    text = (labels.title + labels.source_name + labels.characteristics).fillna("")
    fibroblasts = labels[text.str.contains("fibroblast", case=False)]
    assert len(fibroblasts) > 5
    assert fibroblasts.tissue.eq("fibroblast").all()
    assert labels[labels.excluded_at.isna()].tissue.replace("", np.nan).nunique() >= 20


def test_gtex_labels_agree_with_their_own_column(labels: pd.DataFrame) -> None:
    attributes = pd.read_csv(INPUT / "gtex" / "GTEx_Analysis_v8_Annotations_SampleAttributesDS.txt", sep="\t").set_index("SAMPID")
    mine = labels[labels.source == "gtex"]
    assert mine.tissue.to_dict() == attributes.SMTSD.reindex(mine.index).map(GTEX).to_dict()


def test_tcga_labels_agree_with_their_own_columns(labels: pd.DataFrame) -> None:
    with gzip.open(INPUT / "tcga" / "TcgaTargetGTEX_phenotype.txt.gz", "rt", encoding="latin-1") as file:
        phenotype = pd.read_csv(file, sep="\t").set_index("sample")
    mine = labels[labels.source == "tcga"]
    listed = mine[mine.index.isin(phenotype.index)]
    assert listed.tissue.to_dict() == phenotype["_primary_site"].reindex(listed.index).map(TCGA).to_dict()
    normal = phenotype["_sample_type"].reindex(listed.index) == "Solid Tissue Normal"
    assert (listed.is_tumour == ~normal).all()
    absent = mine[~mine.index.isin(phenotype.index)]
    assert len(absent) == 5
    assert absent.tissue.eq("").all()


def test_samples_without_a_phenotype_are_named_in_the_manifest(release: Path) -> None:
    (note,) = [n for n in json.loads((release / "manifest.json").read_text())["notes"] if "are not in" in n]
    assert "unlabelled" in note
    assert all(s in note for s in ("TCGA-56-7579-11", "TCGA-EI-6883-01", "TCGA-AG-3902-01", "TCGA-CG-5721-11", "TCGA-FL-A1YF-11"))


def test_no_group_stands_in_two_splits(labels: pd.DataFrame) -> None:
    parts = labels[labels.split.isin(["train", "validation", "test"])]
    assert parts.groupby("group_id").split.nunique().eq(1).all()
    patients = parts[parts.source == "tcga"].index.str.split("-").str[:3].str.join("-")
    assert parts[parts.source == "tcga"].groupby(patients).split.nunique().eq(1).all()


def test_expression_is_log2_tpm_closed_over_the_genes(release: Path) -> None:
    data = anndata.read_h5ad(release / "compendium.h5ad")
    np.testing.assert_allclose((2.0 ** data.X.astype(np.float64) - 1).sum(axis=1), 1e6, rtol=1e-4)
    train = data[data.obs.split == "train"].X.astype(np.float64)
    np.testing.assert_allclose(data.var.train_mean, train.mean(axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(data.var.train_std, train.std(axis=0), rtol=1e-4, atol=1e-4)
