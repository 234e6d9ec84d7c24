"""The cap and the order of the matrix against the promise read independently: md5(seed || sample) decides, and nothing else."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import handmade
import pytest

from curation.config import BuildConfig

CAP = 9


def drawn(sample_id: str, seed: int) -> tuple[str, str]:
    return hashlib.md5(f"{seed}{sample_id}".encode()).hexdigest(), sample_id


def rows() -> list[dict[str, object]]:
    """60 liver and 30 lung samples, each a study of its own, and 30 without a tissue; ids rise with the input, their md5 does not."""
    out = []
    for i in range(120):
        tissue = "liver" if i % 4 in (0, 2) else "lung" if i % 4 == 1 else ""
        out.append(handmade.row(f"GSM{i:03}", "archs4", tissue, series_id=f"GSE{i}", matrix_file="a.h5", matrix_row=i))
    return out


@pytest.mark.parametrize("seed", [42, 7])
def test_the_cap_keeps_the_first_by_md5_of_each_class_and_of_the_unlabelled(seed: int) -> None:
    con = handmade.build(config=BuildConfig(cap=CAP, seed=seed), rows=rows())
    by_class: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sample_id, split, tissue in con.execute(
        "SELECT split.sample_id, split.split, candidate.tissue FROM split JOIN candidate USING (sample_id)"
    ).fetchall():
        by_class[split, tissue].append(sample_id)
    assert min(len(by_class["train", "liver"]), len(by_class["train", "lung"]), len(by_class["unlabelled", ""])) > CAP
    expected = set()
    for (split, _), members in by_class.items():
        members.sort(key=lambda sample_id: drawn(sample_id, seed))
        expected |= set(members[:CAP] if split in ("train", "unlabelled") else members)
    assert {sample_id for (sample_id,) in con.execute("SELECT sample_id FROM kept").fetchall()} == expected
    over = con.execute("SELECT sample_id, reason FROM exclusion WHERE step = 10").fetchall()
    assert {sample_id for sample_id, _ in over} == {m for members in by_class.values() for m in members} - expected
    for sample_id, reason in over:
        (key,) = (key for key, members in by_class.items() if sample_id in members)
        assert reason == f"rank {by_class[key].index(sample_id) + 1} of {key[1] or 'unlabelled'} is over the cap of {CAP}"


def test_rows_stand_by_part_and_are_shuffled_by_md5_inside_it() -> None:
    con = handmade.build(config=BuildConfig(cap=None), rows=rows())
    found = con.execute("SELECT split, sample_id, row FROM kept ORDER BY row").fetchall()
    parts = ["train", "validation", "test", "unlabelled"]
    assert [row[:2] for row in found] == sorted((row[:2] for row in found), key=lambda row: (parts.index(row[0]), drawn(row[1], 42)))
    assert [row[2] for row in found] == list(range(len(found)))
    assert {row[0] for row in found} == set(parts)


def test_the_papers_split_is_85_to_15_of_each_tissue_drawn_by_sample() -> None:
    con = handmade.build(config=BuildConfig(cap=None, preset="paper"), rows=rows())
    split = dict(con.execute("SELECT sample_id, split FROM split").fetchall())
    for tissue, n_train in (("liver", 51), ("lung", 26)):  # ceil(0.85 x 60), ceil(0.85 x 30)
        members = [row["sample_id"] for row in rows() if row["tissue"] == tissue]
        members.sort(key=lambda sample_id: drawn(f"split{sample_id}", 42))
        assert [split[sample_id] for sample_id in members] == ["train"] * n_train + ["test"] * (len(members) - n_train)
    assert {split[row["sample_id"]] for row in rows() if not row["tissue"]} == {"unlabelled"}


def test_a_class_that_a_part_lacks_is_named_with_the_reason() -> None:
    """Brain has one study, lung two; liver has many."""
    few = [handmade.row(f"GSM{i:03}", "archs4", "liver", series_id=f"GSE{i}", matrix_file="a.h5", matrix_row=i) for i in range(40)]
    few += [handmade.row(f"GSM9{i}", "archs4", "brain", series_id="GSE90", matrix_file="a.h5", matrix_row=90 + i) for i in range(3)]
    few += [handmade.row(f"GSM8{i}", "archs4", "lung", series_id=f"GSE8{i}", matrix_file="a.h5", matrix_row=80 + i) for i in range(2)]
    con = handmade.build(config=BuildConfig(cap=None), rows=few)
    found = con.execute("SELECT tissue, split, n_groups, reason FROM missing_class ORDER BY ALL").fetchall()
    held = dict(con.execute("SELECT tissue, list(DISTINCT split) FROM kept GROUP BY tissue").fetchall())
    assert {(tissue, split) for tissue, split, *_ in found} == {
        (tissue, split) for tissue in ("brain", "lung", "liver") for split in ("train", "validation", "test") if split not in held[tissue]
    }
    assert {(tissue, n, reason) for tissue, _, n, reason in found} == {
        ("brain", 1, "only 1 study or donor, three are needed"),
        ("lung", 2, "only 2 studies or donors, three are needed"),
    }


def test_bulk_is_below_the_threshold_and_what_stands_on_it_leaves() -> None:
    given = rows()
    for row, probability in zip(given[:4], (0.4999, 0.5, 0.5001, None), strict=True):
        row["single_cell_probability"] = probability
    con = handmade.build(config=BuildConfig(cap=None), rows=given)
    left = con.execute("SELECT sample_id FROM exclusion WHERE step = 2 ORDER BY sample_id").fetchall()
    assert left == [("GSM001",), ("GSM002",)]


@pytest.mark.parametrize("cap", [0, 1, 3])
def test_so_many_cell_lines_of_a_tissue_stay_drawn_by_md5(cap: int) -> None:
    given = rows()
    lines = {"liver": given[0:20:2], "lung": given[1:20:4]}
    for row in (row for members in lines.values() for row in members):
        row["title"] = "HepG2 cells"
    con = handmade.build(config=BuildConfig(cap=None, cell_line_cap=cap), rows=given)
    left = {sample_id for (sample_id,) in con.execute("SELECT sample_id FROM exclusion WHERE step = 9").fetchall()}
    expected = {
        tissue: sorted((row["sample_id"] for row in members), key=lambda name: drawn(name, 42))[cap:] for tissue, members in lines.items()
    }
    assert left == {sample_id for members in expected.values() for sample_id in members}


def test_a_random_subset_of_the_archive_is_drawn_by_md5_among_what_is_fit() -> None:
    given = rows()
    given[7]["single_cell_probability"] = 0.9
    con = handmade.build(config=BuildConfig(cap=None, subset=50), rows=given)
    fit = sorted((row["sample_id"] for i, row in enumerate(given) if i != 7), key=lambda name: drawn(f"subset{name}", 42))
    left = {sample_id for (sample_id,) in con.execute("SELECT sample_id FROM exclusion WHERE step = 3").fetchall()}
    assert left == set(fit[50:])
