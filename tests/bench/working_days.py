"""What working-day arithmetic costs: dates and office hours, counted on and counted between.

Starts lie anywhere in three years and budgets reach over two months, so that weekends, holidays and
both changes of the clocks are met; the office hours are those of the demonstration region.
"""

import gc
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import repeat
from random import Random
from statistics import median
from time import perf_counter

from streams.bootstrap.agreement_file import load_agreements
from streams.domain.calendar import (
    DAY_US,
    HOUR_US,
    after_working_days,
    after_working_us,
    instant,
    local_day,
    working_days_between,
    working_us_between,
)
from streams.domain.ids import AgencyId, Instant

CALLS, ROUNDS = 20_000, 5
_FROM = instant(datetime(2026, 1, 1, tzinfo=UTC))
_YEARS_US, _BUDGET_DAYS, _BUDGET_HOURS = 3 * 365 * DAY_US, 60, 300
_OFFICE = AgencyId("sote.south-karelia")


def measure(rounds: dict[str, list[float]], say: Callable[[str], None]) -> float:
    """Give the mean of the dearest function, in microseconds a call."""
    chance = Random(1930)
    offices = load_agreements().in_force(_FROM).offices(_OFFICE)
    starts = [Instant(_FROM + chance.randrange(_YEARS_US)) for _ in range(CALLS)]
    ends = [Instant(start + chance.randrange(_BUDGET_DAYS * DAY_US)) for start in starts]
    days, last_days = [*map(local_day, starts)], [*map(local_day, ends)]
    counts = [chance.randrange(1, _BUDGET_DAYS) for _ in starts]
    hours_us = [chance.randrange(1, _BUDGET_HOURS * HOUR_US) for _ in starts]
    closed = [offices.closed_days] * CALLS
    calls: dict[str, Callable[[], object]] = {
        "after_working_days": lambda: [*map(after_working_days, days, counts, closed)],
        "working_days_between": lambda: [*map(working_days_between, days, last_days, closed)],
        "after_working_us": lambda: [*map(after_working_us, starts, hours_us, repeat(offices))],
        "working_us_between": lambda: [*map(working_us_between, starts, ends, repeat(offices))],
    }
    gc.collect()
    means: dict[str, float] = {}
    for name, call in calls.items():
        for number in range(-1, ROUNDS):  # the first does not count
            began = perf_counter()
            call()
            spent_us = (perf_counter() - began) / CALLS * 1_000_000
            if number >= 0:
                rounds.setdefault(f"clocks.working_day_us.{name}", []).append(round(spent_us, 2))
        means[name] = median(rounds[f"clocks.working_day_us.{name}"])
    say(f"working days {means}")
    return max(means.values())
