"""A person's statements as of an instant: what was said, by whom, and what has become of it.

Every version that was recorded is a row of its own. What was refused was never recorded.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.codes import Branch
from streams.domain.entry import LedgerEntry, StatementRecorded, TransitionRefused
from streams.domain.ids import Instant
from streams.domain.statement import HAS_ENDED, NO_SUCH_STATEMENT, Standing, as_made
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
)
from streams.promises.engine import Stored

STANDING = (Standing.ACTIVE.value, Standing.NOT_YET.value)
"""States of what is in force or will be; the others are over."""
_NOTED_TOO_LATE = "superseded"
"""The fact's word for what came after something newer."""
_LEAVES_AN_END = (NO_SUCH_STATEMENT, HAS_ENDED)
"""Refusals of an end that is kept all the same: nothing that was said before it begins late."""

_Made = ConsentGiven | DisclosureProhibited
_Ended = ConsentWithdrawn | ProhibitionLifted
_Name = tuple[str, str]
"""A statement's recorder and id."""


class StatementSeen(NamedTuple):
    """One version of a statement; `state` is its `Standing` as of an instant.

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
    """What ended statements, of one kind and under one id: how, when the hub knew, by which event.

    `rows` are those that it ended.
    """

    state: Standing
    at: Instant
    by: str
    occurred_at: Instant
    rows: tuple[int, ...]


class _Account:
    """Follows a person's statements through their entries, as the hub noted them."""

    def __init__(self) -> None:
        """Begin with none."""
        self.found: list[StatementSeen] = []
        self._in_force: dict[_Name, int] = {}
        self._ends: dict[tuple[_Name, bool], _End] = {}
        self._soles: dict[tuple[str, Branch], int] = {}
        """The newest sole permit by its recorder and the way that it goes."""

    def take(self, entry: LedgerEntry) -> None:
        """Take the next entry in; what is no statement, or was refused, changes nothing."""
        event = entry.event
        facts = [fact for fact in entry.facts if isinstance(fact, StatementRecorded)]
        noted = facts[0].state if facts else ""
        if isinstance(event, _Made) and noted:
            self._make(event, entry, is_late=noted == _NOTED_TOO_LATE)
            for replaced in facts[1:]:
                self._replace((replaced.recorder, replaced.statement_id), event, entry)
        elif isinstance(event, _Ended):
            refused = [f.rule for f in entry.facts if isinstance(f, TransitionRefused)]
            if noted not in ("", _NOTED_TOO_LATE) or {*refused} & {*_LEAVES_AN_END}:
                self._end(event, entry)

    def _make(self, event: _Made, entry: LedgerEntry, *, is_late: bool) -> None:
        name = _name(event)
        place = len(self.found)
        self.found.append(_seen(event, entry))
        kind = (name, isinstance(event, DisclosureProhibited))
        end = self._ends.get(kind)
        if end is not None and event.envelope.occurred_at < end.occurred_at:
            self._ends[kind] = end._replace(rows=(*end.rows, place))
            self._close(place, end)
            return
        newest = self._in_force.get(name)
        if is_late:
            if newest is not None and event.envelope.occurred_at < self.found[newest].occurred_at:
                self._close(place, _superseding(entry, self.found[newest].event_id))
            else:
                self._come_after(event, entry)
            return
        if newest is not None:
            self._close(newest, _superseding(entry, self.found[place].event_id))
        self._in_force[name] = place
        self._ends.pop(kind, None)
        if isinstance(event, ConsentGiven) and event.is_sole:
            self._soles[name[0], event.to_branch] = place

    def _come_after(self, event: _Made, entry: LedgerEntry) -> None:
        """Note a permit that came after a sole one which had been given since."""
        name, place = _name(event), len(self.found) - 1
        branch = event.to_branch if isinstance(event, ConsentGiven) else Branch.UNKNOWN
        sole = self.found[self._soles[name[0], branch]]
        end = _superseding(entry, sole.event_id)._replace(occurred_at=sole.occurred_at)
        earlier = self._in_force.pop(name, None)
        if earlier is not None:
            self._close(earlier, _superseding(entry, event.envelope.event_id))
        self._ends[name, False] = end._replace(rows=(place,))
        self._close(place, end)

    def _replace(self, name: _Name, event: _Made, entry: LedgerEntry) -> None:
        """Note a permit whose place a sole one of another id took."""
        place = self._in_force.pop(name)
        end = _superseding(entry, event.envelope.event_id)
        occurred_at = event.envelope.occurred_at
        self._ends[name, False] = end._replace(occurred_at=occurred_at, rows=(place,))
        self._close(place, end)

    def _end(self, event: _Ended, entry: LedgerEntry) -> None:
        name = _name(event)
        kind = (name, isinstance(event, ProhibitionLifted))
        envelope = event.envelope
        how = Standing.ENTERED_IN_ERROR if event.in_error else Standing.WITHDRAWN
        end = _End(how, entry.recorded_at, envelope.event_id, envelope.occurred_at, ())
        earlier = self._ends.get(kind)
        newest = self._in_force.pop(name, None)
        if newest is not None:
            end = end._replace(rows=(newest,))
        elif earlier is not None:
            latest = max(earlier.occurred_at, end.occurred_at)
            # What ended before is ended already, unless it turns out that it never was.
            corrects = event.in_error and earlier.state is not Standing.ENTERED_IN_ERROR
            end = end._replace(rows=earlier.rows) if corrects else earlier
            end = end._replace(occurred_at=latest)
        self._ends[kind] = end
        for place in end.rows:
            self._close(place, end)

    def _close(self, place: int, end: _End) -> None:
        self.found[place] = self.found[place]._replace(
            state=end.state.value, ended_at=end.at, ended_by=end.by
        )


def statements(told: Iterable[Stored], at: Instant) -> list[StatementSeen]:
    """Give a person's statements as of an instant, by (recorded_at, id).

    Args:
        told: The person's entries up to that instant, in order.
        at: By which instant validity is judged.
    """
    account = _Account()
    for stored in told:
        account.take(stored.entry)
    judged = [seen._replace(state=_judged(seen, at)) for seen in account.found]
    return sorted(judged, key=lambda seen: (seen.recorded_at, seen.statement_id))


def _name(event: _Made | _Ended) -> _Name:
    return event.envelope.agency, event.statement_id


def _superseding(entry: LedgerEntry, by: str) -> _End:
    return _End(Standing.SUPERSEDED, entry.recorded_at, by, entry.recorded_at, ())


def _judged(seen: StatementSeen, at: Instant) -> str:
    if seen.ended_at is not None:
        return seen.state
    if seen.valid_from is not None and at < seen.valid_from:
        return Standing.NOT_YET.value
    if seen.valid_to is not None and at >= seen.valid_to:
        return Standing.EXPIRED.value
    return Standing.ACTIVE.value


def _seen(event: _Made, entry: LedgerEntry) -> StatementSeen:
    made = as_made(event)
    return StatementSeen(
        made.statement_id,
        made.kind.value,
        Standing.ACTIVE.value,
        event.given_by.value,
        made.recorder,
        made.sources,
        made.recipients,
        tuple([purpose.value for purpose in made.purposes]),
        tuple([category.value for category in made.categories]),
        made.to_branch.value if made.to_branch is not Branch.UNKNOWN else None,
        len(made.documents),
        made.service_tasks,
        made.valid_from,
        made.valid_to,
        made.occurred_at,
        entry.recorded_at,
        None,
        None,
        event.evidence_digest.hex() or None,
        event.envelope.event_id,
        entry.entry_id,
    )
