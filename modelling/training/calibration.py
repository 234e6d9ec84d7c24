"""The end of a training: prototypes from the final latents, and limits of doubt from groups that were held out.

The head is a closed form, so every fold of a cross-validation over groups gets its own in milliseconds. All is done twice: with samples as they
are, and as another study might have measured them (`shifts`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from modelling import parts
from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.calibration import ALPHA, EVEN, Calibration
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.network.base import Network
from modelling.network.loss import fit_temperature
from modelling.network.ours import TissueVAE
from modelling.network.prototypes import Prototypes
from modelling.scores import conformal
from modelling.scores.detected import detected_genes
from modelling.scores.metrics import confusion, scores_of_confusion
from modelling.scores.neighbours import cosine_neighbours
from modelling.training.completing import fit_completion
from modelling.training.levels import fit_levels, lay_out
from modelling.training.shifts import Shifts
from modelling.training.validation import residual_variance
from profiles.anatomy import load_anatomy

N_COPIES = 2
N_FOLDS = 5
PER_TISSUE = 150
POWERS = (0.5, 0.0, 1.0)
WORTH = 0.01  # balanced accuracy that another power must gain: less is noise
FAR_SHARE = 0.05
SECOND_SHARE = 0.02
SPARSE_SHARE, SPARSE_MARGIN = 0.01, 0.5
N_NEIGHBOURS = 5


@dataclass(frozen=True)
class Latents:
    """Labelled samples (n): latents as measured and shifted (c, n, k), tissue number, group and source, whether of the validation part."""

    z_nk: Tensor
    shifted_cnk: Tensor
    target_n: Tensor
    group_n: Ints
    source_n: np.ndarray
    is_validation: Bools
    held_out_by: str
    detected_n: Floats
    term_n: np.ndarray

    @property
    def copies(self) -> list[Tensor]:
        """Latents as measured, then shifted."""
        return [self.z_nk, *self.shifted_cnk]


@dataclass(frozen=True)
class Scores:
    """What heads made of samples (m) that they had not seen: logits, similarity to the nearest tissue, strength of a second one."""

    logits_mt: Tensor
    similarity_m: Tensor
    second_m: Tensor
    target_m: Tensor


def finish(model: TissueModel, compendium: Compendium) -> None:
    """Fit the head, the temperature and the limits of a trained model, and what it leaves of each gene, in place."""
    assert isinstance(model.network, Network)
    residual_g = residual_variance(model.network, compendium)
    model.residual_g = residual_g.numpy()
    if isinstance(model.network, TissueVAE):
        fit_completion(model.network, compendium, residual_g)
        found = read_latents(model, compendium, Shifts.of(compendium.genes, compendium.unit))
        _finish_prototypes(model, model.network.head, found, compendium.tissues)
    else:
        _finish_trained_head(model, read_latents(model, compendium, None))


def read_latents(model: TissueModel, compendium: Compendium, shifts: Shifts | None) -> Latents:
    """Latents of the validation part and of at most `PER_TISSUE` training samples a tissue."""
    train, validation = (compendium.rows(split, labelled=True) for split in ("train", "validation"))
    rows = np.concatenate([_at_most(train, compendium.targets[train], PER_TISSUE), validation])
    column = next((name for name in parts.GROUPS if name in compendium.obs), "sample_id")
    name = compendium.text(column, rows)
    name = np.where(name == "", compendium.sample_ids[rows].astype(str), name)
    random = torch.Generator().manual_seed(model.config.seed)
    z: list[Floats] = []
    shifted: list[list[Floats]] = [[] for _ in range(N_COPIES if shifts else 0)]
    detected: list[Floats] = []
    for _, x in compendium.blocks(rows):
        z.append(model.embed(x))
        detected.append(detected_genes(x)[1])
        for copies in shifted:
            assert shifts is not None
            copies.append(model.embed(shifts(torch.from_numpy(x), random).numpy()))
    z_nk = torch.from_numpy(np.concatenate(z))
    stacked = torch.stack([torch.from_numpy(np.concatenate(copies)) for copies in shifted]) if shifted else z_nk[None, :0][:0]
    return Latents(
        z_nk, stacked, torch.from_numpy(compendium.targets[rows]), np.unique(name.astype(str), return_inverse=True)[1],
        compendium.text("source", rows), np.isin(rows, validation), column, np.concatenate(detected),
        compendium.text("term_id", rows),
    )  # fmt: skip


def _at_most(rows: Ints, target_n: Ints, limit: int) -> Ints:
    """Up to `limit` rows of each tissue, evenly spread over the file."""
    kept = []
    for number in np.unique(target_n):
        own = rows[target_n == number]
        kept.append(own[np.linspace(0, len(own) - 1, min(len(own), limit)).astype(int)])
    return np.sort(np.concatenate(kept))


# -- prototypes ----------------------------------------------------------------------------------------------------------------------------


def _finish_prototypes(model: TissueModel, head: Prototypes, found: Latents, tissues: list[str]) -> None:
    power = model.config.class_balance
    power = choose_power(head, found) if power is None else power
    clean, shifted = cross_validate(head, found, power)
    error = 1 / (len(np.unique(found.group_n)) + 2)
    both = _joined([clean, shifted])
    model.temperature = fit_temperature(both.logits_mt, both.target_m, error=error)
    foreign = leave_tissues_out(head, found, power)
    head.fit(*_with_copies(found, np.ones(len(found.z_nk), dtype=bool)), power, 1 + len(found.shifted_cnk))
    untestable = [tissues[t] for t in range(len(tissues)) if len(np.unique(found.group_n[found.target_n.numpy() == t])) < 2]
    model.calibration = _limits(model, found, clean, shifted, foreign, power, untestable, cross_validated=True)
    tissue_n = found.target_n.numpy()
    layout, leaf_n = lay_out(tissues, tissue_n, found.term_n, found.group_n, load_anatomy())
    fitted = fit_levels(head, found.copies, tissue_n, leaf_n, layout, tissues, fold_of(found.group_n), power, model.temperature)
    model.levels = fitted.levels
    model.calibration = replace(model.calibration, answer_above=fitted.above, answer_right=fitted.right)


def _with_copies(found: Latents, rows: Bools) -> tuple[Tensor, Tensor]:
    """Latents of some samples, shifted ones beside those as measured, and their tissues."""
    chosen = torch.from_numpy(rows)
    z = [z_nk[chosen] for z_nk in found.copies]
    return torch.cat(z), found.target_n[chosen].repeat(len(z))


def fold_of(group_n: Ints) -> Ints:
    """Fold of each sample; a group is in one fold."""
    order = np.random.default_rng(parts.SEED).permutation(int(group_n.max()) + 1)
    return np.asarray(order[group_n] % N_FOLDS)


def cross_validate(head: Prototypes, found: Latents, power: float, fold_n: Ints | None = None) -> tuple[Scores, Scores]:
    """Scores of every sample by a head fitted without its group, as measured and shifted. A tissue that the others lack is left out."""
    fold_n = fold_of(found.group_n) if fold_n is None else fold_n
    clean, shifted = [], []
    for fold in np.unique(fold_n):
        fitted, held = copy.deepcopy(head), fold_n == fold
        if held.all():
            continue
        fitted.fit(*_with_copies(found, ~held), power, 1 + len(found.shifted_cnk))
        known = torch.from_numpy(held) & (fitted.prototypes_tk.abs().sum(1) > 0).cpu()[found.target_n]
        clean.append(_scores(fitted, found.z_nk[known], found.target_n[known]))
        shifted += [_scores(fitted, z_nk[known], found.target_n[known]) for z_nk in found.shifted_cnk]
    return _joined(clean), _joined(shifted)


@torch.no_grad()
def _scores(head: Prototypes, z_nk: Tensor, target_n: Tensor) -> Scores:
    head, z_nk = head.cpu(), z_nk.cpu()
    return Scores(head(z_nk), head.similarity(z_nk).amax(1), head.second(z_nk)[1], target_n)


def _joined(scores: list[Scores]) -> Scores:
    if not scores:
        return Scores(torch.empty(0, 1), torch.empty(0), torch.empty(0), torch.empty(0, dtype=torch.int64))
    return Scores(*(torch.cat([getattr(s, name) for s in scores]) for name in ("logits_mt", "similarity_m", "second_m", "target_m")))


def choose_power(head: Prototypes, found: Latents) -> float:
    """How much small tissues weigh: the power of best balanced accuracy with whole sources left out, or groups where there is one source."""
    sources = np.unique(found.source_n.astype(str), return_inverse=True)[1]
    by_source = cross_validate(head, found, POWERS[0], sources)[0] if len(np.unique(sources)) > 1 else None
    folds = sources if by_source is not None and len(by_source.target_m) >= len(sources) / 2 else None
    found_best, best = POWERS[0], -1.0
    for power in POWERS:
        scores = cross_validate(head, found, power, folds)[0]
        if not len(scores.target_m):
            return POWERS[0]
        counts = confusion(scores.target_m.numpy(), scores.logits_mt.argmax(1).numpy(), scores.logits_mt.shape[1])
        value = float(scores_of_confusion(counts)["balanced_accuracy"])
        if value > best + WORTH:
            found_best, best = power, value
    return found_best


def leave_tissues_out(head: Prototypes, found: Latents, power: float) -> tuple[Floats, Floats]:
    """Similarity of each tissue's samples to the nearest other tissue, by a head that never saw theirs, and weights: tissues count alike."""
    similarity, weight = [], []
    numbers = np.unique(found.target_n.numpy())
    for number in numbers if len(numbers) > 2 else ():
        fitted, own = copy.deepcopy(head), found.target_n.numpy() == number
        fitted.fit(*_with_copies(found, ~own), power, 1 + len(found.shifted_cnk))
        similarity.append(_scores(fitted, found.z_nk[torch.from_numpy(own)], found.target_n[own]).similarity_m.numpy())
        weight.append(np.full(own.sum(), 1 / own.sum() / len(numbers)))
    return (np.concatenate(similarity), np.concatenate(weight)) if similarity else (np.empty(0), np.empty(0))


