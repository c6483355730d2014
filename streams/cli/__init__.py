"""The command line: `saattaen`. Importing this loads nothing."""


def main() -> None:
    """Run the command that the process was started with, and exit with its code."""
    from streams.bootstrap.sweeping import sweep_seldom
    from streams.cli.command_line import saattaen

    sweep_seldom()
    saattaen()
