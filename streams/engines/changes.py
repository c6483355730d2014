"""When the agreement turns: the moments at which deadlines rest on other rules than before.

A person's clocks stand under the rules of `PersonState.clock_digest`. Where other rules hold, by a
date that came or by an edited file, the lane feeds `AgreementChanged` before anything else.
"""

from functools import lru_cache
from typing import NamedTuple

from streams.domain.agreement import Agreements
from streams.domain.envelope import HUB, hub_envelope
from streams.domain.hub_events import AgreementChanged
from streams.domain.ids import EventId, Instant, derive
from streams.domain.person import PersonState

_EVER = Instant(-(2**62))


class Change(NamedTuple):
    """Since `at`, deadlines rest on the rules of this digest."""

    at: Instant
    clock_digest: bytes


@lru_cache(maxsize=16)
def changes_of(agreements: Agreements) -> tuple[Change, ...]:
    """Give the changes of a region's clock rules and calendars, in order; the first holds ever.

    A version without a clock digest changes nothing.
    """
    bounds = {bound for v in agreements.versions for bound in (v.valid_from, v.valid_to)}
    found: list[Change] = []
    for at in (_EVER, *sorted(bound for bound in bounds if bound is not None)):
        digest = agreements.in_force(at).clock_digest
        if digest and (not found or found[-1].clock_digest != digest):
            found.append(Change(at, digest))
    return tuple(found)


def rules_at(agreements: Agreements, at: Instant) -> bytes:
    """Give the digest of the clock rules in force at a moment, empty where none has any."""
    begun = [change for change in changes_of(agreements) if change.at <= at]
    return begun[-1].clock_digest if begun else b""


def pending_change(agreements: Agreements, hot: PersonState) -> Instant | None:
    """Give when a person's clocks come under other rules; None where they never will.

    The moment is that of the person's last entry where other rules hold already, else the first
    turn after it that brings other rules.
    """
    held = hot.clock_digest
    if not held or not hot.clocks:
        return None
    changes = changes_of(agreements)
    if len(changes) == 1 and changes[0].clock_digest == held:
        return None  # nearly always
    if rules_at(agreements, hot.recorded_at) not in (b"", held):
        return hot.recorded_at
    return next((c.at for c in changes if c.at > hot.recorded_at and c.clock_digest != held), None)


def next_turn(agreements: Agreements, after: Instant) -> Instant | None:
    """Give the first moment after another at which clock rules or calendar change."""
    turns = changes_of(agreements)[1:]
    return next((change.at for change in turns if change.at > after), None)


def change_event(agreements: Agreements, hot: PersonState, at: Instant) -> AgreementChanged:
    """Make the event that brings a person's clocks under the agreement in force at a moment.

    The person's sequence stands in its id: a file may be edited back to what it was.
    """
    digest = agreements.in_force(at).digest
    cause = (HUB, "agreement", hot.person, digest.hex(), str(hot.sequence))
    envelope = hub_envelope(EventId(derive("e", *cause)), hot.person, at, at)
    return AgreementChanged(envelope, digest)
