"""`saattaen explain routing`: why a handoff went to its recipient."""

import click

from streams.cli import shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import json_option
from streams.cli.output import local, print_fields, print_json, print_table
from streams.cli.reading import ask_hub
from streams.domain.ids import HandoffId, PersonId
from streams.views.routes import RouteTold, explain_route


@click.command(epilog="\b\nExample:\n  saattaen explain routing h-0123456789ABCDEFGHJKMNPQRS")
@any_hub_options(DATABASE)
@json_option
@click.argument("handoff", metavar="HANDOFF")
def routing(place: AnyPlace, handoff: str, as_json: bool) -> None:
    """Say why a handoff went to its recipient: the rule, and who else was considered."""
    with ask_hub(place) as hub:
        seen = hub.desk.handoff(HandoffId(handoff))
        if seen is None:
            raise not_found(f"no handoff {handoff}: saattaen handoffs lists those there are")
        told = list(hub.ledger(person=PersonId(seen.person)))
        why = explain_route(told, HandoffId(handoff), hub.agreements)
    if why is None:  # pragma: no cover  # the views have the handoff from the ledger
        raise not_found(f"the ledger does not tell how {handoff} was opened")
    if as_json:
        print_json(shapes.record(why))
    else:
        _tell(why)


def _tell(why: RouteTold) -> None:
    print_fields(
        [
            ("handoff", why.handoff_id),
            ("service", why.service),
            ("source", why.source),
            ("recipient", why.recipient),
            ("rule", f"{why.rule}: {why.why}"),
            ("competent", why.competent_sector),
            ("municipality", why.municipality or why.municipality_withheld),
            ("decided", local(why.decided_at)),
            ("agreement", why.agreement_digest[:16]),
        ]
    )
    click.echo()
    print_table(("CANDIDATE", "SECTOR", "OUTCOME"), why.candidates, none="")
