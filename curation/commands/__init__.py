"""The commands of `curate`, one file per panel of its help: each parses, calls, prints."""
