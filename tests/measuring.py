"""What coverage does not measure: very many cases, and processes that others measure.

Measuring makes a hot loop two to three times as slow, and a process start several times (decision
0034).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from coverage import Coverage

from streams.domain import projection


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
            _forget()
            measuring.start()


def _forget() -> None:
    """Forget what the domain remembers: a line that was reached unmeasured is reached again."""
    projection._of_days.clear()
    projection._of_hours.clear()
    for name, module in [*sys.modules.items()]:
        if name.startswith("streams.domain."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
