"""`explain disclosure`: which data may go, on what, what is missing; the same for ever."""

import shutil
from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsStr

from streams.bootstrap.agreement_history import FOLDER
from tests.cli import messages
from tests.cli.command import REGION, OneHub

NOWHERE = "h-00000000000000000000000000"
NOON = "2026-02-09T12:00:00+02:00"
STATUTE = """
[[basis]]
kind = "statute"
from_sector = "employment"
to_sector = "typ"
purpose = "employment"
categories = ["contact"]
overrides_prohibition = false
law_ref = "Act 9/2026 1 §"
verified = true
"""
GIVE = {
    "category": "contact",
    "ask_for": "consent",
    "source": messages.EMPLOYMENT,
    "recipient": messages.TYP,
    "purpose": "employment",
    "act": "give",
    "rule": "",
}
GRANTED = [
    {"category": category, "basis": "consent", "rule": "S-1", "overrode": None}
    for category in ("identity", "service_needs")
]
WITHHELD = {"category": "contact", "reason": "no-basis", "rule": "", "missing": [GIVE]}


def permit(category: str) -> dict[str, object]:
    return {
        "category": category,
        "decision": "permit",
        "basis": "consent",
        "reason": None,
        "chain": [
            {
                "role": "permits",
                "what": "statement",
                "statement_id": "S-1",
                "kind": "consent",
                "recorder": messages.EMPLOYMENT,
                "law_ref": None,
                "verified": None,
            }
        ],
        "missing": [],
        "said": f"consent S-1 ({messages.EMPLOYMENT})",
    }


@pytest.fixture
def referred(hub: OneHub, tmp_path: Path) -> OneHub:
    """Give a hub in which somebody with a consent was referred."""
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    assert hub.ingest(messages.EMPLOYMENT, said, at=NOON).code == 0
    return hub


def handoff_of(hub: OneHub) -> str:
    found: str = hub.json("handoffs")[0]["handoff_id"]
    return found


def asked(hub: OneHub, *words: str) -> str:
    ended = hub.run("explain", "disclosure", handoff_of(hub), "--json", *words)
    assert ended.code == 0, ended.data
    return ended.data


def by_law(hub: OneHub, folder: Path) -> OneHub:
    """Edit the region's file: from now on a statute lets contact details go."""
    edited = folder / "region.toml"
    edited.write_text(REGION.read_text(encoding="utf-8") + STATUTE, encoding="utf-8")
    return OneHub(hub.data, edited)


def test_a_decision_has_the_agreed_shape(recalled: OneHub, person: str) -> None:
    handoff_id = handoff_of(recalled)

    told = recalled.json("explain", "disclosure", handoff_id, "--at", "2026-02-10T13:00+02:00")

    assert told == {
        "handoff_id": handoff_id,
        "case_id": handoff_id,
        "person": person,
        "at": "2026-02-10T11:00:00+00:00",
        "language": "en",
        "status": "accepted",
        "service": "multi_sector_support",
        "source": messages.EMPLOYMENT,
        "recipient": messages.TYP,
        "purpose": "employment",
        "vital": False,
        "to_branch": None,
        "service_task": None,
        "documents": 0,
        "typ_member": False,
        "protected": False,
        "agreement_digest": IsStr(regex="[0-9a-f]{64}"),
        "categories": [
            permit("identity"),
            permit("service_needs"),
            {
                "category": "contact",
                "decision": "deny",
                "basis": None,
                "reason": "no-basis",
                "chain": [],
                "missing": [
                    {
                        **GIVE,
                        "said": "ask the person for a consent: from Lappeenrannan työllisyysalue "
                        "to Etelä-Karjalan TYP, for employment, contact details",
                    }
                ],
                "said": IsStr(regex=r"there is no basis for it; missing: ask the person .*"),
            },
        ],
        "statements": [IsPartialDict({"statement_id": "S-1", "state": "active"})],
        "decided": [
            {
                "recorded_at": "2026-02-09T10:00:00+00:00",
                "entry_id": IsStr(regex=r"l-[0-9A-Z]{26}"),
                "to": messages.TYP,
                "granted": GRANTED,
                "withheld": [WITHHELD],
            }
        ],
    }


