"""Files behind HTTP, read in place: ranges, kept on disk, checked."""
