"""What people read of escalations: ids and codes, in three languages, and never a person."""

import json

import pytest

from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_letter import write_letter
from streams.dispatch.desk_message import DeskMessage, Told, told_of
from streams.dispatch.grouping import Ground
from streams.domain.calendar import DAY_US, HOUR_US
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, NoticeId
from streams.domain.silence import SILENCE
from tests.dispatch.desks import COORDINATOR, MINUTE_US, TYP, escalation
from tests.dispatch.hub import KELA, NOON

LATE = Told(
    NoticeId("n-1"),
    ClockId("c-1"),
    "acceptance",
    "breach",
    HandoffId("h-1"),
    KELA,
    NOON,
    Instant(NOON + HOUR_US + MINUTE_US),
    HOUR_US + MINUTE_US,
    "Hallintolaki 434/2003 23 §",
)
BARE = LATE._replace(
    clock=ClockId(""), handoff_id=None, owner=None, due_at=None, late_us=None, law_ref=""
)


def message(*listed: Told, ground: Ground = Ground.RULE, more: int = 0) -> DeskMessage:
    return DeskMessage("m-1", TYP, COORDINATOR, ground, listed, len(listed) + more)


def letter(*listed: Told, ground: Ground = Ground.RULE, more: int = 0) -> str:
    body, media_type, ending = write_letter(message(*listed, ground=ground, more=more))
    assert (media_type, ending) == ("text/plain; charset=utf-8", ".txt")
    return body.decode()


def test_a_letter_tells_what_is_late_how_late_and_what_to_do() -> None:
    text = letter(LATE)
    assert text.splitlines()[0] == "Saattaen: eskalaatio, kela, acceptance (1)"
    for line in (
        "Määräaika vaatii toimia.",
        "En frist kräver åtgärder.",
        "A clock needs action.",
        "Owed by: kela. Rule: acceptance. Role: coordinator.",
        "1. acceptance / breach",
        "   tunnus / id: h-1",
        "   määräaika / frist / due: 2.3.2026 14.00 (UTC+2)",
        "   myöhässä / försenad / late: 1 h 1 min (2.3.2026 15.01 (UTC+2))",
        "   laki / lag / law: Hallintolaki 434/2003 23 §",
        "   saattaen escalations acknowledge c-1 breach --by coordinator",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("late_us", "said"),
    [
        (0, "late: 0 s"),
        (59_000_000, "late: 59 s"),
        (90_000_000, "late: 1 min"),
        (DAY_US + HOUR_US, "late: 1 d 1 h"),
        (-2 * DAY_US, "left: 2 d 0 h"),
    ],
)
def test_lateness_is_said_in_the_unit_that_fits(late_us: int, said: str) -> None:
    assert said in letter(LATE._replace(late_us=late_us))


def test_summer_time_is_said() -> None:
    assert "1.7.2026 15.00 (UTC+3)" in letter(LATE._replace(due_at=Instant(NOON + 121 * DAY_US)))


@pytest.mark.parametrize(
    ("ground", "said"),
    [
        (Ground.UNREACHABLE, "Notices do not get through."),
        (Ground.HEARD_AGAIN, "The connection works again."),
    ],
)
def test_a_letter_says_what_its_escalations_have_in_common(ground: Ground, said: str) -> None:
    text = letter(LATE, LATE._replace(rule="start"), ground=ground)
    assert said in text
    assert text.splitlines()[0] == f"Saattaen: eskalaatio, kela, {ground} (2)"
    assert "Rule: useita / flera / several." in text


def test_a_letter_of_a_silence_needs_neither_person_nor_handoff() -> None:
    text = letter(LATE._replace(rule=SILENCE, handoff_id=None, law_ref=""))
    assert "Nothing has come in the agreed time." in text
    assert "tunnus / id: -" in text


def test_what_is_not_known_is_left_out_of_a_letter() -> None:
    text = letter(BARE, more=3)
    for absent in ("law:", "acknowledge c", "late:", "left:"):
        assert absent not in text
    assert "+ 3 muuta / andra / more" in text


def test_a_document_has_the_same_facts_in_a_stable_shape() -> None:
    body, media_type, ending = write_document(message(LATE, more=1))
    assert (media_type, ending) == ("application/json", ".json")
    assert json.loads(body) == {
        "type": "escalations",
        "message_id": "m-1",
        "agency": TYP,
        "role": COORDINATOR,
        "cause": {"ground": "rule", "owner": KELA, "rule": "acceptance"},
        "count": 2,
        "escalations": [
            {
                "notice_id": "n-1",
                "clock_id": "c-1",
                "rule": "acceptance",
                "rung": "breach",
                "handoff_id": "h-1",
                "owner": KELA,
                "due_at": "2026-03-02T14:00:00+02:00",
                "told_at": "2026-03-02T15:01:00+02:00",
                "late_s": 3660,
                "law_ref": "Hallintolaki 434/2003 23 §",
                "acknowledge": "saattaen escalations acknowledge c-1 breach --by coordinator",
            }
        ],
    }


def test_what_is_not_known_is_null_in_a_document() -> None:
    (told,) = json.loads(write_document(message(BARE))[0])["escalations"]
    unknown = ("clock_id", "handoff_id", "owner", "due_at", "late_s", "law_ref", "acknowledge")
    assert [told[name] for name in unknown] == [None] * len(unknown)


def test_nothing_of_the_person_goes_into_a_message() -> None:
    notice = escalation("told", owner=AgencyId("kela"))
    told = told_of(notice, ClockId("c-1"), NOON, "")
    for write in (write_letter, write_document):
        assert notice.person.encode() not in write(message(told))[0]
    assert told_of(notice._replace(due_at=None), ClockId("c-1"), NOON, "").late_us is None
