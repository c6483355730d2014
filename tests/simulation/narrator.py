"""The narrator: turns acts into a history, with an engine at hand to know what may be said next."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from streams.domain.answers import HandoffRejected
from streams.domain.clock_facts import ClockStarted
from streams.domain.codes import Basis, Part, Purpose, Service, Status
from streams.domain.entry import (
    HandoffOpened,
    HandoffStatusChanged,
    LedgerEntry,
    Problem,
)
from streams.domain.envelope import HUB
from streams.domain.event import Event
from streams.domain.handoff import TERMINAL
from streams.domain.hub_events import AgreementChanged, EscalationAcknowledged
from streams.domain.ids import (
    AgencyId,
    ClockId,
    DeadLetterId,
    HandoffId,
    Instant,
    StatementId,
    derive,
)
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import ConsentGiven, DisclosureProhibited
from streams.promises.engine import DeadLetter
from tests.domain.region import KELA, MONDAY, SERVICES, part
from tests.domain.speaker import Speaker
from tests.simulation import sayings
from tests.simulation.act import WAITS_US, Act, Dice, Verb, acts_of
from tests.simulation.dispatching import Dispatching
from tests.simulation.history import (
    Advance,
    Input,
    Memory,
    Operation,
    Restart,
    Run,
    Stage,
    Submit,
)
from tests.simulation.town import MUNICIPALITIES, PARTIES, PERSONS, SECOND

_PURPOSES = {rule.service: rule.purpose for rule in SERVICES}
_ADVANCES_US = (0, 1, 3_600_000_000, 86_400_000_000, 20 * 86_400_000_000)
_OF_DATA = (Verb.TAKE_BACK, Verb.PROHIBIT)


class Heard(NamedTuple):
    """What the narrator knows of one handoff."""

    person: int
    handoff_id: HandoffId
    referral_id: str
    parties: tuple[AgencyId, AgencyId]
    service: Service
    status: Status


class Narrator:
    """Tells one history in virtual time, from Monday noon on."""

    def __init__(self, persons: int) -> None:
        """Begin with so many persons of whom the hub knows nothing."""
        self.operations: list[Operation] = []
        self._stage = Stage(Memory())
        self._now = MONDAY
        self._speakers = [
            Speaker(person, MUNICIPALITIES[number % 3])
            for number, person in enumerate(PERSONS[:persons])
        ]
        # Half of what happens happens to the first, so that its history grows long.
        self._busy = (*[0] * persons, *range(persons))
        for number, speaker in enumerate(self._speakers):
            # The first two share message ids, as agencies have been seen to do.
            speaker.said = 1000 * max(0, number - 1)
        self._batch: list[Input] = []
        self._post: list[tuple[int, Event]] = []
        self._said: list[Event] = []
        self._heard: dict[HandoffId, Heard] = {}
        self._dispatching = Dispatching()
        self._clocks: list[ClockId] = []
        self._planned: list[list[tuple[AgencyId, str]]] = [[] for _ in range(persons)]
        self._statements: list[list[tuple[AgencyId, StatementId, bool]]] = [
            [] for _ in range(persons)
        ]
        self._sayings: dict[Verb, Callable[[Dice, int], Iterable[Event]]] = {
            Verb.REFER: self._refers,
            Verb.ANSWER: self._answers,
            Verb.DISPATCH: lambda dice, _: self._dispatching.report(dice, self._now),
            Verb.CONSENT: self._consents,
            Verb.PROHIBIT: self._prohibits,
            Verb.TAKE_BACK: self._takes_back,
            Verb.REACH: self._reaches,
            Verb.TURN_AWAY: self._turns_away,
            Verb.ANSWER_EARLY: self._answers_early,
            Verb.REPEAT: self._repeats,
            Verb.REUSE_ID: self._reuses_an_id,
            Verb.GARBLE: self._garbles,
            Verb.MOVE_HOME: self._moves_home,
            Verb.STAND_BY: self._stands_by,
        }

    def tell(self, act: Act) -> None:
        """Let one act happen."""
        self._now = Instant(self._now + WAITS_US[act.rest % len(WAITS_US)])
        dice = Dice(act.number)
        person = dice.pick(self._busy)
        if act.verb in _OF_DATA and self._heard and not dice.once_in(4):
            person = list(self._heard.values())[-1].person
        if act.verb in (Verb.ADVANCE, Verb.RESTART):
            self._flush()
            self._perform(Restart() if act.verb is Verb.RESTART else self._advance(dice))
        else:
            for event in self._sayings[act.verb](dice, person):
                self._send(event, act.late)
        self._deliver_post()
        if not dice.once_in(4):
            self._flush()

    def end(self) -> Run:
        """Let the post arrive, and give what the engine made of it all."""
        while self._post:
            self._deliver_post()
        self._flush()
        return self._stage.end()

    def _refers(self, dice: Dice, person: int) -> Iterator[Event]:
        yield self._referral(dice, person)

    def _referral(self, dice: Dice, person: int) -> ReferralSubmitted:
        rejected = [
            (heard.parties[0], heard.service)
            for heard in self._heard.values()
            if heard.person == person and heard.status is Status.REJECTED
        ]
        said = sayings.referral(
            dice,
            self._speakers[person],
            self._now,
            self._planned[person],
            rejected[-1] if rejected else None,
        )
        self._planned[person].append((said.envelope.agency, said.envelope.source_ref.message_id))
        return said

    def _answers(self, dice: Dice, person: int) -> Iterator[Event]:
        alive = [h for h in self._heard.values() if h.status not in TERMINAL]
        over = [h for h in self._heard.values() if h.status in TERMINAL]
        if not alive and not (over and dice.once_in(4)):
            yield self._referral(dice, person)
            return
        of = dice.pick(over if over and (not alive or dice.once_in(12)) else alive[::-1])
        named: tuple[HandoffId | None, str | None] = (of.handoff_id, None)
        if dice.once_in(3):
            named = (None, of.referral_id)
        kind = sayings.likely(dice, of.status)
        speaker = self._speakers[of.person]
        yield sayings.answer(dice, speaker, self._now, kind, of.parties, named)

    def _turns_away(self, dice: Dice, person: int) -> Iterator[Event]:
        service, speaker = dice.pick(sayings.SERVICES), self._speakers[person]
        for _ in range(dice.pick((1, 1, 1, 4))):
            said = self._referral(dice, person)._replace(service=service, basis=Basis.VITAL)
            yield said
            parties = (said.envelope.agency, said.recipient or dice.pick(PARTIES))
            named = (None, said.envelope.source_ref.message_id)
            yield sayings.answer(dice, speaker, self._now, HandoffRejected, parties, named)

    def _answers_early(self, dice: Dice, person: int) -> Iterator[Event]:
        source, recipient = PARTIES[0], dice.pick(PARTIES[1:])
        name = f"early-{dice.pick((1, 2, 3))}"
        self._planned[person].append((source, name))
        kind = dice.pick(sayings.LIKELY_NEXT[Status.REQUESTED])
        yield sayings.answer(
            dice, self._speakers[person], self._now, kind, (source, recipient), (None, name)
        )

    def _consents(self, dice: Dice, person: int) -> Iterator[Event]:
        wish = self._wish(person)
        yield self._noted(person, sayings.consent(dice, self._speakers[person], self._now, wish))

    def _prohibits(self, dice: Dice, person: int) -> Iterator[Event]:
        yield self._noted(person, sayings.prohibition(dice, self._speakers[person], self._now))

    def _takes_back(self, dice: Dice, person: int) -> Iterator[Event]:
        made = self._statements[person]
        yield sayings.taken_back(dice, self._speakers[person], self._now, made)

    def _reaches(self, dice: Dice, person: int) -> Iterator[Event]:
        yield sayings.milestone(dice, self._speakers[person], self._now)

    def _moves_home(self, dice: Dice, person: int) -> Iterator[Event]:
        says = self._speakers[person]
        says.protected = dice.pick((not says.protected, says.protected))
        says.municipality = dice.pick(MUNICIPALITIES)
        yield sayings.milestone(dice, says, self._now)

    def _repeats(self, dice: Dice, person: int) -> Iterator[Event]:
        if self._said:
            repeated = dice.pick(self._said[::-1])
            yield from [repeated] * dice.pick((1, 2, 3, 4, 5))

    def _reuses_an_id(self, dice: Dice, person: int) -> Iterator[Event]:
        if self._said:
            event = dice.pick(self._said[::-1])
            digest = sha256(event.envelope.content_digest).digest()[:16]
            yield event._replace(envelope=event.envelope._replace(content_digest=digest))

    def _garbles(self, dice: Dice, person: int) -> Iterable[Event]:
        self._batch.append(_unreadable(dice, self._now))
        return ()

    def _stands_by(self, dice: Dice, person: int) -> Iterator[Event]:
        head = self._speakers[person].envelope(HUB, self._now)
        head = head._replace(municipality="", protected=False)
        if dice.once_in(3):
            yield AgreementChanged(head, SECOND.digest)
        else:
            clock = dice.pick(self._clocks) if self._clocks else ClockId("c-none")
            yield EscalationAcknowledged(head, clock, "breach", "duty.sote")

    def _noted(
        self, person: int, said: ConsentGiven | DisclosureProhibited
    ) -> ConsentGiven | DisclosureProhibited:
        prohibits = isinstance(said, DisclosureProhibited)
        self._statements[person].append((said.envelope.agency, said.statement_id, prohibits))
        return said

    def _wish(self, person: int) -> tuple[AgencyId, AgencyId, Purpose] | None:
        waiting = [
            (*heard.parties, _PURPOSES[heard.service])
            for heard in self._heard.values()
            if heard.person == person and heard.status is Status.AWAITING_BASIS
        ]
        return waiting[-1] if waiting else None

    def _advance(self, dice: Dice) -> Advance:
        due = self._stage.engine.next_due()
        base = dice.pick((self._now, due or self._now, (due or self._now) - 1))
        to = Instant(base + dice.pick(_ADVANCES_US))
        if not dice.once_in(3):
            self._now = max(self._now, to)
        return Advance(to)

    def _send(self, event: Event, late: int) -> None:
        stamped = event._replace(envelope=event.envelope._replace(recorded_at=self._now))
        self._said.append(stamped)
        self._post.append((late, stamped))

    def _deliver_post(self) -> None:
        arrived = [event for late, event in self._post if late == 0]
        self._post = [(late - 1, event) for late, event in self._post if late > 0]
        for event in arrived:
            head = event.envelope
            # Some were stamped when sent and overtaken since; others are stamped on arrival.
            if head.source_ref.version % 2 or head.agency == HUB:
                head = head._replace(recorded_at=max(head.recorded_at, self._now))
            self._batch.append(event._replace(envelope=head))

    def _flush(self) -> None:
        if self._batch:
            self._perform(Submit(tuple(self._batch)))
            self._batch = []

    def _perform(self, operation: Operation) -> None:
        self.operations.append(operation)
        self._stage.perform(operation)
        for stored in self._stage.news():
            self._hear(stored.entry)

    def _hear(self, entry: LedgerEntry) -> None:
        self._dispatching.follow(entry)
        for fact in entry.facts:
            if isinstance(fact, HandoffOpened):
                self._heard[fact.handoff_id] = Heard(
                    PERSONS.index(entry.person),
                    fact.handoff_id,
                    fact.referral_id,
                    (fact.source, fact.recipient),
                    fact.service,
                    fact.status,
                )
            elif isinstance(fact, HandoffStatusChanged):
                heard = self._heard[fact.handoff_id]
                self._heard[fact.handoff_id] = heard._replace(status=fact.to)
            elif isinstance(fact, ClockStarted):
                self._clocks.append(fact.clock_id)


def _unreadable(dice: Dice, now: Instant) -> DeadLetter:
    name = dice.pick(("1", "2", "3"))
    return DeadLetter(
        DeadLetterId(derive("d", name)),
        KELA,
        f"K-{name}",
        None,
        None,
        (Problem("malformed", "", "not readable", None),),
        now,
        "raw",
        1,
        part(Part.RAW_DIGEST, name).value,
    )


def told(acts: Iterable[Act], persons: int) -> tuple[list[Operation], Run]:
    """Tell a history act by act; give its operations, and what the memory engine made of them."""
    narrator = Narrator(persons)
    for act in acts:
        narrator.tell(act)
    run = narrator.end()
    return narrator.operations, run


def persons_of(seed: int) -> int:
    """Give how many persons a seed's history tells of: 3 to 6."""
    return 3 + seed % 4


def told_from(seed: int) -> tuple[list[Operation], Run]:
    """Tell the history of a seed; what it breaks names the seed."""
    try:
        return told(acts_of(seed), persons_of(seed))
    except Exception as error:
        error.add_note(f"python -m tests.simulation {seed}")
        raise
