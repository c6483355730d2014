"""Who says what in the small region: events as agencies and people would send them."""

from hashlib import sha256

from streams.domain.answers import (
    HandoffRejected,
)
from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    NoticeKind,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.envelope import HUB, Envelope, SourceRef
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import (
    AgencyId,
    HandoffId,
    Instant,
    NoticeId,
    PersonId,
    StatementId,
    derive,
    derive_event_id,
)
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
    StatementKind,
)
from tests.domain.region import (
    CONTENT,
    DEFAULTS,
    EMPLOYMENT,
    LAPPEENRANTA,
    PERSON,
    REMARK,
    SOTE,
    TYP,
    PlainAnswer,
)


class Speaker:
    """Makes the events of a test, each under the next message id unless it names one."""

    def __init__(
        self,
        person: PersonId = PERSON,
        municipality: str = LAPPEENRANTA,
        *,
        protected: bool = False,
    ) -> None:
        """Speak of one person."""
        self.person = person
        self.municipality = municipality
        self.protected = protected
        self.said = 0

    def envelope(
        self,
        agency: AgencyId,
        occurred_at: Instant,
        message_id: str | None = None,
        version: int = 1,
        content: bytes = b"",
    ) -> Envelope:
        """Head an event; `content` tells two contents of one message id apart."""
        self.said += 1
        name = message_id if message_id is not None else f"m-{self.said}"
        return Envelope(
            derive_event_id(agency, name, version),
            self.person,
            agency,
            occurred_at,
            occurred_at,
            SourceRef(name, version, None),
            sha256(name.encode() + content).digest()[:16],
            age_years=40,
            municipality=self.municipality,
            protected=self.protected,
        )

    def refers(
        self,
        when: Instant,
        source: AgencyId = EMPLOYMENT,
        recipient: AgencyId | None = SOTE,
        service_code: Service = Service.WORK_ABILITY_ASSESSMENT,
        message_id: str | None = None,
        version: int = 1,
        basis: Basis | None = None,
        categories: tuple[Category, ...] = (),
        documents: tuple[bytes, ...] = (),
    ) -> ReferralSubmitted:
        """Refer the person."""
        return ReferralSubmitted(
            self.envelope(source, when, message_id, version),
            recipient,
            service_code,
            Priority.ROUTINE,
            basis,
            None,
            categories,
            documents,
            CONTENT,
        )

    def answers(
        self,
        kind: type[PlainAnswer],
        when: Instant,
        agency: AgencyId,
        handoff_id: HandoffId | None = None,
        referral_id: str | None = None,
    ) -> PlainAnswer:
        """Say something of a handoff."""
        return kind(self.envelope(agency, when), handoff_id, referral_id, REMARK)

    def rejects(
        self,
        when: Instant,
        agency: AgencyId,
        handoff_id: HandoffId,
        reason: RejectReason = RejectReason.NO_CAPACITY,
    ) -> HandoffRejected:
        """Say no, and why."""
        return HandoffRejected(self.envelope(agency, when), handoff_id, None, reason, REMARK)

    def consents(
        self,
        when: Instant,
        source: AgencyId = EMPLOYMENT,
        recipient: AgencyId | None = SOTE,
        purpose: Purpose = Purpose.WORK_ABILITY,
        categories: tuple[Category, ...] = DEFAULTS,
        statement: str = "S-1",
        valid: tuple[Instant | None, Instant | None] = (None, None),
        kind: StatementKind = StatementKind.CONSENT,
        to_branch: Branch = Branch.UNKNOWN,
        service_tasks: tuple[str, ...] = (),
    ) -> ConsentGiven:
        """Give a consent, recorded by the source."""
        return ConsentGiven(
            self.envelope(source, when),
            StatementId(statement),
            kind,
            to_branch,
            False,
            (source,),
            (recipient,) if recipient is not None else (),
            (purpose,),
            categories,
            service_tasks,
            *valid,
            GivenBy.SELF,
            b"",
            (),
        )

    def withdraws(
        self,
        when: Instant,
        agency: AgencyId = EMPLOYMENT,
        statement: str = "S-1",
        *,
        in_error: bool = False,
    ) -> ConsentWithdrawn:
        """Take a consent back."""
        return ConsentWithdrawn(self.envelope(agency, when), StatementId(statement), in_error, ())

    def prohibits(
        self,
        when: Instant,
        source: AgencyId = EMPLOYMENT,
        categories: tuple[Category, ...] = (),
        statement: str = "K-1",
        valid: tuple[Instant | None, Instant | None] = (None, None),
        documents: tuple[bytes, ...] = (),
        service_tasks: tuple[str, ...] = (),
    ) -> DisclosureProhibited:
        """Forbid that data leave the source, for any recipient and purpose."""
        return DisclosureProhibited(
            self.envelope(source, when),
            StatementId(statement),
            (source,),
            (),
            (),
            categories,
            documents,
            service_tasks,
            *valid,
            GivenBy.SELF,
            b"",
            (),
        )

    def lifts(
        self,
        when: Instant,
        agency: AgencyId = EMPLOYMENT,
        statement: str = "K-1",
        *,
        in_error: bool = False,
    ) -> ProhibitionLifted:
        """Take a prohibition back."""
        return ProhibitionLifted(self.envelope(agency, when), StatementId(statement), in_error, ())

    def reaches(
        self,
        when: Instant,
        milestone: Milestone,
        agency: AgencyId = TYP,
        amount: int | None = None,
    ) -> MilestoneReached:
        """Reach a milestone."""
        return MilestoneReached(self.envelope(agency, when), milestone, amount, ())

    def dispatch(
        self,
        kind: type[DeliveryStarted | NoticeDelivered | NoticeUndeliverable],
        when: Instant,
        notice_id: NoticeId,
        handoff_id: HandoffId,
        to: AgencyId,
        about: NoticeKind = NoticeKind.REFERRAL,
    ) -> Event:
        """Report what became of a notice."""
        head = self.envelope(HUB, when, f"{kind.__name__}-{notice_id}")
        head = head._replace(
            event_id=type(head.event_id)(derive("e", kind.__name__, notice_id)),
            content_digest=b"",
            municipality="",
        )
        if kind is NoticeUndeliverable:
            return NoticeUndeliverable(head, notice_id, handoff_id, to, about, 1, "unreachable")
        if kind is DeliveryStarted:
            return DeliveryStarted(head, notice_id, handoff_id, to, about, 1)
        return NoticeDelivered(head, notice_id, handoff_id, to, about, 1)
