"""Trains, judges and serves a tissue model on a compendium."""
