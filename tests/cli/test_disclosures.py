"""`disclosures`: who got what of a person's data, when, on what; and its export as AuditEvents."""

from pathlib import Path
from typing import Any

import pytest
from dirty_equals import IsStr
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from streams.cli import disclosures as listing
from tests.cli import messages
from tests.cli.command import OneHub

NOBODY = "p-00000000000000000000000000"
ID = {letter: IsStr(regex=rf"{letter}-[0-9A-Z]{{26}}") for letter in "hlnp"}
GIVE = {
    "category": "contact",
    "ask_for": "consent",
    "source": messages.EMPLOYMENT,
    "recipient": messages.TYP,
    "purpose": "employment",
    "act": "give",
    "rule": "",
}
ABOUT = {
    "handoff_id": ID["h"],
    "case_id": ID["h"],
    "person": ID["p"],
    "source": messages.EMPLOYMENT,
    "to": messages.TYP,
    "service": "multi_sector_support",
    "purpose": "employment",
    "entry_id": ID["l"],
    "agreement_digest": IsStr(regex="[0-9a-f]{64}"),
}
WENT = ["identity", "service_needs"]
OUTWARD = "http://dicom.nema.org/resources/ontology/DCM"


def held(*categories: str) -> list[dict[str, Any]]:
    return [
        {
            "category": category,
            "reason": "no-basis",
            "rule": "",
            "missing": [{**GIVE, "category": category}],
        }
        for category in categories
    ]


def ground(category: str) -> dict[str, object]:
    return {
        "category": category,
        "basis": "consent",
        "statement_id": "S-1",
        "law_ref": None,
        "verified": None,
        "overrode": None,
    }


DISCLOSED = {
    "what": "disclosed",
    "notice_id": ID["n"],
    "kind": "referral",
    **ABOUT,
    "recorded_at": "2026-02-09T10:00:00+00:00",
    "categories": WENT,
    "basis": [ground(category) for category in WENT],
    "carried": WENT,
    "withheld": held("contact"),
    "status": "delivered",
    "left_at": "2026-02-10T10:00:00+00:00",
    "left_by": "answer",
    "arrived_at": "2026-02-10T10:00:00+00:00",
    "arrived_by": "answer",
    "recalls": [
        {
            "categories": WENT,
            "issued_at": "2026-02-11T10:00:00+00:00",
            "confirmed_at": "2026-02-12T10:00:00+00:00",
        }
    ],
    "confirmed_at": None,
}
WITHHELD = {
    "what": "withheld",
    "notice_id": None,
    "kind": None,
    **ABOUT,
    "recorded_at": "2026-02-11T10:00:00+00:00",
    "categories": WENT,
    "basis": [],
    "carried": [],
    "withheld": held(*WENT),
    "status": None,
    "left_at": None,
    "left_by": None,
    "arrived_at": None,
    "arrived_by": None,
    "recalls": [],
    "confirmed_at": None,
}
RECALLED = {
    "what": "recalled",
    "notice_id": ID["n"],
    "kind": "recall",
    **ABOUT,
    "recorded_at": "2026-02-11T10:00:00+00:00",
    "categories": WENT,
    "basis": [],
    "carried": [],
    "withheld": [],
    "status": "delivered",
    "left_at": "2026-02-12T10:00:00+00:00",
    "left_by": "answer",
    "arrived_at": "2026-02-12T10:00:00+00:00",
    "arrived_by": "answer",
    "recalls": [],
    "confirmed_at": "2026-02-12T10:00:00+00:00",
}


def events(hub: OneHub, person: str) -> list[dict[str, Any]]:
    exported = hub.run("disclosures", "--person", person, "--fhir").document()
    Bundle.model_validate(exported)
    return [each["resource"] for each in exported["entry"]]


def detail(entity: dict[str, Any]) -> dict[str, str]:
    return {
        each["type"].removeprefix("urn:saattaen:"): each["valueString"] for each in entity["detail"]
    }


def test_a_disclosure_has_the_agreed_shape(recalled: OneHub, person: str) -> None:
    told = recalled.json("disclosures", "--person", person)

    assert told == [DISCLOSED, WITHHELD, RECALLED]


def test_only_a_stretch_of_time_is_asked_for(recalled: OneHub, person: str) -> None:
    before = recalled.json("disclosures", "--person", person, "--until", "2026-02-11T12:00+02:00")
    since = recalled.json("disclosures", "--person", person, "--since", "2026-02-11T12:00+02:00")

    assert before == [DISCLOSED]
    assert since == [WITHHELD, RECALLED]


