"""`saattaen clocks`: what is due when, and what was late."""

import click

from streams.cli import view_shapes
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import local, print_json, print_table
from streams.cli.reading import ask_hub
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.views.deadlines import CLOCK_STATES

_COLUMNS = ("CLOCK", "RULE", "HANDOFF", "STATE", "STARTED", "DUE", "ENDED")
_OF_NONE = {"person": "(person)", "hub": "(hub)"}
"""What stands in the place of a handoff for a clock that belongs to none."""


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen clocks --state breached --agency kela\n"
        "  saattaen clocks --state running --due-before 2026-03-09 --json"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--state", type=click.Choice(CLOCK_STATES), help="Only in this state.")
@click.option("--due-before", type=INSTANT, help="Only those due before this instant.")
@click.option("--person", metavar="PERSON", help="Only of this person (p-...).")
@click.option("--agency", metavar="AGENCY", help="Only those that are this agency's duty.")
def clocks(
    *,
    place: AnyPlace,
    state: str | None,
    due_before: int | None,
    person: str | None,
    agency: str | None,
    as_json: bool,
) -> None:
    """List clocks, the oldest first: of handoffs, of cases, of persons, and of silent agencies."""
    with ask_hub(place) as hub:
        found = hub.desk.clocks(
            state=state,
            due_before=Instant(due_before) if due_before is not None else None,
            person=PersonId(person) if person is not None else None,
            owner=AgencyId(agency) if agency is not None else None,
        )
    if as_json:
        print_json([view_shapes.clock(seen) for seen in found])
        return
    rows = [
        (
            seen.clock_id,
            seen.rule,
            seen.handoff_id or _OF_NONE[seen.scope],
            seen.state,
            local(seen.started_at),
            local(seen.due_at),
            local(seen.ended_at),
        )
        for seen in found
    ]
    print_table(_COLUMNS, rows, none="no such clocks")
