"""A notice is written so that its receiver can read it, and holds nothing that it may not know."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import connectors.employment
from connectors.employment import EmploymentConnector
from connectors.typ import TypConnector
from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    ServiceCompleted,
    WorkerNamed,
)
from streams.domain.codes import NoticeKind, Priority, RejectReason, Service, Status
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, Instant
from streams.domain.referral import ReferralCancelled, ReferralMarkedInError, ReferralSubmitted
from streams.promises.connector import OpenNotice, Reading
from tests.connectors.notices import (
    AT,
    DETAILS,
    HANDOFF,
    MISSING,
    NOTICES,
    OWN,
    PERMITTED,
    REFERRAL,
    STATUS,
    opened,
)
from tests.connectors.region import LAPPEENRANTA, NOW, REGION, SOTE

EMPLOYMENT = EmploymentConnector()
README = Path(connectors.employment.__file__).with_name("README.md").read_text()
EXAMPLES = dict(
    re.findall(r"^### ([^\n]+)\n\n```json\n(.+?)\n```$", README, re.DOTALL | re.MULTILINE)
)


def written(notice: OpenNotice) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(EMPLOYMENT.render(notice, REGION))
    return body


def read_back(notice: OpenNotice) -> Reading:
    (message,) = EMPLOYMENT.split(EMPLOYMENT.render(notice, REGION))
    reading = EMPLOYMENT.read(message, SOTE, REGION, NOW)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_written_as_the_readme_shows_it(name: str) -> None:
    assert json.loads(EXAMPLES[name]) == written(NOTICES[name])


def test_the_readme_shows_no_other_notice() -> None:
    assert list(EXAMPLES) == list(NOTICES)
    assert {notice.notice.kind for notice in NOTICES.values()} == set(NoticeKind) - {
        NoticeKind.UNKNOWN
    }


@pytest.mark.parametrize("name", NOTICES)
def test_the_same_notice_has_the_same_bytes_whenever_it_is_sent(name: str) -> None:
    first = NOTICES[name]
    again = first._replace(sent_at=Instant(first.sent_at + 86_400_000_000))
    for connector in (EMPLOYMENT, TypConnector()):
        assert connector.render(first, REGION) == connector.render(again, REGION)


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_names_itself_and_its_moment(name: str) -> None:
    body = written(NOTICES[name])
    assert body["tapahtumaTunnus"] == "n-0000000000000000000000SAMP"
    assert body["aikaleima"] == "2026-03-02T09:30:00+02:00"
    assert body["vastaus"]["kasittelytunnus"] == HANDOFF


def test_a_referral_reads_back_as_it_was_sent() -> None:
    reading = read_back(NOTICES["referral"])
    event = reading.event
    assert isinstance(event, ReferralSubmitted)
    assert event[1:] == (
        LAPPEENRANTA,
        Service.EMPLOYMENT_SERVICES,
        Priority.URGENT,
        None,
        None,
        PERMITTED,
        (),
        (),
    )
    assert event.envelope.occurred_at == AT
    assert reading.details == DETAILS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("status: received", HandoffReceived),
        ("status: accepted", HandoffAccepted),
        ("status: rejected", HandoffRejected),
        ("status: completed", ServiceCompleted),
        ("status: cancelled by its source", ReferralCancelled),
        ("status: entered in error by its source", ReferralMarkedInError),
        ("information request", InformationRequested),
        ("information: an answer", InformationProvided),
        ("information: more data", ReferralSubmitted),
        ("information: a named worker", WorkerNamed),
    ],
)
def test_what_an_agency_could_say_itself_reads_back_as_that(name: str, expected: type) -> None:
    reading = read_back(NOTICES[name])
    assert isinstance(reading.event, expected)
    assert reading.event.envelope.occurred_at == AT
    assert reading.details == NOTICES[name].details
    if isinstance(reading.event, HandoffRejected):
        assert reading.event.reason is RejectReason.NO_CAPACITY
    if not isinstance(reading.event, ReferralSubmitted):
        assert reading.event[1] == HANDOFF


def test_a_referral_of_a_protected_person_reads_back_as_protected() -> None:
    reading = read_back(NOTICES["referral of a protected person"])
    assert isinstance(reading.event, ReferralSubmitted)
    assert reading.event.envelope.protected
    assert reading.event.envelope.municipality == ""
    assert not reading.details.keys() & {"municipality", "phone"}
    assert not read_back(NOTICES["referral"]).event.envelope.protected


@pytest.mark.parametrize("connector", [EMPLOYMENT, TypConnector()], ids=["employment", "typ"])
@pytest.mark.parametrize("name", NOTICES)
def test_the_non_disclosure_order_is_told_wherever_the_person_is_named(
    name: str, connector: EmploymentConnector | TypConnector
) -> None:
    plain = NOTICES[name]
    for protected in (True, False):
        told = plain._replace(notice=plain.notice._replace(protected=protected))
        person = json.loads(connector.render(told, REGION)).get("asiakas")
        assert (person is not None) is ("hetu" in plain.details)
        assert person is None or person.get("turvakielto") is (protected or None)


def test_the_recipient_never_learns_what_was_withheld_or_how_the_source_calls_it() -> None:
    for kind in NoticeKind:
        told = REFERRAL._replace(kind=kind, missing=(MISSING,))
        text = EMPLOYMENT.render(opened(told, DETAILS), REGION).decode()
        assert "SUUNNITELMA" not in text
        assert "puuttuva" not in text
        assert "pidatetty" not in text
        assert "SOTE-1" not in text


def test_the_source_learns_what_is_missing_in_its_own_codes() -> None:
    expected = [
        {
            "tietoryhma": "PALVELUTARVE",
            "toimi": "ANNA",
            "peruste": "SUOSTUMUS",
            "luovuttaja": "9100002-1",
            "saaja": "9100001-3",
            "tarkoitus": "TYOKYVYN_TUKI",
        }
    ]
    body = written(NOTICES["status: awaiting a basis"])
    assert body["puuttuvaPeruste"] == expected
    withheld = REFERRAL.withheld[0]
    alone = OWN._replace(
        detail=Status.AWAITING_BASIS.value,
        withheld=(withheld._replace(missing=(MISSING,)), withheld._replace(missing=())),
    )
    assert written(opened(alone))["puuttuvaPeruste"] == expected


def test_the_source_learns_which_acts_would_let_the_rest_go() -> None:
    body = written(NOTICES["status: sent, and part of it stays behind"])
    assert [
        (one["tietoryhma"], one["toimi"], one.get("kielto"), one.get("laki"))
        for one in body["puuttuvaPeruste"]
    ] == [
        ("YHTEYSTIEDOT", "ANNA", None, None),
        ("YHTEYSTIEDOT", "KUMOA", "K-1", None),
        ("PALVELUTARVE", "ANNA", None, None),
        ("SUUNNITELMA", "ALOITA", None, "Laki 381/2023"),
    ]
    assert body["pidatetty"] == [
        {"tietoryhma": "YHTEYSTIEDOT", "koodi": "prohibited"},
        {"tietoryhma": "PALVELUTARVE", "koodi": "no-basis"},
        {"tietoryhma": "SUUNNITELMA", "koodi": "no-basis"},
    ]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNKNOWN])
def test_every_status_has_words_for_either_party(status: Status) -> None:
    for notice in (OWN, STATUS):
        body = written(opened(notice._replace(detail=status.value)))
        assert body["tapahtumaTyyppi"] in {"VASTAUS", "OHJAUS_PERUTTU", "OHJAUS_VIRHEELLINEN"}
        assert body["vastaus"].get("tila") != "TUNTEMATON"


def bare(kind: NoticeKind) -> Notice:
    return REFERRAL._replace(
        kind=kind,
        handoff_id=None,
        case_id=None,
        referral_id=None,
        source=None,
        recipient=None,
        service=None,
        priority=None,
        detail="later-code",
        categories=(),
        withheld=(),
    )


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_about_no_handoff_is_written_all_the_same(kind: NoticeKind) -> None:
    body = written(OpenNotice(bare(kind), {}, NOW))
    assert body["tapahtumaTunnus"]
    assert "asiakas" not in body
    assert "lahdetunnus" not in str(body)


def test_codes_and_agencies_that_came_or_went_later_are_written_all_the_same() -> None:
    gone = AgencyId("sote.gone")
    notice = REFERRAL._replace(
        source=gone, recipient=gone, service=Service.UNKNOWN, priority=Priority.UNKNOWN
    )
    body = written(opened(notice))
    assert body["lahettaja"] == {"nimi": gone}
    assert body["ohjaus"] == {"vastaanottaja": {"ytunnus": gone}}
    assert written(opened(bare(NoticeKind.UNKNOWN)))["tapahtumaTyyppi"] == "TIEDOTE"
    assert written(opened(bare(NoticeKind.STATUS)))["vastaus"] == {"tila": "TUNTEMATON"}


def test_a_recall_without_a_due_time_has_none() -> None:
    recall = NOTICES["recall"].notice._replace(due_at=None)
    assert "erapaiva" not in written(opened(recall))["takaisinveto"]
    clock = NOTICES["escalation"].notice._replace(due_at=None)
    assert "erapaiva" not in written(opened(clock))["maaraaika"]
