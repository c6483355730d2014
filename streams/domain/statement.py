"""A person's statements, recorded and ended; open handoffs are then decided again.

    recorded -> in force (not yet, active, expired by its own dates) -> ended | superseded

What ends leaves an end behind, also where it was never known to begin: nothing that was said before
it under its id begins late. An end speaks of its own kind alone: taking back a consent says nothing
of a prohibition under the same id.
"""

from enum import StrEnum

from streams.domain import disclosure
from streams.domain.codes import Branch
from streams.domain.entry import StatementRecorded
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.person import Statement
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from streams.domain.submission import refuse
from streams.domain.turn import Turn

MAY_NOT_RECORD = "may-not-record"
NO_SUCH_STATEMENT = "no-such-statement"
HAS_ENDED = "statement-has-ended"
OF_ANOTHER_KIND = "statement-of-another-kind"
REFUSALS = (MAY_NOT_RECORD, NO_SUCH_STATEMENT, HAS_ENDED, OF_ANOTHER_KIND)
"""Rules by which a statement is refused: each is about the statement that the message names."""

_Made = ConsentGiven | DisclosureProhibited
_Ended = ConsentWithdrawn | ProhibitionLifted


class Standing(StrEnum):
    """How a statement stands at an instant (facts 2.4)."""

    ACTIVE = "active"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered_in_error"


def standing(statement: Statement, at: Instant, newer: Statement | None = None) -> Standing:
    """Say how a statement stands at an instant.

    `statement` is one of the person's state as of `at`, or one made of an event (`as_made`); a
    state keeps the newest of each id alone, so `newer` is what the state of `at` has in its place,
    None where that is the statement itself.
    """
    newest = newer if newer is not None else statement
    if newest.ended:
        if newest.in_error:
            return Standing.ENTERED_IN_ERROR
        return Standing.SUPERSEDED if newest.is_sole else Standing.WITHDRAWN
    if newer is not None:
        return Standing.SUPERSEDED
    if statement.valid_from is not None and at < statement.valid_from:
        return Standing.NOT_YET
    if statement.valid_to is not None and at >= statement.valid_to:
        return Standing.EXPIRED
    return Standing.ACTIVE


def as_made(event: _Made) -> Statement:
    """Give the statement that an event makes."""
    kind, to_branch, is_sole = StatementKind.PROHIBITION, Branch.UNKNOWN, False
    documents: tuple[bytes, ...] = ()
    if isinstance(event, ConsentGiven):
        kind, to_branch, is_sole = event.kind, event.to_branch, event.is_sole
    else:
        documents = event.documents
    return Statement(
        event.statement_id,
        event.envelope.agency,
        kind,
        to_branch,
        event.sources,
        event.recipients,
        event.purposes,
        event.categories,
        documents,
        event.service_tasks,
        event.valid_from,
        event.valid_to,
        event.envelope.occurred_at,
        ended=False,
        is_sole=is_sole,
    )


def record(turn: Turn, event: _Made) -> None:
    """Note a statement; a newer version replaces the one of the same id by the same recorder.

    A sole permit ends the others of its recorder and direction that were said before it, also those
    that come later. Refused where the agreement does not let the agency record its kind.
    """
    made = as_made(event)
    recorder = turn.agreement.agencies.get(made.recorder)
    if recorder is None or made.kind not in recorder.records:
        refuse(turn, MAY_NOT_RECORD, None)
        return
    current, end = _known(turn, event, made.kind)
    if end is not None and made.occurred_at < end.occurred_at:
        # Now it is known what the end was of.
        _put(turn, end._replace(kind=made.kind, was_given=True))
        _note(turn, event, "superseded")
    elif current is not None and made.occurred_at < current.occurred_at:
        _note(turn, event, "superseded")
    elif (later := _sole_after(turn, made)) is not None:
        _put(turn, _replaced(made, later))
        _note(turn, event, "superseded")
        disclosure.reconsider(turn)
    else:
        _put(turn, made)
        _note(turn, event, "in-force")
        _replace_others(turn, made)
        disclosure.reconsider(turn)


def end(turn: Turn, event: _Ended) -> None:
    """End a statement, or mark it as entered in error, also after its end.

    Refused where nothing of the kind was said under the id, where it has ended already, or where
    what stands there is of the other kind: a withdrawal ends no prohibition, and lifting a
    prohibition ends no consent. The first two leave an end all the same, so that what was said
    before it cannot begin late.
    """
    lifted = isinstance(event, ProhibitionLifted)
    kind = StatementKind.PROHIBITION if lifted else StatementKind.CONSENT
    current, earlier = _known(turn, event, kind)
    if current is None:
        _end_again(turn, event, kind, earlier)
    elif _prohibits(current.kind) is not lifted:
        refuse(turn, OF_ANOTHER_KIND, None)
    elif event.envelope.occurred_at < current.occurred_at:
        _note(turn, event, "superseded")
    else:
        _put(turn, _as_ended(event, current.kind))
        _note(turn, event, "entered-in-error" if event.in_error else "ended")
        disclosure.reconsider(turn)