def test_asked_at_the_moment_of_an_entry_it_is_what_the_entry_says(recalled: OneHub) -> None:
    line = next(
        line
        for line in recalled.run("ledger").lines()
        if line["event"]["type"] == "ReferralSubmitted"
    )
    made, held = (
        next(fact for fact in line["facts"] if fact["type"] == kind)
        for kind in ("DisclosureMade", "DisclosureWithheld")
    )

    told = recalled.json("explain", "disclosure", handoff_of(recalled), "--at", NOON)

    assert [told["decided"][-1]["granted"], told["decided"][-1]["withheld"]] == [
        made["basis"],
        held["missing"],
    ]
    may_go = [each["category"] for each in told["categories"] if each["decision"] == "permit"]
    assert may_go == made["categories"]


def test_now_is_the_hubs_own_time(recalled: OneHub) -> None:
    told = recalled.json("explain", "disclosure", handoff_of(recalled))

    assert told["at"] == "2026-02-12T10:00:00+00:00"
    assert {each["decision"] for each in told["categories"]} == {"deny"}
    assert told["statements"] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fi",
            ["perustiedot", "saa luovuttaa", "ei saa luovuttaa", "pyydä henkilöltä suostumus"],
        ),
        ("sv", ["basuppgifter", "får lämnas ut", "får inte lämnas ut", "be personen om samtycke"]),
        ("en", ["basic details", "may go", "stays behind", "ask the person for a consent"]),
    ],
)
def test_a_caseworker_reads_what_is_missing_in_their_language(
    referred: OneHub, language: str, words: list[str]
) -> None:
    told = referred.run("explain", "disclosure", handoff_of(referred), "--language", language).data

    flowing = " ".join(told.split())
    assert [word for word in words if word not in flowing] == []
    assert max(map(len, told.splitlines())) <= 100


