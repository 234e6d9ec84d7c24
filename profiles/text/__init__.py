"""What a text file is, decided on the whole of it: compression, encoding, line ends, comments, separator, quotes, decimal mark."""

from profiles.limits import LimitExceeded, Limits
from profiles.text.dialect import Dialect
from profiles.text.sniff import sniff

__all__ = ["Dialect", "LimitExceeded", "Limits", "sniff"]
