"""A person's lane told again: what the hub knew of them by an entry, and what it decided then.

The ledger's events go through the domain once more, each under the agreement that its entry names,
so that a decision can be asked again as of any entry. Handoffs that are over are remembered for
what they asked for. The municipality of a protected person stays out of it, as it does of the
ledger: no decision of what may leave rests on it.
"""

from collections.abc import Callable

from streams.domain.agreement import Agreement
from streams.domain.closed_record import needs_closed
from streams.domain.entry import HandoffOpened, LedgerEntry, ReferralReplaced, Rerouted
from streams.domain.ids import AgencyId, HandoffId, Instant, PersonId
from streams.domain.legal_basis import Decision, Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import NOTHING_CLOSED, Handoff, PersonState
from streams.domain.referral import ReferralSubmitted
from streams.domain.step import Person, step, unknown_person
from streams.domain.submission import drafted
from streams.domain.turn import Turn

Rules = Callable[[bytes, Instant], Agreement | None]
"""Gives the agreement of a digest with the records in force at a moment, None where it is gone."""


class RulesGoneError(Exception):
    """An entry was decided under an agreement that is not at hand; `digest` names it."""

    def __init__(self, digest: bytes) -> None:
        """Name the agreement."""
        super().__init__(digest.hex())
        self.digest = digest


class Retelling:
    """One person's lane, entry by entry.

    `state` holds what was known of the person's statements, TYP clienthood and protection after
    the last entry taken in; `asked` what each handoff asks for, open or over.
    """

    def __init__(self, person: PersonId, rules: Rules) -> None:
        """Begin with a person of whom nothing is known."""
        self.state: PersonState = unknown_person(person)
        self.asked: dict[HandoffId, Handoff] = {}
        self._closed = NOTHING_CLOSED
        self._rules = rules

    def take(self, entry: LedgerEntry) -> None:
        """Take the next entry of the lane in.

        Raises:
            RulesGoneError: Its agreement is not at hand.
        """
        agreement = self._rules(entry.agreement_digest, entry.recorded_at)
        if agreement is None:
            raise RulesGoneError(entry.agreement_digest)
        closed = self._closed if needs_closed(self.state, entry.event) else None
        done = step(Person(self.state, closed), entry.event, agreement)
        if done.closed_added is not None:
            self._closed = self._closed.with_added(done.closed_added)
        self.state = done.hot
        self._note_what_is_asked(entry, agreement)

    def question(
        self, handoff_id: HandoffId, at: Instant, agreement: Agreement, to: AgencyId | None = None
    ) -> Question:
        """Put the question of a handoff as of now: to its recipient, or to another agency.

        Raises:
            KeyError: No entry taken in has opened the handoff.
        """
        handoff = self.asked[handoff_id]
        recipient = to if to is not None else handoff.recipient
        return Question.about(handoff, recipient, at, agreement)

    def decide(self, question: Question, agreement: Agreement) -> Decision:
        """Decide a question by what is known of the person now, and say what is missing."""
        decision = decide(self.state, question, agreement)
        return seek(self.state, question, agreement, decision)

    def _note_what_is_asked(self, entry: LedgerEntry, agreement: Agreement) -> None:
        event = entry.event
        passed_on = {f.new_handoff_id: f.handoff_id for f in entry.facts if isinstance(f, Rerouted)}
        for fact in entry.facts:
            asked: Handoff | None = None
            if isinstance(fact, HandoffOpened) and fact.handoff_id in passed_on:
                asked = self.asked[passed_on[fact.handoff_id]]._replace(recipient=fact.recipient)
            elif isinstance(fact, HandoffOpened) and isinstance(event, ReferralSubmitted):
                asked = self._read(event, fact.recipient, agreement)
            elif isinstance(fact, ReferralReplaced) and isinstance(event, ReferralSubmitted):
                before = self.asked[fact.handoff_id]
                newer = self._read(event, before.recipient, agreement)
                asked = before._replace(
                    requested=newer.requested, vital=newer.vital, documents=newer.documents
                )
            if asked is not None and isinstance(fact, HandoffOpened | ReferralReplaced):
                self.asked[fact.handoff_id] = asked._replace(handoff_id=fact.handoff_id)

    def _read(self, event: ReferralSubmitted, recipient: AgencyId, agreement: Agreement) -> Handoff:
        turn = Turn(self.state, event, agreement, self.state.recorded_at)
        service = agreement.service(event.service)
        if service is None:  # pragma: no cover  # the referral would have been refused
            raise RulesGoneError(agreement.digest)
        return drafted(turn, event, service, recipient, None)
