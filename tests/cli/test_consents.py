"""`consents`: what a person has said of their data, as of any instant."""

from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsStr

from streams.bootstrap.agreement_file import load_agreements
from streams.domain.codes import Branch
from streams.domain.ids import StatementId
from streams.domain.statements import StatementKind
from streams.engines.embedded import EmbeddedEngine
from tests.cli import messages
from tests.cli.command import OneHub
from tests.domain.region import SOTE, at
from tests.domain.speaker import Speaker

NOBODY = "p-00000000000000000000000000"
STATEMENT = {
    "statement_id": "S-1",
    "kind": "consent",
    "state": "active",
    "given_by": "self",
    "recorded_by": messages.EMPLOYMENT,
    "from": [messages.EMPLOYMENT],
    "to": [messages.TYP],
    "purposes": ["employment"],
    "categories": ["identity", "service_needs"],
    "to_branch": None,
    "documents": 0,
    "service_tasks": [],
    "valid_from": "2026-01-31T22:00:00+00:00",
    "valid_to": None,
    "occurred_at": "2026-02-09T07:15:00+00:00",
    "recorded_at": "2026-02-09T10:00:00+00:00",
    "ended_at": None,
    "ended_by": None,
    "evidence_digest": None,
    "event_id": IsStr(regex=r"e-[0-9A-Z]{26}"),
    "entry_id": IsStr(regex=r"l-[0-9A-Z]{26}"),
}
ENDED = {
    **STATEMENT,
    "state": "withdrawn",
    "ended_at": "2026-02-11T10:00:00+00:00",
    "ended_by": IsStr(regex=r"e-[0-9A-Z]{26}"),
}


def test_a_statement_has_the_agreed_shape(recalled: OneHub, person: str) -> None:
    assert recalled.json("consents", "--person", person, "--at", "2026-02-10") == [STATEMENT]


def test_without_an_instant_the_hubs_own_time_counts(recalled: OneHub, person: str) -> None:
    assert recalled.json("consents", "--person", person) == []
    assert recalled.json("consents", "--person", person, "--all") == [ENDED]


def test_nothing_was_said_before_it_was_recorded(recalled: OneHub, person: str) -> None:
    before = ("--at", "2026-02-09T11:59:59+02:00")
    assert recalled.json("consents", "--person", person, "--all", *before) == []
    at = ("--at", "2026-02-09T12:00:00+02:00")
    assert recalled.json("consents", "--person", person, *at) == [STATEMENT]


def test_people_read_everything_in_lines_of_100(recalled: OneHub, person: str) -> None:
    told = recalled.run("consents", "--person", person, "--all")

    lines = told.data.splitlines()
    assert lines[0] == "statement    S-1"
    assert "given by     the person" in lines
    assert any(
        line.startswith("state        withdrawn on 11 February 2026 12:00: e-") for line in lines
    )
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "fi",
            [
                "laji suostumus",
                "antanut henkilö itse",
                "kirjannut Lappeenrannan työllisyysalue (employment.lappeenranta), 9.2.2026 12.00",
                "saaja Etelä-Karjalan TYP (typ.south-karelia)",
                "käyttötarkoitus työllistyminen",
                "tiedot perustiedot, palvelutarve",
                "voimassa 1.2.2026 0.00 alkaen",
            ],
        ),
        (
            "sv",
            [
                "slag samtycke",
                "gett av personen själv",
                "ändamål sysselsättning",
                "uppgifter basuppgifter, servicebehov",
                "i kraft från 1.2.2026 0.00",
            ],
        ),
        (
            "en",
            [
                "kind consent",
                "for employment",
                "data basic details, service needs",
                "valid from 1 February 2026 00:00 on",
            ],
        ),
    ],
)
def test_people_read_it_in_their_language_and_machines_in_codes(
    recalled: OneHub, person: str, language: str, lines: list[str]
) -> None:
    asked = ("consents", "--person", person, "--all", "--language", language)

    told = [" ".join(line.split()) for line in recalled.run(*asked).data.splitlines()]

    assert [line for line in lines if line not in told] == []
    assert recalled.json(*asked) == [ENDED]


def test_whoever_has_nothing_in_force_is_told_of_what_there_was(
    recalled: OneHub, person: str
) -> None:
    told = recalled.run("consents", "--person", person)
    none = recalled.run("consents", "--person", person, "--all", "--at", "2026-01-01")

    assert (told.code, told.data) == (0, "")
    assert "--all" in told.talk
    assert "no such statements" in none.talk


def test_a_prohibition_names_what_it_forbids(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.prohibition(2))
    hub.ingest(messages.EMPLOYMENT, said)
    person = hub.run("ledger").lines()[0]["person"]

    told = hub.json("consents", "--person", person)
    shown = hub.run("consents", "--person", person).data

    assert told[0] == IsPartialDict({"statement_id": "K-1", "kind": "prohibition"})
    assert told[1]["statement_id"] == "S-1"
    assert shown.count("statement ") == 2
    assert "\n\n" in shown


def test_a_permit_says_its_way_and_a_prohibition_what_it_is_about(hub: OneHub) -> None:
    hub.data.mkdir()
    speaker = Speaker()
    engine = EmbeddedEngine(hub.data, load_agreements(hub.region), durable=False)
    permit = speaker.consents(at(0), SOTE, kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL)
    about = speaker.prohibits(at(0, 1), SOTE, documents=(bytes(16),) * 2, service_tasks=("T-7",))
    engine.submit([permit._replace(recipients=(), categories=()), about])
    engine.close()

    shown = hub.run("consents", "--person", speaker.person).data
    told = hub.json("consents", "--person", speaker.person)

    assert told[0]["to_branch"] == "social"
    assert (told[1]["documents"], told[1]["service_tasks"]) == (2, ["T-7"])
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "kind permit, to social care" in lines
    assert "to any agency of the region" in lines
    assert "documents 2" in lines
    assert "service task T-7" in lines
    # A permit that names no category permits none, a prohibition forbids every one.
    assert [line for line in lines if line.startswith("data")] == ["data none", "data every one"]


def test_how_long_a_statement_holds_is_told_in_words(hub: OneHub) -> None:
    hub.data.mkdir()
    speaker = Speaker()
    engine = EmbeddedEngine(hub.data, load_agreements(hub.region), durable=False)
    consent = speaker.consents(at(0), SOTE)._replace(evidence_digest=bytes(32))
    bounds = ((None, None), (at(1), at(2)), (None, at(2)))
    engine.submit(
        [
            speaker.consents(at(0, minute), SOTE)._replace(
                statement_id=StatementId(f"S-{minute}"), valid_from=begins, valid_to=ends
            )
            for minute, (begins, ends) in enumerate(bounds)
        ]
    )
    engine.submit([consent._replace(statement_id=StatementId("S-4"))])
    engine.close()

    shown = hub.run("consents", "--person", speaker.person, "--language", "fi").data

    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "voimassa kirjaamisesta alkaen toistaiseksi" in lines
    assert "tila ei vielä voimassa" in lines
    assert any(line.startswith("todiste SHA-256 0000") for line in lines)
    dated = [line for line in lines if line.startswith("voimassa ")]
    assert sum("\N{EN DASH}" in line for line in dated) == 1
    assert sum(line.endswith(" saakka") for line in dated) == 1


def test_a_person_who_is_not_there_has_said_nothing(recalled: OneHub) -> None:
    ended = recalled.run("consents", "--person", NOBODY, "--json")

    assert (ended.code, ended.document()["status"]) == (3, 404)


def test_the_person_must_be_named(recalled: OneHub) -> None:
    assert recalled.run("consents").code == 2
