"""`step`: what one event makes of a person. Pure, total, and the only way that anything changes.

The rules of every event are found from here: referrals in `submission`, answers in `answering`,
statements and milestones in `disclosure`, clocks in `clocks`, deliveries in `delivery`.
"""

from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, assert_never

from streams.domain import (
    answering,
    clocks,
    convening,
    delivery,
    disclosure,
    known,
    ladder,
    reprojection,
    silence,
    statement,
)
from streams.domain.agreement import Agreement
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    RecallAcknowledged,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
    WorkerNamed,
)
from streams.domain.clock_rules import OF_HUB
from streams.domain.codes import Milestone, Status
from streams.domain.entry import EventParked, HandoffOpened, LedgerEntry
from streams.domain.envelope import Envelope
from streams.domain.event import Event, HandoffAnswer
from streams.domain.hub_events import (
    AgencyFellSilent,
    AgencyHeardAgain,
    AgreementChanged,
    ClockReached,
    DeliveryStarted,
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
    NoticeDelivered,
    NoticeUndeliverable,
    SaidOfClocks,
)
from streams.domain.ids import EntryId, HandoffId, Instant, PersonId, derive, packed
from streams.domain.path import MilestoneReached
from streams.domain.person import ClosedState, PersonState
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
)
from streams.domain.submission import refuse, same_referral, submit
from streams.domain.turn import Turn

RULES_VERSION = 1
"""Names the rules of this code in every entry; a change of what `step` decides raises it."""

_RECORDED_AT, _KNOWN_IDS = map(PersonState._fields.index, ("recorded_at", "known_ids"))


