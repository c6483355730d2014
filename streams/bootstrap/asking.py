"""Asking a hub of a moment that is past: a person's entries by then, and the agreement of then."""

from collections.abc import Sequence
from itertools import takewhile

from streams.bootstrap.agreement_history import Bygone
from streams.bootstrap.reader import HubReader
from streams.domain.agreement import Agreement
from streams.domain.ids import Instant, PersonId
from streams.promises.engine import Stored


def entries_by(hub: HubReader, person: PersonId, at: Instant) -> list[Stored]:
    """Give a person's entries recorded at an instant or before it, in order."""
    lane = hub.engine.ledger(person=person)
    return list(takewhile(lambda stored: stored.entry.recorded_at <= at, lane))


def agreement_at(
    hub: HubReader, bygone: Bygone, told: Sequence[Stored], at: Instant
) -> Agreement | None:
    """Give the agreement by which the hub decided at an instant, or would have decided.

    An entry of that very instant names it; between entries the last one of anybody does, unless the
    region's files say that another version had begun since. None where it is not at hand any more.

    Args:
        hub: The hub.
        bygone: Its agreements by digest.
        told: The person's entries by then.
        at: The instant; for one that the hub has not reached yet the files decide.
    """
    if told and told[-1].entry.recorded_at == at:
        return bygone.in_force(told[-1].entry.agreement_digest, at)
    in_files = hub.agreements.in_force(at)
    seen = hub.desk.rules_at(at)
    if at > hub.engine.now() or seen is None or seen.seen_at < in_files.valid_from <= at:
        return in_files
    return bygone.in_force(seen.agreement_digest, at)
