"""A person's statements as of an instant: what was said, by whom, and what has become of it.

Every version that was recorded is a row of its own. What was refused was never recorded.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.codes import Branch
from streams.domain.entry import LedgerEntry, StatementRecorded
from streams.domain.ids import Instant
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from streams.promises.engine import Stored

ACTIVE, NOT_YET, SUPERSEDED, WITHDRAWN, EXPIRED, IN_ERROR = (
    "active",
    "not_yet",
    "superseded",
    "withdrawn",
    "expired",
    "entered_in_error",
)
STATEMENT_STATES = (ACTIVE, NOT_YET, SUPERSEDED, WITHDRAWN, EXPIRED, IN_ERROR)
STANDING = (ACTIVE, NOT_YET)
"""States of what is in force or will be; the others are over."""
_NOTED_TOO_LATE = "superseded"
"""The fact's word for a version that came after a newer one."""


class StatementSeen(NamedTuple):
    """One version of a statement; `state` is one of `STATEMENT_STATES`, as of an instant.

    Empty `sources` or `recipients` mean any agency. `documents` counts those that a prohibition is
    about. `valid_from` None is from the moment it was recorded, `valid_to` None for ever.
    `ended_at` is when the hub recorded what ended it, `ended_by` that event's id: a withdrawal, or
    the version that took its place. `event_id` and `entry_id` are where it comes from.
    """

    statement_id: str
    kind: str
    state: str
    given_by: str
    recorder: str
    sources: tuple[str, ...]
    recipients: tuple[str, ...]
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    to_branch: str | None
    documents: int
    service_tasks: tuple[str, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    occurred_at: Instant
    recorded_at: Instant
    ended_at: Instant | None
    ended_by: str | None
    evidence_digest: str | None
    """SHA-256 of the evidence that the recorder keeps, hexadecimal."""
    event_id: str
    entry_id: str


class _End(NamedTuple):
    """What ended a statement: how, when the hub knew, and by which event."""

    state: str
    at: Instant
    by: str


def statements(told: Iterable[Stored], at: Instant) -> list[StatementSeen]:
    """Give a person's statements as of an instant, by (recorded_at, id).

    Args:
        told: The person's entries up to that instant, in order.
        at: By which instant validity is judged.
    """
    found: list[StatementSeen] = []
    newest: dict[tuple[str, str], int] = {}
    over: dict[tuple[str, str], _End] = {}
    for stored in told:
        entry = stored.entry
        event, noted = entry.event, _noted(entry)
        if noted is None:
            _note_refused_end(over, entry)
            continue
        key, is_late = (noted.recorder, noted.statement_id), noted.state == _NOTED_TOO_LATE
        if isinstance(event, ConsentGiven | DisclosureProhibited):
            made = _seen(event, entry)
            if is_late:
                # What ended it came before it: a withdrawal, or a newer version.
                found.append(_ended(made, over.get(key) or _superseded(entry, found, newest[key])))
                continue
            if key in newest:
                end = _End(SUPERSEDED, entry.recorded_at, made.event_id)
                found[newest[key]] = _ended(found[newest[key]], end)
            over.pop(key, None)
            newest[key] = len(found)
            found.append(made)
        elif isinstance(event, ConsentWithdrawn | ProhibitionLifted) and not is_late:
            how = IN_ERROR if event.in_error else WITHDRAWN
            over[key] = _End(how, entry.recorded_at, event.envelope.event_id)
            if key in newest:
                found[newest[key]] = _ended(found[newest[key]], over[key])
    judged = [seen._replace(state=_judged(seen, at)) for seen in found]
    return sorted(judged, key=lambda seen: (seen.recorded_at, seen.statement_id))


def _superseded(entry: LedgerEntry, found: list[StatementSeen], newest: int) -> _End:
    return _End(SUPERSEDED, entry.recorded_at, found[newest].event_id)


def _note_refused_end(over: dict[tuple[str, str], _End], entry: LedgerEntry) -> None:
    # Taken back before it was said: refused, but what comes late after it does not begin.
    event = entry.event
    if isinstance(event, ConsentWithdrawn | ProhibitionLifted):
        key = (event.envelope.agency, event.statement_id)
        how = IN_ERROR if event.in_error else WITHDRAWN
        over.setdefault(key, _End(how, entry.recorded_at, event.envelope.event_id))


def _noted(entry: LedgerEntry) -> StatementRecorded | None:
    return next((fact for fact in entry.facts if isinstance(fact, StatementRecorded)), None)


def _ended(seen: StatementSeen, end: _End) -> StatementSeen:
    if seen.ended_at is not None:
        return seen  # What ended it first did.
    return seen._replace(state=end.state, ended_at=end.at, ended_by=end.by)


def _judged(seen: StatementSeen, at: Instant) -> str:
    if seen.ended_at is not None:
        return seen.state
    if seen.valid_from is not None and at < seen.valid_from:
        return NOT_YET
    return ACTIVE if seen.valid_to is None or at < seen.valid_to else EXPIRED


def _seen(event: ConsentGiven | DisclosureProhibited, entry: LedgerEntry) -> StatementSeen:
    kind, branch = StatementKind.PROHIBITION, Branch.UNKNOWN
    documents, service_tasks = 0, tuple[str, ...]()
    if isinstance(event, ConsentGiven):
        kind, branch = event.kind, event.to_branch
    else:
        documents, service_tasks = len(event.documents), event.service_tasks
    return StatementSeen(
        event.statement_id,
        kind.value,
        ACTIVE,
        event.given_by.value,
        event.envelope.agency,
        event.sources,
        event.recipients,
        tuple([purpose.value for purpose in event.purposes]),
        tuple([category.value for category in event.categories]),
        branch.value if branch is not Branch.UNKNOWN else None,
        documents,
        service_tasks,
        event.valid_from,
        event.valid_to,
        event.envelope.occurred_at,
        entry.recorded_at,
        None,
        None,
        event.evidence_digest.hex() or None,
        event.envelope.event_id,
        entry.entry_id,
    )
