"""`saattaen escalations list`: who was told of which rung, and who has taken it up."""

import click

from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import local, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.shapes import record
from streams.views.deadlines import OPEN
from streams.views.escalations import escalations

_COLUMNS = (
    "CLOCK",
    "RUNG",
    "RULE",
    "OWNER",
    "ROLE",
    "TOLD",
    "AT",
    "STATE",
    "BY",
    "UNTIL",
    "REASON",
)


@click.command(
    name="list",
    epilog=(
        "\b\nExamples:\n"
        "  saattaen escalations list --open --role coordinator\n"
        "  saattaen escalations list --agency kela --json"
    ),
)
@any_hub_options(DATABASE)
@json_option
@click.option("--open", "only_open", is_flag=True, help="Only those that nobody has taken up.")
@click.option("--role", metavar="ROLE", help="Only those told to this role.")
@click.option(
    "--agency", metavar="AGENCY", help="Only those told to this agency, or of its own duties."
)
def list_escalations(
    *, place: AnyPlace, only_open: bool, role: str | None, agency: str | None, as_json: bool
) -> None:
    """List escalations, the oldest first: open, acknowledged, assigned, snoozed or closed."""
    with ask_hub(place) as hub:
        found = escalations(hub.desk.clocks(escalated=True), hub.now())
    chosen = [
        seen
        for seen in found
        if (not only_open or seen.state == OPEN)
        and (role is None or seen.role == role)
        and (agency is None or agency in (seen.told, seen.owner))
    ]
    if as_json:
        print_json([record(seen) for seen in chosen])
        return
    rows = [
        (
            seen.clock_id,
            seen.rung,
            seen.rule,
            seen.owner,
            seen.role,
            seen.told,
            local(seen.told_at),
            seen.state,
            seen.by,
            local(seen.until),
            seen.reason,
        )
        for seen in chosen
    ]
    print_table(_COLUMNS, rows, none="no such escalations")
