"""A message is read with every error at once, each where it stands."""

import pytest

from connectors.kela.section import LISTED_MAX
from streams.domain.answers import HandoffAccepted, HandoffRejected
from streams.domain.codes import Category, Milestone, Priority, RejectReason
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import ConsentGiven, ConsentWithdrawn, DisclosureProhibited
from streams.promises.connector import Message, Reading, Unreadable
from tests.connectors.kela.batches import (
    ASIAKAS,
    CONNECTOR,
    CONSENT,
    HEAD,
    HETU,
    NAMED,
    RECEIVED,
    REFERRAL,
    era,
    errors,
    event_of,
    reading,
    readings,
    viesti,
)
from tests.connectors.region import KELA, LAPPEENRANTA, NOW, REGION, SOTE, agreement

AT = "/era/viesti[1]"
PROHIBITION = CONSENT.replace("suostumus tila", "kielto tila").replace("</suostumus>", "</kielto>")
UNTIL = "<paattyen>{}</paattyen>"


def consent(more: str = "") -> str:
    return CONSENT.format(more)


def referral(more: str = "") -> str:
    return REFERRAL.format(more)


def answer(state: str, more: str = NAMED) -> str:
    return f'<vastaus tila="{state}">{more}</vastaus>'


def head_without(part: str) -> str:
    assert part in HEAD
    return HEAD.replace(part, "")


@pytest.mark.parametrize(
    ("head", "code", "pointer"),
    [
        (head_without("<viestiTunnus>K-1</viestiTunnus>"), "missing-field", "/viestiTunnus"),
        (HEAD.replace("K-1", ""), "missing-field", "/viestiTunnus"),
        (HEAD.replace("K-1", "K" * 129), "bad-value", "/viestiTunnus"),
        (HEAD.replace("K-1", "K&#9;1"), "bad-value", "/viestiTunnus"),
        (HEAD.replace("K-1", "K&#x85;1"), "bad-value", "/viestiTunnus"),
        (HEAD.replace("K-1", "K<b/>"), "bad-value", "/viestiTunnus"),
        (HEAD + "<viestiTunnus>K-2</viestiTunnus>", "bad-value", "/viestiTunnus[2]"),
        (HEAD + "<versio>0</versio>", "bad-value", "/versio"),
        (HEAD + "<versio>-1</versio>", "bad-value", "/versio"),
        (HEAD + "<versio>1.0</versio>", "bad-value", "/versio"),
        (HEAD + "<versio>\uff11</versio>", "bad-value", "/versio"),
        (HEAD + "<versio>1000000000</versio>", "bad-value", "/versio"),
        (head_without("<pvm>2026-02-09</pvm>"), "missing-field", "/pvm"),
        (HEAD.replace("2026-02-09", "2026-02-30"), "bad-time", "/pvm"),
        (HEAD.replace("2026-02-09", "1066-10-14"), "bad-time", "/pvm"),
        (HEAD.replace("2026-02-09", "2026-02-09T10:15:00"), "bad-time", "/pvm"),
        (HEAD.replace("2026-02-09", "x" * 10_000), "bad-time", "/pvm"),
        (head_without("<klo>10:15</klo>"), "missing-field", "/klo"),
        (HEAD.replace("10:15", "24:00"), "bad-time", "/klo"),
        (HEAD.replace("10:15", "9:15"), "bad-time", "/klo"),
        (HEAD.replace("10:15", "10.15"), "bad-time", "/klo"),
        (head_without(ASIAKAS), "missing-field", "/asiakas"),
        (HEAD + ASIAKAS, "bad-value", "/asiakas[2]"),
        (HEAD.replace(f"<hetu>{HETU}</hetu>", ""), "missing-field", "/asiakas/hetu"),
        (HEAD.replace(HETU, " "), "missing-field", "/asiakas/hetu"),
        (HEAD.replace(HETU, "150784V990"), "hetu-format", "/asiakas/hetu"),
        (HEAD.replace(HETU, "150784V990A"), "hetu-check", "/asiakas/hetu"),
        (HEAD.replace("<hetu>", "<hetu><b/>"), "bad-value", "/asiakas/hetu"),
        (HEAD.replace("<hetu>", "<hetu/><hetu>"), "bad-value", "/asiakas/hetu[2]"),
        (HEAD.replace("Olavi", "o" * 256), "bad-value", "/asiakas/nimi"),
        (HEAD.replace(">405<", ">40<"), "bad-value", "/asiakas/kotikunta"),
        (HEAD.replace(">405<", ">\uff14\uff10\uff15<"), "bad-value", "/asiakas/kotikunta"),
        (HEAD.replace(">0<", ">2<"), "bad-value", "/asiakas/turvakielto"),
        (HEAD.replace(">0<", ">true<"), "bad-value", "/asiakas/turvakielto"),
    ],
)
def test_a_fault_of_the_head_is_told_where_it_stands(head: str, code: str, pointer: str) -> None:
    assert errors(era(viesti(RECEIVED, head))) == [(code, AT + pointer)]


