"""Ctrl-C while a program is still being loaded ends it as it ends any program: no command runs yet that could clear up or say so."""

from __future__ import annotations

import signal


def end_at_once() -> None:
    """To be called before the command line is imported; `profiles.command_line` takes over when a command runs."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # one that is ignored (nohup, a job in the background) stays so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
