"""A sound JSON event becomes its contract event, whatever else stands in it."""

import pytest

from streams.domain.answers import HandoffRejected, ServiceCompleted
from streams.domain.codes import Category, Priority, RejectReason
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    GivenBy,
    ProhibitionLifted,
)
from tests.connectors.json_events import (
    ABSENT,
    HETU,
    TYP_REGISTER,
    answer,
    consent,
    event,
    referral,
    taken,
)
from tests.connectors.region import IMATRA, KELA, SOTE, TYP


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (None, None),
        ({"ytunnus": "9100006-4"}, KELA),
        ({"oid": "urn:oid:1.2.246.10.91000013"}, SOTE),
        ({"oid": "1.2.246.10.91000013", "ytunnus": "9100001-3"}, SOTE),
        ({"sektori": "TYOLLISYYS", "alue": "153"}, IMATRA),
        ({"sektori": "TYP", "alue": "11"}, TYP),
        ({"sektori": "KELA", "alue": "091", "uusi": 1}, KELA),
    ],
    ids=range(7),
)
def test_a_recipient_is_found_by_any_of_its_names(recipient: object, expected: str | None) -> None:
    read_event = taken(referral(vastaanottaja=recipient)).event
    assert isinstance(read_event, ReferralSubmitted)
    assert read_event.recipient == expected


def test_a_plain_referral_is_routine_and_its_categories_are_named_once() -> None:
    wire = referral() | {"luovutus": {"tietoryhmat": ["TYOKYKY", "PERUSTIEDOT", "TYOKYKY"]}}
    read_event = taken(wire).event
    assert isinstance(read_event, ReferralSubmitted)
    assert read_event.priority is Priority.ROUTINE
    assert read_event.basis is None
    assert read_event.categories == (Category.HEALTH_FUNCTIONAL_ABILITY, Category.IDENTITY)


def test_a_rejection_in_words_alone_is_for_another_reason() -> None:
    read_event = taken(answer(tila="HYLATTY", selite="Ei nyt.")).event
    assert isinstance(read_event, HandoffRejected)
    assert read_event.reason is RejectReason.OTHER


def test_an_outcome_and_a_remark_both_come_along() -> None:
    reading = taken(answer(tila="PAATTYNYT", tulos="Hyvä.", selite="Kiitos."))
    assert isinstance(reading.event, ServiceCompleted)
    assert reading.details.get("outcome") == "Hyvä."
    assert reading.details.get("remark") == "Kiitos."


def test_a_consent_without_categories_is_kept_and_permits_nothing() -> None:
    given = taken(consent()).event
    assert isinstance(given, ConsentGiven)
    assert (given.sources, given.recipients, given.categories, given.valid_to) == ((), (), (), None)


def test_a_prohibition_that_says_no_more_than_its_name_prohibits_all() -> None:
    wire = consent("KIELTO", tarkoitus=ABSENT, alkaen=ABSENT)
    prohibited = taken(wire).event
    assert isinstance(prohibited, DisclosureProhibited)
    assert prohibited[1:] == (
        "S-1",
        *((),) * 6,
        None,
        None,
        GivenBy.SELF,
        b"",
        (),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("SUOSTUMUS_PERUTTU", ConsentWithdrawn), ("KIELTO_PERUTTU", ProhibitionLifted)],
)
def test_a_statement_ends_whatever_else_its_event_says(kind: str, expected: type) -> None:
    wire = event(kind, suostumus={"suostumusTunnus": "S-1", "saajat": ["?"], "alkaen": "eilen"})
    assert isinstance(taken(wire).event, expected)


def test_empty_and_absent_texts_are_alike() -> None:
    person = dict.fromkeys(("etunimet", "sukunimi", "aidinkieli", "puhelin"), "")
    person |= {"henkilotunnus": " 270789y922s "}
    wire = referral(perustelu="") | {"asiakas": person, "virkailija": {"tunnus": ""}}
    reading = taken(wire)
    assert reading == taken(referral())
    assert reading.details == {"hetu": HETU}


def test_fields_that_are_null_are_absent() -> None:
    wire = referral(vastaanottaja=None, kiireellisyys=None, perustelu=None)
    wire |= {"versio": None, "luovutus": None, "virkailija": None}
    wire["asiakas"] = {"henkilotunnus": HETU, "turvakielto": None, "kotikunta": None}
    assert taken(wire) == taken(referral())


def test_fields_in_another_order_and_unknown_ones_make_the_same_event() -> None:
    wire = referral(perustelu="x")
    other = dict(reversed(list(wire.items()))) | {"uusi": [{"a": 1}], "jasenet": "?"}
    assert taken(other) == taken(wire)


def test_a_member_without_a_worker_and_a_clienthood_without_members_are_read() -> None:
    wire = referral() | {"jasenet": [{"osapuoli": "KELA", "vastuuhenkilo": None}]}
    details = taken(wire, TYP_REGISTER).details
    assert details.get("typ_members") == '[{"osapuoli":"KELA"}]'
    spoken = referral() | {"typAsiakkuusTunnus": "T", "virkailija": {"osapuoli": "KELA"}}
    details = taken(spoken, TYP_REGISTER).details
    assert (details.get("typ_clienthood_id"), details.get("official_unit")) == ("T", "KELA")
    assert "typ_members" not in details
