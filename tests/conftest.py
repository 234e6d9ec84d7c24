"""Builds that several test modules look at; each is made once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import serving_world
import tiny_world
from hypothesis import settings

# A whole run draws the same examples each time, so that it fails for what was changed; `make fuzz` draws new ones.
settings.register_profile("the same each time", derandomize=True)
if "BULKATLAS_FUZZ" not in os.environ:
    settings.load_profile("the same each time")

CACHE = "XDG_CACHE_HOME"


def pytest_configure(config: pytest.Config) -> None:
    """One cache of compiled ontologies for all workers, which inherit the environment; the user's own is left alone."""
    if not hasattr(config, "workerinput"):
        os.environ[CACHE] = tempfile.mkdtemp(prefix="bulkatlas-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[CACHE], ignore_errors=True)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `world` (input), `ontology` and `release` (its build with a cap of 10)."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_world.write_input(folder / "world")
    tiny_world.write_ontology(folder / "ontology")
    tiny_world.build_tiny(folder / "world", folder / "release")
    return folder


@pytest.fixture(scope="session")
def serving_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained run with its reference; compendium.h5ad lies beside it."""
    return serving_world.write_run(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="session")
def normal_run(serving_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with the normal samples of its compendium."""
    return serving_world.with_normals(serving_run, tmp_path_factory.mktemp("normals") / "run")
