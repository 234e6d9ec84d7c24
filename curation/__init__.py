"""Turns public bulk RNA-seq archives into one audited compendium."""
