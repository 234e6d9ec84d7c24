"""The questions of `curate validate`, by what they look at: papers, compendium, genes, tables, sources."""
