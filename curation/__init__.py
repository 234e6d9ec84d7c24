"""Turns public bulk RNA-seq archives into one audited compendium."""

__version__ = "0.1.0"
