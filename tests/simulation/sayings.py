"""What agencies and persons of the town say, chosen by dice: rightful, mistaken, late, repeated.

Every sealed part names its own event, so that a part in a wrong place can be traced.
"""

from collections.abc import Sequence

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
from streams.domain.calendar import DAY_US, HOUR_US
from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    Part,
    Purpose,
    RejectReason,
    Service,
    Status,
)
from streams.domain.envelope import SealedPart
from streams.domain.event import HandoffAnswer
from streams.domain.handoff import TERMINAL
from streams.domain.ids import AgencyId, HandoffId, Instant, StatementId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from tests.domain.region import DEFAULTS, STRANGER, PlainAnswer, part
from tests.domain.speaker import Speaker
from tests.simulation.act import Dice
from tests.simulation.town import PARTIES, SOTE_NEXT_DOOR

Saying = type[PlainAnswer] | type[HandoffRejected]
DATA = tuple(category for category in Category if category is not Category.UNKNOWN)
PURPOSES = (Purpose.WORK_ABILITY, Purpose.EMPLOYMENT, Purpose.REHABILITATION)
WANTED = (
    (),
    (),
    (),
    (Category.IDENTITY, Category.HEALTH_FUNCTIONAL_ABILITY),
    (Category.CONTACT,),
    (Category.SERVICE_NEEDS, Category.PLAN, Category.IDENTITY),
)
SERVICES = (
    Service.WORK_ABILITY_ASSESSMENT,
    Service.WORK_ABILITY_ASSESSMENT,
    Service.JOB_COACHING,
    Service.VOCATIONAL_REHABILITATION,
    Service.WORK_ABILITY_ASSESSMENT,
)
LIKELY_NEXT: dict[Status, tuple[Saying, ...]] = {
    Status.AWAITING_BASIS: (
        HandoffAccepted,
        ReferralCancelled,
        HandoffReceived,
        HandoffRejected,
        ReferralMarkedInError,
    ),
    Status.REQUESTED: (
        HandoffAccepted,
        HandoffReceived,
        HandoffRejected,
        InformationRequested,
        HandoffAccepted,
        HandoffRejected,
        HandoffAccepted,
        HandoffRejected,
        HandoffRejected,
        ReferralCancelled,
        InformationRequested,
        ReferralMarkedInError,
    ),
    Status.INFO_NEEDED: (InformationProvided, HandoffAccepted, HandoffRejected),
    Status.ACCEPTED: (
        ServiceStarted,
        ServicePaused,
        ServiceStarted,
        WorkerNamed,
        ServiceCompleted,
        ReferralCancelled,
        ServiceFailed,
        ReferralMarkedInError,
    ),
    Status.IN_PROGRESS: (ServicePaused, ServiceCompleted, WorkerNamed, ServiceFailed),
    Status.ON_HOLD: (ServiceStarted, ServiceCompleted, ReferralCancelled),
}
ANYTHING: tuple[Saying, ...] = (
    RecallAcknowledged,
    HandoffReceived,
    HandoffAccepted,
    HandoffRejected,
    InformationRequested,
    InformationProvided,
    ServiceStarted,
    ServicePaused,
    ServiceCompleted,
    ServiceFailed,
    ReferralCancelled,
    ReferralMarkedInError,
    WorkerNamed,
)
BY_THE_SOURCE = (ReferralCancelled, ReferralMarkedInError, InformationProvided)
REASONS = (
    RejectReason.NO_CAPACITY,
    RejectReason.MISDIRECTED,
    RejectReason.MISDIRECTED,
    RejectReason.OTHER,
    RejectReason.PERSON_DECLINED,
)
_WRITTEN = (*DATA, Part.REMARK, Part.OFFICIAL, Part.RAW_DIGEST)
_SPOKEN = (
    Part.IDENTITY,
    Part.REMARK,
    Part.WORKER,
    Part.PLAN,
    Part.OFFICIAL,
    Part.RAW_DIGEST,
)
_LAGS_US = (0, 0, 0, 0, 0, HOUR_US, 7 * HOUR_US, DAY_US, 6 * DAY_US)
_AHEAD_US = (DAY_US, 3 * DAY_US, 12 * DAY_US, 40 * DAY_US, -DAY_US)


def when(dice: Dice, now: Instant) -> Instant:
    """Choose when it happened: mostly now, sometimes some time ago."""
    return Instant(now - dice.pick(_LAGS_US))


def referral(
    dice: Dice,
    says: Speaker,
    now: Instant,
    planned: list[tuple[AgencyId, str]],
    rejected: tuple[AgencyId, Service] | None,
) -> ReferralSubmitted:
    """Refer the person: to a named agency or an open one, new, planned or a newer version.

    `rejected` are the source and service of the last rejection, after which a new try is likely.
    """
    source, message_id = dice.pick(PARTIES), None
    service = dice.pick(SERVICES) if not dice.once_in(25) else Service.MULTI_SECTOR_SUPPORT
    if rejected is not None and not dice.once_in(3):
        source, service = rejected
    if planned and dice.once_in(2):
        source, message_id = dice.pick(planned)
    version = dice.pick((1, 1, 2, 3))
    next_door = PARTIES[(PARTIES.index(source) + 1) % len(PARTIES)]
    recipients = (*[next_door] * 6, *[None] * 6, *PARTIES, STRANGER)
    said = says.refers(
        when(dice, now),
        source,
        dice.pick(recipients),
        service,
        message_id,
        version if message_id is not None else 1,
        Basis.VITAL if dice.once_in(12) else None,
        dice.pick(WANTED),
    )
    return said._replace(sealed=_parts(said, _WRITTEN))


