"""Trains, judges and serves a tissue model on a compendium."""

import profiles  # noqa: F401 - before HDF5 is loaded: what it says of locks
