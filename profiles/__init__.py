"""What other people's tables mean: names of genes, units, layouts and readers, for curation and modelling alike; imports neither."""

__version__ = "0.1.0"
