"""What the reading commands answer, in the shapes that others rely on."""

from pathlib import Path

import pytest
from dirty_equals import IsInt, IsList, IsPartialDict, IsStr

from streams.domain.ids import Instant, PersonId
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.sealing.hub_secrets import read_secrets
from tests.cli import messages
from tests.cli.agreed_shapes import CLOCK, ID, INSTANT, WITHHELD
from tests.cli.command import OneHub

NOWHERE = "h-00000000000000000000000000"


def test_a_handoff_has_the_agreed_shape(served: OneHub) -> None:
    assert served.json("handoffs") == [
        {
            "handoff_id": ID["h"],
            "case_id": ID["h"],
            "person": ID["p"],
            "source": messages.EMPLOYMENT,
            "recipient": messages.TYP,
            "service": "multi_sector_support",
            "status": "accepted",
            "status_reason": None,
            "responsible": messages.TYP,
            "priority": "routine",
            "occurred_at": "2026-02-09T08:15:00+00:00",
            "recorded_at": "2026-02-09T10:00:00+00:00",
            "updated_at": "2026-02-10T12:00:00+00:00",
            "next_due_at": None,
            "clocks": [CLOCK],
            "missing_basis": None,
        }
    ]


def test_a_clock_has_the_agreed_shape(served: OneHub) -> None:
    assert served.json("clocks") == [CLOCK]


def test_a_delivery_has_the_agreed_shape(served: OneHub) -> None:
    found = served.json("deliveries", "--to", messages.TYP)

    assert found == [
        {
            "notice_id": ID["n"],
            "handoff_id": ID["h"],
            "to": messages.TYP,
            "kind": "referral",
            "status": "delivered",
            "categories": ["identity", "service_needs"],
            "withheld": [WITHHELD],
        }
    ]


def test_a_ledger_line_has_the_agreed_shape(served: OneHub) -> None:
    consented, referred, *_ = served.run("ledger").lines()

    assert consented == {
        "position": 1,
        "entry_id": ID["l"],
        "person": ID["p"],
        "sequence": 1,
        "event": {
            "type": "ConsentGiven",
            "event_id": ID["e"],
            "agency": messages.EMPLOYMENT,
            "occurred_at": "2026-02-09T07:15:00+00:00",
            "recorded_at": "2026-02-09T10:00:00+00:00",
            "message_id": "TE-1",
            "version": 1,
            "transport_id": None,
            "age_years": IsInt(),
            "municipality": "405",
            "protected": False,
            "statement_id": "S-1",
            "kind": "consent",
            "to_branch": "unknown",
            "is_sole": False,
            "sources": [messages.EMPLOYMENT],
            "recipients": [messages.TYP],
            "purposes": ["employment"],
            "categories": ["identity", "service_needs"],
            "service_tasks": [],
            "valid_from": "2026-01-31T22:00:00+00:00",
            "valid_to": None,
            "given_by": "self",
            "evidence_digest": "",
        },
        "facts": [
            {
                "type": "StatementRecorded",
                "statement_id": "S-1",
                "recorder": messages.EMPLOYMENT,
                "state": "in-force",
            }
        ],
        "deliveries": [],
        "entry_digest": IsStr(regex="[0-9a-f]{64}"),
    }
    assert referred["deliveries"][0] == IsPartialDict(
        {"notice_id": ID["n"], "handoff_id": ID["h"], "kind": "referral", "withheld": [WITHHELD]}
    )