def test_a_prohibition_that_holds_data_back_is_named(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(
        tmp_path, "said", messages.consent(), messages.prohibition(3), messages.referral()
    )
    hub.ingest(messages.EMPLOYMENT, said, at=NOON)

    told = hub.json("explain", "disclosure", handoff_of(hub))
    shown = hub.run("explain", "disclosure", handoff_of(hub), "--language", "fi").data

    held = next(each for each in told["categories"] if each["category"] == "service_needs")
    assert (held["decision"], held["reason"]) == ("deny", "prohibited")
    assert held["chain"][0] == IsPartialDict(
        {"role": "holds", "what": "statement", "statement_id": "K-1", "kind": "prohibition"}
    )
    assert "henkilö on kieltänyt luovutuksen; kielto K-1" in " ".join(shown.split())


def test_a_guarded_person_has_no_contact_details_to_give(hub: OneHub, tmp_path: Path) -> None:
    consent = messages.consent(turvakielto=True)
    consent["suostumus"]["tietoryhmat"] = ["PERUSTIEDOT", "YHTEYSTIEDOT"]
    said = messages.written(tmp_path, "said", consent, messages.referral(turvakielto=True))
    hub.ingest(messages.EMPLOYMENT, said, at=NOON)

    told = hub.json("explain", "disclosure", handoff_of(hub))
    shown = hub.run("explain", "disclosure", handoff_of(hub)).data

    contact = next(each for each in told["categories"] if each["category"] == "contact")
    assert (told["protected"], contact["reason"]) == (True, "non-disclosure-order")
    assert contact["chain"] == [IsPartialDict({"role": "holds", "what": "non-disclosure-order"})]
    assert "non-disclosure order" in shown
    assert "Hämäläinen" not in shown


def test_a_day_that_is_past_keeps_its_answer_whatever_comes(
    referred: OneHub, tmp_path: Path
) -> None:
    then = ("--at", NOON)
    first = asked(referred, *then)
    withdrawn = messages.withdrawal(5, "2026-02-11T09:00:00+02:00")
    sent = messages.written(tmp_path, "withdrawn", withdrawn)
    assert referred.ingest(messages.EMPLOYMENT, sent, at="2026-02-11T12:00:00+02:00").code == 0
    edited = by_law(referred, tmp_path)
    assert edited.run("advance", "--to", "2026-02-20T12:00+02:00").code == 0

    assert asked(referred, *then) == first
    assert asked(edited, *then) == first
    assert '"deny"' in asked(referred)


def test_each_instant_has_its_own_rules(referred: OneHub, tmp_path: Path) -> None:
    edited = by_law(referred, tmp_path)
    # The person's own lane is silent; that somebody else is heard says which rules hold.
    other = messages.written(tmp_path, "other", messages.consent(7, henkilotunnus="020594X903P"))
    taken = edited.ingest(messages.EMPLOYMENT, other, at="2026-02-12T12:00:00+02:00")
    assert taken.lines()[0]["status"] == "accepted"

    def contact(hub: OneHub, *words: str) -> dict[str, object]:
        told = hub.json("explain", "disclosure", handoff_of(hub), *words)["categories"]
        found: dict[str, object] = next(each for each in told if each["category"] == "contact")
        return found

    assert contact(edited, "--at", NOON)["decision"] == "deny"
    assert contact(edited, "--at", "2026-02-12T11:59:00+02:00")["decision"] == "deny"
    by_statute = contact(edited, "--at", "2026-02-12T12:00:00+02:00")
    assert (by_statute["decision"], by_statute["basis"]) == ("permit", "statute")
    assert by_statute["said"] == "Act 9/2026 1 § (verified)"
    assert contact(edited)["decision"] == "permit"
    # A moment that has not come yet is decided by the file at hand.
    assert contact(referred, "--at", "2026-02-28")["decision"] == "deny"
    assert contact(edited, "--at", "2026-02-28")["decision"] == "permit"
    # Where the edit was taken back, the hub still knows by what it decided.
    assert contact(referred, "--at", "2026-02-12T12:00:00+02:00")["decision"] == "permit"


def test_without_the_agreement_of_then_nothing_is_decided_again(
    referred: OneHub, tmp_path: Path
) -> None:
    edited = by_law(referred, tmp_path)
    handoff_id = handoff_of(referred)
    shutil.rmtree(referred.data / FOLDER)

    past = edited.run("explain", "disclosure", handoff_id, "--at", NOON, "--json")
    now = edited.run("explain", "disclosure", handoff_id)

    assert (past.code, past.document()["status"]) == (4, 409)
    assert "--region" in past.document()["detail"]
    assert now.code == 4


def test_what_is_not_there_cannot_be_asked(referred: OneHub) -> None:
    before = referred.run("explain", "disclosure", handoff_of(referred), "--at", "2026-02-08")

    assert referred.run("explain", "disclosure", NOWHERE).code == 3
    assert before.code == 3
    assert "was not opened yet" in before.talk


def test_a_question_that_cannot_be_understood_is_a_usage_error(referred: OneHub) -> None:
    assert referred.run("explain", "disclosure", NOWHERE, "--language", "de").code == 2
    assert referred.run("explain", "disclosure", NOWHERE, "--at", "yesterday").code == 2


def test_everybody_in_the_samples_can_be_asked_of_in_lines_of_100(sampled: OneHub) -> None:
    for handoff in sampled.json("handoffs"):
        for language in ("fi", "sv", "en"):
            told = sampled.run(
                "explain", "disclosure", handoff["handoff_id"], "--language", language
            )
            assert told.code == 0
            assert max(map(len, told.data.splitlines())) <= 100