class Verdict(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    PARKED = "parked"
    DEAD_LETTER = "dead-letter"


class Person(NamedTuple):
    """What the hub knows of a person; `closed` is None where it was not read, or is empty."""

    hot: PersonState
    closed: ClosedState | None


class Step(NamedTuple):
    """What one event makes of a person.

    `entry` is None where the ledger stays as it was (a duplicate, a reused id). `closed_added` is
    to be appended to the closed record. `dead` are answers that no referral will be found for; a
    reused id makes a dead letter of the event itself (`rule` is `id-reused`).
    """

    verdict: Verdict
    rule: str
    handoff_id: HandoffId | None
    hot: PersonState
    closed_added: ClosedState | None
    entry: LedgerEntry | None
    dead: tuple[HandoffAnswer, ...]


_NOBODY = PersonState(
    PersonId(""),
    sequence=0,
    recorded_at=Instant(0),
    municipality="",
    protected=False,
    typ_member=False,
    age_years=-1,
    sickness_days=0,
    unemployment_days=0,
    handoffs=(),
    cases=(),
    statements=(),
    clocks=(),
    rejections=(),
    recalls=(),
    convened=(),
    parked=(),
    holdings=0,
    known_ids=b"",
    sieve=b"",
    closed_count=0,
    closed_digest=b"",
    clock_digest=b"",
)


def unknown_person(person: PersonId) -> PersonState:
    """Give the state of a person of whom nothing is known."""
    return PersonState(person, *_NOBODY[1:])


def is_known(person: Person, event: Event) -> bool:
    """Say whether an event id was seen before, with this content or another."""
    return _seen(person, packed(event.envelope.event_id)) is not None


def step(person: Person, event: Event, agreement: Agreement) -> Step:
    """Decide one event.

    Args:
        person: The state after the person's last entry; `closed` read where `needs_closed` says so.
        event: The contract event, with its sealed parts; they are carried, never opened.
        agreement: The version in force at the event's `recorded_at`.

    Returns:
        The new state and the entry, or what became of the event where there is none.
    """
    hot = person.hot
    envelope = event.envelope
    key = packed(envelope.event_id)
    seen = _seen(person, key)
    if seen is not None:
        if seen == envelope.content_digest:
            return _unchanged(hot, Verdict.DUPLICATE, "", event)
        return _unchanged(hot, Verdict.DEAD_LETTER, "id-reused", event)
    at = max(envelope.recorded_at, hot.recorded_at)
    turn = Turn(_at_home(hot, envelope), event, agreement, at)
    over = known.summaries(person.closed.summaries) if person.closed is not None else []
    if person.closed is not None:
        turn.holdings_known = person.closed.holdings
    _decide(turn, event, over)
    if turn.hot.protected is not person.hot.protected:
        disclosure.reconsider(turn)
    return _closed_up(turn, event, key)


def _seen(person: Person, key: bytes) -> bytes | None:
    seen = known.find(person.hot.known_ids, key)
    if seen is None and person.closed is not None:
        seen = known.find_old(person.closed.known_ids, key)
    return seen


def _at_home(hot: PersonState, envelope: Envelope) -> PersonState:
    # An event that says nothing of the home leaves it; one that says nothing lifts no protection.
    home, age = envelope.municipality, envelope.age_years
    protected = envelope.protected or (hot.protected and not home)
    if age < 0:
        age = hot.age_years
    if home in ("", hot.municipality) and protected is hot.protected and age == hot.age_years:
        return hot
    return hot._replace(municipality=home or hot.municipality, protected=protected, age_years=age)


def _decide(turn: Turn, event: Event, over: list[known.Summary]) -> None:
    match event:  # in the order of how often they come: each case is asked before the next
        case ReferralSubmitted():
            submit(turn, event, over)
            _release_parked(turn)
        case MilestoneReached():
            _reach(turn, event)
        case ClockReached():
            _fire(turn, event)
        case DeliveryStarted() | NoticeDelivered() | NoticeUndeliverable():
            delivery.follow(turn, event, over)
        case ConsentGiven() | DisclosureProhibited():
            statement.record(turn, event)
        case ConsentWithdrawn() | ProhibitionLifted():
            statement.end(turn, event)
        case (
            HandoffReceived()
            | HandoffAccepted()
            | HandoffRejected()
            | InformationRequested()
            | InformationProvided()
            | ServiceStarted()
            | ServicePaused()
            | ServiceCompleted()
            | ServiceFailed()
            | ReferralCancelled()
            | ReferralMarkedInError()
            | RecallAcknowledged()
            | WorkerNamed()
        ):
            answering.answer(turn, event, over)
            _release_parked(turn)
        case (
            EscalationAcknowledged()
            | EscalationAssigned()
            | EscalationSnoozed()
            | AgreementChanged()
            | AgencyFellSilent()
            | AgencyHeardAgain()
        ):
            _follow_clocks(turn, event)
        case _:
            assert_never(event)


def _follow_clocks(turn: Turn, event: SaidOfClocks) -> None:
    match event:
        case EscalationAcknowledged() | EscalationAssigned() | EscalationSnoozed():
            rule = ladder.answer(turn, event)
            if rule:
                refuse(turn, rule, turn.handoff_id)
        case AgreementChanged():
            reprojection.reproject(turn, event)
        case AgencyFellSilent():
            silence.fall_silent(turn, event)
        case AgencyHeardAgain():
            silence.hear_again(turn, event)
        case _:
            assert_never(event)


def _release_parked(turn: Turn) -> None:
    if not turn.hot.parked:
        return
    for fact in turn.facts:  # grows, where an answer that waited is passed on to another agency
        if isinstance(fact, HandoffOpened):
            answering.release_parked(turn, fact.handoff_id)


def _reach(turn: Turn, event: MilestoneReached) -> None:
    member = turn.hot.typ_member
    if event.milestone is Milestone.TYP_MEMBERSHIP_STARTED:
        member = True
    elif event.milestone is Milestone.TYP_MEMBERSHIP_ENDED:
        member = False
    if turn.hot.typ_member is not member:
        turn.hot = turn.hot._replace(typ_member=member)
        disclosure.reconsider(turn)
    clocks.reach(turn, event.milestone, event.amount or 0)


def _fire(turn: Turn, event: ClockReached) -> None:
    if event.rung == clocks.BASIS_TURN:
        disclosure.reconsider(turn)
        return
    clock = ladder.find(turn, event.clock_id)
    if clock is None:
        refuse(turn, "no-such-clock", None)
        return
    if clock.rule == clocks.PARKED:
        answering.give_up(turn, clock.subject)
    elif clock.rule == clocks.AWAITING_BASIS:
        _waited_out(turn, HandoffId(clock.subject))
    else:
        turn.handoff_id = ladder.handoff_of(clock)
        if event.rung == ladder.RESUME:
            clocks.resume(turn, clock)
        else:
            ladder.fire(turn, event, clock)


def _waited_out(turn: Turn, handoff_id: HandoffId) -> None:
    for handoff in turn.hot.handoffs:
        if handoff.handoff_id == handoff_id:
            turn.handoff_id = handoff_id
            cancelled = handoff._replace(status=Status.CANCELLED)
            turn.change(handoff, cancelled, "basis-never-came")
            clocks.follow(turn, cancelled, handoff.status)
            disclosure.tell_source(turn, cancelled, "basis-never-came")
            turn.close(cancelled)


def _closed_up(turn: Turn, event: Event, key: bytes) -> Step:
    envelope = event.envelope
    if turn.closed_summaries:
        convening.forget(turn)
        clocks.forget_cases(turn)
    hot = turn.hot
    clock_digest = hot.clock_digest
    if not hot.clocks:
        clock_digest = b""
    elif not clock_digest and any(clock.scope != OF_HUB for clock in hot.clocks):
        clock_digest = turn.agreement.clock_digest
    ids, moved = known.added(hot.known_ids, key, envelope.content_digest, turn.at)
    closed_added: ClosedState | None = None
    digest, sieve = hot.closed_digest, hot.sieve
    if turn.closed_summaries or moved or turn.holdings_added:
        closed_added = ClosedState(turn.closed_summaries, moved, turn.holdings_added)
        digest = sha256(digest + b"".join(closed_added)).digest()
        sieve += known.sieve_of(moved)
    hot = PersonState._make(
        (
            hot.person,
            hot.sequence + 1,
            turn.at,
            *hot[_RECORDED_AT + 1 : _KNOWN_IDS],
            ids,
            sieve,
            hot.closed_count,
            digest,
            clock_digest,
        )
    )
    entry = LedgerEntry(
        EntryId(derive("l", hot.person, envelope.event_id)),
        hot.person,
        hot.sequence,
        turn.at,
        RULES_VERSION,
        turn.agreement.digest,
        kept(event),
        tuple(turn.facts),
        tuple(turn.notices),
    )
    parked = EventParked in map(type, turn.facts)
    verdict = Verdict.PARKED if parked else Verdict.ACCEPTED
    rule = turn.refused
    if rule:
        verdict = Verdict.REFUSED
    elif event in turn.dead:
        verdict, rule = Verdict.DEAD_LETTER, "unknown-handoff"
    return Step(verdict, rule, turn.handoff_id, hot, closed_added, entry, tuple(turn.dead))


def kept(event: Event) -> Event:
    """Give an event as it may be kept for ever: a protected person's municipality left out."""
    # With a non-disclosure order the municipality stays in the state and among the sealed parts.
    if not event.envelope.protected:
        return event
    return event._replace(envelope=event.envelope._replace(municipality=""))


def _unchanged(hot: PersonState, verdict: Verdict, rule: str, event: Event) -> Step:
    envelope = event.envelope
    named: HandoffId | None = None
    if isinstance(event, HandoffAnswer):
        answered = answering.find(hot, event)
        named = answered.handoff_id if answered is not None else event.handoff_id
    elif isinstance(event, ReferralSubmitted):
        same = same_referral(hot, event)
        named = (
            same.handoff_id
            if same is not None
            else HandoffId(derive("h", envelope.event_id, hot.person))
        )
    return Step(verdict, rule, named, hot, None, None, ())
