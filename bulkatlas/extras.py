"""Parts that are installed on request only, and the line that installs them."""

from __future__ import annotations

from importlib.util import find_spec

from profiles.errors import BulkatlasError


class NotInstalled(BulkatlasError):
    """A part that is installed on request only is missing."""


def torch_is_there() -> None:
    """Raise NotInstalled with the line that installs it where PyTorch is missing."""
    if find_spec("torch") is None:
        raise NotInstalled("PyTorch is not installed, and its data sets need it: pip install 'bulkatlas[model]'")
