"""Tables about samples, whoever wrote them: read as text, their archive recognised, their columns given our names."""

from profiles.metadata.frame import Frame
from profiles.metadata.missing import MISSING_WORDS, is_missing, missing_to_null
from profiles.metadata.reading import read_frame
from profiles.metadata.table import Metadata, describe, read_metadata

__all__ = ["MISSING_WORDS", "Frame", "Metadata", "describe", "is_missing", "missing_to_null", "read_frame", "read_metadata"]
