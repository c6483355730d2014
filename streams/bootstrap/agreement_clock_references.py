"""Where a clock or an agency's offices contradict themselves or name what is not there.

Looked for in the parsed TOML itself, as in `agreement_references`, which calls these.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import combinations

from streams.bootstrap.agreement_clock_values import COUNTED, DAY_UNITS, ROLES, STATUSES, time_us
from streams.bootstrap.agreement_problems import Place, Problem, Source
from streams.bootstrap.agreement_tables import tables, texts
from streams.bootstrap.agreement_values import nearest
from streams.domain.clock_rules import OF_RECALL, RECALL_ACKNOWLEDGED, RECALL_ISSUED

_MOVES = ("starts_on", "met_on", "cancelled_on", "pauses_on", "resumes_on")
# What starts a clock may meet it, and so start it anew, or let it run again after a pause.
_MAY_SHARE = {("starts_on", "met_on"), ("starts_on", "resumes_on")}

_OF_A_RECALL = {"starts_on": [RECALL_ISSUED], "met_on": [RECALL_ACKNOWLEDGED]}
_ASKED = (
    "services",
    "source_sectors",
    "priorities",
    "age_from",
    "age_under",
    "typ_member",
    "heard_from",
)

Clock = Mapping[str, object]


def clock_problems(
    place: Place, clock: Clock, agencies: list[str], source: Source
) -> Iterator[Problem]:
    """Find what is wrong between the keys of one clock; `agencies` are the ids of the file."""
    for key, text, mend in (
        *_moves(clock),
        *_budget(clock),
        *_ages(clock),
        *_pauses(clock),
        *_person(clock),
        *_recall(clock),
    ):
        yield source.problem("contradiction", (*place, key), text, mend)
    if clock.get("scope") == "person" and "owner_sector" not in clock:
        mend = "add `owner_sector` (whose duty it is)"
        yield source.problem("missing-key", (*place, "owner_sector"), "is missing", mend)
    yield from _rungs(place, clock, agencies, source)


def office_problems(place: Place, agency: Clock, source: Source) -> Iterator[Problem]:
    """Find office hours that close before they open, and desks that are named twice."""
    hours = agency.get("office_hours")
    if isinstance(hours, dict):
        opens, closes = hours.get("opens"), hours.get("closes")
        if isinstance(opens, str) and isinstance(closes, str) and _closes_first(opens, closes):
            text, mend = "closes before it opens", 'write two times of one day, as "08:00", "16:15"'
            yield source.problem("contradiction", (*place, "office_hours"), text, mend)
    for (_, one), (desk_place, other) in combinations(tables(agency, "desk", within=place), 2):
        if one.get("role") == other.get("role"):
            text = "a role of the agency has two desks"
            yield source.problem("contradiction", desk_place, text, "leave one of them out")


def _closes_first(opens: str, closes: str) -> bool:
    try:
        return time_us(closes) <= time_us(opens)
    except ValueError:
        return False  # the shape's to report


def _moves(clock: Clock) -> Iterator[tuple[str, str, str]]:
    scope = clock.get("scope", "handoff")
    for one, other in combinations(_MOVES, 2):
        both = sorted({*texts(clock, one)} & {*texts(clock, other)})
        if (one, other) == ("starts_on", "met_on") and scope == "handoff":
            # A handoff enters a status once on its way: what started the clock cannot meet it too.
            both = [name for name in both if name in STATUSES]
        elif (one, other) in _MAY_SHARE:
            both = []
        if both:
            text = f"{', '.join(both)} stands in {one} too"
            yield other, text, f"say in one of {one} and {other} what it does to the clock"


def _budget(clock: Clock) -> Iterator[tuple[str, str, str]]:
    unit, limit = clock.get("unit"), clock.get("limit")
    if limit == 0 and isinstance(unit, str) and unit not in DAY_UNITS:
        text = f"0 is only for {' and '.join(DAY_UNITS)}: due at the end of the day itself"
        yield "limit", text, "write 1 or more, or count days"
    if "days_a_week" in clock and isinstance(unit, str) and unit != "benefit_days":
        text = "days_a_week is only for benefit days"
        yield "days_a_week", text, 'leave it out, or write unit = "benefit_days"'
    if unit != "benefit_days":
        return
    for trigger in texts(clock, "starts_on"):
        name, _, least = trigger.partition("/")
        if name not in COUNTED:
            text = f"{trigger} counts no benefit days"
            yield "starts_on", text, f"start it on {' or '.join(COUNTED)}"
        elif least.isdecimal() and isinstance(limit, int) and int(least) >= limit:
            text = f"{limit} days are over when {trigger} starts the clock"
            yield "limit", text, "start it on fewer days, or write a later limit"


def _ages(clock: Clock) -> Iterator[tuple[str, str, str]]:
    low, high = clock.get("age_from"), clock.get("age_under")
    if isinstance(low, int) and isinstance(high, int) and low >= high:
        text = "nobody is of age_from or more and under age_under"
        yield "age_under", text, "let age_from be the smaller, or leave one out"


def _pauses(clock: Clock) -> Iterator[tuple[str, str, str]]:
    if clock.get("statutory") is True:
        for key in ("pauses_on", "resumes_on"):
            if texts(clock, key):
                mend = f"leave {key} out, or write statutory = false"
                yield key, "a statutory clock never pauses", mend
    if not texts(clock, "pauses_on"):
        for key in ("resumes_on", "pause_at_most"):
            if clock.get(key):
                yield key, "nothing pauses the clock", "add pauses_on, or leave it out"


def _person(clock: Clock) -> Iterator[tuple[str, str, str]]:
    if clock.get("scope") != "person":
        if "owner_sector" in clock:
            text = "the recipient owes a handoff's clock"
            yield "owner_sector", text, 'leave it out, or write scope = "person"'
        return
    for key in _MOVES:
        named = [name for name in texts(clock, key) if name.partition("/")[0] in STATUSES]
        if named:
            text = f"{', '.join(named)} is of a handoff, and moves no person's clock"
            yield key, text, 'name milestones or events, or write scope = "case"'
    for key in ("services", "priorities"):
        if clock.get(key):
            text = "is asked of a handoff, and a person's clock has none"
            yield key, text, 'leave it out, or write scope = "handoff"'


def _recall(clock: Clock) -> Iterator[tuple[str, str, str]]:
    if clock.get("scope") != OF_RECALL:
        for key in _MOVES:
            if {RECALL_ISSUED, RECALL_ACKNOWLEDGED} & {*texts(clock, key)}:
                text = "a recall is issued and acknowledged for its own clock alone"
                yield key, text, f'leave it out, or write scope = "{OF_RECALL}"'
        return
    for key in _MOVES:
        moved = _OF_A_RECALL.get(key, [])
        if texts(clock, key) != moved:
            mend = f"write {key} = {json.dumps(moved)}" if moved else f"leave {key} out"
            yield key, "nothing else moves a recall's clock", mend
    for key in _ASKED:
        if clock.get(key) not in (None, []):
            text = "a recall's clock asks for nothing: whoever has the data owes it"
            yield key, text, "leave it out"


def _rungs(place: Place, clock: Clock, agencies: list[str], source: Source) -> Iterator[Problem]:
    warned = clock.get("warn_at")
    told: set[tuple[object, ...]] = set()
    if isinstance(warned, list):
        told |= {("at", share, "recipient") for share in warned if isinstance(share, float | int)}
    for rung_place, rung in tables(clock, "rung", within=place):
        when = [key for key in ("at", "before", "after") if key in rung]
        if len(when) != 1:
            text = f"says {'no' if not when else 'more than one'} moment"
            mend = "write one of at, before and after"
            yield source.problem("contradiction", rung_place, text, mend)
        to = rung.get("to")
        known = (*ROLES, *agencies)
        if isinstance(to, str) and to and agencies and to not in known:
            text = "no such role, and no such agency in the file"
            mend = f"use one of {', '.join(ROLES)}, or an agency's id"
            place_of_to = (*rung_place, "to")
            yield source.problem("unknown-code", place_of_to, text, mend, nearest(to, known))
        for key in when:
            at = rung[key]
            if not isinstance(at, str | float | int) or not isinstance(to, str):
                continue
            if (key, at, to) in told:
                text = "the same role is told twice at the same moment"
                yield source.problem("contradiction", rung_place, text, "leave one of them out")
            told.add((key, at, to))
