"""One notice of each kind, as the hub would send it, with what its receiver may know."""

from datetime import date, time

from connectors.local_time import local_instant
from streams.domain.codes import (
    Basis,
    Category,
    NoticeKind,
    Priority,
    Purpose,
    RejectReason,
    Service,
    Status,
)
from streams.domain.entry import Act, Decline, MissingBasis, Notice, Withheld
from streams.domain.ids import AgencyId, CaseId, HandoffId, Instant, NoticeId, PersonId
from streams.promises.connector import Details, OpenNotice
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, SOTE

AT = local_instant(date(2026, 3, 2), time(9, 30))
DUE = local_instant(date(2026, 3, 10), time())
HANDOFF = HandoffId("h-0000000000000000000000SAMP")
DETAILS = Details(
    hetu="270789Y922S",
    family_name="Hämäläinen",
    given_names="Toivo",
    phone="+358501167546",
    language="fi",
    municipality="405",
    reason="Työkyky alentunut, selkäkipu & unettomuus.",
)
IDENTITY = Details(hetu="270789Y922S", family_name="Hämäläinen", given_names="Toivo")
PERMITTED = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)
MISSING = MissingBasis(
    Category.SERVICE_NEEDS,
    Basis.CONSENT,
    LAPPEENRANTA,
    SOTE,
    Purpose.WORK_ABILITY,
    Act.GIVE,
    "",
)
LIFT = MISSING._replace(category=Category.CONTACT, act=Act.LIFT, rule="K-1")
BEGIN = MISSING._replace(
    category=Category.PLAN,
    ask_for=Basis.TYP_MEMBERSHIP,
    act=Act.BEGIN,
    rule="Laki 381/2023",
)
BEHIND = (
    Withheld(
        Category.CONTACT, "prohibited", "K-1", (MISSING._replace(category=Category.CONTACT), LIFT)
    ),
    Withheld(Category.SERVICE_NEEDS, "no-basis", "", (MISSING,)),
    Withheld(Category.PLAN, "no-basis", "", (BEGIN,)),
)
"""What stays behind for each of the reasons that somebody can mend."""

REFERRAL = Notice(
    notice_id=NoticeId("n-0000000000000000000000SAMP"),
    to=LAPPEENRANTA,
    role="",
    kind=NoticeKind.REFERRAL,
    person=PersonId("p-0000000000000000000000SAMP"),
    protected=False,
    handoff_id=HANDOFF,
    case_id=CaseId(HANDOFF),
    referral_id="SOTE-1",
    source=SOTE,
    recipient=LAPPEENRANTA,
    service=Service.EMPLOYMENT_SERVICES,
    priority=Priority.URGENT,
    detail=Status.REQUESTED.value,
    reason="",
    occurred_at=AT,
    due_at=None,
    categories=PERMITTED,
    withheld=(
        Withheld(Category.PLAN, "no-basis", "", (MISSING._replace(category=Category.PLAN),)),
    ),
    missing=(),
    declines=(),
    content=(),
)
PROTECTED = REFERRAL._replace(
    protected=True,
    categories=(Category.IDENTITY, Category.SERVICE_NEEDS),
    withheld=(Withheld(Category.CONTACT, "non-disclosure-order", "", ()),),
)
NOTHING_OF_DATA = REFERRAL._replace(categories=(), withheld=())
STATUS = NOTHING_OF_DATA._replace(kind=NoticeKind.STATUS)
OWN = STATUS._replace(source=LAPPEENRANTA, recipient=SOTE, referral_id="TE-1")
"""A status of the agency's own referral."""


def opened(notice: Notice, details: Details | None = None) -> OpenNotice:
    return OpenNotice(notice, details if details is not None else IDENTITY, Instant(AT + 1))


def decline(recipient: AgencyId, reason: RejectReason) -> Decline:
    return Decline(HANDOFF, SOTE, recipient, reason, AT)


