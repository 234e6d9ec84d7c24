"""Units told from values: each kind of table that tools write, made from one set of simulated reads; contradictions; the way there and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from profiles.errors import UnitFault
from profiles.unit_columns import units_differ
from profiles.unit_finding import find_unit
from profiles.unit_lengths import Lengths
from profiles.units import NAMED, Unit, parse_unit

Values = NDArray[np.float64]
N_GENES = 16_000
RNG = np.random.default_rng(7)
# Long genes are expressed a little less, and most reads come from few genes, as in real tissues.
LENGTHS = RNG.lognormal(7.4, 0.7, N_GENES).round()
LEVEL = RNG.normal(0.5, 2.6, N_GENES) - 0.3 * np.log2(LENGTHS / LENGTHS.mean())
DEPTH = np.array([8e6, 2.1e7, 1.3e7, 3.4e7, 1.7e7])[:, None]
RATE = np.exp2(LEVEL + RNG.normal(0, 0.8, (5, N_GENES))) * (RNG.random((5, N_GENES)) > 0.15)
SHARE = RATE * LENGTHS / (RATE * LENGTHS).sum(axis=1, keepdims=True)
COUNTS = RNG.poisson(SHARE * DEPTH).astype(float)
SIZE = COUNTS.sum(axis=1, keepdims=True)
# The tool's own effective lengths, which are not ours.
OWN = LENGTHS * RNG.lognormal(0, 0.5, N_GENES)
TPM = 1e6 * COUNTS / OWN / (COUNTS / OWN).sum(axis=1, keepdims=True)
FPKM = 1e9 * COUNTS / OWN / SIZE * 0.6
CPM = 1e6 * COUNTS / SIZE
MEAN = np.log2(1e6 * RATE / RATE.sum(axis=1, keepdims=True) + 1).mean(axis=0)
FACTOR = np.array([0.8, 1.3, 1.0, 1.1, 0.7])[:, None]
PRIOR = 2 * SIZE / SIZE.mean()
EXPECTED = COUNTS * np.where(RNG.random(COUNTS.shape) < 0.5, 1, RNG.uniform(0.8, 1.2, COUNTS.shape))

KINDS: dict[str, tuple[Values, str]] = {
    "counts": (COUNTS, "counts"),
    "expected counts": (EXPECTED, "counts"),
    "counts drawn to one depth": (RNG.multinomial(1_000_000, SHARE).astype(float), "counts"),
    "DESeq2's normalised counts": (COUNTS / (SIZE / SIZE.mean() * FACTOR), "counts"),
    "TPM": (TPM, "TPM"),
    "TPM, two decimals": (TPM.round(2), "TPM"),
    "TPM, whole numbers": (TPM.round(), "TPM"),
    "TPM, float noise below zero": (np.where(TPM == 0, -1e-9, TPM), "TPM"),
    "TPM of a part of the genes": (np.where(np.arange(N_GENES) % 50 == 0, np.nan, TPM), "TPM"),
    "FPKM": (FPKM, "FPKM"),
    "CPM": (CPM, "CPM"),
    "CPM, four decimals": (CPM.round(4), "CPM"),
    "fractions of one": (TPM / 1e6, "TPM / 1e+06"),
    "log2 TPM": (np.log2(TPM + 1), "log2(TPM + 1)"),
    "log2 TPM, two decimals": (np.log2(TPM + 1).round(2), "log2(TPM + 1)"),
    "ln TPM": (np.log1p(TPM), "ln(TPM + 1)"),
    "log10 TPM": (np.log10(TPM + 1), "log10(TPM + 1)"),
    "log2 TPM as Xena has it": (np.log2(TPM + 0.001), "log2(TPM + 0.001)"),
    "log2 FPKM": (np.log2(FPKM + 1), "log2(FPKM + 1)"),
    "ln FPKM": (np.log1p(FPKM), "ln(FPKM + 1)"),
    "log10 FPKM": (np.log10(FPKM + 1), "log10(FPKM + 1)"),
    "log2 CPM": (np.log2(CPM + 1), "log2(CPM + 1)"),
    "log2 counts": (np.log2(COUNTS + 1), "log2(counts + 1)"),
    "log2 expected counts": (np.log2(EXPECTED + 1), "log2(counts + 1)"),
    "scanpy to ten thousand": (np.log1p(CPM / 100), "ln(CPM / 100 + 1)"),
    "scanpy's default, the median depth": (
        np.log1p(COUNTS / SIZE * np.median(SIZE)),
        f"ln(CPM / {1e6 / np.median(SIZE):,.6g} + 1)",
    ),
    "edgeR's logCPM": (np.log2((COUNTS + PRIOR) / (SIZE + 2 * PRIOR) * 1e6), f"log2(CPM + {2e6 / (SIZE.mean() + 4):.4g})"),
    "voom": (np.log2((COUNTS + 0.5) / (SIZE + 1) * 1e6), "log2(CPM + an offset of each sample)"),
}
# Without a model's training mean the growth with length is too weak to leave no doubt; the verdict stays.
BY_MEAN: dict[str, NDArray[np.float64] | None] = {"with a training mean": MEAN, "without": None}


@pytest.mark.parametrize("against", BY_MEAN)
@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_is_told_from_the_values(kind: str, against: str) -> None:
    values, expected = KINDS[kind]
    found = find_unit(values.astype(np.float32), LENGTHS, BY_MEAN[against])
    assert str(found.unit) == expected
    assert found.reasons
    assert not found.doubtful or against == "without" or "whole" in kind


@pytest.mark.parametrize(
    ("kind", "truth"),
    [
        ("CPM", CPM),
        ("edgeR's logCPM", CPM),
        ("voom", CPM),
        ("scanpy's default, the median depth", CPM),
        ("fractions of one", TPM),
        ("log10 TPM", TPM),
        ("ln FPKM", FPKM),
        ("log2 counts", COUNTS),
        ("log2 TPM as Xena has it", TPM),
    ],
)
def test_the_unit_found_gives_the_linear_values_back(kind: str, truth: Values) -> None:
    values = KINDS[kind][0].astype(np.float32)
    unit = find_unit(values, LENGTHS, MEAN).unit
    np.testing.assert_allclose(unit.linear(values), truth, rtol=2e-3, atol=2e-3)


def test_a_model_of_counts_per_million_asks_by_its_own_mean() -> None:
    mean = np.log2(CPM + 1).mean(axis=0)
    for values, expected in ((COUNTS, "counts"), (TPM, "TPM"), (CPM, "CPM"), (np.log2(FPKM + 1), "log2(FPKM + 1)")):
        found = find_unit(values.astype(np.float32), LENGTHS, mean, mean_per_length=False)
        assert str(found.unit) == expected and not found.doubtful


def test_tags_of_transcript_ends_do_not_grow_with_length() -> None:
    tags = RNG.poisson(RATE / RATE.sum(axis=1, keepdims=True) * DEPTH).astype(np.float32)
    found = find_unit(tags, LENGTHS, MEAN)
    assert found.unit == Unit("tag counts") and found.doubtful


Z = np.log2(TPM + 1)
REFUSED: dict[str, tuple[Values, str]] = {
    "z-scores": ((Z - Z.mean(axis=0)) / (Z.std(axis=0) + 1e-6), "negative values .*z-scores, log ratios, centred or batch-corrected"),
    "log ratios": (Z - np.log2(TPM[:1] + 1.5), "negative values"),
    "damaged counts": (COUNTS - 3000 * (np.arange(N_GENES) == 7), "negative values"),
    "nothing but zeros": (np.zeros((2, N_GENES)), "no value but zero"),
    "coverage summed over bases": (COUNTS * 1000, "recount3.*--unit coverage-101"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_values_that_cannot_be_turned_back_are_refused(kind: str) -> None:
    values, said = REFUSED[kind]
    with pytest.raises(UnitFault, match=said):
        find_unit(values.astype(np.float32), LENGTHS, MEAN, file_name="x.tsv")


SUSPICIOUS: dict[str, Values] = {
    "variance-stabilised": np.log2(COUNTS + np.sqrt(COUNTS**2 + 30 * COUNTS) + 16),
    "batch-corrected": np.log2(TPM + 1) + RNG.uniform(0.1, 0.6, TPM.shape),
    "imputed": TPM + RNG.uniform(0.01, 0.3, TPM.shape),
}


@pytest.mark.parametrize("kind", SUSPICIOUS)
def test_a_table_of_all_genes_without_a_zero_is_doubted(kind: str) -> None:
    found = find_unit(SUSPICIOUS[kind].astype(np.float32), LENGTHS, MEAN)
    assert found.doubtful
    assert any("zero" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("values", "name", "quantity", "doubtful"),
    [(FPKM, "fpkm.txt", "FPKM", False), (COUNTS, "counts.tsv", "counts", False), (COUNTS, "x_TPM.tsv", "counts", True)],
)
def test_the_name_of_a_file_settles_a_doubt_or_makes_one(values: Values, name: str, quantity: str, doubtful: bool) -> None:
    found = find_unit(values.astype(np.float32), LENGTHS, None, file_name=name)
    assert (found.unit.quantity, found.doubtful) == (quantity, doubtful)


@pytest.mark.parametrize(
    ("values", "declared", "said"),
    [
        (COUNTS, "tpm", "sum to .* per sample where TPM sum to at most 1,000,000"),
        (COUNTS, "cpm", "where CPM sum to at most"),
        (np.log2(COUNTS + 1), "log2-tpm", "sum to .* per sample"),
        (TPM, "counts", "every sample sums to 1,000,000, as TPM or CPM do"),
        (np.log2(TPM + 1), "log2-counts", "every sample sums to 1,000,000"),
        (np.log2(TPM + 1), "tpm", "no value exceeds .* as on a logarithmic scale"),
        (TPM, "log2-tpm", "far too large for a logarithm"),
        (COUNTS, "fpkm", "all values are whole numbers, as counts are"),
        (Z - Z.mean(axis=0), "counts", "values are negative: z-scores"),
        (Z - Z.mean(axis=0), "log2-tpm", "values are negative: z-scores"),
    ],
)
def test_a_declaration_that_the_values_contradict_is_refused_with_the_evidence(values: Values, declared: str, said: str) -> None:
    with pytest.raises(UnitFault, match=rf"m is said to hold .*, but .*{said}.*5 samples x 16,000 genes.*correct the declared unit"):
        find_unit(values.astype(np.float32), LENGTHS, None, parse_unit(declared), "m")


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (COUNTS, "counts"),
        (EXPECTED, "counts"),
        (TPM, "tpm"),
        (TPM[:, ::3], "tpm"),
        (FPKM, "fpkm"),
        (CPM, "cpm"),
        (TPM / 1e6, "fractions"),
        (KINDS["voom"][0], "logcpm"),
        (np.log10(FPKM + 1), "log10-fpkm"),
        (COUNTS * 50, "coverage-50"),
        (TPM[:, :300], "counts"),
    ],
)
def test_a_true_declaration_passes(values: Values, declared: str) -> None:
    lengths = LENGTHS[: values.shape[1]]
    assert find_unit(values.astype(np.float32), lengths, None, parse_unit(declared), "m").unit == parse_unit(declared)


def test_a_declared_logarithm_takes_what_was_added_from_its_zeros() -> None:
    found = find_unit(np.log2(TPM + 0.01).astype(np.float32), LENGTHS, None, parse_unit("log2_tpm"), "m")
    assert found.unit.offset == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("name", NAMED)
def test_every_named_unit_goes_there_and_back(name: str) -> None:
    unit = parse_unit(name.upper().replace("-", "_"))
    linear = np.array([[0.0, 0.5, 3.0, 1200.0]])
    if not np.isnan(unit.offset):
        np.testing.assert_allclose(unit.linear(unit.stored(linear)), linear, atol=1e-9)
        assert unit.floor == pytest.approx(unit.stored(np.zeros((1, 1))).item())


def test_an_unknown_unit_is_refused_with_all_names() -> None:
    with pytest.raises(UnitFault, match=r"no unit named 'tmp'; near it: tpm; there are: auto, counts, .*coverage-N"):
        parse_unit("tmp")


def test_columns_in_different_units_are_told_apart() -> None:
    mixed: list[tuple[Callable[[], Values], str | None]] = [
        (lambda: np.vstack([COUNTS[:2], TPM[2:3]]), "a, b: whole numbers; c: decimals that sum to a million"),
        (lambda: np.vstack([TPM[:2], np.log2(TPM[2:3] + 1)]), "c: logarithms"),
        (lambda: TPM[:3], None),
        (lambda: np.vstack([COUNTS[:2], EXPECTED[2:3]]), None),
        (lambda: np.vstack([FPKM[:2], TPM[2:3]]), None),
        (lambda: np.vstack([COUNTS[:2], np.zeros((1, N_GENES))]), None),
    ]
    for make, said in mixed:
        found = units_differ(make(), ["a", "b", "c"])
        assert found is None if said is None else said in str(found)


@pytest.mark.parametrize("declared", ["tpm", "cpm"])
def test_rounding_may_bring_a_sum_some_percent_above_a_million_and_no_more(declared: str) -> None:
    assert find_unit((TPM * 1.04).astype(np.float32), LENGTHS, None, parse_unit(declared), "m").unit == parse_unit(declared)
    with pytest.raises(UnitFault, match=r"sum to 1,060,000 per sample where ... sum to at most 1,000,000"):
        find_unit((TPM * 1.06).astype(np.float32), LENGTHS, None, parse_unit(declared), "m")


@pytest.mark.parametrize("factor", [1.03, 1.3, 0.85])
def test_what_sums_to_another_number_than_a_million_is_not_called_tpm_as_it_is(factor: float) -> None:
    found = find_unit((TPM * factor).astype(np.float32), LENGTHS, MEAN, None, "m").unit
    assert str(found) == f"TPM / {1 / factor:.6g}"
    np.testing.assert_allclose(found.linear(TPM * factor), TPM, rtol=1e-5)


def grown(slope: float) -> Values:
    """Values closed to a million that grow as the gene's length to this power, against the training mean; they do not tie as counts do."""
    rate = np.exp2(MEAN + np.random.default_rng(3).normal(0, 0.5, (5, N_GENES))) * (LENGTHS / 1000) ** slope
    return np.asarray(1e6 * rate / rate.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("slope", "count_like", "divided", "doubtful"),
    [
        (0.45, None, True, False), (0.55, None, True, True), (0.65, None, True, True), (0.75, None, False, True), (0.9, None, False, False),
        (0.45, False, True, False), (0.55, False, True, True), (0.8, False, True, True), (0.9, False, False, True),
    ],
)  # fmt: skip
def test_where_growth_with_length_turns_from_tpm_to_reads(slope: float, count_like: bool | None, divided: bool, doubtful: bool) -> None:
    """Tables of other laboratories lie at 0.3 to 0.8 by the lengths of their tools, reads at 0.62 to 1.2: between, the verdict is doubted."""
    found, _, doubt = Lengths(LENGTHS, MEAN, True).per_length(grown(slope), count_like)
    assert (found, doubt) == (divided, doubtful)
    if count_like is False:
        assert find_unit(grown(slope).astype(np.float32), LENGTHS, MEAN, None, "m").unit.quantity == ("TPM" if divided else "CPM")