def test_a_trace_tells_every_entry_with_facts_and_fates(served: OneHub, handoff_id: str) -> None:
    told = served.json("trace", handoff_id)

    assert told == {"person": ID["p"], "case_id": handoff_id, "entries": IsList(length=3)}
    referred, _received, accepted = told["entries"]
    assert referred == {
        "entry_id": ID["l"],
        "sequence": 2,
        "event": IsPartialDict({"type": "ReferralSubmitted", "event_id": ID["e"]}),
        "facts": IsList(length=4),
        "deliveries": IsList(length=2),
    }
    assert referred["deliveries"][0] == {
        "notice_id": ID["n"],
        "to": messages.TYP,
        "kind": "referral",
        "categories": ["identity", "service_needs"],
        "withheld": [WITHHELD],
        "status": "delivered",
    }
    facts = {fact["type"]: fact for fact in referred["facts"]}
    assert facts["HandoffOpened"] == IsPartialDict(
        {"handoff_id": handoff_id, "status": "requested", "routed_by": "competent-typ"}
    )
    assert facts["DisclosureMade"] == {
        "type": "DisclosureMade",
        "handoff_id": handoff_id,
        "to": messages.TYP,
        "categories": ["identity", "service_needs"],
        "basis": [
            {"category": category, "basis": "consent", "rule": "S-1", "overrode": None}
            for category in ("identity", "service_needs")
        ],
    }
    assert facts["DisclosureWithheld"]["missing"] == [WITHHELD]
    assert facts["ClockStarted"]["due_at"] == INSTANT
    moved = {fact["type"]: fact for fact in accepted["facts"]}
    assert moved["HandoffStatusChanged"] == IsPartialDict({"from": "received", "to": "accepted"})
    assert moved["ResponsibilityMoved"] == IsPartialDict(
        {"from": messages.EMPLOYMENT, "to": messages.TYP, "handoff_id": handoff_id}
    )
    assert moved["ClockMet"] == IsPartialDict({"late_by_s": 0, "breached": False})


def test_a_trace_of_a_person_begins_with_the_statement(served: OneHub) -> None:
    person = served.json("handoffs")[0]["person"]

    told = served.json("trace", person)

    assert (told["person"], told["case_id"]) == (person, None)
    assert [entry["sequence"] for entry in told["entries"]] == [1, 2, 3, 4]


def test_a_trace_reads_well_without_json(served: OneHub, handoff_id: str) -> None:
    told = served.run("trace", handoff_id).data

    assert f"{messages.EMPLOYMENT} -> {messages.TYP}" in told
    assert "2026-02-10 14:00  HandoffAccepted  typ.south-karelia" in told
    assert "clock        acceptance met, due 2026-02-17 00:00  c-" in told
    assert f"  ResponsibilityMoved  from={messages.EMPLOYMENT} to={messages.TYP}" in told
    assert f"  notice to {messages.TYP}: referral delivered  identity, service_needs" in told


@pytest.mark.parametrize("subject", [NOWHERE, "p-nobody", "270789Y922S"])
def test_a_trace_of_nobody_is_not_found_and_repeats_no_hetu(served: OneHub, subject: str) -> None:
    ended = served.run("trace", subject, "--json")

    assert ended.code == 3
    assert ended.document() == IsPartialDict({"status": 404, "title": IsStr(), "detail": IsStr()})
    assert messages.HETU not in ended.data + ended.talk


def test_the_ledger_is_read_on_from_a_position(served: OneHub) -> None:
    lines = served.run("ledger").lines()

    rest = served.run("ledger", "--since", lines[1]["position"]).lines()

    assert rest == lines[2:]
    assert served.run("ledger", "--since", lines[-1]["position"]).data == ""
    assert served.run("ledger", "--since", "first").code == 2


def test_the_ledger_of_one_person_is_that_person_s(sampled: OneHub) -> None:
    lines = sampled.run("ledger").lines()
    person = lines[0]["person"]

    of_one = sampled.run("ledger", "--person", person).lines()

    assert of_one == [line for line in lines if line["person"] == person]
    assert [line["sequence"] for line in of_one] == list(range(1, len(of_one) + 1))