# -- a trained head (the published network) --------------------------------------------------------------------------------------------------


def _finish_trained_head(model: TissueModel, found: Latents) -> None:
    """Temperature and limits from the validation part: a trained head has seen every training group."""
    held = torch.from_numpy(found.is_validation)
    reference = model.directions(found.z_nk[~held].numpy())

    def scored(z_nk: Tensor) -> Scores:
        z = z_nk[held].numpy()
        k = min(N_NEIGHBOURS, len(reference))
        similarity = cosine_neighbours(model.directions(z), reference, k)[1].mean(axis=1)
        return Scores(torch.from_numpy(model.logits(z)), torch.from_numpy(similarity), torch.zeros(len(z)), found.target_n[held])

    clean = scored(found.z_nk)
    error = 1 / (len(np.unique(found.group_n[found.is_validation])) + 2)
    model.temperature = fit_temperature(clean.logits_mt, clean.target_m, error=error)
    nothing = _joined([])
    model.calibration = _limits(model, found, clean, nothing, (np.empty(0), np.empty(0)), None, [], cross_validated=False)


# -- limits --------------------------------------------------------------------------------------------------------------------------------


def _far(scores: Scores, weight_m: Floats) -> float:
    """The similarity that all but `FAR_SHARE` of the held-out samples reach which are named rightly, tissues counting alike."""
    right = (scores.logits_mt.argmax(1) == scores.target_m).numpy()
    if not right.any():
        return float(scores.similarity_m.min())
    similarity, weight = scores.similarity_m.numpy()[right], weight_m[right]
    order = np.argsort(similarity)
    reached = np.cumsum(weight[order])
    return float(similarity[order][np.searchsorted(reached, FAR_SHARE * reached[-1])])


