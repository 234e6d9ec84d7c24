"""Reading compendia: whatever the layout, the same numbers; one clear error for what is wrong."""

import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from training_world import frame, write

from modelling.data import Compendium
from modelling.errors import TrainingError
from modelling.h5ad import CompendiumError
from modelling.training.batches import WINDOW_ROWS, Feed, draw_unlabelled, epoch_windows
from modelling.training.train import train


@pytest.mark.parametrize("layout", ["contiguous", "chunked", "float64", "sparse"])
def test_every_layout_reads_the_same(tmp_path, layout):
    x, obs = frame()
    x[x < 3] = 0
    options = {"chunked": {"chunks": (7, 11), "compression": "gzip"}, "float64": {"dtype": "f8"}}.get(layout, {})
    path = write(tmp_path / "c.h5ad", scipy.sparse.csr_matrix(x) if layout == "sparse" else x, obs, **options)
    with Compendium.open(path) as compendium:
        rows = np.array([5, 6, 7, 0, 119, 3])
        np.testing.assert_array_equal(compendium.x(rows), x[rows])
        assert bool(compendium.notes) == (layout != "contiguous")
        assert compendium.x(np.array([], dtype=int)).shape == (0, 40)


def test_other_genes_come_in_the_order_asked_and_missing_as_nan(tmp_path):
    x, obs = frame()
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        found = compendium.x([3, 8], ["G7", "nowhere", "G0"])
    np.testing.assert_array_equal(found[:, [0, 2]], x[[3, 8]][:, [7, 0]])
    assert np.isnan(found[:, 1]).all()


def test_moments_are_of_measured_training_values(tmp_path):
    x, obs = frame()
    x[::3, 4] = np.nan
    x[:, 5] = 2.5
    train = (obs["split"] == "train").to_numpy()
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        mean, std = compendium.moments()
    np.testing.assert_allclose(mean, np.nanmean(x[train], 0, dtype=np.float64), rtol=1e-6)
    expected = np.nanstd(x[train], 0, dtype=np.float64)
    np.testing.assert_allclose(std, np.where(expected > 1e-9, expected, 1), rtol=1e-5)


def test_genes_not_kept_are_left_out_and_stated_moments_are_used(tmp_path):
    x, obs = frame()
    kept = np.arange(40) % 2 == 0
    var = pd.DataFrame({"kept": kept, "train_mean": np.arange(40.0), "train_std": 2.0}, index=[f"G{i}" for i in range(40)])
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs, var=var)) as compendium:
        assert list(compendium.genes) == [f"G{i}" for i in range(0, 40, 2)]
        np.testing.assert_array_equal(compendium.x([1]), x[[1]][:, kept])
        np.testing.assert_array_equal(compendium.moments()[0], np.arange(0.0, 40, 2))


def test_unlabelled_samples_of_a_held_out_group_are_not_trained_on(tmp_path):
    x, obs = frame()
    obs["tissue"] = obs["tissue"].astype(str)
    obs["split"] = obs["split"].astype(str)
    aside = obs.index[:6]
    obs.loc[aside, ["tissue", "split"]] = ["", "unlabelled"]
    obs.loc[aside, "group_id"] = [
        *obs.loc[obs.split == "test", "group_id"][:2],
        obs.loc[obs.split == "validation", "group_id"].iloc[0],
        "a",
        "b",
        "",
    ]
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        assert list(compendium.trainable_unlabelled()[:4]) == [3, 4, 5, 9]
        assert "3 of 18 unlabelled samples" in compendium.notes[-1]


def test_rows_and_targets(tmp_path):
    x, obs = frame()
    obs.loc["S3", "tissue"] = "spleen"
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        assert compendium.tissues == sorted(set(obs["tissue"][obs["split"] == "train"]) - {""})
        assert set(compendium.rows("unlabelled")) == {i for i in range(120) if i % 10 == 9}
        assert (compendium.targets[compendium.rows("unlabelled")] == -1).all()


def test_whole_groups_are_held_out_where_there_is_no_validation_part(tmp_path):
    x, obs = frame()
    obs["split"] = obs["split"].replace("validation", "test")
    before = set(np.flatnonzero(obs["split"] == "train"))
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        train, validation = (compendium.rows(split) for split in ("train", "validation"))
        groups = compendium.obs["group_id"]
        assert set(train) | set(validation) == before
        assert not set(groups[train]) & set(groups[validation])
        assert 0.1 * len(before) <= len(validation) <= 0.1 * len(before) + 2
        assert "held out" in compendium.notes[-1]
    # In another order of rows, and in another file, the same groups: whoever opens it trains and calibrates on the same samples.
    order = np.random.default_rng(0).permutation(len(obs))
    with Compendium.open(write(tmp_path / "shuffled.h5ad", x[order], obs.iloc[order])) as again:
        assert set(again.sample_ids[again.rows("validation")]) == set(compendium.sample_ids[validation])


