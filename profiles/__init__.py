"""What other people's tables mean: names of genes, units, layouts and readers, for curation and modelling alike; imports neither."""
