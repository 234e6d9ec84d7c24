"""Where the program begins. Ctrl-C while it is still being loaded ends it as it ends any program: no command runs yet that could clear up or say so."""

from __future__ import annotations

import signal


def main() -> None:
    """Load the command line and run it; from there on `profiles.command_line` says how it ends."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # one that is ignored (nohup, a job in the background) stays so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from modelling.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
