"""The one base of all errors that a user can mend."""


class ModellingError(Exception):
    """The user's input is wrong: the message says what, where, how many and what to do (one red line, exit code 1)."""


class TrainingError(ModellingError):
    """Training cannot start or go on."""
