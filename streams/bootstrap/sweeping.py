"""How often a process of the hub sweeps its memory for cycles."""

import gc

NEW_OBJECTS_A_SWEEP = 250_000
"""Python's own 700 are a handful of events: a sweep of the young would meet states that stay, and
most of what a transaction gathers, which is freed at its end."""


def sweep_seldom() -> None:
    """Let cycles wait longer for their end than Python would; everything else is freed at once.

    The hub's records are tuples without cycles, made by the hundred for each event. Looking through
    them took much of a router's time (`make bench-kafka`).
    """
    gc.set_threshold(NEW_OBJECTS_A_SWEEP)
