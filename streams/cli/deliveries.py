"""`saattaen deliveries`: notices and their fate, on wish as the recipient's system gets them."""

import click

from streams.bootstrap.asking import AskedHub
from streams.cli import view_shapes
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import local, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.shapes import Json
from streams.domain.ids import AgencyId
from streams.views.answers import DeliverySeen
from streams.views.fates import DELIVERY_STATUSES

_COLUMNS = ("NOTICE", "HANDOFF", "TO", "KIND", "STATUS", "ISSUED", "CATEGORIES")


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen deliveries --to kela --status pending\n"
        "  saattaen deliveries --to kela --body --json"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--to", metavar="AGENCY", help="Only to this agency.")
@click.option("--status", type=click.Choice(DELIVERY_STATUSES), help="Only of this fate.")
@click.option(
    "--body", is_flag=True, help="Render the wire message, with the person's data in clear."
)
def deliveries(
    place: AnyPlace, to: str | None, status: str | None, body: bool, as_json: bool
) -> None:
    """List notices and their fate, the oldest first.

    A body is null where the person's key was destroyed.
    """
    with ask_hub(place) as hub:
        found = hub.desk.deliveries(to=AgencyId(to) if to is not None else None, status=status)
        bodies = {seen.notice_id: _body(hub, seen) for seen in found} if body else {}
    if as_json:
        print_json([_shown(seen, bodies) for seen in found])
    elif body:
        for seen in found:
            click.echo(f"--- {seen.notice_id}  {seen.to}  {seen.kind}  {seen.status}")
            text = bodies[seen.notice_id]
            click.echo("(the person was erased)" if text is None else text.rstrip("\n"))
    else:
        _list(found)


def _shown(seen: DeliverySeen, bodies: dict[str, str | None]) -> Json:
    shown = view_shapes.delivery(seen)
    if seen.notice_id in bodies:
        shown["body"] = bodies[seen.notice_id]
    return shown


def _list(found: list[DeliverySeen]) -> None:
    rows = [
        (
            seen.notice_id,
            seen.handoff_id,
            seen.to,
            seen.kind,
            seen.status,
            local(seen.recorded_at),
            seen.categories,
        )
        for seen in found
    ]
    print_table(_COLUMNS, rows, none="no such notices")


def _body(hub: AskedHub, seen: DeliverySeen) -> str | None:
    stored = next(hub.ledger(after=seen.issued_in - 1, limit=1))
    notice = next(n for n in stored.entry.deliveries if n.notice_id == seen.notice_id)
    rendered = hub.rendered(notice)
    return None if rendered is None else rendered.decode()