def test_people_read_it_in_lines_of_100(recalled: OneHub, person: str) -> None:
    told = recalled.run("disclosures", "--person", person).data

    lines = told.splitlines()
    assert lines[0].split() == ["RECORDED", "TO", "HANDOFF,", "DATA", "NOTICE,", "WHY", "STATE"]
    assert lines[1].startswith("9 February 2026")
    assert "referral" in lines[1]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            "fi",
            [
                "perustiedot suostumus S-1 vedetty takaisin",
                "yhteystiedot luovutukselle ei ole perustetta jäi luovuttamatta",
                "takaisinveto vahvistettu 12.2.2026 12.00",
                "Etelä-Karjalan TYP",
            ],
        ),
        (
            "sv",
            [
                "basuppgifter samtycke S-1 återkallat",
                "kontaktuppgifter det finns ingen grund för utlämnandet lämnades inte ut",
            ],
        ),
        (
            "en",
            [
                "basic details consent S-1 recalled",
                "contact details there is no basis for it stayed behind",
                "recall confirmed 12 February 2026 12:00",
            ],
        ),
    ],
)
def test_people_read_it_in_their_language_and_machines_in_codes(
    recalled: OneHub,
    person: str,
    language: str,
    rows: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "READABLE", 400)  # a row a line
    asked = ("disclosures", "--person", person, "--language", language)

    told = [" ".join(line.split()) for line in recalled.run(*asked).data.splitlines()]

    assert [row for row in rows if not any(row in line for line in told)] == []
    assert recalled.json(*asked) == [DISCLOSED, WITHHELD, RECALLED]


def test_what_waits_is_told_as_pending(
    hub: OneHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "READABLE", 400)  # a row a line
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said)
    person = hub.json("handoffs")[0]["person"]

    assert "pending" in hub.run("disclosures", "--person", person).data
    assert events(hub, person) == []

    gone = messages.withdrawal(5, "2026-02-12T09:00:00+02:00")
    hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "gone", gone))

    assert "cancelled, never left" in hub.run("disclosures", "--person", person).data


def test_whoever_has_disclosed_nothing_is_told_so(hub: OneHub, tmp_path: Path) -> None:
    hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "said", messages.consent()))
    person = hub.run("ledger").lines()[0]["person"]

    ended = hub.run("disclosures", "--person", person)

    assert (ended.code, ended.data, ended.talk) == (0, "", "no such disclosures\n")


def test_a_person_who_is_not_there_has_no_disclosures(recalled: OneHub) -> None:
    assert recalled.run("disclosures", "--person", NOBODY).code == 3
    assert recalled.run("disclosures", "--person", NOBODY, "--fhir").code == 3


def test_each_disclosure_is_a_pair_of_audit_events(recalled: OneHub, person: str) -> None:
    at_source, at_recipient = events(recalled, person)

    for event in (at_source, at_recipient):
        AuditEvent.model_validate(event)
    assert [event["type"]["code"] for event in (at_source, at_recipient)] == ["110106", "110107"]
    assert {event["type"]["system"] for event in (at_source, at_recipient)} == {OUTWARD}
    assert {event["subtype"][0]["code"] for event in (at_source, at_recipient)} == {"disclose"}
    assert (at_source["action"], at_recipient["action"]) == ("R", "C")
    assert at_source["period"] == {
        "start": "2026-02-10T10:00:00+00:00",
        "end": "2026-02-10T10:00:00+00:00",
    }
    assert at_source["recorded"] == at_recipient["recorded"] == "2026-02-10T10:00:00+00:00"
    assert (at_source["outcome"], at_recipient["outcome"]) == ("0", "0")
    assert at_source["purposeOfEvent"] == [
        {"coding": [{"system": "urn:saattaen:purpose", "code": "employment"}]}
    ]


def test_the_agents_are_the_two_agencies_and_one_of_them_asked(
    recalled: OneHub, person: str
) -> None:
    at_source, at_recipient = events(recalled, person)

    source, recipient = at_source["agent"]
    assert (source["type"]["coding"][0]["code"], source["requestor"]) == ("110153", True)
    assert (recipient["type"]["coding"][0]["code"], recipient["requestor"]) == ("110152", False)
    assert source["who"]["identifier"] == {
        "system": "urn:ietf:rfc:3986",
        "value": "urn:oid:1.2.246.10.91000021",
    }
    assert at_source["source"]["observer"] == source["who"]
    assert at_recipient["source"]["observer"] == recipient["who"]


def test_each_data_category_is_an_entity_with_its_basis(recalled: OneHub, person: str) -> None:
    (whom, handoff, identity, needs), _ = (event["entity"] for event in events(recalled, person))

    assert whom["what"]["identifier"] == {"system": "urn:saattaen:person", "value": person}
    assert detail(handoff)["withheld"] == "contact no-basis"
    assert (identity["name"], identity["description"]) == ("identity", "perustiedot")
    assert detail(identity) == {
        "carried": "true",
        "legal-basis": "consent",
        "statement": "S-1",
        "recalled": "2026-02-11T10:00:00+00:00",
        "recall-confirmed": "2026-02-12T10:00:00+00:00",
    }
    assert needs["what"]["identifier"]["value"] == "service_needs"


def test_an_export_says_nothing_of_who_it_is_or_what_was_written(
    recalled: OneHub, person: str
) -> None:
    exported = recalled.run("disclosures", "--person", person, "--fhir").data

    said = (messages.HETU, "Toivo", "Hämäläinen", "+358501167546", "Selkäkipu")
    assert len(exported) > 5_000
    assert [text for text in said if text in exported] == []


def test_everybodys_table_is_readable(sampled: OneHub) -> None:
    for person in {line["person"] for line in sampled.run("ledger").lines()}:
        for command in (("disclosures",), ("consents", "--all")):
            lines = sampled.run(*command, "--person", person).data.splitlines()
            assert max(map(len, lines), default=0) <= 100
