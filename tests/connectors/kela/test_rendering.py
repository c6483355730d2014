"""A notice goes out whole, with nothing that is not permitted, and reads back where it can."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import _Element

import connectors.kela
from connectors.finnish_codes import ANSWERS, STATUS_CODES
from connectors.kela.rendering import SHAPES
from streams.domain.answers import (
    HandoffRejected,
    InformationProvided,
    InformationRequested,
)
from streams.domain.codes import Basis, Category, NoticeKind, Purpose, RejectReason, Status
from streams.domain.entry import Act, MissingBasis, Notice, Withheld
from streams.domain.ids import AgencyId
from streams.domain.referral import ReferralSubmitted
from streams.promises.connector import Details, OpenNotice, Reading, Unreadable
from tests.connectors.kela.batches import CONNECTOR, HETU, NAMESPACE, readings
from tests.connectors.kela.notices import (
    AWAITING,
    BENEFIT,
    CONVENE,
    ESCALATION,
    EXAMPLES,
    HANDOFF,
    IDENTITY,
    INFORMATION,
    INFORMATION_REQUEST,
    NOON,
    PERMITTED,
    PLAIN,
    PROTECTED,
    RECALL,
    REFERRAL,
    REFUSAL,
    REJECTED,
    UNKNOWN,
    missing,
    opened,
)
from tests.connectors.region import KELA, LAPPEENRANTA, NOW, REGION, SOTE

README = (Path(connectors.kela.__path__[0]) / "README.md").read_text()
SHOWN = dict(
    re.findall(r"^#{3,4} ([\w, -]+)\n\n```xml\n(.*?)```", README, re.DOTALL | re.MULTILINE)
)
EVERY_DETAIL = Details(
    hetu=HETU,
    family_name="Hämäläinen",
    given_names="Öörni",
    phone="+358 00 000 000",
    language="fi",
    municipality="405",
    typ_clienthood_id="T-1",
    typ_members='[{"osapuoli": "KELA"}]',
    benefit_code="SPR",
    benefit_started_on="2025-11-03",
    benefit_days_paid="62",
    reason="Perustelu",
    remark="Selite",
    outcome="Tulos",
    worker_name="Sanna Ohjaaja",
    worker_role="Ohjaaja",
    worker_unit="Keskusta",
    official_id="V-1",
    official_unit="Toimisto",
)


def rendered(notice: Notice, details: Details | None = None) -> _Element:
    return etree.fromstring(CONNECTOR.render(opened(notice, details), REGION))


def texts(root: _Element, path: str) -> list[str]:
    steps = "/".join(f"k:{step}" for step in path.split("/"))
    found = root.xpath(f"k:viesti/{steps}", namespaces={"k": NAMESPACE})
    assert isinstance(found, list)
    return [each.text or "" for each in found if isinstance(each, _Element)]


def read_back(notice: Notice, details: Details, agency: AgencyId = KELA) -> Reading:
    person = details | {"hetu": HETU}
    raw = CONNECTOR.render(OpenNotice(notice, Details(**person), NOW), REGION)
    (message,) = CONNECTOR.split(raw)
    read = CONNECTOR.read(message, agency, REGION, NOW)
    assert isinstance(read, Reading), read
    return read


@pytest.mark.parametrize("heading", sorted(EXAMPLES))
def test_the_readme_shows_what_goes_out(heading: str) -> None:
    assert SHOWN[heading] == CONNECTOR.render(EXAMPLES[heading], REGION).decode()


@pytest.mark.parametrize("heading", sorted(set(SHOWN) - set(EXAMPLES)))
def test_the_readme_shows_what_comes_in(heading: str) -> None:
    (read,) = readings(SHOWN[heading].encode())
    assert isinstance(read, Reading), read
    assert type(read.event).__name__ == heading


def test_the_readme_shows_every_kind_of_notice() -> None:
    shown = {example.notice.kind for example in EXAMPLES.values()}
    assert shown == set(NoticeKind) - {NoticeKind.UNKNOWN}


def test_every_kind_of_notice_has_its_element() -> None:
    assert set(SHAPES) == set(NoticeKind)


@pytest.mark.parametrize(
    ("notice", "element", "attributes"),
    [
        (REFERRAL, "ohjaus", {}),
        (REJECTED, "vastaus", {"tila": "HYLATTY"}),
        (AWAITING, "vastaus", {"tila": "ODOTTAA_PERUSTETTA"}),
        (AWAITING._replace(detail="worker"), "vastaus", {"tila": "MUU", "koodi": "worker"}),
        (INFORMATION_REQUEST, "vastaus", {"tila": "LISATIETOPYYNTO"}),
        (
            INFORMATION_REQUEST._replace(detail="info-needed"),
            "vastaus",
            {"tila": "LISATIETOPYYNTO"},
        ),
        (INFORMATION, "vastaus", {"tila": "LISATIEDOT_ANNETTU", "koodi": "basis-arrived"}),
        (REFUSAL, "torjunta", {"saanto": "only-the-recipient-answers"}),
        (RECALL, "takaisinveto", {}),
        (ESCALATION, "eskalaatio", {"porras": "warn-75"}),
        (CONVENE, "koollekutsu", {"laji": "stall"}),
        (UNKNOWN, "ilmoitus", {"koodi": "later"}),
    ],
)
def test_a_kind_of_notice_is_told_by_its_element(
    notice: Notice, element: str, attributes: dict[str, str]
) -> None:
    event = rendered(notice)[0][-1]
    assert event.tag == f"{{{NAMESPACE}}}{element}"
    assert {name: event.get(name) for name in event.attrib} == attributes


@pytest.mark.parametrize("kind", sorted(NoticeKind))
def test_every_notice_names_its_handoff_and_itself(kind: NoticeKind) -> None:
    root = rendered(PLAIN._replace(kind=kind))
    assert root.get("tunnus") == PLAIN.notice_id
    assert texts(root, "viestiTunnus") == [PLAIN.notice_id]
    assert texts(root, "*/kasittelytunnus".replace("*", SHAPES[kind][0])) == [HANDOFF]
    assert texts(root, f"{SHAPES[kind][0]}/lahdetunnus") == ["K-7"]


def test_a_notice_about_no_handoff_still_goes_out() -> None:
    bare = REFUSAL._replace(
        handoff_id=None,
        case_id=None,
        referral_id=None,
        source=None,
        recipient=None,
        service=None,
        priority=None,
        detail="",
    )
    event = rendered(bare)[0][-1]
    assert len(event) == 0
    assert not event.attrib


def test_the_moment_of_sending_is_no_part_of_a_notice() -> None:
    first = CONNECTOR.render(OpenNotice(REFERRAL, PERMITTED, NOON), REGION)
    assert first == CONNECTOR.render(OpenNotice(REFERRAL, PERMITTED, NOW), REGION)


@pytest.mark.parametrize("kind", sorted(NoticeKind))
def test_a_notice_without_details_holds_no_person(kind: NoticeKind) -> None:
    root = rendered(REFERRAL._replace(kind=kind), Details())
    assert texts(root, "asiakas") == []
    for name in ("etuus", "perustelu", "selite", "tulos", "vastuuhenkilo", "typAsiakkuus"):
        assert texts(root, f"{SHAPES[kind][0]}/{name}") == []


@pytest.mark.parametrize("kind", sorted(NoticeKind))
def test_the_non_disclosure_order_is_told_wherever_the_person_is_named(kind: NoticeKind) -> None:
    for protected, flag in ((True, "1"), (False, "0")):
        root = rendered(REFERRAL._replace(kind=kind, protected=protected), IDENTITY)
        assert texts(root, "asiakas/turvakielto") == [flag]


def test_a_referral_of_a_protected_person_reads_back_as_protected() -> None:
    read = read_back(PROTECTED, IDENTITY, SOTE)
    assert isinstance(read.event, ReferralSubmitted)
    assert read.event.envelope.protected
    assert read.event.envelope.municipality == ""
    assert read.details == IDENTITY
    assert not read_back(REFERRAL, PERMITTED, SOTE).event.envelope.protected


def test_permitted_details_all_go_out_and_the_official_never() -> None:
    body = CONNECTOR.render(opened(INFORMATION, EVERY_DETAIL), REGION).decode()
    root = etree.fromstring(body.encode())
    assert texts(root, "asiakas/nimi") == ["Hämäläinen Öörni"]
    assert texts(root, "asiakas/aidinkieli") == ["fi"]
    assert texts(root, "asiakas/puhelin") == ["+358 00 000 000"]
    assert texts(root, "vastaus/typAsiakkuus/tunnus") == ["T-1"]
    assert texts(root, "vastaus/typAsiakkuus/jasenet") == ['[{"osapuoli": "KELA"}]']
    assert texts(root, "vastaus/vastuuhenkilo/nimi") == ["Sanna Ohjaaja"]
    assert texts(root, "vastaus/tulos") == ["Tulos"]
    assert "V-1" not in body
    assert "Toimisto" not in body


def test_a_recall_names_the_categories_to_stop_using() -> None:
    assert texts(rendered(RECALL), "takaisinveto/tietoryhma") == [
        "PERUSTIEDOT",
        "YHTEYSTIEDOT",
        "PALVELUTARVE",
    ]


def test_missing_bases_that_differ_in_the_category_are_one_question() -> None:
    other = missing(Category.PLAN)._replace(ask_for=Basis.SOTE_PERMIT)
    notice = AWAITING._replace(missing=(*AWAITING.missing, other, *AWAITING.missing))
    root = rendered(notice)
    assert texts(root, "vastaus/puuttuvaPeruste/peruste") == ["SUOSTUMUS", "LUOVUTUSLUPA"]
    assert texts(root, "vastaus/puuttuvaPeruste/tietoryhma") == [
        "PERUSTIEDOT",
        "PALVELUTARVE",
        "SUUNNITELMA",
    ]


def test_what_would_permit_a_withheld_category_is_told_to_the_source_alone() -> None:
    withheld = (
        Withheld(Category.PLAN, "no-basis", "", (missing(Category.PLAN),)),
        Withheld(Category.CONTACT, "non-disclosure", "", ()),
    )
    to_source = AWAITING._replace(withheld=withheld, missing=())
    assert texts(rendered(to_source), "vastaus/puuttuvaPeruste/tietoryhma") == ["SUUNNITELMA"]
    assert texts(rendered(to_source), "vastaus/pidatetty/syykoodi") == [
        "no-basis",
        "non-disclosure",
    ]
    to_another = to_source._replace(source=SOTE)
    assert texts(rendered(to_another), "vastaus/puuttuvaPeruste") == []
    assert texts(rendered(to_another), "vastaus/pidatetty") == []


@pytest.mark.parametrize(
    ("act", "rule", "told"),
    [
        (Act.GIVE, "", ("ANNA", [], [])),
        (Act.LIFT, "K-1", ("KUMOA", ["K-1"], [])),
        (Act.BEGIN, "Laki 381/2023", ("ALOITA", [], ["Laki 381/2023"])),
    ],
)
def test_the_source_learns_which_act_would_let_the_data_go(
    act: Act, rule: str, told: tuple[str, list[str], list[str]]
) -> None:
    one = missing(Category.PLAN)._replace(act=act, rule=rule)
    root = rendered(AWAITING._replace(missing=(one,)))
    assert texts(root, "vastaus/puuttuvaPeruste/toimi") == [told[0]]
    assert texts(root, "vastaus/puuttuvaPeruste/kielto") == told[1]
    assert texts(root, "vastaus/puuttuvaPeruste/laki") == told[2]


def test_an_agency_that_has_left_is_named_by_the_hubs_id() -> None:
    gone = AgencyId("sote.gone")
    root = rendered(
        AWAITING._replace(
            source=gone,
            missing=(
                MissingBasis(
                    Category.PLAN, Basis.CONSENT, gone, KELA, Purpose.EMPLOYMENT, Act.GIVE, ""
                ),
            ),
        )
    )
    assert texts(root, "vastaus/lahettaja/tunnus") == [gone]
    assert texts(root, "vastaus/puuttuvaPeruste/luovuttaja") == [gone]


def test_a_code_of_a_later_release_is_unknown_and_not_lost() -> None:
    notice = RECALL._replace(categories=(Category.UNKNOWN,))
    assert texts(rendered(notice), "takaisinveto/tietoryhma") == ["TUNTEMATON"]


def test_a_referral_reads_back_as_it_was() -> None:
    details = PERMITTED | BENEFIT
    del details["phone"]
    del details["remark"]
    read = read_back(REFERRAL, details, SOTE)
    event = read.event
    assert isinstance(event, ReferralSubmitted)
    assert event.envelope.source_ref.message_id == REFERRAL.notice_id
    assert event.envelope.occurred_at == NOON
    assert event.recipient == KELA
    assert (event.service, event.priority) == (REFERRAL.service, REFERRAL.priority)
    assert event.categories == REFERRAL.categories
    assert read.details == details


def test_a_referral_that_comes_back_from_another_is_refused() -> None:
    raw = CONNECTOR.render(opened(REFERRAL, PERMITTED), REGION)
    (read,) = readings(raw)
    assert isinstance(read, Unreadable)
    assert [problem.pointer for problem in read.problems] == ["/era/viesti[1]/ohjaus/lahettaja"]


@pytest.mark.parametrize("status", [s for s, code in STATUS_CODES.items() if code in ANSWERS])
def test_a_status_reads_back_as_its_answer(status: Status) -> None:
    notice = REJECTED._replace(detail=status.value)
    read = read_back(notice, Details(remark="Selite", outcome="Tulos"))
    assert type(read.event) is ANSWERS[STATUS_CODES[status]]
    assert read.details["remark"] == "Selite"
    assert read.details["outcome"] == "Tulos"


@pytest.mark.parametrize("reason", sorted(set(RejectReason) - {RejectReason.UNKNOWN}))
def test_a_rejection_reads_back_with_its_reason(reason: RejectReason) -> None:
    event = read_back(REJECTED._replace(reason=reason.value), Details()).event
    assert isinstance(event, HandoffRejected)
    assert (event.reason, event.handoff_id) == (reason, HANDOFF)


def test_questions_and_answers_read_back() -> None:
    asked = read_back(INFORMATION_REQUEST, Details(remark="Kysymys"))
    assert isinstance(asked.event, InformationRequested)
    told = read_back(INFORMATION, Details(remark="Vastaus"))
    assert isinstance(told.event, InformationProvided)
    assert (asked.details["remark"], told.details["remark"]) == ("Kysymys", "Vastaus")


def test_what_xml_cannot_carry_is_replaced() -> None:
    root = rendered(REJECTED, Details(remark="a\x00b\x0bc\ud800d\ufffee\t\U0001f600"))
    assert texts(root, "vastaus/selite") == ["a\ufffdb\ufffdc\ufffdd\ufffde\t\U0001f600"]


@given(
    remark=st.text(st.characters(exclude_categories=())),
    reason=st.text(st.characters(exclude_categories=()), max_size=5),
)
def test_any_text_goes_out_as_xml_that_reads_back(remark: str, reason: str) -> None:
    notice = REJECTED._replace(reason=reason, detail="rejected")
    opened_notice = opened(notice, Details(remark=remark, benefit_code=remark))
    body = CONNECTOR.render(opened_notice, REGION)
    assert body == CONNECTOR.render(opened_notice, REGION)
    root = etree.fromstring(body)
    shown = texts(root, "vastaus/selite")
    carried = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", remark)
    assert "".join(shown) == carried


def test_recipient_of_another_area_is_named_in_full() -> None:
    root = rendered(REJECTED)
    assert texts(root, "vastaus/vastaanottaja/ytunnus") == [
        REGION.agencies[LAPPEENRANTA].business_id
    ]
