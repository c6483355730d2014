"""Freeze the current contracts as a release: `python -m tests.contracts.release 2`."""

import sys

from tests.contracts.golden import RELEASED, release


def main(arguments: list[str]) -> int:
    """Write `released/<version>`; a version that is there stays as it is."""
    if len(arguments) != 1 or not arguments[0].isdigit():
        sys.stderr.write("usage: python -m tests.contracts.release VERSION\n")
        return 2
    place = RELEASED / arguments[0]
    if place.exists():
        sys.stderr.write(f"version {place.name} is released; a new one needs another number\n")
        return 4
    release(place)
    sys.stdout.write(f"{place}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