@pytest.mark.parametrize(
    ("event", "code", "pointer"),
    [
        ("", "missing-field", ""),
        ("<hakemus/>", "missing-field", ""),
        (RECEIVED + RECEIVED, "bad-value", ""),
        (RECEIVED + '<vaihe koodi="YHTEYDENOTTO"/>', "bad-value", ""),
        ("<ohjaus/>", "missing-field", "/ohjaus/palvelu"),
        (referral("<vastaanottaja/>"), "missing-field", "/ohjaus/vastaanottaja"),
        (
            referral("<vastaanottaja><oid/></vastaanottaja>"),
            "missing-field",
            "/ohjaus/vastaanottaja/oid",
        ),
        (
            referral("<vastaanottaja><oid>1.2.3</oid></vastaanottaja>"),
            "unknown-agency",
            "/ohjaus/vastaanottaja/oid",
        ),
        (
            referral("<vastaanottaja><ytunnus>9100099-0</ytunnus></vastaanottaja>"),
            "unknown-agency",
            "/ohjaus/vastaanottaja/ytunnus",
        ),
        (
            referral(
                "<vastaanottaja><oid>1.2.246.10.91000021</oid>"
                "<ytunnus>9100001-3</ytunnus></vastaanottaja>"
            ),
            "bad-value",
            "/ohjaus/vastaanottaja",
        ),
        (
            referral("<lahettaja><ytunnus>9100001-3</ytunnus></lahettaja>"),
            "bad-value",
            "/ohjaus/lahettaja",
        ),
        (
            referral("<kiireellisyys>HETI</kiireellisyys>"),
            "unknown-code",
            "/ohjaus/kiireellisyys",
        ),
        (referral('<etuus alku="2025-11-03"/>'), "missing-field", "/ohjaus/etuus/@koodi"),
        (referral('<etuus koodi="SPR" alku="3.11.2025"/>'), "bad-time", "/ohjaus/etuus/@alku"),
        (
            referral('<etuus koodi="SPR" maksetutPaivat="-1"/>'),
            "bad-value",
            "/ohjaus/etuus/@maksetutPaivat",
        ),
        (
            referral("<luovutus><peruste>LUPA</peruste></luovutus>"),
            "unknown-code",
            "/ohjaus/luovutus/peruste",
        ),
        (
            referral(
                "<luovutus><tietoryhma>PERUSTIEDOT</tietoryhma>"
                "<tietoryhma>PERUSTIETO</tietoryhma></luovutus>"
            ),
            "unknown-code",
            "/ohjaus/luovutus/tietoryhma[2]",
        ),
        (
            referral(f"<luovutus><viite>{'S' * 129}</viite></luovutus>"),
            "bad-value",
            "/ohjaus/luovutus/viite",
        ),
        (f"<vastaus>{NAMED}</vastaus>", "missing-field", "/vastaus/@tila"),
        (answer("HYVAKSYTY"), "unknown-code", "/vastaus/@tila"),
        (answer("HYVAKSYTTY", ""), "missing-field", "/vastaus/kasittelytunnus"),
        (answer("HYLATTY"), "missing-field", "/vastaus/syy"),
        (answer("HYLATTY", NAMED + "<syy>EI</syy>"), "unknown-code", "/vastaus/syy"),
        ("<ohjausPeruttu/>", "missing-field", "/ohjausPeruttu/kasittelytunnus"),
        (
            "<ohjausVirheellinen><lahdetunnus/></ohjausVirheellinen>",
            "missing-field",
            "/ohjausVirheellinen/kasittelytunnus",
        ),
        (
            f"<takaisinvetoKuitattu>{NAMED}{NAMED}</takaisinvetoKuitattu>",
            "bad-value",
            "/takaisinvetoKuitattu/kasittelytunnus[2]",
        ),
        (
            f"<vastuuhenkilo>{NAMED}</vastuuhenkilo>",
            "missing-field",
            "/vastuuhenkilo/nimi",
        ),
        (consent().replace(' tila="ANNETTU"', ""), "missing-field", "/suostumus/@tila"),
        (consent().replace("ANNETTU", "ANNETU"), "unknown-code", "/suostumus/@tila"),
        (
            PROHIBITION.format("").replace("ANNETTU", "POIS"),
            "unknown-code",
            "/kielto/@tila",
        ),
        (consent().replace("S-1", ""), "missing-field", "/suostumus/suostumusTunnus"),
        (
            consent().replace("<tarkoitus>KUNTOUTUS</tarkoitus>", ""),
            "missing-field",
            "/suostumus/tarkoitus",
        ),
        (
            consent().replace("<alkaen>2026-02-01</alkaen>", ""),
            "missing-field",
            "/suostumus/alkaen",
        ),
        (consent(UNTIL.format("2026-01-31")), "bad-value", "/suostumus/paattyen"),
        (consent(UNTIL.format("31.1.2027")), "bad-time", "/suostumus/paattyen"),
        (consent("<saaja/>"), "missing-field", "/suostumus/saaja[1]"),
        (consent("<saaja><b/></saaja>"), "bad-value", "/suostumus/saaja[1]"),
        (
            consent("<saaja>9100002-1</saaja><saaja>x</saaja>"),
            "unknown-agency",
            "/suostumus/saaja[2]",
        ),
        (
            consent("<saaja>9100002-1</saaja>" * (LISTED_MAX + 1)),
            "bad-value",
            f"/suostumus/saaja[{LISTED_MAX + 1}]",
        ),
        ("<vaihe/>", "missing-field", "/vaihe/@koodi"),
        ('<vaihe koodi="SAIRAUSPAIVA" maara="1"/>', "unknown-code", "/vaihe/@koodi"),
        ('<vaihe koodi="SAIRAUSPAIVAT"/>', "missing-field", "/vaihe/@maara"),
        ('<vaihe koodi="SAIRAUSPAIVAT" maara="62,5"/>', "bad-value", "/vaihe/@maara"),
        ('<vaihe koodi="SAIRAUSPAIVAT" maara="100000"/>', "bad-value", "/vaihe/@maara"),
    ],
)
def test_a_fault_of_the_event_is_told_where_it_stands(event: str, code: str, pointer: str) -> None:
    assert errors(era(viesti(event))) == [(code, AT + pointer)]