def _limits(
    model: TissueModel, found: Latents, clean: Scores, shifted: Scores, foreign: tuple[Floats, Floats], power: float | None,
    untestable: list[str], *, cross_validated: bool,
) -> Calibration:  # fmt: skip
    """All limits from the scores of held-out samples; each sample counts once, however many copies it has."""
    detected = float(np.quantile(found.detected_n[~found.is_validation], SPARSE_SHARE)) * SPARSE_MARGIN
    n = len(clean.target_m)
    groups = found.group_n if cross_validated else found.group_n[found.is_validation]
    about = Calibration(
        detected_below=detected, n_samples=n, n_groups=len(np.unique(groups)), held_out_by=found.held_out_by, cross_validated=cross_validated,
        class_balance=power, untestable=untestable,
    )  # fmt: skip
    if not n:
        return about
    all_scores = [clean, shifted] if len(shifted.target_m) else [clean]
    probability = [torch.softmax(s.logits_mt.double() / model.temperature, 1).numpy() for s in all_scores]
    truth = [s.target_m.numpy() for s in all_scores]
    even = [conformal.even_weights(t) for t in truth]
    mass = max(conformal.limit(conformal.needed(p, t), ALPHA, w) for p, t, w in zip(probability, truth, even, strict=True))
    second = np.concatenate([s.second_m.numpy() for s in all_scores])
    about = replace(
        about,
        mass=max(mass, EVEN),
        far_below=max(_far(s, w) for s, w in zip(all_scores, even, strict=True)),
        second_above=float(np.quantile(second, 1 - SECOND_SHARE)) if cross_validated else None,
        foreign_below=None,
    )
    sets = [conformal.in_set(p, about.mass) for p in probability]
    held = [float(in_set[np.arange(len(t)), t].mean()) for in_set, t in zip(sets, truth, strict=True)]
    value, weight = foreign
    return replace(
        about,
        coverage=held[0],
        coverage_shifted=held[1] if len(held) > 1 else None,
        set_size=float(sets[0].sum(1).mean()),
        foreign_below=float(weight[value < about.far_below].sum()) if len(value) else None,
    )
