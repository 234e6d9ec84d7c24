"""How a `model` command starts: the threads that were asked for, set before torch is imported, and giving way where the machine is busy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from modelling import threads


def started(app: Callable[..., object]) -> Callable[..., object]:
    """The commands of an app behind `--threads`, which stands anywhere on the line."""

    def start(**options: Any) -> object:
        from modelling.yielding import yielding

        try:
            sys.argv[1:], asked = threads.without_option(sys.argv[1:])
        except threads.ThreadsFault as error:
            raise typer.BadParameter(str(error)) from error
        threads.choose(os.environ, asked)
        with yielding():
            return app(**options)

    return start
