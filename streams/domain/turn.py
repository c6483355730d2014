"""A turn: what one event makes of a person, while it is being decided.

The only mutable thing in the domain. It lives as long as one `step`; what it gathers becomes the
new state, the facts and the notices of one entry.
"""

from typing import NamedTuple

from streams.domain import known
from streams.domain.agreement import Agreement
from streams.domain.codes import Category, NoticeKind, Part, Status
from streams.domain.entry import (
    Decline,
    Fact,
    HandoffStatusChanged,
    MissingBasis,
    Notice,
    ResponsibilityMoved,
    Withheld,
)
from streams.domain.envelope import SealedPart
from streams.domain.event import Event, HandoffAnswer
from streams.domain.handoff import TERMINAL
from streams.domain.holdings import Holding, left_by, packed, unpacked
from streams.domain.ids import AgencyId, CaseId, HandoffId, Instant, NoticeId, derive
from streams.domain.person import Case, Handoff, PersonState, Recall
from streams.domain.responsibility import responsible

_CATEGORIES = {Part(category.value): category for category in Category}
"""The parts that hold data of a category, and of which."""


class Telling(NamedTuple):
    """What a notice adds to its handoff: codes, decision and sealed parts."""

    detail: str
    reason: str = ""
    due_at: Instant | None = None
    role: str = ""
    owner: AgencyId | None = None
    """Whose duty the clock is that the notice tells of."""
    referral_id: str | None = None
    """By which the receiver knows what the notice is about, where that is no handoff."""
    categories: tuple[Category, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    missing: tuple[MissingBasis, ...] = ()
    declines: tuple[Decline, ...] = ()
    content: tuple[SealedPart, ...] = ()


class Turn:
    """Gathers facts, notices and the next state of one person for one event."""

    __slots__ = (
        "agreement",
        "at",
        "before",
        "closed_summaries",
        "dead",
        "event",
        "facts",
        "handoff_id",
        "holdings_added",
        "holdings_known",
        "hot",
        "notices",
        "refused",
    )

    def __init__(self, hot: PersonState, event: Event, agreement: Agreement, at: Instant) -> None:
        """Begin with the state before the event; `at` is the moment the hub records it."""
        self.before = hot
        self.hot = hot
        self.event = event
        self.agreement = agreement
        self.at = at
        self.facts: list[Fact] = []
        self.notices: list[Notice] = []
        self.closed_summaries = b""
        self.holdings_known = b""
        self.holdings_added = b""
        self.dead: list[HandoffAnswer] = []
        self.refused = ""
        self.handoff_id: HandoffId | None = None

    @property
    def cause(self) -> str:
        """What an output's id follows from: the event, in this person's lane.

        Agencies have been seen to give two persons' messages one id; their outputs must still
        differ.
        """
        return f"{self.event.envelope.event_id}{self.hot.person}"

    def derived(self, letter: str) -> str:
        """Derive the id of the next output from the event and its position in the entry."""
        return derive(letter, self.cause, str(len(self.notices)))

    def notify(
        self, to: AgencyId, kind: NoticeKind, handoff: Handoff | None, telling: Telling
    ) -> NoticeId:
        """Add a notice about a handoff, or about none; give its id."""
        notice_id = NoticeId(self.derived("n"))
        about = handoff is not None
        self.notices.append(
            Notice(
                notice_id,
                to,
                telling.role,
                kind,
                self.hot.person,
                self.hot.protected,
                handoff.handoff_id if handoff is not None else None,
                handoff.case_id if handoff is not None else None,
                handoff.referral_id if handoff is not None else telling.referral_id,
                handoff.source if handoff is not None else None,
                handoff.recipient if handoff is not None else telling.owner,
                handoff.service if handoff is not None else None,
                handoff.priority if handoff is not None else None,
                telling.detail,
                telling.reason,
                self.event.envelope.occurred_at if about else self.at,
                telling.due_at,
                telling.categories,
                telling.withheld,
                telling.missing,
                telling.declines,
                telling.content,
            )
        )
        return notice_id

    def handoff(self, handoff_id: HandoffId) -> Handoff | None:
        """Find an open handoff of the person."""
        for handoff in self.hot.handoffs:
            if handoff.handoff_id == handoff_id:
                return handoff
        return None

    def put(self, handoff: Handoff) -> None:
        """Keep a handoff as it is now, in its place among the open ones, or as the newest."""
        found = False
        handoffs = []
        for other in self.hot.handoffs:
            if other.handoff_id == handoff.handoff_id:
                found = True
                handoffs.append(handoff)
            else:
                handoffs.append(other)
        if not found:
            handoffs.append(handoff)
        self.hot = self.hot.with_handoffs(tuple(handoffs))

    def change(self, before: Handoff, after: Handoff, reason: str) -> Handoff:
        """Keep a handoff's new status, with the facts read off the two states."""
        if after.status is not before.status:
            self.facts.append(
                HandoffStatusChanged(after.handoff_id, before.status, after.status, reason)
            )
        self.put(after)
        self.settle_responsibility(after)
        return after

    def settle_responsibility(self, handoff: Handoff) -> None:
        """Let responsibility follow the open handoffs of a case; say so where it moved."""
        case = self.case(handoff.case_id)
        holder = responsible(case, self.hot.handoffs)
        if holder != case.responsible:
            self.facts.append(
                ResponsibilityMoved(handoff.handoff_id, case.case_id, case.responsible, holder)
            )
            self.put_case(case._replace(responsible=holder))

    def case(self, case_id: CaseId) -> Case:
        """Give a case of an open handoff; there always is one."""
        for case in self.hot.cases:
            if case.case_id == case_id:
                return case
        raise AssertionError(case_id)  # pragma: no cover  # a handoff is opened with its case

    def put_case(self, case: Case) -> None:
        """Keep a case as it is now."""
        others = tuple([other for other in self.hot.cases if other.case_id != case.case_id])
        self.hot = self.hot.with_cases((*others, case))

    def close(self, handoff: Handoff, *, basis_gone: bool = False) -> None:
        """Shrink a handoff that is over to its summary, and to what its recipient still holds.

        `basis_gone` where it ends since nothing may be disclosed in it any more.
        """
        key = known.referral_key(handoff.referral_id)
        self.closed_summaries += known.summarised(handoff, key)
        self.hot = self.hot._replace(
            handoffs=tuple(
                [other for other in self.hot.handoffs if other.handoff_id != handoff.handoff_id]
            ),
            sieve=self.hot.sieve + known.fingerprint(key),
            closed_count=self.hot.closed_count + 1,
        )
        held = left_by(handoff, basis_gone=basis_gone)
        if held.categories or held.called_off:
            self.keep_holding(held, None)

    def holdings(self) -> dict[tuple[HandoffId, AgencyId], Holding]:
        """Give what agencies hold of handoffs that are over, where the closed record was read."""
        return unpacked(self.holdings_known + self.holdings_added)

    def keep_holding(self, held: Holding, before: Holding | None) -> None:
        """Keep what an agency holds now of a handoff that is over."""
        self.holdings_added += packed(held)
        more = bool(held.categories) - (before is not None and bool(before.categories))
        if more:
            self.hot = self.hot._replace(holdings=self.hot.holdings + more)

    def notify_by_ids(self, to: AgencyId, kind: NoticeKind, recall: Recall, tell: Telling) -> None:
        """Add a notice of a recall whose handoff is over: by ids alone, its content is gone."""
        self.notices.append(
            Notice(
                NoticeId(self.derived("n")),
                to,
                tell.role,
                kind,
                self.hot.person,
                self.hot.protected,
                recall.handoff_id,
                None,
                recall.referral_id,
                recall.source,
                recall.to,
                None,
                None,
                tell.detail,
                tell.reason,
                self.at,
                tell.due_at,
                tell.categories,
                (),
                (),
                (),
                (),
            )
        )

    @staticmethod
    def is_over(status: Status) -> bool:
        """Say whether a status is terminal."""
        return status in TERMINAL


def permitted(
    content: tuple[SealedPart, ...], categories: tuple[Category, ...]
) -> tuple[SealedPart, ...]:
    """Give the sealed parts of the permitted categories, and no other."""
    return tuple([part for part in content if _CATEGORIES.get(part.part) in categories])


def between_parties(
    spoken: tuple[SealedPart, ...], handoff: Handoff, to: AgencyId
) -> tuple[SealedPart, ...]:
    """Give what an answer tells the other party: who it is about, and the words that go with it.

    The source knows the person already, the recipient only where it may; what the speaker's own
    message says of the person's data categories stays behind.
    """
    words = [part for part in spoken if part.part in (Part.REMARK, Part.WORKER)]
    who = handoff.content if to == handoff.source else permitted(handoff.content, handoff.granted)
    return (*[part for part in who if part.part is Part.IDENTITY], *words)
