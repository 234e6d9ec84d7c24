"""The base of the errors of this package; their base in turn is that of both packages."""

from profiles.errors import BulkatlasError


class ModellingError(BulkatlasError):
    """The user's input is wrong: the message says what, where, how many and what to do (one red line, exit code 1)."""


class TrainingError(ModellingError):
    """Training cannot start or go on."""
