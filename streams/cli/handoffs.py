"""`saattaen handoffs`: handoffs and where they stand."""

import click

from streams.cli import view_shapes
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import local, print_json, print_table
from streams.cli.reading import ask_hub
from streams.domain.codes import Status
from streams.domain.ids import AgencyId, PersonId

_STATUSES = [status.value for status in Status if status is not Status.UNKNOWN]
_COLUMNS = ("HANDOFF", "SERVICE", "SOURCE", "RECIPIENT", "STATUS", "RESPONSIBLE", "NEXT DUE")


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen handoffs --overdue\n"
        "  saattaen handoffs --agency kela --status requested --json"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--status", type=click.Choice(_STATUSES), help="Only of this status.")
@click.option("--agency", metavar="AGENCY", help="Only of this source or recipient.")
@click.option("--person", metavar="PERSON", help="Only of this person (p-...).")
@click.option("--overdue", is_flag=True, help="Only where something should have come by now.")
def handoffs(
    *,
    place: AnyPlace,
    status: str | None,
    agency: str | None,
    person: str | None,
    overdue: bool,
    as_json: bool,
) -> None:
    """List handoffs and where they stand, the oldest first."""
    with ask_hub(place) as hub:
        found = hub.desk.handoffs(
            status=status,
            agency=AgencyId(agency) if agency is not None else None,
            person=PersonId(person) if person is not None else None,
            overdue_at=hub.now() if overdue else None,
        )
    if as_json:
        print_json([view_shapes.handoff(seen) for seen in found])
        return
    rows = [
        (
            seen.handoff_id,
            seen.service,
            seen.source,
            seen.recipient,
            seen.status,
            seen.responsible,
            local(seen.next_due_at),
        )
        for seen in found
    ]
    print_table(_COLUMNS, rows, none="no such handoffs")
