"""A small region for tests: four agencies, three services, one clock."""

from datetime import UTC, date, datetime
from hashlib import sha256

from streams.domain.agreement import (
    Agency,
    Agreement,
    Agreements,
    BasisBook,
    BasisRule,
    BounceRule,
    RejectRule,
    ServiceRule,
)
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
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
    Branch,
    Category,
    Part,
    Purpose,
    Service,
)
from streams.domain.envelope import SealedPart
from streams.domain.ids import (
    AgencyId,
    Instant,
    PersonId,
)
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError
from streams.domain.statements import StatementKind

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
    known = Agency(
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
    if sector != "sote":
        return known
    return known._replace(records=(*known.records, StatementKind.PERMIT))


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
    service(Service.WORK_ABILITY_ASSESSMENT, Purpose.WORK_ABILITY, "sote")._replace(
        branch=Branch.HEALTH
    ),
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
    BasisBook(),
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
    return REGION._replace(basis_rules=BasisBook(rules))


def rejecting(*rules: RejectRule) -> Agreement:
    """Give the region with rules for rejections."""
    return REGION._replace(reject_rules=rules)
