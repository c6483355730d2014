"""One notice of every kind, as the hub would open it for Kela."""

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
)
from streams.domain.entry import Act, Decline, MissingBasis, Notice, Withheld
from streams.domain.ids import CaseId, HandoffId, NoticeId, PersonId
from streams.promises.connector import Details, OpenNotice
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, NOW, SOTE

HANDOFF = HandoffId("h-01J0000000000000000000SAMP")
CASE = CaseId("h-01J0000000000000000000SAMP")
NOON = local_instant(date(2026, 2, 9), time(12, 0))
DUE = local_instant(date(2026, 2, 17), time())

REFERRAL = Notice(
    notice_id=NoticeId("n-01J000000000000000REFERRA0"),
    to=KELA,
    role="",
    kind=NoticeKind.REFERRAL,
    person=PersonId("p-01J0000000000000000000SAMP"),
    protected=False,
    handoff_id=HANDOFF,
    case_id=CASE,
    referral_id="S-2026-00042",
    source=SOTE,
    recipient=KELA,
    service=Service.VOCATIONAL_REHABILITATION,
    priority=Priority.URGENT,
    detail="",
    reason="",
    occurred_at=NOON,
    due_at=DUE,
    categories=(Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS),
    withheld=(Withheld(Category.HEALTH_FUNCTIONAL_ABILITY, "no-basis", "", ()),),
    missing=(),
    declines=(),
    content=(),
)
PERMITTED = Details(
    hetu="150784V990X",
    family_name="Hämäläinen",
    given_names="Öörni",
    municipality="405",
    phone="+358 00 000 000",
    reason="Työkyky alentunut, selkäkipu & unettomuus.",
)
IDENTITY = Details(hetu="150784V990X", family_name="Hämäläinen", given_names="Öörni")
PROTECTED = REFERRAL._replace(
    notice_id=NoticeId("n-01J000000000000000PR0TECTD"),
    protected=True,
    categories=(Category.IDENTITY, Category.SERVICE_NEEDS),
    withheld=(Withheld(Category.CONTACT, "non-disclosure-order", "", ()),),
)
PLAIN = REFERRAL._replace(categories=(), withheld=(), due_at=None, source=KELA, referral_id="K-7")


def missing(category: Category) -> MissingBasis:
    return MissingBasis(
        category, Basis.CONSENT, KELA, LAPPEENRANTA, Purpose.REHABILITATION, Act.GIVE, ""
    )


AWAITING = PLAIN._replace(
    notice_id=NoticeId("n-01J00000000000000000STATVS"),
    kind=NoticeKind.STATUS,
    recipient=LAPPEENRANTA,
    detail="awaiting-basis",
    missing=(missing(Category.IDENTITY), missing(Category.SERVICE_NEEDS)),
)
BEHIND = AWAITING._replace(
    notice_id=NoticeId("n-01J00000000000000000BEH1ND"),
    detail="requested",
    missing=(),
    withheld=(
        Withheld(
            Category.CONTACT,
            "prohibited",
            "K-1",
            (missing(Category.CONTACT)._replace(act=Act.LIFT, rule="K-1"),),
        ),
    ),
)
REJECTED = AWAITING._replace(
    notice_id=NoticeId("n-01J0000000000000000REJECTD"),
    detail="rejected",
    reason="no-capacity",
    missing=(),
)
REFUSAL = PLAIN._replace(
    notice_id=NoticeId("n-01J000000000000000REFVSA00"),
    kind=NoticeKind.REFUSAL,
    recipient=LAPPEENRANTA,
    detail="only-the-recipient-answers",
)
RECALL = REFERRAL._replace(
    notice_id=NoticeId("n-01J0000000000000000RECA000"),
    kind=NoticeKind.RECALL,
    reason="basis-withdrawn",
    withheld=(),
    due_at=None,
)
ESCALATION = REFERRAL._replace(
    notice_id=NoticeId("n-01J00000000000000ESCA0AT10"),
    kind=NoticeKind.ESCALATION,
    detail="warn-75",
    reason="acceptance",
    categories=(),
    withheld=(),
)
CONVENE = PLAIN._replace(
    notice_id=NoticeId("n-01J00000000000000000C0NVEN"),
    kind=NoticeKind.CONVENE,
    recipient=IMATRA,
    detail="stall",
    declines=(
        Decline(HandoffId("h-01J00000000000000000000001"), KELA, SOTE, RejectReason.OTHER, NOON),
        Decline(HANDOFF, KELA, IMATRA, RejectReason.NO_CAPACITY, NOON),
    ),
)
INFORMATION_REQUEST = AWAITING._replace(
    notice_id=NoticeId("n-01J00000000000000000ASK000"),
    kind=NoticeKind.INFORMATION_REQUEST,
    detail="",
    missing=(),
)
INFORMATION = REFERRAL._replace(
    notice_id=NoticeId("n-01J0000000000000000ANSWER0"),
    kind=NoticeKind.INFORMATION,
    detail="basis-arrived",
    categories=(Category.SOCIAL_SITUATION,),
    withheld=(),
    due_at=None,
)
UNKNOWN = PLAIN._replace(
    notice_id=NoticeId("n-01J0000000000000000VNKN0WN"), kind=NoticeKind.UNKNOWN, detail="later"
)
BENEFIT = Details(
    benefit_code="SPR",
    benefit_started_on="2025-11-03",
    benefit_days_paid="62",
    remark="Lausunto toimitettu.",
)


def opened(notice: Notice, details: Details | None = None) -> OpenNotice:
    return OpenNotice(notice, details if details is not None else Details(), NOW)


EXAMPLES = {
    "referral": opened(REFERRAL, PERMITTED),
    "referral of a protected person": opened(PROTECTED, IDENTITY),
    "status": opened(REJECTED, Details(remark="Jonossa on kuusi kuukautta.")),
    "status, a basis is missing": opened(AWAITING),
    "status, part of it stays behind": opened(BEHIND),
    "refusal": opened(REFUSAL),
    "recall": opened(RECALL),
    "escalation": opened(ESCALATION),
    "convene": opened(CONVENE),
    "information-request": opened(INFORMATION_REQUEST, Details(remark="Tarvitaan B-lausunto.")),
    "information": opened(INFORMATION, BENEFIT),
}
"""What the connector's README shows, by its headings."""
