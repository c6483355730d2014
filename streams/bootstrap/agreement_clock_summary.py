"""What an agreement says of a clock, as JSON can hold it and as a line can: `agreement show`."""

from streams.domain.calendar import HOUR_US, moment
from streams.domain.clock_rules import ClockRule, RungRule, Trigger
from streams.domain.ids import Instant

_MINUTE_US = HOUR_US // 60


def clock_summary(rule: ClockRule) -> dict[str, object]:
    """Give a clock rule's every word, ready for JSON; triggers are spelled as in the file.

    Conditions that ask nothing are None or empty. A rung has either a `share` of the budget, or an
    `amount` of a `unit` from its `anchor` (`start` or `due`; less than 0: before it).
    """
    return {
        "rule": rule.rule,
        "scope": rule.scope,
        "unit": rule.unit,
        "limit": rule.limit,
        "calendar": rule.calendar,
        "days_a_week": rule.days_a_week if rule.unit == "benefit_days" else None,
        "starts_on": _spelled(rule.starts_on),
        "met_on": _spelled(rule.met_on),
        "cancelled_on": _spelled(rule.cancelled_on),
        "pauses_on": _spelled(rule.pauses_on),
        "resumes_on": _spelled(rule.resumes_on),
        "pause_days_max": rule.pause_days_max,
        "conditions": {
            "services": [service.value for service in rule.services],
            "source_sectors": list(rule.source_sectors),
            "priorities": [priority.value for priority in rule.priorities],
            "age_from": rule.age_from,
            "age_under": rule.age_under,
            "typ_member": rule.typ_member,
        },
        "owner_sector": rule.owner_sector or None,
        "heard_from": list(rule.heard_from),
        "rungs": [_rung(rung) for rung in rule.rungs],
        "statutory": rule.statutory,
        "evidence": rule.evidence or None,
        "law_ref": rule.law_ref,
        "verified": rule.verified,
        "valid_from": _iso(rule.valid_from),
        "valid_to": _iso(rule.valid_to),
    }


def clock_lines(summary: dict[str, object]) -> list[tuple[str, object]]:
    """Give a clock's summary as names and values for people, without what says nothing."""
    conditions, rungs = summary["conditions"], summary["rungs"]
    lines: list[tuple[str, object]] = []
    for name, value in summary.items():
        if name == "conditions" and isinstance(conditions, dict):
            lines += conditions.items()
        elif name == "rungs" and isinstance(rungs, list):
            lines.append(("rungs", [_said(rung) for rung in rungs]))
        elif name == "limit":
            lines.append(("limit", f"{value} {summary['unit']}"))
        elif name != "unit":
            lines.append((name, value))
    return [(name, value) for name, value in lines if value not in (None, "", [])]


def is_in_force(rule: ClockRule, at: Instant) -> bool:
    """Say whether a clock that starts at an instant stands under the rule."""
    begun = rule.valid_from is None or rule.valid_from <= at
    return begun and (rule.valid_to is None or at < rule.valid_to)


def time_of_day(us: int) -> str:
    """Write microseconds after local midnight as hours and minutes."""
    hours, minutes = divmod(us // _MINUTE_US, 60)
    return f"{hours:02}:{minutes:02}"


def _iso(at: Instant | None) -> str | None:
    return None if at is None else moment(at).isoformat()


def _spelled(triggers: tuple[Trigger, ...]) -> list[str]:
    return [
        f"{trigger.name}/{trigger.reason or trigger.least}"
        if trigger.reason or trigger.least
        else str(trigger.name)
        for trigger in triggers
    ]


def _rung(rung: RungRule) -> dict[str, object]:
    timed = bool(rung.anchor)
    return {
        "rung": rung.rung,
        "to": rung.to,
        "share": None if timed else rung.share,
        "anchor": rung.anchor or None,
        "amount": rung.amount if timed else None,
        "unit": rung.unit or None,
        "office_hours": rung.office_hours,
    }


def _said(rung: dict[str, object]) -> str:
    held = ", in office hours" if rung["office_hours"] else ""
    return f"{rung['rung']} ({rung['to']}{held})"
