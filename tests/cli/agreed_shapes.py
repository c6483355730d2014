"""The shapes of answers that others rely on, of the one hub that the reading commands are asked."""

from dirty_equals import IsStr

from tests.cli import messages

INSTANT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
ID = {letter: IsStr(regex=rf"{letter}-[0-9A-Z]{{26}}") for letter in "cehlnp"}
NOT_TOLD = {
    "acknowledged_by": None,
    "late_by_s": None,
    "told": None,
    "assigned_to": None,
    "snoozed_until": None,
    "snooze_reason": None,
}
CLOCK = {
    "clock_id": ID["c"],
    "rule": "acceptance",
    "handoff_id": ID["h"],
    "state": "met",
    "started_at": "2026-02-09T08:15:00+00:00",
    "due_at": "2026-02-16T22:00:00+00:00",
    "ended_at": "2026-02-09T10:15:00+00:00",
    "late_by_s": 0,
    "law_ref": "bar",
    "verified": False,
    "rungs": [
        {
            "rung": "warn-0.6",
            "at": "2026-02-12T22:00:00+00:00",
            "fired_at": None,
            "to": "recipient",
            **NOT_TOLD,
        },
        {
            "rung": "breach",
            "at": "2026-02-16T22:00:00+00:00",
            "fired_at": None,
            "to": "coordinator",
            **NOT_TOLD,
        },
    ],
    "scope": "handoff",
    "person": ID["p"],
    "owner": messages.TYP,
    "remark": None,
    "ended_by": None,
    "reported_late": False,
    "suspensions": [],
    "reprojections": [],
    "counted_days": None,
    "counted_at": None,
}
MISSING = {
    "category": "contact",
    "ask_for": "consent",
    "source": messages.EMPLOYMENT,
    "recipient": messages.TYP,
    "purpose": "employment",
    "act": "give",
    "rule": "",
}
WITHHELD = {"category": "contact", "reason": "no-basis", "rule": "", "missing": [MISSING]}
