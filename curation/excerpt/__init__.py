"""A part of an ARCHS4 file behind HTTP: the metadata and the chunks of chosen samples, written as a smaller file of the same layout."""
