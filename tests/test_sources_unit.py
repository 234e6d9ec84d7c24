"""Units told from values: counts, TPM, FPKM, their logarithms, z-scores, and declarations that the values contradict."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.sources import LINEAR, Unit
from curation.sources.scratch import Tiles
from curation.sources.unit import Evidence, Scale, UnitContradiction, confirm, quantity_in_name, settle

N_GENES = 4000
RNG = np.random.default_rng(7)
LENGTHS = RNG.uniform(500, 8000, N_GENES)
COUNTS = RNG.negative_binomial(0.4, 0.4 / (0.4 + RNG.lognormal(5, 2, N_GENES)), (6, N_GENES)).astype(np.float64)
RATE = COUNTS / LENGTHS
FPKM = 1e9 * RATE / COUNTS.sum(axis=1, keepdims=True)
TPM = 1e6 * RATE / RATE.sum(axis=1, keepdims=True)
LOG_COUNTS = np.log2(COUNTS + RNG.uniform(0, 0.4, COUNTS.shape) * (COUNTS > 0) + 1)
Z_SCORES = (LOG_COUNTS - LOG_COUNTS.mean(axis=0)) / (LOG_COUNTS.std(axis=0) + 1e-6)


def evidence(values: NDArray[np.float64]) -> Evidence:
    found = Evidence()
    for piece in np.array_split(values.astype(np.float32), 5, axis=1):
        found.add(piece)
    return found


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (COUNTS, "counts"),
        (COUNTS * 1.37, "counts"),  # expected counts have decimals
        (TPM, "tpm"),
        (np.log2(TPM + 1), "log2_tpm"),
        (LOG_COUNTS, "log2_counts"),
    ],
)
def test_the_unit_is_told_from_the_values(values: NDArray[np.float64], unit: Unit) -> None:
    assert settle(None, evidence(values), "m").unit == unit


@pytest.mark.parametrize("values", [FPKM, np.log2(FPKM + 1)])
def test_fpkm_must_be_declared(values: NDArray[np.float64]) -> None:
    with pytest.raises(UnitContradiction, match="cannot be told from its values"):
        settle(None, evidence(values), "m")
    assert LINEAR[settle("fpkm", evidence(values), "m").unit] == "fpkm"


@pytest.mark.parametrize("declared", ["counts", "tpm", "fpkm"])
def test_z_scores_are_refused_whatever_is_declared(declared: str) -> None:
    with pytest.raises(UnitContradiction, match=r"negative values .* z-scores"):
        settle(declared, evidence(Z_SCORES), "m")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "declared", "reason"),
    [
        (COUNTS, "tpm", "sum to .* per sample where TPM sum to at most 1,000,000"),
        (LOG_COUNTS, "log2_tpm", "sum to .* per sample where TPM sum to at most 1,000,000"),
        (TPM, "counts", "every sample sums to 1,000,000, as TPM or CPM do"),
        (np.log2(TPM + 1), "log2_counts", "every sample sums to 1,000,000"),
        (np.log2(TPM + 1), "tpm", "no value exceeds .* as on a log2 scale"),
        (LOG_COUNTS, "counts", "no value exceeds .* as on a log2 scale"),
        (TPM, "log2_tpm", "far too large for a logarithm"),
        (COUNTS, "fpkm", "all values are whole numbers, as counts are"),
    ],
)
def test_a_declaration_that_the_values_contradict_is_refused_with_the_evidence(
    values: NDArray[np.float64], declared: Unit, reason: str
) -> None:
    with pytest.raises(UnitContradiction, match=rf"m is said to hold {declared}, but .*{reason}.*6 samples x 4,000 genes"):
        confirm(Scale(declared), evidence(values), "m")


@pytest.mark.parametrize(
    ("values", "declared"), [(COUNTS, "counts"), (TPM, "tpm"), (FPKM, "fpkm"), (np.log2(TPM + 1), "log2_tpm"), (LOG_COUNTS, "log2_counts")]
)
def test_a_true_declaration_passes(values: NDArray[np.float64], declared: Unit) -> None:
    confirm(Scale(declared), evidence(values), "m")


def test_a_part_of_the_genes_of_a_tpm_table_is_no_contradiction() -> None:
    confirm(Scale("tpm"), evidence(TPM[:, ::3]), "m")


def test_the_logarithm_of_tpm_plus_a_thousandth_is_recognised_and_undone() -> None:
    logs = np.log2(TPM + 0.001)
    scale = settle("tpm", evidence(logs), "m")
    assert (scale.unit, scale.pseudo_count) == ("log2_tpm", 0.001)
    np.testing.assert_allclose(scale.to_linear(logs.astype(np.float32)), TPM, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("GTEx_Analysis_v8_gene_reads.gct.gz", "counts"),
        ("GTEx_Analysis_v8_gene_tpm.gct.gz", "tpm"),
        ("tcga_RSEM_Hugo_expected_count.tsv.gz", "counts"),
        ("TCGA_fpkm.tsv", "fpkm"),
        ("matrix.tsv", None),
    ],
)
def test_the_quantity_in_a_name(name: str, quantity: str | None) -> None:
    assert quantity_in_name(name) == quantity


def test_tiles_turn_genes_into_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.sources.scratch.BLOCK_BYTES", 3 * 4 * 11)
    matrix = RNG.random((7, 11), dtype=np.float32)
    with Tiles(7) as tiles:
        for piece in (matrix[:, :4], matrix[:, 4:5], matrix[:, 5:]):
            tiles.append(piece)
        blocks = list(tiles.blocks())
    assert [len(positions) for positions, _ in blocks] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), matrix)
    np.testing.assert_array_equal(np.concatenate([positions for positions, _ in blocks]), np.arange(7))