def _end_again(turn: Turn, event: _Ended, kind: StatementKind, earlier: Statement | None) -> None:
    """End what is not in force: it has ended before, or nobody ever knew it."""
    if earlier is None:
        if any(each.was_given for each in turn.hot.statements if _is_under(each, event)):
            refuse(turn, OF_ANOTHER_KIND, None)
            return
        earlier = _as_ended(event, kind)._replace(was_given=False)
    corrects = earlier.was_given and event.in_error and not earlier.in_error
    latest = max(earlier.occurred_at, event.envelope.occurred_at)
    in_error = earlier.in_error or event.in_error
    _put(turn, earlier._replace(occurred_at=latest, in_error=in_error))
    if corrects:
        _note(turn, event, "entered-in-error")
    else:
        refuse(turn, HAS_ENDED if earlier.was_given else NO_SUCH_STATEMENT, None)


def _sole_after(turn: Turn, made: Statement) -> Statement | None:
    """Give the sole permit of the same way that was said after this one, if one stands."""
    for known in turn.hot.statements:
        if known.is_sole and _goes_the_same_way(known, made):
            return known if made.occurred_at < known.occurred_at else None
    return None


def _replace_others(turn: Turn, made: Statement) -> None:
    if not made.is_sole:
        return
    for known in turn.hot.statements:
        if _goes_the_same_way(known, made) and known.occurred_at <= made.occurred_at:
            _put(turn, _replaced(known, made))
            fact = StatementRecorded(known.statement_id, known.recorder, "superseded")
            turn.facts.append(fact)


def _goes_the_same_way(known: Statement, permit: Statement) -> bool:
    """Say whether another permit of the recorder's, in force, goes the way of this one."""
    if known.ended or known.kind is not StatementKind.PERMIT or known.kind is not permit.kind:
        return False
    if (known.recorder, known.to_branch) != (permit.recorder, permit.to_branch):
        return False
    return known.statement_id != permit.statement_id


def _replaced(statement: Statement, by: Statement) -> Statement:
    end = _an_end(statement.statement_id, statement.recorder, statement.kind, by.occurred_at)
    return end._replace(is_sole=True)


def _as_ended(event: _Ended, kind: StatementKind) -> Statement:
    envelope = event.envelope
    end = _an_end(event.statement_id, envelope.agency, kind, envelope.occurred_at)
    return end._replace(in_error=event.in_error)


def _an_end(
    statement_id: StatementId, recorder: AgencyId, kind: StatementKind, at: Instant
) -> Statement:
    return Statement(
        statement_id,
        recorder,
        kind,
        Branch.UNKNOWN,
        (),
        (),
        (),
        (),
        (),
        (),
        None,
        None,
        at,
        ended=True,
    )


def _known(
    turn: Turn, event: _Made | _Ended, kind: StatementKind
) -> tuple[Statement | None, Statement | None]:
    """Give what is in force under the event's id, of any kind, and the end of its own kind."""
    current, end = None, None
    for known in turn.hot.statements:
        if not _is_under(known, event):
            continue
        if not known.ended:
            current = known
        elif _prohibits(known.kind) is _prohibits(kind):
            end = known
    return current, end


def _is_under(known: Statement, event: _Made | _Ended) -> bool:
    return known.statement_id == event.statement_id and known.recorder == event.envelope.agency


def _prohibits(kind: StatementKind) -> bool:
    return kind is StatementKind.PROHIBITION


def _put(turn: Turn, statement: Statement) -> None:
    others = [each for each in turn.hot.statements if not _gives_way(each, statement)]
    turn.hot = turn.hot._replace(statements=(*others, statement))


def _gives_way(known: Statement, to: Statement) -> bool:
    """Say whether one replaces the other: what is in force anything in force, an end its kind."""
    if (known.recorder, known.statement_id) != (to.recorder, to.statement_id):
        return False
    return _prohibits(known.kind) is _prohibits(to.kind) or not (known.ended or to.ended)


def _note(turn: Turn, event: _Made | _Ended, state: str) -> None:
    turn.facts.append(StatementRecorded(event.statement_id, event.envelope.agency, state))
