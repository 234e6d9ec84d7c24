"""The base of this package's errors that a user can mend; the command line prints every BulkatlasError, those of profiles too."""

from profiles.errors import BulkatlasError


class ModellingError(BulkatlasError):
    """The user's input is wrong: the message says what, where, how many and what to do (one red line, exit code 1)."""