def likely(dice: Dice, status: Status | None) -> Saying:
    """Choose what may be said of a handoff in a status; now and then anything at all."""
    if status is None or dice.once_in(6):
        return dice.pick(ANYTHING)
    if status in TERMINAL:
        return dice.pick(ANYTHING[:4])
    return dice.pick(LIKELY_NEXT.get(status, LIKELY_NEXT[Status.REQUESTED]))


def answer(
    dice: Dice,
    says: Speaker,
    now: Instant,
    kind: Saying,
    of: tuple[AgencyId, AgencyId],
    named: tuple[HandoffId | None, str | None],
) -> HandoffAnswer:
    """Say something of a handoff, as its source or recipient, or as somebody it is no business of.

    `of` are the handoff's source and recipient, `named` the hub's id and the source's, one given.
    """
    rightful = of[0] if kind in BY_THE_SOURCE else of[1]
    speaker = rightful if not dice.once_in(7) else dice.pick((*of, *PARTIES, STRANGER))
    moment = when(dice, now)
    said: HandoffAnswer
    if issubclass(kind, HandoffRejected):
        head = says.envelope(speaker, moment)
        said = HandoffRejected(head, *named, dice.pick(REASONS), ())
    else:
        said = says.answers(kind, moment, speaker, *named)
    return said._replace(sealed=_parts(said, _SPOKEN))


def consent(
    dice: Dice, says: Speaker, now: Instant, wish: tuple[AgencyId, AgencyId, Purpose] | None
) -> ConsentGiven:
    """Give a consent or a permit: one that a handoff waits for, or any, in force now or later."""
    if not dice.once_in(2):
        return _broad_consent(dice, says, now)
    recorder, recipient = dice.pick(PARTIES), dice.pick((None, *PARTIES))
    purpose = dice.pick(PURPOSES)
    if wish is not None and not dice.once_in(3):
        recorder, recipient, purpose = wish
    said = says.consents(
        when(dice, now),
        recorder,
        recipient,
        purpose,
        dice.pick((DEFAULTS, DEFAULTS, DATA, dice.subset(DATA))),
        dice.pick(("S-1", "S-2", "K-1")) if dice.once_in(4) else f"S-{says.said}",
        _validity(dice, now),
        StatementKind.PERMIT
        if recipient == SOTE_NEXT_DOOR or dice.once_in(6)
        else StatementKind.CONSENT,
    )
    if said.kind is StatementKind.PERMIT:
        said = said._replace(to_branch=Branch.HEALTH if says.said % 5 else Branch.SOCIAL)
    if dice.once_in(5):
        said = said._replace(sources=dice.subset(PARTIES))
    return said


def _broad_consent(dice: Dice, says: Speaker, now: Instant) -> ConsentGiven:
    categories = dice.pick((DEFAULTS, DATA, dice.subset(DATA)))
    said = says.consents(
        now, categories=categories, statement=f"S-{says.said}", valid=_validity(dice, now)
    )
    return said._replace(sources=(), recipients=(), purposes=PURPOSES)


def prohibition(dice: Dice, says: Speaker, now: Instant) -> DisclosureProhibited:
    """Forbid disclosure: of everything or some categories, now or later."""
    said = says.prohibits(
        when(dice, now),
        dice.pick(PARTIES),
        dice.subset(DATA) if dice.once_in(2) else (),
        dice.pick(("K-1", "K-2", "S-1")),
        _validity(dice, now),
    )
    if dice.once_in(3):
        said = said._replace(sources=(), recipients=dice.subset(PARTIES))
    return said


def taken_back(
    dice: Dice, says: Speaker, now: Instant, made: list[tuple[AgencyId, StatementId, bool]]
) -> ConsentWithdrawn | ProhibitionLifted:
    """Withdraw a consent or lift a prohibition: one that was made, mostly the newest, or none."""
    recorder, statement, prohibits = PARTIES[0], StatementId("S-1"), False
    if made:
        recorder, statement, prohibits = made[-1] if not dice.once_in(3) else dice.pick(made)
    if dice.once_in(10):
        statement, prohibits = StatementId("S-unknown"), dice.once_in(2)
    if dice.once_in(12):
        prohibits = not prohibits
    if prohibits:
        return says.lifts(when(dice, now), recorder, statement)
    return says.withdraws(when(dice, now), recorder, statement)


def milestone(dice: Dice, says: Speaker, now: Instant) -> MilestoneReached:
    """Reach a milestone; most often a TYP clienthood begins or ends."""
    reached = dice.pick(
        (
            Milestone.TYP_MEMBERSHIP_STARTED,
            Milestone.TYP_MEMBERSHIP_STARTED,
            Milestone.TYP_MEMBERSHIP_ENDED,
            Milestone.PLAN_MADE,
        )
    )
    return says.reaches(when(dice, now), reached)


def _validity(dice: Dice, now: Instant) -> tuple[Instant | None, Instant | None]:
    begins = Instant(now + dice.pick(_AHEAD_US)) if dice.once_in(5) else None
    if not dice.once_in(3):
        return begins, None
    return begins, Instant((begins or now) + dice.pick(_AHEAD_US))


def _parts(said: ReferralSubmitted | HandoffAnswer, kinds: Sequence[str]) -> tuple[SealedPart, ...]:
    return tuple(part(Part(kind), said.envelope.event_id) for kind in kinds)
