"""Single values of an agreement's clocks and offices: triggers, moments, times of day, desks.

As in `agreement_values`, each refusal says what is wrong, the mend, and the nearest known code.
"""

import re
from typing import Annotated, NamedTuple, get_args

from pydantic import AfterValidator, PlainValidator
from pydantic_core import PydanticCustomError

from streams.bootstrap.agreement_values import HOUR_US, nearest, one_of, shaped
from streams.domain.clock_rules import OF_RECALL, RECALL_ISSUED
from streams.domain.codes import Milestone, RejectReason, Status
from streams.domain.event import AgencyEvent, HandoffAnswer

SCOPES = ("handoff", "case", "person", OF_RECALL)
DAY_UNITS = ("working_days", "calendar_days")
UNITS = (*DAY_UNITS, "months", "hours", "working_hours", "benefit_days")
CALENDARS = ("national", "agency")
ROLES = ("recipient", "source", "coordinator", "management")
EVIDENCE = ("found", "known", "known?", "report", "rec")
"""How a rule is known: read in a public copy of its source, general knowledge that nobody checked,
the same with the detail unsure, a public project report, or this project's own recommendation.
"""
DUTY_REASONS = ("no-day-count", "no-event")
"""Why no clock watches a duty: its law counts no days, or no event tells that it began or ended."""

STATUSES = tuple(code.value for code in Status if code is not Status.UNKNOWN)
MILESTONES = tuple(code.value for code in Milestone if code is not Milestone.UNKNOWN)
COUNTED = (Milestone.SICKNESS_BENEFIT_DAYS.value, Milestone.UNEMPLOYMENT_BENEFIT_DAYS.value)
"""Milestones that say how many days have been paid so far."""
ANSWERS = tuple(event.__name__ for event in get_args(HandoffAnswer))
"""Events that name a handoff, by their class: the ones that can move a clock by themselves."""
EVENTS = tuple(event.__name__ for event in get_args(AgencyEvent))
REASONS = tuple(code.value for code in RejectReason if code is not RejectReason.UNKNOWN)

_MOMENT = "([1-9][0-9]{0,3})(m|h|d|wd)"
_UNIT_OF = {"m": "minutes", "h": "hours", "d": "calendar_days", "wd": "working_days"}
_TIME_OF_DAY = "([01][0-9]|2[0-3]):[0-5][0-9]"
_COUNT = re.compile("[1-9][0-9]{0,3}", re.ASCII)
_WRITE_MOMENT = 'write minutes, hours, days or working days: "15m", "4h", "2d", "1wd"'
_SHARE_MAX = 10


class Moment(NamedTuple):
    """A stretch of time beside a clock's start or due; units as in the domain's `RungRule`."""

    amount: int
    unit: str


def moment(text: str) -> Moment:
    """Read a rung's moment ("15m", "4h", "2d", "1wd").

    Raises:
        ValueError: It is none, or of nothing.
    """
    found = re.fullmatch(_MOMENT, text, re.ASCII)
    if found is None:
        raise ValueError(f"no moment: {text!r}")
    return Moment(int(found[1]), _UNIT_OF[found[2]])


def time_us(text: str) -> int:
    """Turn a time of day ("16:15") into microseconds after local midnight.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(_TIME_OF_DAY, text, re.ASCII):
        raise ValueError(f"no time of day: {text!r}")
    hours, minutes = text.split(":")
    return int(hours) * HOUR_US + int(minutes) * HOUR_US // 60


def _trigger(spelled: str) -> str:
    name, slash, detail = spelled.partition("/")
    known = (*STATUSES, *MILESTONES, *EVENTS, RECALL_ISSUED)
    if name not in known:
        mend = "name a handoff's status, a milestone (plan_made) or an event (WorkerNamed)"
        context = {"mend": mend, "nearest": nearest(name, known)}
        raise PydanticCustomError("unknown-code", "moves no clock", context)
    if not slash:
        return spelled
    if name == Status.REJECTED:
        if detail in REASONS:
            return spelled
        mend = f"use one of {', '.join(f'{name}/{reason}' for reason in REASONS)}"
        context = {"mend": mend, "nearest": f"{name}/{nearest(detail, REASONS)}"}
        raise PydanticCustomError("unknown-code", "no such reason", context)
    if name in COUNTED:
        if _COUNT.fullmatch(detail):
            return spelled
        mend = f'write a whole number of days, as "{name}/60"'
        raise PydanticCustomError("bad-value", "asks for no number of days", {"mend": mend})
    text = "only a rejection has a reason, and only benefit days are counted"
    raise PydanticCustomError("bad-value", text, {"mend": f'write "{name}" alone'})


def _share(share: float) -> float:
    if 0 < share <= _SHARE_MAX:
        return share
    raise PydanticCustomError(
        "bad-value",
        "a rung stands at a share of the clock's budget, over 0 and at most 10",
        {"mend": 'write a share, as 0.6 or 1.5, or a time after the start, as "1wd"'},
    )


def _warning_share(share: float) -> float:
    if 0 < share < 1:
        return share
    raise PydanticCustomError(
        "bad-value",
        "a warning comes at a fraction of the budget, over 0 and under 1",
        {"mend": "write a fraction, as 0.6; the breach at 1 needs no warning"},
    )


def _share_or_moment(value: object) -> float | str:
    # One validator, not a union: its errors would name a place that the file does not have.
    if isinstance(value, str):
        if re.fullmatch(_MOMENT, value, re.ASCII):
            return value
        raise PydanticCustomError("bad-value", "not a moment", {"mend": _WRITE_MOMENT})
    if isinstance(value, bool) or not isinstance(value, int | float):
        mend = 'write a share, as 0.6, or a time after the start, as "1wd"'
        raise PydanticCustomError("bad-value", "expects a share or a time", {"mend": mend})
    return _share(float(value))


def _desk_delivery(text: str) -> str:
    kind, _, place = text.partition(":")
    if kind == "email" and re.fullmatch(r"[^@\s<>,;:]+@[^@\s<>,;:]+", place):
        return text
    if kind == "webhook" and re.fullmatch(r"https?://[^\s/]+\S*", place):
        return text
    raise PydanticCustomError(
        "bad-value",
        "no such way to reach people",
        {"mend": 'use "email:ADDRESS" or "webhook:https://..."'},
    )


Scope = Annotated[str, one_of(SCOPES)]
Unit = Annotated[str, one_of(UNITS)]
WhichCalendar = Annotated[str, one_of(CALENDARS)]
Role = Annotated[str, one_of(ROLES)]
Evidence = Annotated[str, one_of(EVIDENCE)]
DutyReason = Annotated[str, one_of(DUTY_REASONS)]
Trigger = Annotated[str, AfterValidator(_trigger)]
WarningShare = Annotated[float, AfterValidator(_warning_share)]
ShareOrMoment = Annotated[float | str, PlainValidator(_share_or_moment)]
RungMoment = Annotated[str, shaped(_MOMENT, "not a moment", _WRITE_MOMENT)]
PauseBound = Annotated[
    str, shaped("[1-9][0-9]{0,3}d", "not a bound of pauses", 'write calendar days, as "30d"')
]
WorkingHours = Annotated[
    str, shaped("[1-9][0-9]{0,3}wh", "no working hours", 'write working hours, as "16wh"')
]
TimeOfDay = Annotated[
    str,
    shaped(_TIME_OF_DAY, "not a time of day", 'write it in quotes, as "08:00"'),
]
DeskDelivery = Annotated[str, AfterValidator(_desk_delivery)]
