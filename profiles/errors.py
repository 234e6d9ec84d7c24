"""The one base of all errors that a user can mend; the base of curation's and of modelling's own."""


class BulkatlasError(Exception):
    """The user's input is wrong: the message says what, where, how many and what to do (one red line, exit code 1)."""


class TableFault(BulkatlasError):
    """A table cannot be read as one, or its layout leaves open what a row or a column means."""


class GeneFault(BulkatlasError):
    """The genes of a table are not human genes, or cannot be named."""


class UnitFault(BulkatlasError):
    """The values of a table are in no unit that can be read, or contradict the one that is declared."""


class MetadataFault(BulkatlasError):
    """A table about samples lacks what is asked of it, or cannot be read as one."""


class NotOurs(BulkatlasError):
    """Something stands where the program would write, and does not carry its mark."""
