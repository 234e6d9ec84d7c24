"""Questions to a release in the words of a biologist: which samples, how many, and their expression."""