NOTICES = {
    "referral": opened(REFERRAL, DETAILS),
    "referral of a protected person": opened(PROTECTED, Details(**IDENTITY, reason="Selkäkipu.")),
    "referral of a benefit, in a TYP clienthood": opened(
        REFERRAL._replace(categories=(Category.TYP_MEMBERSHIP, Category.SOCIAL_SITUATION)),
        Details(
            typ_clienthood_id="TYP-00001",
            typ_members='[{"osapuoli":"KELA","vastuuhenkilo":"Työ Valmentaja"}]',
            benefit_code="SAIRAUSPAIVARAHA",
            benefit_started_on="2026-01-05",
            benefit_days_paid="40",
        ),
    ),
    "status: received": opened(OWN._replace(detail=Status.RECEIVED.value)),
    "status: accepted": opened(OWN._replace(detail=Status.ACCEPTED.value)),
    "status: rejected": opened(
        OWN._replace(detail=Status.REJECTED.value, reason=RejectReason.NO_CAPACITY.value),
        Details(**IDENTITY, remark="Jono on pitkä."),
    ),
    "status: completed": opened(
        OWN._replace(detail=Status.COMPLETED.value),
        Details(**IDENTITY, outcome="Suunnitelma tehty, työkokeilu alkaa."),
    ),
    "status: awaiting a basis": opened(
        OWN._replace(detail=Status.AWAITING_BASIS.value, missing=(MISSING,))
    ),
    "status: sent, and part of it stays behind": opened(
        OWN._replace(detail=Status.REQUESTED.value, withheld=BEHIND)
    ),
    "status: cancelled, since its basis went": opened(
        OWN._replace(detail=Status.CANCELLED.value, reason="basis-withdrawn")
    ),
    "status: cancelled by its source": opened(
        STATUS._replace(detail=Status.CANCELLED.value), Details(**IDENTITY, remark="Muutti.")
    ),
    "status: entered in error by its source": opened(
        STATUS._replace(detail=Status.ENTERED_IN_ERROR.value)
    ),
    "information request": opened(
        OWN._replace(kind=NoticeKind.INFORMATION_REQUEST, detail=Status.INFO_NEEDED.value),
        Details(**IDENTITY, remark="Tarvitaan B-lausunto."),
    ),
    "information: an answer": opened(
        STATUS._replace(kind=NoticeKind.INFORMATION, detail=Status.RECEIVED.value),
        Details(**IDENTITY, remark="Lausunto toimitettu."),
    ),
    "information: more data": opened(
        REFERRAL._replace(
            kind=NoticeKind.INFORMATION,
            detail="basis-found",
            categories=(Category.IDENTITY, Category.SERVICE_NEEDS),
        ),
        Details(**IDENTITY, reason="Selkäkipu."),
    ),
    "information: a named worker": opened(
        OWN._replace(kind=NoticeKind.INFORMATION, detail="worker-named"),
        Details(
            **IDENTITY,
            worker_name="Sanna Ohjaaja",
            worker_role="työkykykoordinaattori",
            worker_unit="Keskusta",
        ),
    ),
    "refusal": opened(
        NOTHING_OF_DATA._replace(kind=NoticeKind.REFUSAL, detail="terminal", reason="TE-7"),
        Details(),
    ),
    "recall": opened(
        NOTHING_OF_DATA._replace(
            kind=NoticeKind.RECALL, detail="basis-withdrawn", categories=PERMITTED, due_at=DUE
        )
    ),
    "escalation": opened(
        NOTHING_OF_DATA._replace(
            kind=NoticeKind.ESCALATION, detail="warn-60", reason="acceptance", due_at=DUE
        ),
        Details(),
    ),
    "convene": opened(
        REFERRAL._replace(
            kind=NoticeKind.CONVENE,
            detail="stall",
            declines=(
                decline(IMATRA, RejectReason.MISDIRECTED),
                decline(KELA, RejectReason.NOT_ELIGIBLE),
            ),
        ),
        DETAILS,
    ),
}
