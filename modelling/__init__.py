"""Trains, judges and serves a tissue model on a compendium."""

__version__ = "0.1.0"
