"""`saattaen doctor`: every check of a hub, with what was measured and the mend."""

from datetime import date

import click

from streams.cli.failures import FINDINGS
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import print_json, print_table, say


@click.command(epilog="\b\nExample:\n  saattaen doctor --data saattaen-data")
@hub_options
@json_option
def doctor(*, place: HubPlace, as_json: bool) -> int:
    """Check what a hub needs and holds: also beside a running one, and before there is any.

    Each check is ok, warn or fail, with what was measured and the command that mends it. Exit 6
    where one fails.
    """
    from streams.bootstrap.checkup import OK, Examined
    from streams.bootstrap.doctor import examine, is_ill
    from streams.bootstrap.hub import wall_clock
    from streams.domain.calendar import local_day

    now = wall_clock()
    today = date.fromordinal(local_day(now))
    findings = examine(Examined(place.data, place.region, place.keys, now, today))
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        rows = [(each.state, each.check, each.measured) for each in findings]
        print_table(("STATE", "CHECK", "MEASURED"), rows, none="nothing to check")
        for each in findings:
            if each.state != OK:
                say(f"{each.check}: {each.mend}")
    return FINDINGS if is_ill(findings) else 0