def test_all_errors_of_a_message_come_at_once() -> None:
    head = HEAD.replace("2026-02-09", "x").replace(HETU, "150784V990A").replace(">405<", ">4<")
    event = (
        '<ohjaus><palvelu>TYO</palvelu><etuus koodi="S" alku="y"/>'
        "<luovutus><peruste>LUPA</peruste></luovutus></ohjaus>"
    )
    assert errors(era(viesti(event, head))) == [
        ("bad-time", AT + "/pvm"),
        ("hetu-check", AT + "/asiakas/hetu"),
        ("bad-value", AT + "/asiakas/kotikunta"),
        ("unknown-code", AT + "/ohjaus/palvelu"),
        ("bad-time", AT + "/ohjaus/etuus/@alku"),
        ("unknown-code", AT + "/ohjaus/luovutus/peruste"),
    ]


def test_no_text_of_a_message_stands_in_its_errors() -> None:
    secret = "Salaisuus"
    (read,) = readings(era(viesti(answer(secret, f"<syy>{secret}</syy>"), HEAD + secret)))
    assert isinstance(read, Unreadable)
    assert secret not in repr(read.problems)


def test_an_unreadable_message_still_names_its_id_and_person() -> None:
    (read,) = readings(era(viesti("<ohjaus/>")))
    assert isinstance(read, Unreadable)
    assert (read.message_id, read.hetu) == ("K-1", HETU)


def test_two_hetus_are_nobodys() -> None:
    (read,) = readings(era(viesti(RECEIVED, HEAD.replace("<hetu>", f"<hetu>{HETU}</hetu><hetu>"))))
    assert isinstance(read, Unreadable)
    assert read.hetu is None


def test_an_artificial_hetu_is_not_for_production() -> None:
    (message,) = CONNECTOR.split(era(viesti()))
    read = CONNECTOR.read(message, KELA, agreement("production"), NOW)
    assert isinstance(read, Unreadable)
    assert [problem.code for problem in read.problems] == ["hetu-not-allowed"]


def test_a_message_of_another_making_is_unreadable() -> None:
    read = CONNECTOR.read(Message(b"", None, "", ()), KELA, REGION, NOW)
    assert isinstance(read, Unreadable)
    assert [problem.code for problem in read.problems] == ["malformed"]


def test_unknown_elements_and_attributes_refuse_nothing() -> None:
    extra = (
        '<lisa xmlns="urn:other"><hetu>x</hetu></lisa><uusi a="1"/>'
        f'<vastaus tila="HYVAKSYTTY" uusi="x">{NAMED}<uusi/></vastaus>'
    )
    read = reading(era(viesti(extra, HEAD.replace("<hetu>", "<uusi>x</uusi><hetu>"))))
    assert isinstance(read.event, HandoffAccepted)


def test_comments_and_processing_instructions_inside_a_text_are_no_text() -> None:
    split_up = HETU[:4] + "<!-- x -->" + HETU[4:6] + "<?y z?>" + HETU[6:]
    assert reading(era(viesti(RECEIVED, HEAD.replace(HETU, split_up)))).hetu == HETU


