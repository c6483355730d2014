"""A town for simulations: the test region with every kind of basis, five clocks, two agreements."""

from hashlib import sha256

from streams.domain.agreement import (
    Agency,
    Agreement,
    Agreements,
    BasisBook,
    BasisRule,
    RejectRule,
)
from streams.domain.calendar import DAY_US
from streams.domain.clock_rules import ClockBook, ClockRule, RungRule, triggers
from streams.domain.codes import Basis, Category, Purpose, RejectReason
from streams.domain.ids import AgencyId, Instant, PersonId, derive
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    IMATRA,
    KELA,
    MONDAY,
    REGION,
    SOTE,
    TYP,
    statute,
)

SOTE_NEXT_DOOR = AgencyId("sote.kymenlaakso")
"""A second county of social and health care: between the two, permits count."""
PARTIES = (EMPLOYMENT, SOTE, KELA, TYP, IMATRA, SOTE_NEXT_DOOR)
PERSONS = tuple(PersonId(derive("p", "simulated", str(number))) for number in range(6))
MUNICIPALITIES = ("405", "153", "286", "091", "")
SECOND_VERSION_FROM = Instant(MONDAY + 25 * DAY_US)

_SOTE = REGION.agencies[SOTE]
AGENCIES: dict[AgencyId, Agency] = {
    **REGION.agencies,
    SOTE_NEXT_DOOR: _SOTE._replace(agency_id=SOTE_NEXT_DOOR, municipalities=("286",)),
}


def _rule(
    rule: BasisRule, purpose: Purpose, law_ref: str, categories: tuple[Category, ...] = DEFAULTS
) -> BasisRule:
    return rule._replace(purpose=purpose, law_ref=law_ref, categories=categories)


BASIS_RULES = (
    _rule(
        statute((), from_sector="kela", to_sector="sote"),
        Purpose.WORK_ABILITY,
        "plain",
        (Category.IDENTITY, Category.SERVICE_NEEDS),
    ),
    _rule(
        statute((), from_sector="employment", to_sector="kela", overrides=True),
        Purpose.REHABILITATION,
        "overriding",
        (Category.IDENTITY,),
    ),
    _rule(
        statute((), from_sector="sote", to_sector="employment"),
        Purpose.EMPLOYMENT,
        "names-contact",
        (Category.IDENTITY, Category.CONTACT),
    ),
    _rule(
        statute((), kind=Basis.TYP_MEMBERSHIP, from_sector="employment", to_sector="sote"),
        Purpose.WORK_ABILITY,
        "typ-1",
    ),
    _rule(
        statute((), kind=Basis.TYP_MEMBERSHIP, from_sector="sote", to_sector="kela"),
        Purpose.REHABILITATION,
        "typ-2",
    ),
)
"""The same in both versions: what may leave changes with the person, never under their feet."""


def _clock(
    rule: str,
    unit: str,
    limit: int,
    on: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]],
    rungs: tuple[tuple[str, float, str], ...],
    *,
    statutory: bool = False,
) -> ClockRule:
    starts_on, met_on, cancelled_on, pauses_on = on
    return ClockRule(
        rule,
        unit,
        limit,
        triggers(*starts_on),
        triggers(*met_on),
        triggers(*cancelled_on),
        triggers(*pauses_on),
        tuple(RungRule(*rung) for rung in rungs),
        statutory,
        "agreed",
        verified=True,
        valid_from=None,
        valid_to=None,
    )


_CALLED_OFF = ("cancelled", "failed", "entered-in-error")
ACCEPTANCE = _clock(
    "acceptance",
    "working_days",
    5,
    (("requested",), ("accepted", "rejected"), _CALLED_OFF, ("info-needed",)),
    (("warn", 0.6, "recipient"), ("breach", 1.0, "coordinator"), ("late", 1.6, "source")),
)
RECEIPT = _clock(
    "receipt",
    "hours",
    8,
    (
        ("requested",),
        ("received", "info-needed", "accepted", "rejected"),
        _CALLED_OFF,
        ("undeliverable",),
    ),
    (("warn", 0.5, "source"), ("breach", 1.0, "coordinator"), ("breach", 1.0, "source")),
)
START = _clock(
    "start",
    "calendar_days",
    10,
    (("accepted",), ("in-progress", "completed"), _CALLED_OFF, ("on-hold",)),
    (("warn", 0.8, "recipient"), ("breach", 1.0, "coordinator")),
)
SERVICE = _clock(
    "service",
    "months",
    1,
    (("in-progress",), ("completed",), _CALLED_OFF, ("on-hold",)),
    (("warn", 0.5, "recipient"), ("breach", 1.0, "source")),
    statutory=True,
)
RECALL = _clock(
    "recall",
    "working_days",
    3,
    (("RecallIssued",), ("RecallAcknowledged",), (), ()),
    (("warn", 0.5, "recipient"), ("breach", 1.0, "coordinator"), ("late", 1.6, "source")),
)._replace(scope="recall")
REJECT_RULES = tuple(
    RejectRule(reason, reason is RejectReason.MISDIRECTED, "agreed", verified=True)
    for reason in (
        RejectReason.MISDIRECTED,
        RejectReason.NO_CAPACITY,
        RejectReason.NOT_ELIGIBLE,
        RejectReason.OTHER,
    )
)
FIRST: Agreement = REGION._replace(
    agencies=AGENCIES,
    basis_rules=BasisBook(BASIS_RULES),
    clock_rules=ClockBook((ACCEPTANCE, RECEIPT, START, SERVICE, RECALL)),
    clock_digest=b"1",
    reject_rules=REJECT_RULES,
    awaiting_basis_for_us=10 * DAY_US,
)
SECOND: Agreement = FIRST._replace(
    digest=sha256(b"test-2").digest(),
    valid_from=SECOND_VERSION_FROM,
    # One clock is longer and its ladder has other rungs, one is no longer agreed.
    clock_rules=ClockBook(
        (
            ACCEPTANCE._replace(
                limit=7, rungs=(RungRule("early", 0.3, "source"), *ACCEPTANCE.rungs[1:])
            ),
            START,
            SERVICE,
            RECALL._replace(limit=5),
        )
    ),
    clock_digest=b"2",
)


def agreements() -> Agreements:
    """Give the town's agreements; each engine its own, so that none sees another's cache."""
    return Agreements((FIRST, SECOND))
