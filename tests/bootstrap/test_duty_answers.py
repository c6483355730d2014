import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from streams.bootstrap.duty_answers import (
    DOCUMENT_BYTES_MAX,
    DutyAnswerError,
    answer_of,
    lane_of,
    read_answer,
    take_answer,
    take_document,
)
from streams.bootstrap.hub import Hub
from streams.bootstrap.reader import HubReader
from streams.bootstrap.running import RunningHub
from streams.cli import shapes
from streams.domain.clock_facts import ClockStarted
from streams.domain.entry import Problem
from streams.domain.hub_events import (
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.ids import AgencyId, ClockId, Instant
from streams.promises.engine import ReceiptStatus
from streams.promises.receipt import Receipt
from tests.awaiting import come_about
from tests.cli import messages

REGION = Path(__file__).parents[1] / "data" / "wire" / "agreement-sample.toml"
REFERRED_AT = Instant(1_770_631_200_000_000)
"""2026-02-09T12:00:00+02:00; its acceptance is overdue a week later."""
DAY_US = 86_400_000_000
LATE_AT = Instant(REFERRED_AT + 9 * DAY_US)
UNTIL = "2199-01-01T00:00:00+00:00"
NAMED = {"person": "p-0", "clock_id": "c-0", "rung": "breach"}
SNOOZED = {"answer": "snooze", **NAMED, "until": UNTIL, "reason": "wrong-alarm"}
FAMILY_NAME = "Meikäläinen"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Give a hub in virtual time in which nobody answered a referral."""
    with Hub(tmp_path / "hub", region=REGION, durable=False) as opened:
        for message in (messages.consent(), messages.referral()):
            raw = json.dumps(message).encode()
            for _ in opened.ingest(AgencyId(messages.EMPLOYMENT), raw, REFERRED_AT):
                pass
        opened.engine.advance(LATE_AT)
        yield opened


def breached(hub: Hub, **said: object) -> bytes:
    """Write an answer to the breach of the acceptance, as the hub finds it in its inbox."""
    for stored in hub.engine.ledger():
        for fact in stored.entry.facts:
            if isinstance(fact, ClockStarted) and fact.rule == "acceptance":
                named = {"person": stored.entry.person, "clock_id": fact.clock_id, "rung": "breach"}
                return json.dumps({**named, **said}).encode()
    raise AssertionError("no such clock")


def assigned(hub: Hub, to: str) -> bytes:
    return breached(hub, answer="assign", to=to)


def wrong(said: object) -> list[tuple[str, str]]:
    """Give code and pointer of everything that is wrong with a document."""
    document = said if isinstance(said, bytes) else json.dumps(said).encode()
    with pytest.raises(DutyAnswerError) as refused:
        read_answer(document)
    return [(problem.code, problem.pointer) for problem in refused.value.problems]


def test_each_kind_of_answer_is_read_with_its_own_fields() -> None:
    acknowledged = answer_of({"answer": "acknowledge", **NAMED, "by": "duty-1"})
    given_away = answer_of({"answer": "assign", **NAMED, "to": "coordinator"})
    snoozed = answer_of({**SNOOZED, "until": "2026-02-09T12:00:00+02:00"})

    assert isinstance(acknowledged, EscalationAcknowledged)
    assert isinstance(given_away, EscalationAssigned)
    assert isinstance(snoozed, EscalationSnoozed)
    assert acknowledged[1:] == ("c-0", "breach", "duty-1")
    assert given_away[1:] == ("c-0", "breach", "coordinator")
    assert snoozed[1:] == ("c-0", "breach", REFERRED_AT, "wrong-alarm")
    assert {a.envelope.person for a in (acknowledged, given_away, snoozed)} == {"p-0"}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    said = {"answer": "snooze", "person": 7, "rung": "a b", "until": "soon", "reason": "Maija"}

    assert wrong({**said, "by": "duty-1", "untill": UNTIL}) == [
        ("bad-value", "/person"),
        ("missing-field", "/clock_id"),
        ("bad-value", "/rung"),
        ("bad-time", "/until"),
        ("bad-value", "/reason"),
        ("unknown-key", ""),
        ("unknown-key", ""),
    ]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"answer": "asign"}, ("unknown-code", "/answer")),
        ({"answer": 7}, ("bad-value", "/answer")),
        ({"answer": None}, ("missing-field", "/answer")),
        ({}, ("missing-field", "/answer")),
    ],
)
def test_of_no_known_kind_the_other_errors_are_told_all_the_same(
    answer: dict[str, object], problem: tuple[str, str]
) -> None:
    said = {**answer, **NAMED, "to": "duty 1", "clock": "c-0"}

    assert wrong(said) == [problem, ("bad-value", "/to"), ("unknown-key", "")]


def test_the_nearest_kind_and_key_are_named() -> None:
    with pytest.raises(DutyAnswerError) as refused:
        answer_of({"answer": "asign", **NAMED, "tto": "duty-1"})

    assert [problem.nearest for problem in refused.value.problems] == ["assign", "to"]


@pytest.mark.parametrize(
    "until",
    ["2026-03-09", "2026-03-09T10:00:00", "1899-12-31T00:00:00Z", "2201-01-01T00:00:00Z", ""],
)
def test_the_end_of_a_snooze_is_an_instant_with_its_offset(until: str) -> None:
    assert wrong({**SNOOZED, "until": until}) == [("bad-time", "/until")]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"\xff", "malformed"),
        (b"[" * DOCUMENT_BYTES_MAX, "malformed"),
        (b"[]", "malformed"),
        (b"7", "malformed"),
        (b" " * (DOCUMENT_BYTES_MAX + 1), "too-large"),
    ],
)
def test_what_is_no_small_json_object_is_refused_whole(document: bytes, code: str) -> None:
    assert wrong(document) == [(code, "")]


@pytest.mark.parametrize(
    "said",
    [
        {"answer": "assign", **NAMED, "to": FAMILY_NAME},
        {"answer": "assign", **NAMED, "to": "duty-1", FAMILY_NAME: 1},
        {"answer": FAMILY_NAME, **NAMED},
        {"answer": "acknowledge", **NAMED, "by": f"duty-{messages.HETU}"},
        {"answer": "acknowledge", **NAMED, "rung": messages.HETU, "by": "duty-1"},
        {**SNOOZED, "reason": messages.HETU},
    ],
)
def test_no_error_repeats_a_name_or_a_hetu(said: dict[str, object]) -> None:
    with pytest.raises(DutyAnswerError) as refused:
        read_answer(json.dumps(said).encode())

    shown = repr(refused.value.problems) + str(refused.value)
    assert FAMILY_NAME not in shown
    assert messages.HETU not in shown


@given(
    said=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.one_of(st.text(max_size=8), st.sampled_from([*SNOOZED, "by", "to"])),
            st.one_of(st.none(), st.integers(), st.text(max_size=12), st.just("snooze")),
        ).map(lambda fields: json.dumps(fields).encode()),
    )
)
def test_whatever_a_file_holds_it_is_an_answer_or_its_errors(said: bytes) -> None:
    problems: tuple[Problem, ...] = ()
    answer = None
    try:
        answer = read_answer(said)
    except DutyAnswerError as refused:
        problems = refused.problems
    assert (answer is None) == bool(problems)


def test_an_answer_is_recorded_at_the_hubs_own_time_which_stands_still(hub: Hub) -> None:
    due_at, entries = hub.engine.next_due(), len(list(hub.engine.ledger()))

    receipt = take_answer(hub, read_answer(assigned(hub, "duty-1")))

    *_, last = hub.engine.ledger()
    head = last.entry.event.envelope
    assert receipt.status is ReceiptStatus.ACCEPTED
    assert (head.event_id, head.agency) == (receipt.event_id, "hub")
    assert head.occurred_at == head.recorded_at == LATE_AT == hub.engine.now()
    assert (hub.engine.next_due(), last.position) == (due_at, entries + 1)


def test_the_same_again_is_a_duplicate_until_something_else_was_said(hub: Hub) -> None:
    said = ["duty-1", "duty-1", "duty-2", "duty-1", "duty-1"]

    receipts = [take_document(hub, assigned(hub, to), LATE_AT) for to in said]

    statuses = [receipt.status.value for receipt in receipts]
    assert statuses == ["accepted", "duplicate", "accepted", "accepted", "duplicate"]
    assert receipts[0].event_id == receipts[1].event_id != receipts[3].event_id


@pytest.mark.parametrize(
    ("said", "code", "is_kept"),
    [
        ({"answer": "assign", "to": "duty-1", "rung": "later"}, "no-such-escalation", False),
        ({"answer": "assign", "to": "duty-1", "clock_id": "c-0"}, "unknown-clock", False),
        ({"answer": "assign", "to": "duty-1", "person": "p-0"}, "unknown-clock", False),
        ({**SNOOZED, "until": "2026-02-01T00:00:00Z"}, "snooze-is-over", True),
    ],
)
def test_a_refusal_names_its_rule(
    hub: Hub, said: dict[str, object], code: str, *, is_kept: bool
) -> None:
    named = json.loads(breached(hub))
    if code == "snooze-is-over":
        said = {**said, **named}
    entries = len(list(hub.engine.ledger()))

    receipt = take_document(hub, breached(hub, **said), LATE_AT)

    assert receipt.status is ReceiptStatus.REFUSED
    assert [(error.code, error.pointer) for error in receipt.errors] == [(code, "")]
    assert len(list(hub.engine.ledger())) == entries + is_kept


def test_the_lane_of_a_clock_is_found_in_the_views(hub: Hub) -> None:
    named = json.loads(breached(hub))

    with HubReader(hub.data, region=REGION) as reader:
        assert lane_of(reader, named["clock_id"]) == named["person"]
        assert lane_of(reader, ClockId("c-0")) is None
        assert lane_of(reader, ClockId("\udcff")) is None


def left(hub: Hub, name: str, document: bytes) -> Path:
    """Leave a document in the inbox of people on duty."""
    place = hub.data / "inbox" / "hub" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(document)
    return place


async def told(hub: Hub, *names: str) -> list[dict[str, Any]]:
    """Let a hub run on this loop until the files of these names have their receipts."""
    started = RunningHub(hub, written)
    stop = asyncio.Event()
    task = asyncio.create_task(started.run(stop))
    places = [hub.data / "receipts" / "hub" / f"{name}.ndjson" for name in names]
    await come_about(lambda: all(place.exists() for place in places))
    stop.set()
    await task
    started.close()
    return [json.loads(place.read_bytes()) for place in places]


def written(receipts: Sequence[Receipt]) -> bytes:
    return b"".join([json.dumps(shapes.receipt(each)).encode() + b"\n" for each in receipts])


async def test_a_running_hub_takes_answers_in_and_passes_over_what_is_none(hub: Hub) -> None:
    named = json.dumps({FAMILY_NAME: messages.HETU}).encode()
    for name, document in enumerate((named, b"no json", b"", assigned(hub, "duty-1"))):
        left(hub, str(name), document)

    with capture_logs() as log:
        receipts = await told(hub, "0", "1", "2", "3")

    statuses = [receipt["status"] for receipt in receipts]
    assert statuses == ["refused", "refused", "refused", "accepted"]
    assert [error["code"] for error in receipts[1]["errors"]] == ["malformed"]
    assert receipts[0]["event_id"] is None
    assert FAMILY_NAME not in str(log) + str(receipts)
    assert messages.HETU not in str(log) + str(receipts)
    taken = [line for line in log if line["event"] == "file_taken"]
    assert [(line["agency"], line["messages"]) for line in taken] == [("hub", 1)] * 4
    assert not list((hub.data / "inbox" / "hub").iterdir())


async def test_a_running_hub_records_an_answer_when_it_came(hub: Hub) -> None:
    came_us = left(hub, "1", assigned(hub, "duty-1")).stat().st_ctime_ns // 1000

    await told(hub, "1")

    answers = [stored.entry for stored in hub.engine.ledger()]
    (answer,) = [entry for entry in answers if isinstance(entry.event, EscalationAssigned)]
    assert answer.recorded_at == answer.event.envelope.occurred_at == came_us


async def test_what_is_left_over_from_a_crash_is_taken_again_as_a_duplicate(hub: Hub) -> None:
    for name, status in (("1", "accepted"), ("2", "duplicate")):
        left(hub, name, assigned(hub, "duty-1"))
        (receipt,) = await told(hub, name)
        assert receipt["status"] == status
