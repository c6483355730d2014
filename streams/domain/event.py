"""Every contract event, in one union: a forgotten one is a type error in `step`."""

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
)
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
)

HandoffAnswer = (
    HandoffReceived
    | HandoffAccepted
    | HandoffRejected
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
"""Events of a party that name a handoff; parked where it is not known yet."""

StatementMade = ConsentGiven | ConsentWithdrawn | DisclosureProhibited | ProhibitionLifted

AgencyEvent = ReferralSubmitted | HandoffAnswer | StatementMade | MilestoneReached
"""What agencies report."""

HubEvent = (
    DeliveryStarted
    | NoticeDelivered
    | NoticeUndeliverable
    | ClockReached
    | EscalationAcknowledged
    | EscalationAssigned
    | EscalationSnoozed
    | AgreementChanged
    | AgencyFellSilent
    | AgencyHeardAgain
)
"""What the hub reports itself."""

Event = AgencyEvent | HubEvent
