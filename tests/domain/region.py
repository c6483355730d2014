"""A small region for tests: four agencies, three services, one clock, and who says what in it."""

from datetime import UTC, date, datetime
from hashlib import sha256

from streams.domain.agreement import (
    Agency,
    Agreement,
    Agreements,
    BasisRule,
    BounceRule,
    RejectRule,
    ServiceRule,
)
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
from streams.domain.calendar import DAY_US, HOUR_US, instant
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule, triggers
from streams.domain.codes import (
    Basis,
    Category,
    Milestone,
    NoticeKind,
    Part,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.envelope import HUB, Envelope, SealedPart, SourceRef
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
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)

SOTE = AgencyId("sote.south-karelia")
EMPLOYMENT = AgencyId("employment.lappeenranta")
IMATRA = AgencyId("employment.imatra")
KELA = AgencyId("kela")
TYP = AgencyId("typ.south-karelia")
STRANGER = AgencyId("prison.elsewhere")
PERSON = PersonId("p-00000000000000000000000001")
LAPPEENRANTA, FAR_AWAY = "405", "091"
MONDAY = instant(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
"""A Monday at noon in Helsinki, in a week without holidays."""
PlainAnswer = (
    HandoffReceived
    | HandoffAccepted
    | InformationRequested
    | InformationProvided
    | ServiceStarted
    | ServicePaused
    | ServiceCompleted
    | ServiceFailed
    | ReferralCancelled
    | ReferralMarkedInError
    | RecallAcknowledged
    | WorkerNamed
)


def _agency(agency_id: AgencyId, sector: str, *municipalities: str) -> Agency:
    return Agency(
        agency_id,
        sector,
        "",
        "",
        "",
        municipalities,
        (),
        agency_id,
        agency_id,
        agency_id,
        "none",
    )


AGENCIES = (
    _agency(SOTE, "sote", "405", "153"),
    _agency(EMPLOYMENT, "employment", "405"),
    _agency(IMATRA, "employment", "153"),
    _agency(KELA, "kela", "*"),
    _agency(TYP, "typ", "405", "153"),
)
DEFAULTS = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)


def service(code: Service, purpose: Purpose, sector: str) -> ServiceRule:
    """Offer a service whose competent agency is a sector's."""
    return ServiceRule(code, purpose, DEFAULTS, sector, (), None, None)


SERVICES = (
    service(Service.WORK_ABILITY_ASSESSMENT, Purpose.WORK_ABILITY, "sote"),
    service(Service.JOB_COACHING, Purpose.EMPLOYMENT, "employment"),
    service(Service.VOCATIONAL_REHABILITATION, Purpose.REHABILITATION, "kela"),
)
ACCEPTANCE = ClockRule(
    "acceptance",
    "working_days",
    5,
    triggers("requested"),
    triggers("accepted", "rejected"),
    triggers("cancelled", "failed", "entered-in-error"),
    (),
    (RungRule("warn-0.6", 0.6, "recipient"), RungRule("breach", 1.0, "coordinator")),
    statutory=False,
    law_ref="agreed",
    verified=True,
    valid_from=None,
    valid_to=None,
)
REGION = Agreement(
    sha256(b"test").digest(),
    "test",
    "test",
    instant(datetime(2025, 1, 1, tzinfo=UTC)),
    None,
    {agency.agency_id: agency for agency in AGENCIES},
    SERVICES,
    (),
    ClockBook((ACCEPTANCE,)),
    (),
    BounceRule(90, 3, TYP),
    frozenset({date(2026, 4, 3).toordinal(), date(2026, 4, 6).toordinal()}),
    date(2025, 1, 1).toordinal(),
    date(2030, 1, 1).toordinal(),
    awaiting_basis_for_us=30 * DAY_US,
    park_for_us=24 * HOUR_US,
    delivery_limit_us=3 * DAY_US,
)
AGREEMENTS = Agreements((REGION,))


def at(days: float = 0.0, hours: float = 0.0) -> Instant:
    """Give a moment counted from `MONDAY`."""
    return Instant(MONDAY + round(days * DAY_US + hours * HOUR_US))


def part(kind: Part, text: str = "") -> SealedPart:
    """Seal a part: here, only a text that stands for it."""
    return SealedPart(kind, 1, f"{kind}:{text}".encode())


CONTENT = (
    part(Part.IDENTITY),
    part(Part.CONTACT),
    part(Part.SERVICE_NEEDS),
    part(Part.OFFICIAL),
    part(Part.RAW_DIGEST),
)
REMARK = (part(Part.IDENTITY), part(Part.REMARK), part(Part.RAW_DIGEST))


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
    ) -> ConsentGiven:
        """Give a consent, recorded by the source."""
        return ConsentGiven(
            self.envelope(source, when),
            StatementId(statement),
            kind,
            (source,),
            (recipient,) if recipient is not None else (),
            (purpose,),
            categories,
            *valid,
            (),
        )

    def withdraws(
        self, when: Instant, agency: AgencyId = EMPLOYMENT, statement: str = "S-1"
    ) -> ConsentWithdrawn:
        """Take a consent back."""
        return ConsentWithdrawn(self.envelope(agency, when), StatementId(statement), ())

    def prohibits(
        self,
        when: Instant,
        source: AgencyId = EMPLOYMENT,
        categories: tuple[Category, ...] = (),
        statement: str = "K-1",
        valid: tuple[Instant | None, Instant | None] = (None, None),
    ) -> DisclosureProhibited:
        """Forbid that data leave the source, for any recipient and purpose."""
        return DisclosureProhibited(
            self.envelope(source, when),
            StatementId(statement),
            (source,),
            (),
            (),
            categories,
            *valid,
            (),
        )

    def lifts(
        self, when: Instant, agency: AgencyId = EMPLOYMENT, statement: str = "K-1"
    ) -> ProhibitionLifted:
        """Take a prohibition back."""
        return ProhibitionLifted(self.envelope(agency, when), StatementId(statement), ())

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


def statute(
    categories: tuple[Category, ...],
    *,
    overrides: bool = False,
    kind: Basis = Basis.STATUTE,
    from_sector: str = "employment",
    to_sector: str = "sote",
) -> BasisRule:
    """Let a statute carry categories for work ability, from employment to sote."""
    return BasisRule(
        kind,
        from_sector,
        to_sector,
        Purpose.WORK_ABILITY,
        categories,
        overrides,
        "Act 1/2026 1 §",
        verified=False,
        valid_from=None,
        valid_to=None,
    )


def with_clock(*rules: ClockRule) -> Agreement:
    """Give the region with other clocks."""
    return REGION._replace(clock_rules=ClockBook(rules))


def with_basis(*rules: BasisRule) -> Agreement:
    """Give the region with statutes."""
    return REGION._replace(basis_rules=rules)


def rejecting(*rules: RejectRule) -> Agreement:
    """Give the region with rules for rejections."""
    return REGION._replace(reject_rules=rules)
