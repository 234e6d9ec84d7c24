"""Is a release fit to train on: the verdict on hand-made builds, and each fault planted alone."""

from __future__ import annotations

import duckdb
import handmade
import pytest

from curation.fitness import verdict


@pytest.fixture(scope="module")
def con():
    built = handmade.build()
    yield built
    built.close()


def kept(con, rows):
    """The table kept with these (tissue, group, split, number of samples)."""
    con.execute("DELETE FROM kept")
    names = [row[0] for row in con.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'kept'").fetchall()]
    number = 0
    for tissue, group, split, n in rows:
        for _ in range(n):
            number += 1
            values = {"sample_id": f"S{number}", "tissue": tissue, "group_id": group, "split": split}
            shown = ", ".join(f"'{values[name]}'" if name in values else "NULL" for name in names)
            con.execute(f"INSERT INTO kept ({', '.join(names)}) VALUES ({shown})")


def whole(tissue, n_train=12, n_test=6):
    return [
        *((tissue, f"{tissue}-{i}", "train", n_train // 3) for i in range(3)),
        (tissue, f"{tissue}-v", "validation", 3),
        *((tissue, f"{tissue}-t{i}", "test", n_test // 2) for i in range(2)),
    ]


def test_a_build_without_a_thin_tissue_is_fit(con):
    kept(con, [*whole("liver"), *whole("kidney")])
    found = verdict(con)
    assert (found.level, found.reasons, list(found.thin)) == ("fit", [], [])
    assert found.said == "Fit to train on. 24 labelled samples to train on, 6 to choose by, 12 to judge by."


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([("lung", "a", "test", 3), ("lung", "b", "test", 3), ("lung", "c", "validation", 3)], "no training sample: it cannot be learned"),
        ([*whole("lung")[:4]], "no test sample: it is never judged"),
        ([*whole("lung")[:3], *whole("lung")[4:]], "no validation sample: no choice is made for it"),
        (whole("lung", n_train=9), "fewer than 10 training samples"),
        (whole("lung", n_test=4), "fewer than 5 test samples: its score is coarse"),
        ([*whole("lung"), ("lung", "huge", "train", 40)], "one study or donor holds most of it"),
    ],
)
def test_each_fault_alone_is_told_with_its_tissue(con, rows, fault):
    kept(con, [*whole("liver"), *whole("kidney"), *rows])
    found = verdict(con)
    assert found.level == "thin"
    assert found.said.startswith("Fit to train on; 1 of 3 tissues are thin.")
    assert found.reasons == [f"lung: {fault}"]
    (row,) = (dict(zip(found.columns, row, strict=True)) for row in found.thin)
    assert row["n_samples"] == sum(n for *_, n in rows)
    assert row["group_id"] == ("huge" if "most of it" in fault else "")


def test_one_study_only_is_told_beside_what_follows_from_it(con):
    kept(con, [*whole("liver"), *whole("kidney"), ("lung", "only", "train", 20)])
    assert "lung: one study or donor only" in verdict(con).reasons


def test_nothing_to_judge_by_or_one_tissue_is_not_fit(con):
    kept(con, [*whole("liver")[:4], *whole("kidney")[:4]])
    found = verdict(con)
    assert found.level == "unfit"
    assert found.reasons[0] == "no labelled sample is in the test part: nothing can be judged"
    kept(con, whole("liver"))
    assert verdict(con).reasons[0] == "the training part holds 1 tissue; a classifier needs two"


def test_the_page_opens_with_the_verdict(tiny):
    page = (tiny / "release" / "report.html").read_text(encoding="utf-8")
    con = duckdb.connect(str(tiny / "release" / "curation.duckdb"), read_only=True)
    found = verdict(con)
    con.close()
    assert 0 < page.index("Is this release fit to train on?") < page.index("Tissues by source, before and after the cap")
    assert found.said in page
    assert f'class="verdict {found.level}"' in page
    assert all(reason in page for reason in found.reasons)
