"""`saattaen explain clock`: why a clock is due when it is, stretch by stretch."""

from datetime import date
from typing import NamedTuple

import click

from streams.bootstrap.agreement_file import read_editions
from streams.bootstrap.closed_days import Holiday
from streams.cli import view_shapes
from streams.cli.failures import CONFLICT, CommandError, not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import print_fields, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.shapes import Json, iso
from streams.cli.words import Words, language_option
from streams.domain import budget
from streams.domain.ids import ClockId
from streams.views.answers import ClockSeen, RungSeen
from streams.views.deadlines import BREACHED, CANCELLED, MET
from streams.views.reckoning import Reckoning, Stretch, explain_deadline


class _Telling(NamedTuple):
    """What is told of a clock, in whose words, and what the calendar calls its holidays."""

    words: Words
    seen: ClockSeen
    why: Reckoning
    holidays: dict[date, Holiday]


@click.command(
    epilog="\b\nExample:\n  saattaen explain clock c-0123456789ABCDEFGHJKMNPQRS --language fi"
)
@any_hub_options(DATABASE)
@json_option
@language_option
@click.argument("clock_id", metavar="CLOCK")
def clock(place: AnyPlace, clock_id: str, language: str, as_json: bool) -> None:
    """Say why a clock is due when it is: every stretch that counted or did not, and why.

    What counted sums to the budget, and the stretches to the due time. Then come the rungs: when,
    to whom, told when and how late.
    """
    with ask_hub(place) as hub:
        seen = hub.desk.clock(ClockId(clock_id))
        if seen is None:
            raise not_found(f"no clock {clock_id}: saattaen clocks lists those there are")
        digest, at = bytes.fromhex(seen.agreement_digest), seen.reckoned_at
        agreement = hub.bygone.in_force(digest, at)
        # Another version may hold the same rules: it does, if it gives the same due time.
        agreement = agreement or hub.agreements.in_force(at)
        why = explain_deadline(seen, agreement, hub.now())
    if why is None:
        raise CommandError(
            CONFLICT,
            f"{clock_id} was counted under an agreement that is not at hand (digest "
            f"{seen.agreement_digest[:16]}): {hub.bygone.mend()}",
        )
    telling = _Telling(Words(language), seen, why, _holidays(place))
    if as_json:
        print_json(_shape(telling))
    else:
        _tell(telling)


def _holidays(place: AnyPlace) -> dict[date, Holiday]:
    found: dict[date, Holiday] = {}
    for edition in read_editions(place.region):
        found |= edition.closed.days
    return found


def _shape(telling: _Telling) -> Json:
    words, seen, why, _ = telling
    return {
        "clock": view_shapes.clock(seen),
        "language": words.language,
        "rule": {
            "rule": why.rule.rule,
            "unit": why.rule.unit,
            "limit": why.rule.limit,
            "calendar": why.rule.calendar,
            "statutory": why.rule.statutory,
            "law_ref": seen.law_ref,
            "verified": seen.verified,
            "evidence": why.rule.evidence or None,
        },
        "agreement_digest": why.agreement.digest.hex(),
        "counted_in": why.counted_in,
        "budget": why.budget,
        "counted": why.counted,
        "left": why.left,
        "intervals": [
            {
                "from": iso(stretch.from_),
                "to": iso(stretch.to),
                "counted": stretch.counted,
                "reason": stretch.reason,
                "day": None if stretch.day is None else date.fromordinal(stretch.day).isoformat(),
                "ground": stretch.ground,
                "said": _why(telling, stretch),
            }
            for stretch in why.stretches
        ],
        "remark": words("remark", seen.remark) if seen.remark else None,
        "outcome": _outcome(telling),
        "sum": _sum(telling),
    }


def _tell(telling: _Telling) -> None:
    words, seen, why, _ = telling
    print_fields([(words("label", name), value) for name, value in _head(telling)])
    click.echo()
    rows = [
        (
            words.time(stretch.from_),
            words.time(stretch.to) if stretch.to is not None else "",
            words.amount(why.rule.unit, stretch.counted),
            _why(telling, stretch),
        )
        for stretch in why.stretches
    ]
    print_table(_labels(words, "from", "to", "amount", "reason"), rows, none="")
    click.echo(f"{words('label', 'sum')}: {_sum(telling)}")
    if seen.reprojections:
        moved = [
            (
                words.time(each.at),
                words.time(each.due_before),
                words.time(each.due_at),
                words("moved", each.reason),
            )
            for each in seen.reprojections
        ]
        click.echo()
        print_table(_labels(words, "moved_at", "moved_from", "moved_to", "reason"), moved, none="")
    click.echo()
    rungs = [_rung(words, rung) for rung in seen.rungs]
    print_table(_labels(words, "rung", "at", "told", "fired", "late_by"), rungs, none="")