def test_spaces_around_values_are_dropped() -> None:
    spaced = HEAD.replace("</", " \n </").replace(">K", "> \t K")
    assert readings(era(viesti(RECEIVED, spaced))) == readings(era(viesti()))


def test_a_message_without_a_version_is_the_first() -> None:
    assert reading(era(viesti())).event.envelope.source_ref.version == 1
    later = reading(era(viesti(RECEIVED, HEAD + "<versio>3</versio>")))
    assert later.event.envelope.source_ref.version == 3


def test_names_are_family_then_given() -> None:
    details = reading(era(viesti())).details
    assert (details["family_name"], details["given_names"]) == ("Hämäläinen", "Öörni Olavi")
    alone = reading(era(viesti(RECEIVED, HEAD.replace(" Öörni Olavi", "")))).details
    assert "given_names" not in alone


def test_a_name_of_strange_spaces_is_a_name() -> None:
    head = HEAD.replace("Hämäläinen Öörni Olavi", "&#160;")
    assert reading(era(viesti(RECEIVED, head))).details["family_name"] == "\u00a0"


def test_what_describes_the_person_may_be_left_out() -> None:
    head = HEAD.replace(ASIAKAS, f"<asiakas><hetu>{HETU}</hetu></asiakas>")
    read = reading(era(viesti(RECEIVED, head)))
    assert read.details == {"hetu": HETU}
    assert read.event.envelope.municipality == ""
    assert not read.event.envelope.protected


def test_a_referral_without_a_priority_is_routine() -> None:
    event = event_of(referral())
    assert isinstance(event, ReferralSubmitted)
    assert event.priority is Priority.ROUTINE


def test_a_recipient_named_twice_alike_is_that_recipient() -> None:
    event = event_of(
        referral(
            "<vastaanottaja><ytunnus>9100002-1</ytunnus>"
            "<oid>URN:OID:1.2.246.10.91000021</oid></vastaanottaja>"
        )
    )
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient == LAPPEENRANTA


def test_a_true_sender_may_be_said() -> None:
    event = event_of(referral("<lahettaja><ytunnus>9100006-4</ytunnus></lahettaja>"))
    assert isinstance(event, ReferralSubmitted)


def test_a_category_said_twice_counts_once() -> None:
    twice = "<tietoryhma>TYOKYKY</tietoryhma>" * 2
    event = event_of(referral(f"<luovutus>{twice}</luovutus>"))
    assert isinstance(event, ReferralSubmitted)
    assert event.categories == (Category.HEALTH_FUNCTIONAL_ABILITY,)


def test_a_rejection_with_a_text_alone_has_another_reason() -> None:
    event = event_of(answer("HYLATTY", NAMED + "<selite>Ei nyt.</selite>"))
    assert isinstance(event, HandoffRejected)
    assert event.reason is RejectReason.OTHER


def test_a_handoff_named_both_ways_keeps_both_names() -> None:
    event = event_of(answer("HYVAKSYTTY", NAMED + "<lahdetunnus>S-2</lahdetunnus>"))
    assert isinstance(event, HandoffAccepted)
    assert (event.handoff_id, event.referral_id) == ("h-1", "S-2")


def test_a_consent_without_an_end_has_none() -> None:
    event = event_of(consent())
    assert isinstance(event, ConsentGiven)
    assert event.valid_to is None
    assert event.sources == event.recipients == ()


def test_a_withdrawal_is_not_stopped_by_what_else_stands_there() -> None:
    event = event_of(consent("<saaja>x</saaja>").replace("ANNETTU", "PERUTTU"))
    assert isinstance(event, ConsentWithdrawn)
    assert event.statement_id == "S-1"


def test_a_prohibition_means_all_that_it_leaves_out() -> None:
    event = event_of('<kielto tila="ANNETTU"><suostumusTunnus>S-2</suostumusTunnus></kielto>')
    assert isinstance(event, DisclosureProhibited)
    assert (event.purposes, event.categories) == ((), ())
    assert (event.sources, event.recipients) == ((), ())
    assert (event.valid_from, event.valid_to) == (None, None)


def test_a_milestone_that_counts_nothing_needs_no_number() -> None:
    event = event_of('<vaihe koodi="SUUNNITELMA_LAADITTU"/>')
    assert isinstance(event, MilestoneReached)
    assert (event.milestone, event.amount) == (Milestone.PLAN_MADE, None)


def test_the_sender_is_the_agency_that_the_transport_knows() -> None:
    (message,) = CONNECTOR.split(era(viesti()))
    read = CONNECTOR.read(message, SOTE, REGION, NOW)
    assert isinstance(read, Reading)
    assert read.event.envelope.agency == SOTE
