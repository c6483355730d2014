"""`saattaen trace`: the whole story of a handoff, a case or a person."""

from collections.abc import Iterable
from typing import NamedTuple

import click

from streams.bootstrap.asking import AskedHub
from streams.cli import shapes, view_shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import local, print_fields, print_json
from streams.cli.reading import ask_hub
from streams.domain.ids import HandoffId, PersonId
from streams.promises.engine import Stored
from streams.views.answers import ClockSeen, HandoffSeen
from streams.views.story import story

_NAMING = ("category", "rung", "handoff_id")
_HEAD = ("type", "handoff_id", "case_id", "clock_id")


class _Story(NamedTuple):
    person: str
    case_id: str | None
    handoffs: list[HandoffSeen]
    clocks: list[ClockSeen]
    """Those of no handoff: the person's, or of an agency that fell silent."""
    entries: list[Stored]


@click.command(epilog="\b\nExample:\n  saattaen trace h-0123456789ABCDEFGHJKMNPQRS --json")
@any_hub_options(DATABASE)
@json_option
@click.argument("subject", metavar="ID")
def trace(place: AnyPlace, subject: str, as_json: bool) -> None:
    """Tell the story of a handoff (h-...), a case (its first handoff's id) or a person (p-...)."""
    with ask_hub(place) as hub:
        told = _told(hub, subject)
        if told is None:
            raise not_found(
                f"no handoff, case or person {subject}: saattaen handoffs lists those there are"
            )
        notices = [n.notice_id for stored in told.entries for n in stored.entry.deliveries]
        fates = hub.desk.fates([*notices])
    if as_json:
        print_json(view_shapes.trace(told.person, told.case_id, told.entries, fates))
        return
    _tell(told, fates)


def _told(hub: AskedHub, subject: str) -> _Story | None:
    person = PersonId(subject)
    if hub.knows(person):
        found = hub.desk.handoffs(person=person)
        own = [seen for seen in hub.desk.clocks(person=person) if seen.handoff_id is None]
        return _Story(subject, None, found, own, list(hub.ledger(person=person)))
    handoff = hub.desk.handoff(HandoffId(subject))
    if handoff is None:
        return None
    # A case is named by its first handoff: that id asks for all of them.
    found = hub.desk.case(subject) if handoff.case_id == subject else [handoff]
    entries = hub.ledger(person=PersonId(handoff.person))
    ids = [seen.handoff_id for seen in found]
    return _Story(handoff.person, handoff.case_id, found, [], story(entries, ids))


def _tell(told: _Story, fates: dict[str, str]) -> None:
    print_fields([("person", told.person), ("case", told.case_id)])
    for seen in told.handoffs:
        click.echo()
        print_fields(
            [
                ("handoff", seen.handoff_id),
                ("service", seen.service),
                ("way", f"{seen.source} -> {seen.recipient}"),
                ("status", f"{seen.status} {seen.status_reason or ''}".rstrip()),
                ("responsible", seen.responsible),
                ("next due", local(seen.next_due_at)),
                *[_clock(clock) for clock in seen.clocks if clock.handoff_id is not None],
            ]
        )
    if told.clocks:
        click.echo()
        print_fields([_clock(clock) for clock in told.clocks])
    for stored in told.entries:
        _tell_entry(stored, fates)


def _clock(seen: ClockSeen) -> tuple[str, str]:
    rule = seen.rule if seen.scope == "handoff" else f"{seen.rule} ({seen.scope})"
    return "clock", f"{rule} {seen.state}, due {local(seen.due_at)}  {seen.clock_id}"


def _tell_entry(stored: Stored, fates: dict[str, str]) -> None:
    entry = stored.entry
    envelope = entry.event.envelope
    click.echo(f"\n{local(entry.recorded_at)}  {type(entry.event).__name__}  {envelope.agency}")
    for fact in entry.facts:
        shown = shapes.fact(fact)
        said = [f"{name}={_said(value)}" for name, value in shown.items() if name not in _HEAD]
        click.echo(f"  {shown['type']}  {' '.join(said)}".rstrip())
    for notice in entry.deliveries:
        carried = ", ".join([category.value for category in notice.categories])
        fate = fates[notice.notice_id]
        click.echo(f"  notice to {notice.to}: {notice.kind.value} {fate}  {carried}".rstrip())


def _said(value: object) -> str:
    if isinstance(value, dict):
        # What tells one of a list from the others; all of it stands in the JSON.
        return _said(next((value[name] for name in _NAMING if name in value), "..."))
    if isinstance(value, list | tuple):
        return _listed(value)
    return "-" if value in (None, "") else str(value)


def _listed(values: Iterable[object]) -> str:
    return ",".join([_said(value) for value in values]) or "-"
