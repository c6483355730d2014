"""What coverage does not measure: very many cases, and processes that others measure.

Measuring makes a hot loop two to three times as slow, and a process start several times (decision
0034).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from coverage import Coverage


def unmeasured_environment() -> dict[str, str]:
    """Give the environment of a process that nobody measures."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}


@contextmanager
def measured_by_nobody() -> Iterator[None]:
    """Measure nothing meanwhile, neither here nor in processes that are started."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()
    try:
        with mock.patch.dict(os.environ, unmeasured_environment(), clear=True):
            yield
    finally:
        if measuring is not None:
            measuring.start()