def _head(telling: _Telling) -> list[tuple[str, str]]:
    words, seen, why, _ = telling
    law = [seen.law_ref or words("sentence", "agreed")]
    law.append(words("sentence", "verified" if seen.verified else "not_verified"))
    law += [words("sentence", "statutory")] if why.rule.statutory else []
    head = [
        ("clock", seen.clock_id),
        ("rule", seen.rule),
        ("scope", f"{words('scope', seen.scope)} {seen.handoff_id or seen.person}"),
        ("owner", seen.owner),
        ("state", words("state", seen.state)),
        ("budget", words.amount(why.rule.unit, why.budget)),
        ("started", words.time(seen.started_at)),
        ("due", _due(telling)),
        ("outcome", _outcome(telling)),
        ("law", " ".join(law)),
        ("agreement", why.agreement.digest.hex()[:16]),
    ]
    if why.rule.evidence:
        head.append(("evidence", words("evidence", why.rule.evidence)))
    if seen.remark:
        head.append(("remark", words("remark", seen.remark)))
    return head


def _due(telling: _Telling) -> str:
    words, seen, why, _ = telling
    if _stands_still(why):
        left = words.amount(why.rule.unit, why.left)
        return words("sentence", "stands_still", left=left)
    return words.time(seen.due_at)


def _outcome(telling: _Telling) -> str:
    words, seen, _, _ = telling
    if seen.ended_at is None:
        return words("sentence", "breached" if seen.state == BREACHED else "waits")
    at = words.time(seen.ended_at)
    if seen.ended_by is not None or seen.state == CANCELLED:
        why = _happening(words, seen.ended_by or "")
        ended = "breached_then_ended" if seen.state == BREACHED else "cancelled"
        return words("sentence", ended, at=at, why=why)
    if seen.state == MET:
        return words("sentence", "met_in_time", at=at)
    if seen.reported_late:
        return words("sentence", "reported_late", at=at)
    return words("sentence", "met_late", at=at, late=words.duration(seen.late_by_us or 0))


def _sum(telling: _Telling) -> str:
    words, seen, why, _ = telling
    unit = why.rule.unit
    values = {"sum": words.amount(unit, why.counted), "budget": words.amount(unit, why.budget)}
    if why.left < 0:
        return words("sentence", "more_reported", **values)
    if why.left > 0:
        return words("sentence", "sums_with_left", left=words.amount(unit, why.left), **values)
    return words("sentence", "sums", due=words.time(seen.due_at), **values)


def _stands_still(why: Reckoning) -> bool:
    return bool(why.stretches) and why.stretches[-1].to is None


def _why(telling: _Telling, stretch: Stretch) -> str:
    words = telling.words
    if stretch.reason == budget.SUSPENDED and stretch.ground is not None:
        return words("sentence", "suspended", ground=_happening(words, stretch.ground))
    holiday = telling.holidays.get(date.fromordinal(stretch.day)) if stretch.day else None
    if stretch.day is None or holiday is None:
        return words("reason", stretch.reason)
    name: str = getattr(holiday, words.language)
    return words.holiday(date.fromordinal(stretch.day), name)


def _happening(words: Words, code: str) -> str:
    said = words("ended", code)
    return said if said != code else words("happening", code)


def _rung(words: Words, rung: RungSeen) -> tuple[str, ...]:
    told = words("role", rung.to) if rung.to else words("sentence", "not_told")
    if rung.told is not None:
        told = f"{told} ({rung.told})"
    return (
        rung.rung,
        words.time(rung.at),
        told,
        words.time(rung.fired_at) if rung.fired_at is not None else "",
        words.duration(rung.late_by_us) if rung.late_by_us is not None else "",
    )


def _labels(words: Words, *names: str) -> tuple[str, ...]:
    return tuple([words("label", name) for name in names])
