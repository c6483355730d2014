"""How long a notice waits before its next attempt, and when the hub gives up on it.

The schedule stands in the attempts store, since it must outlive the process: that is why no retry
library drives it.
"""

from math import isnan
from random import Random
from typing import NamedTuple

DELAY_US_MIN = 1_000
"""No attempt follows another sooner: with full jitter a delay could be nothing at all."""


class Pace(NamedTuple):
    """How dispatch spreads its attempts; durations in microseconds.

    `limit_us` is the agreement's `delivery_limit_us`, counted from the first attempt. `hold_us` is
    how long everything rests when the ledger or the store cannot be used. After `outage_after`
    attempts in a row that an agency could not take, one lane at a time probes it.

    For `group_wait_us` an escalation to a desk gathers others of its cause: clocks that fall due
    together, as at the opening of offices, fire within seconds, and to people half a minute is not
    late.

    `answer_us` is how long the ledger may take to say what became of a report that it only queued;
    then it is reported again, under the same id.
    """

    limit_us: int
    base_us: int = 1_000_000
    cap_us: int = 60_000_000
    wish_us_max: int = 3_600_000_000
    hold_us: int = 1_000_000
    lanes_per_agency: int = 8
    outage_after: int = 8
    group_wait_us: int = 30_000_000
    answer_us: int = 600_000_000


def bound_us(pace: Pace, tries: int) -> int:
    """Give the longest own delay after `tries` attempts (from 1), in microseconds."""
    doublings = min(max(tries - 1, 0), 62)
    return max(DELAY_US_MIN, min(pace.cap_us, pace.base_us << doublings))


def delay_us(pace: Pace, tries: int, after_s: float | None, rng: Random) -> int:
    """Draw the delay after `tries` attempts: full jitter, on top of what the agency asked for.

    The wish is a floor, not a moment: all who were asked to wait equally long must not come back at
    once. A wish longer than `wish_us_max`, negative or no number is cut to bounds.
    """
    wish_us = 0
    if after_s is not None and not isnan(after_s):
        wish_us = int(max(0.0, min(after_s * 1_000_000, float(pace.wish_us_max))))
    return wish_us + rng.randint(DELAY_US_MIN, bound_us(pace, tries))


def horizon_us(pace: Pace) -> int:
    """Give the longest delay there can be, in microseconds; a longer one is a clock's jump."""
    return pace.wish_us_max + max(DELAY_US_MIN, pace.cap_us)
