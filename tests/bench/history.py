"""What a person's history costs: `step` for a person with 10 and with 1,000 closed handoffs."""

import gc
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from streams.domain.agreement import Agreements
from streams.domain.answers import HandoffAccepted, ServiceCompleted
from streams.domain.calendar import DAY_US, HOUR_US, instant
from streams.domain.closed_record import needs_closed
from streams.domain.event import Event
from streams.domain.ids import Instant
from streams.domain.referral import ReferralCancelled
from streams.domain.step import Person, step
from streams.engines.memory import MemoryEngine
from tests.domain.region import EMPLOYMENT, PERSON, REGION, SOTE
from tests.domain.speaker import Speaker

CLOSED = (10, 1000)
ROUNDS = 5
_CALLS = 400


def measure(rounds: dict[str, list[float]], say: Callable[[str], None]) -> dict[str, float]:
    """Give the mean of `step` by number of closed handoffs, in microseconds a call."""
    made = {count: _person(count) for count in CLOSED}
    gc.collect()
    for number in range(-1, ROUNDS):
        for count, (person, events) in made.items():
            began = perf_counter()
            for event in events:
                known = Person(
                    person.hot, person.closed if needs_closed(person.hot, event) else None
                )
                step(known, event, REGION)
            spent_us = (perf_counter() - began) / len(events) * 1_000_000
            if number >= 0:
                rounds.setdefault(f"history.{count}", []).append(round(spent_us, 1))
    found = {str(count): median(rounds[f"history.{count}"]) for count in CLOSED}
    say(f"history {found}")
    return found


def _person(count: int) -> tuple[Person, list[Event]]:
    """Make a person with closed handoffs, a day apart, and events that come next."""
    speaker = Speaker()
    engine = MemoryEngine(Agreements((REGION,)))
    start = instant(datetime(2022, 1, 3, 8, tzinfo=UTC))
    engine.submit([speaker.consents(start)])
    for number in range(count):
        moment = Instant(start + (number + 1) * DAY_US)
        referral = speaker.refers(moment)
        outcome = engine.submit([referral])[0]
        later = Instant(moment + HOUR_US)
        if number % 2:
            events: list[Event] = [
                speaker.answers(ReferralCancelled, later, EMPLOYMENT, outcome.handoff_id)
            ]
        else:
            events = [
                speaker.answers(HandoffAccepted, later, SOTE, outcome.handoff_id),
                speaker.answers(ServiceCompleted, later, SOTE, outcome.handoff_id),
            ]
        engine.submit(events)
    hot = engine.hot(PERSON)
    assert hot is not None
    assert hot.closed_count == count
    after = Instant(hot.recorded_at + DAY_US)
    coming: list[Event] = []
    for _ in range(_CALLS // 2):
        coming.append(speaker.refers(after))
        coming.append(speaker.consents(after))
    return Person(hot, engine.closed(PERSON)), coming
