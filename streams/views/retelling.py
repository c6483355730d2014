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
        """Decide a question by what is known of the person now."""
        return decide(self.state, question, agreement)

    def _note_what_is_asked(self, entry: LedgerEntry, agreement: Agreement) -> None:
        event = entry.event
        passed_on = {f.new_handoff_id: f.handoff_id for f in entry.facts if isinstance(f, Rerouted)}
        read: Handoff | None = None
        if isinstance(event, ReferralSubmitted):
            rule = agreement.service(event.service)
            turn = Turn(self.state, event, agreement, entry.recorded_at)
            # Whom it is for is no part of what it asks for.
            sender = event.envelope.agency
            read = drafted(turn, event, rule, sender, None) if rule is not None else None
        for fact in entry.facts:
            if isinstance(fact, HandoffOpened):
                before = self.asked.get(passed_on.get(fact.handoff_id, fact.handoff_id), read)
                if before is not None:
                    asked = before._replace(handoff_id=fact.handoff_id, recipient=fact.recipient)
                    self.asked[fact.handoff_id] = asked
            elif isinstance(fact, ReferralReplaced) and read is not None:
                self.asked[fact.handoff_id] = self.asked[fact.handoff_id]._replace(
                    requested=read.requested, vital=read.vital, documents=read.documents
                )
