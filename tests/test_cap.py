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