def test_following_the_ledger_waits_for_more_until_interrupted(
    served: OneHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)

    ended = served.run("ledger", "--follow")

    assert (ended.code, len(ended.lines())) == (130, 4)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--status", "accepted"), 1),
        (("--status", "rejected"), 0),
        (("--agency", "kela"), 0),
        (("--agency", messages.TYP), 1),
        (("--person", "p-nobody"), 0),
        (("--overdue",), 0),
    ],
)
def test_handoffs_are_chosen_by_what_is_asked(
    served: OneHub, words: tuple[str, ...], count: int
) -> None:
    assert len(served.json("handoffs", *words)) == count


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("clocks", "--state", "met"), 1),
        (("clocks", "--state", "running"), 0),
        (("clocks", "--due-before", "2026-02-16"), 0),
        (("clocks", "--due-before", "2026-02-18"), 1),
        (("clocks", "--agency", messages.TYP), 1),
        (("clocks", "--agency", messages.EMPLOYMENT), 0),
        (("clocks", "--person", "p-nobody"), 0),
        (("deliveries", "--status", "cancelled"), 0),
        (("deliveries", "--to", "kela"), 0),
    ],
)
def test_clocks_and_notices_are_chosen_by_what_is_asked(
    served: OneHub, words: tuple[str, ...], count: int
) -> None:
    assert len(served.json(*words)) == count


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (("handoffs",), "HANDOFF SERVICE SOURCE RECIPIENT STATUS RESPONSIBLE NEXT DUE"),
        (("clocks",), "CLOCK RULE HANDOFF STATE STARTED DUE ENDED"),
        (("deliveries",), "NOTICE HANDOFF TO KIND STATUS ISSUED CATEGORIES"),
        (("dead-letters", "list"), "DEAD LETTER AGENCY MESSAGE RECORDED ERRORS"),
    ],
)
def test_people_get_aligned_columns(
    sampled: OneHub, served: OneHub, words: tuple[str, ...], columns: str
) -> None:
    hub = served if words == ("clocks",) else sampled
    head, *rows = hub.run(*words).data.splitlines()

    assert " ".join(head.split()) == columns
    assert rows
    start = head.index(columns.rsplit(" ", 2)[-1])
    assert all(row[start - 1] == " " for row in rows if len(row) > start)


def test_where_nothing_is_found_the_talk_says_so(served: OneHub) -> None:
    ended = served.run("handoffs", "--status", "rejected")

    assert (ended.code, ended.data, ended.talk) == (0, "", "no such handoffs\n")


def test_lists_are_in_the_order_of_their_recording(sampled: OneHub) -> None:
    handoffs = sampled.json("handoffs")
    letters = sampled.json("dead-letters", "list")

    assert handoffs == sorted(handoffs, key=lambda h: (h["recorded_at"], h["handoff_id"]))
    assert letters == sorted(letters, key=lambda d: (d["recorded_at"], d["dead_letter_id"]))


def test_a_body_is_what_the_recipient_s_system_gets(served: OneHub) -> None:
    (notice,) = served.json("deliveries", "--to", messages.TYP, "--body")
    shown = served.run("deliveries", "--to", messages.TYP, "--body").data

    assert messages.HETU in notice["body"]
    assert "+358501167546" not in notice["body"], "contact data is withheld"
    assert shown.startswith(f"--- {notice['notice_id']}  {messages.TYP}  referral  delivered\n")
    assert notice["body"] in shown


def test_every_notice_to_every_agency_can_be_rendered(sampled: OneHub) -> None:
    notices = sampled.json("deliveries", "--body")

    assert {notice["to"] for notice in notices} >= {"sote.south-karelia", messages.EMPLOYMENT}
    assert all(notice["body"] for notice in notices)


def test_nobody_s_body_can_be_shown_after_an_erasure(hub: OneHub, tmp_path: Path) -> None:
    said = messages.written(tmp_path, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said)
    (handoff,) = hub.json("handoffs")
    place = hub.data.with_name("hub.key")
    keys = SqliteKeyStore(hub.data / "keys.db", read_secrets(place).master, secrets_file=place)
    keys.destroy(PersonId(handoff["person"]), Instant(0))
    keys.close()

    (notice,) = hub.json("deliveries", "--to", messages.TYP, "--body")

    assert notice["body"] is None
    assert "(the person was erased)" in hub.run("deliveries", "--body").data


@pytest.mark.parametrize(
    "words",
    [
        ("handoffs",),
        ("clocks",),
        ("deliveries",),
        ("ledger",),
        ("trace", NOWHERE),
        ("explain", "routing", NOWHERE),
        ("explain", "clock", "c-nobody"),
        ("escalations", "list"),
        ("escalations", "acknowledge", "c-nobody", "breach", "--by", "duty-1"),
        ("dead-letters", "list"),
        ("dead-letters", "show", "d-nobody"),
        ("dead-letters", "replay", "d-nobody"),
    ],
)
def test_a_folder_without_a_hub_is_not_found_and_the_mend_named(
    hub: OneHub, words: tuple[str, ...]
) -> None:
    ended = hub.run(*words)

    assert (ended.code, ended.data) == (3, "")
    assert "saattaen ingest" in ended.talk
    assert not hub.data.exists()


def test_views_are_kept_beside_the_ledger(served: OneHub) -> None:
    served.json("handoffs")

    assert (served.data / "views.db").is_file()
