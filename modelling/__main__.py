"""Where the program begins."""

from __future__ import annotations

from profiles.loading import end_at_once


def main() -> None:
    """Load the command line and run it; from there on `profiles.command_line` says how it ends."""
    end_at_once()
    from modelling.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
