"""Turns public bulk RNA-seq archives into one audited compendium."""

import profiles  # noqa: F401 - before HDF5 is loaded: what it says of locks