def test_one_group_cannot_be_held_out_and_training_says_so(tmp_path):
    x, obs = frame()
    obs["split"] = obs["split"].replace("validation", "test")
    with Compendium.open(write(tmp_path / "d.h5ad", x, obs.assign(group_id="one"))) as compendium:
        assert not len(compendium.rows("validation"))
        with pytest.raises(TrainingError, match="all training samples are of one group_id"):
            train(compendium, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_gene_that_the_first_block_lacks_has_moments(tmp_path):
    x, obs = frame(n=600)
    train_rows = np.flatnonzero(obs["split"] == "train")
    x[train_rows[:256], 3] = np.nan
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        mean, std = compendium.moments()
    np.testing.assert_allclose(mean[3], np.nanmean(x[train_rows, 3], dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(std[3], np.nanstd(x[train_rows, 3], dtype=np.float64), rtol=1e-5)


def test_infinite_training_values_are_named(tmp_path):
    x, obs = frame()
    x[np.flatnonzero(obs["split"] == "train")[3], 2] = np.inf
    with (
        Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium,
        pytest.raises(CompendiumError, match=r"1 values of 1 samples are infinite.*first: inf of G2 in "),
    ):
        compendium.moments()


def damage(path, kind):
    with h5py.File(path, "a") as file:
        if kind == "no X":
            del file["X"]
        elif kind == "no split":
            del file["obs/split"]
            file["obs"].attrs["column-order"] = [c for c in file["obs"].attrs["column-order"] if c != "split"]
    if kind == "truncated":
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    elif kind == "html":
        path.write_text("<html>not found</html>")


@pytest.mark.parametrize(
    ("kind", "message"),
    [("no X", "no /X"), ("no split", "obs has no split"), ("truncated", "not a readable HDF5"), ("html", "not a readable HDF5")],
)
def test_damaged_files_are_named(tmp_path, kind, message):
    path = write(tmp_path / "c.h5ad", *frame())
    damage(path, kind)
    with pytest.raises(CompendiumError, match=message) as error:
        Compendium.open(path)
    assert str(path) in str(error.value)


@pytest.mark.filterwarnings("ignore:Variable names are not unique")  # which is refused
def test_wrong_splits_and_genes_are_refused(tmp_path):
    x, obs = frame()
    with pytest.raises(CompendiumError, match="no such file"):
        Compendium.open(tmp_path / "nowhere.h5ad")
    with pytest.raises(CompendiumError, match="obs `split` holds"):
        Compendium.open(write(tmp_path / "a.h5ad", x, obs.assign(split="holdout")))
    with pytest.raises(CompendiumError, match="no labelled sample in split 'train'"):
        Compendium.open(write(tmp_path / "b.h5ad", x, obs.assign(split="test")))
    with pytest.raises(CompendiumError, match="1 gene names occur twice"):
        Compendium.open(write(tmp_path / "c.h5ad", x, obs, var=pd.DataFrame(index=["G0", *[f"G{i}" for i in range(39)]])))
    with pytest.raises(CompendiumError, match=r"rows 0\.\.120 asked for"):
        Compendium.open(write(tmp_path / "d.h5ad", x, obs)).x([0, 120])


def test_windows_visit_every_row_once_in_another_order_each_epoch():
    rows = np.arange(0, 9000, 3)
    first, second = (epoch_windows(rows, np.random.default_rng([1, epoch])) for epoch in (0, 1))
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == rows.tolist()
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert max(map(len, first)) <= WINDOW_ROWS
    assert len(draw_unlabelled(rows, 10, np.random.default_rng(0))) == 10


CPU = torch.device("cpu")


def everything(n):
    return slice(0, n)


@pytest.mark.parametrize("resident", [False, True])
def test_batches_hold_the_rows_they_say(tmp_path, resident):
    x, obs = frame(2500, 5)
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        rows = compendium.rows("train")
        feed = Feed(compendium, rows, CPU, resident=resident)
        order = np.concatenate(epoch_windows(rows, np.random.default_rng(0)))
        seen = list(feed.batches(order, 64, everything))
        halves = list(feed.batches(order, 64, lambda n: slice(n // 2, n)))
        blocks = list(feed.blocks(rows))
    for whole, half in zip(seen, halves, strict=True):
        np.testing.assert_array_equal(whole.x_ng, x[whole.rows])
        np.testing.assert_array_equal(half.x_ng, x[whole.rows[len(whole.rows) // 2 :]])
        np.testing.assert_array_equal(half.index_n, whole.rows)
    np.testing.assert_array_equal(np.concatenate([batch.rows for batch in seen]), order)
    assert [len(batch.rows) for batch in seen[:-1]] == [64] * (len(seen) - 1)
    np.testing.assert_array_equal(torch.cat(blocks), x[rows])


def test_reading_memory_does_not_grow_with_samples(tmp_path):
    peaks = []
    for n in (4_000, 32_000):
        path = write(tmp_path / f"{n}.h5ad", *frame(n, 200))
        with Compendium.open(path) as compendium:
            feed = Feed(compendium, compendium.rows("train"), CPU)
            order = np.concatenate(epoch_windows(compendium.rows("train"), np.random.default_rng(0)))
            tracemalloc.start()
            for _ in feed.batches(order, 64, everything):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 1_000_000
