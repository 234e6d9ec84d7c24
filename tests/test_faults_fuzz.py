"""Text, GCT, Parquet and JSON damaged at random, in this process: whatever they hold, the readers give values or one of our errors.

BULKATLAS_FUZZ says how many examples of each (`make fuzz` asks for many).
"""

# ruff: noqa: PT017 - whether there is an error is what is drawn

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import fault_text
import fault_world
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.errors import BulkatlasError
from profiles.metadata import read_frame
from profiles.opening import open_table
from profiles.plain_json import NoObject, parse_object
from profiles.records import fault

EXAMPLES = int(os.environ.get("BULKATLAS_FUZZ", "40"))
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
SLOW = ("bomb", "hundred_thousand", "megabyte")  # seconds each: the table of faults has them


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    fault_world.write_samples(folder)
    about = {"sample_id": ["a", "b", "c"], "title": ["liver", "lung", "heart"], "age": [3, None, 5], "source_name": ["x", "y", None]}
    pl.DataFrame(about).write_parquet(folder / "about.parquet")
    return folder


def read_all(path: Path) -> None:
    table = open_table(path)
    for _, values in table.blocks():
        assert values.dtype == np.float32


def kinds(of: dict[str, object]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(name for name in of if not any(word in name for word in SLOW)))


@pytest.mark.parametrize("base", ["samples.tsv", "samples.gct", "samples.parquet"])
@BOUNDED
@given(data=st.data())
def test_a_damaged_table_gives_values_or_one_of_our_errors(samples, base, data):
    of = {"samples.tsv": fault_text.TEXT, "samples.gct": fault_text.GCT, "samples.parquet": fault_text.PARQUET}[base]
    change, seed = of[data.draw(kinds(of))], data.draw(st.integers(0, 2**32 - 1))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / base
        path.write_bytes((samples / base).read_bytes())
        path = change(path, np.random.default_rng(seed)) or path
        try:
            read_all(path)
        except BulkatlasError as error:
            assert str(error).strip() and len(str(error)) < 3000


@BOUNDED
@given(kind=kinds(fault_text.PARQUET), seed=st.integers(0, 2**32 - 1))
def test_a_damaged_parquet_table_about_samples_is_text_or_one_of_our_errors(samples, kind, seed):
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "about.parquet"
        path.write_bytes((samples / "about.parquet").read_bytes())
        fault_text.PARQUET[kind](path, np.random.default_rng(seed))
        try:
            found = read_frame(path)
            assert set(found.frame.dtypes) <= {pl.String}
        except BulkatlasError as error:
            assert str(error).strip() and len(str(error)) < 3000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3),
    max_leaves=12,
)


@BOUNDED
@given(text=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_object_or_a_reason(text):
    try:
        assert isinstance(parse_object(text), dict)
    except NoObject as why:
        assert str(why)


@BOUNDED
@given(values=JSON, name=st.sampled_from(["n_latent", "n_hidden", "clip", "prior", "dropout", "sample_norm", "input_scale", "preset"]))
def test_settings_of_any_kind_are_made_or_refused(values, name):
    """What passes the check can be made, or is refused by the class itself: no other error comes up."""
    from modelling.config import TrainConfig

    given_settings = {**TrainConfig().as_dict(), name: values}
    if not fault(TrainConfig, given_settings):
        try:
            TrainConfig(**given_settings)
        except BulkatlasError as error:
            assert name in str(error)
