"""One step: the update is torch's, nothing moves by a loss that is no number, and it is told, later on a device; draws of several processes."""

import copy

import numpy as np
import pytest
import torch
from training_world import SMALL, frame, write

from modelling.data import Compendium
from modelling.errors import TrainingError
from modelling.training import card
from modelling.training import step as steps
from modelling.training.adam import AdamW
from modelling.training.distributed import Workers
from modelling.training.train import Trainer, train

CPU = torch.device("cpu")


@pytest.fixture
def trainer(tmp_path):
    with Compendium.open(write(tmp_path / "c.h5ad", *frame())) as compendium:
        made = Trainer(compendium, SMALL, Workers(0, 1), CPU, tmp_path / "run")
        made.resume_or_start()
        yield made


def a_batch(trainer, n=8):
    return next(iter(trainer.feed.batches(trainer.rows["train"], n, lambda size: slice(0, size))))


def test_the_update_is_that_of_torchs_optimiser_and_comes_back_from_a_checkpoint():
    torch.manual_seed(0)
    first, x = torch.nn.Linear(7, 5), torch.randn(6, 4, 7)
    second = copy.deepcopy(first)
    theirs = torch.optim.AdamW([{"params": [first.weight], "lr": 1e-3}, {"params": [first.bias], "lr": 1e-2}], weight_decay=0.1, fused=True)
    ours = AdamW([{"params": [second.weight], "rate": 0.1}, {"params": [second.bias], "rate": 1.0}], 1e-2, 0.1)
    for number, batch in enumerate(x):
        if number == 3:
            fresh = AdamW([{"params": [second.weight], "rate": 0.1}, {"params": [second.bias], "rate": 1.0}], 1e-2, 0.1)
            fresh.restore(ours.tensors())
            ours = fresh
        for network, optimiser in ((first, theirs.step), (second, ours.step)):
            network.zero_grad()
            torch.autograd.backward(network(batch).square().sum())
            optimiser()
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)


def test_a_loss_that_is_no_number_moves_nothing_and_names_its_samples(trainer):
    batch, noise = a_batch(trainer), torch.Generator().manual_seed(0)
    trainer.step(batch, noise, 0, 0)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    with torch.no_grad():
        batch.x_ng[2, 3] = torch.inf
    with pytest.raises(TrainingError, match=rf"epoch 4, batch 7 .*{trainer.compendium.sample_ids[batch.rows[0]]}"):
        trainer.step(batch, noise, 4, 7)
    assert all(torch.equal(value, before[name]) for name, value in trainer.network.state_dict().items())


def test_losses_may_be_read_later_and_the_batch_at_fault_is_still_named(trainer, monkeypatch):
    monkeypatch.setattr(trainer.step, "read", lambda epoch, number: None)
    noise, good = torch.Generator().manual_seed(0), a_batch(trainer)
    bad = steps.Batch(good.rows[::-1].copy(), good.index_n.flip(0), good.x_ng.flip(0).clone())
    bad.x_ng[0, 0] = torch.inf
    for number, batch in enumerate((good, good, bad, good)):
        trainer.step(batch, noise, 0, number)
    monkeypatch.undo()
    assert all(torch.isfinite(value).all() for value in trainer.network.parameters())
    with pytest.raises(TrainingError, match=rf"batch 2 .*{trainer.compendium.sample_ids[bad.rows[0]]}"):
        trainer.step.read(0, 3)


def test_sums_of_an_epoch_are_those_of_its_batches(trainer):
    batch, noise = a_batch(trainer), torch.Generator().manual_seed(0)
    trainer.step.begin_epoch()
    trainer.step(batch, noise, 0, 0)
    once = trainer.step.sums.clone()
    trainer.step(a_batch(trainer, 5), noise, 0, 1)
    assert once[0] == pytest.approx(float(once[1:] @ torch.tensor([term.weight(SMALL) for term in steps.TERMS]).double()), rel=1e-5)
    assert trainer.step.sums[0] > once[0] > 0


def test_processes_on_devices_draw_for_their_own_samples_only(trainer, monkeypatch):
    sizes, drawn = [], []
    rand = torch.rand

    def noted(*size, **options):
        sizes.append(size)
        drawn.append(rand(*size, **options))
        return drawn[-1]

    monkeypatch.setattr(torch, "rand", noted)
    whole = a_batch(trainer)
    for rank in (0, 1):
        workers = Workers(rank, 2, draws_own=True)
        mine = workers.share(8)
        trainer.step.workers = workers
        half = steps.Batch(whole.rows, whole.index_n, whole.x_ng[mine])
        masked, noise_nk, *_ = trainer.step._inputs(half, mine, torch.Generator().manual_seed(workers.seed(5)))
        assert masked.shape == half.x_ng.shape
        assert len(noise_nk) == 4
    masks = [one for size, one in zip(sizes, drawn, strict=True) if size[1] == whole.x_ng.shape[1]]
    assert [len(mask) for mask in masks] == [4, 4]
    assert not np.array_equal(*masks)


def test_the_batch_grows_on_a_card_by_the_rule_and_not_on_a_cpu():
    gb = 2**30
    assert card.batch_for(CPU, 64, 10**6, 16_115) == 64
    assert card.largest(64, 1_900, 16_115, 70 * gb) == 64  # an epoch of the demo would be four steps
    assert card.largest(64, 60_000, 16_115, 70 * gb) == 256
    assert card.largest(64, 177_000, 16_115, 70 * gb) == 512
    assert card.largest(64, 177_000, 60_000, 4 * gb) == 128  # what a step holds must fit
    assert card.largest(64, 177_000, 60_000, 0) == 64


def test_a_compiled_step_is_the_same_step(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "compile", lambda function, mode: asked.append(mode) or function)
    weights = {}
    with Compendium.open(write(tmp_path / "c.h5ad", *frame())) as compendium:
        for compiled in (False, True):
            run = train(compendium, tmp_path / str(compiled), SMALL.replace(epochs=1), device="cpu", compiled=compiled)
            weights[compiled] = run.model.network.state_dict()
    assert asked == ["default"]
    assert steps._mode(torch.device("cuda")) == "reduce-overhead"
    assert all(torch.equal(value, weights[True][name]) for name, value in weights[False].items())
