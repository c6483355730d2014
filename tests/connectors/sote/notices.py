"""Notices for the tests and for the connector's README."""

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
from streams.domain.ids import CaseId, HandoffId, Instant, NoticeId, PersonId
from streams.promises.connector import Details
from tests.connectors.region import KELA, LAPPEENRANTA, SOTE

HETU = "040700E964A"
PERSON: Details = {
    "hetu": HETU,
    "family_name": "Viitasalmi",
    "given_names": "Öörni Kai",
    "phone": "+358504668112",
    "language": "so",
    "municipality": "405",
}
DISCLOSED = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)
MISSING = MissingBasis(
    Category.PLAN, Basis.CONSENT, LAPPEENRANTA, SOTE, Purpose.WORK_ABILITY, Act.GIVE, ""
)
HAPPENED = Instant(1_770_646_500_000_000)
DUE = Instant(1_771_000_000_000_000)

REFERRAL = Notice(
    notice_id=NoticeId("n-0123456789ABCDEFGHJKMNPQRS"),
    to=SOTE,
    role="",
    kind=NoticeKind.REFERRAL,
    person=PersonId("p-0123456789ABCDEFGHJKMNPQRS"),
    protected=False,
    handoff_id=HandoffId("h-0123456789ABCDEFGHJKMNPQRS"),
    case_id=CaseId("h-0123456789ABCDEFGHJKMNPQRS"),
    referral_id="L-1",
    source=LAPPEENRANTA,
    recipient=SOTE,
    service=Service.WORK_ABILITY_ASSESSMENT,
    priority=Priority.URGENT,
    detail="requested",
    reason="",
    occurred_at=HAPPENED,
    due_at=None,
    categories=DISCLOSED,
    withheld=(Withheld(Category.PLAN, "no-basis", "", (MISSING,)),),
    missing=(),
    declines=(),
    content=(),
)
IDENTITY: Details = {"hetu": HETU, "family_name": "Viitasalmi", "given_names": "Öörni Kai"}
PROTECTED = REFERRAL._replace(
    notice_id=NoticeId("n-00000000000000000000000001"),
    protected=True,
    categories=(Category.IDENTITY, Category.SERVICE_NEEDS),
    withheld=(Withheld(Category.CONTACT, "non-disclosure-order", "", ()),),
)
ANSWER = REFERRAL._replace(
    to=LAPPEENRANTA, kind=NoticeKind.STATUS, detail="accepted", categories=(), withheld=()
)
DECLINES = (
    Decline(HandoffId("h-1"), LAPPEENRANTA, SOTE, RejectReason.NO_CAPACITY, HAPPENED),
    Decline(HandoffId("h-2"), LAPPEENRANTA, KELA, RejectReason.NOT_ELIGIBLE, DUE),
)
EVERY_KIND = {
    kind: REFERRAL._replace(kind=kind, due_at=DUE, declines=DECLINES, missing=(MISSING,))
    for kind in NoticeKind
}
EVERYTHING: Details = {
    **PERSON,
    "typ_clienthood_id": "T-1",
    "typ_members": "[]",
    "benefit_code": "TMTUKI",
    "benefit_started_on": "2025-02-01",
    "benefit_days_paid": "310",
    "reason": "Työkyky alentunut.",
    "remark": "Soittakaa aamulla.",
    "outcome": "Suunnitelma tehty.",
    "worker_name": "Sanna Ohjaaja",
    "worker_role": "omatyöntekijä",
    "worker_unit": "Keskusta",
    "official_id": "salainen",
    "official_unit": "salainen",
}

IN_THE_README: dict[str, tuple[Notice, Details]] = {
    "referral": (REFERRAL, {**PERSON, "reason": "Työkyky alentunut, selkäkipu."}),
    "referral of a protected person": (PROTECTED, {**IDENTITY, "reason": "Selkäkipu."}),
    "status, waiting for a basis": (
        ANSWER._replace(
            notice_id=NoticeId("n-00000000000000000000000002"), detail="awaiting-basis"
        )._replace(
            missing=(MISSING,), withheld=(Withheld(Category.PLAN, "no-basis", "", (MISSING,)),)
        ),
        {"hetu": HETU},
    ),
    "status, sent, and part of it stays behind": (
        ANSWER._replace(
            notice_id=NoticeId("n-0000000000000000000000000A"),
            detail="requested",
            withheld=(
                Withheld(
                    Category.CONTACT,
                    "prohibited",
                    "K-1",
                    (MISSING._replace(category=Category.CONTACT, act=Act.LIFT, rule="K-1"),),
                ),
            ),
        ),
        {"hetu": HETU},
    ),
    "status, rejected": (
        ANSWER._replace(
            notice_id=NoticeId("n-00000000000000000000000003"), detail="rejected"
        )._replace(reason="no-capacity"),
        {"hetu": HETU, "remark": "Jono on kolme kuukautta."},
    ),
    "information-request": (
        ANSWER._replace(
            notice_id=NoticeId("n-00000000000000000000000004"),
            kind=NoticeKind.INFORMATION_REQUEST,
            detail="info-needed",
        ),
        {"hetu": HETU, "remark": "Tarvitaan B-lausunto."},
    ),
    "information, the named worker": (
        ANSWER._replace(
            notice_id=NoticeId("n-00000000000000000000000005"),
            kind=NoticeKind.INFORMATION,
            detail="worker-named",
        ),
        {"hetu": HETU, "worker_name": "Sanna Ohjaaja", "worker_role": "omatyöntekijä"},
    ),
    "recall": (
        REFERRAL._replace(
            notice_id=NoticeId("n-00000000000000000000000006"),
            kind=NoticeKind.RECALL,
            detail="basis-withdrawn",
            withheld=(),
            due_at=DUE,
        ),
        {"hetu": HETU},
    ),
    "escalation": (
        REFERRAL._replace(
            notice_id=NoticeId("n-00000000000000000000000007"),
            kind=NoticeKind.ESCALATION,
            detail="breach",
            reason="acceptance",
            categories=(),
            withheld=(),
            due_at=DUE,
        ),
        {},
    ),
    "convene": (
        REFERRAL._replace(
            notice_id=NoticeId("n-00000000000000000000000008"),
            kind=NoticeKind.CONVENE,
            detail="stall",
            categories=(Category.IDENTITY,),
            withheld=(),
            declines=DECLINES,
        ),
        {"hetu": HETU},
    ),
    "refusal": (
        ANSWER._replace(
            notice_id=NoticeId("n-00000000000000000000000009"),
            kind=NoticeKind.REFUSAL,
            detail="terminal",
            reason="L-2026-00007",
        ),
        {},
    ),
}
"""Every notice that `connectors/sote/README.md` shows, with its details, by its heading."""
