"""`saattaen advance`: virtual time for an embedded hub that is not running."""

import click

from streams.cli import shapes
from streams.cli.failures import CONFLICT, CommandError
from streams.cli.options import INSTANT, HubPlace, hub_options, json_option
from streams.cli.output import print_json
from streams.cli.writing import open_hub


@click.command(epilog="\b\nExample:\n  saattaen advance --to 2026-03-09T00:00:00+02:00")
@hub_options
@json_option
@click.option("--to", type=INSTANT, required=True, help="The hub's new time; never an earlier one.")
def advance(*, place: HubPlace, to: int, as_json: bool) -> None:
    """Fire every clock that is due by a moment, in order; the hub's time is that moment then."""
    from streams.domain.ids import Instant

    with open_hub(place) as hub:
        now = hub.engine.now()
        if to < now:
            raise CommandError(
                CONFLICT,
                f"the hub's time is {shapes.iso(now)} already, and moves only forward: name a "
                "later moment with --to",
                now=shapes.iso(now),
            )
        fired = hub.engine.advance(Instant(to))
    if as_json:
        print_json({"fired": fired, "from": shapes.iso(now) if now else None, "to": shapes.iso(to)})
        return
    clocks = "1 clock" if fired == 1 else f"{fired} clocks"
    click.echo(f"{clocks} fired; the hub's time is {shapes.iso(to)}")
