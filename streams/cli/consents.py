"""`saattaen consents`: what a person has said of their data, as of any instant."""

import click

from streams.bootstrap.asking import entries_by
from streams.cli import view_shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import READABLE, local, print_fields, print_json, say
from streams.cli.reading import ask_hub
from streams.domain.ids import Instant, PersonId
from streams.views.statements import STANDING, StatementSeen, statements

_ANY = ("any agency",)


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen consents --person p-0123456789ABCDEFGHJKMNPQRS\n"
        "  saattaen consents --person p-0123456789ABCDEFGHJKMNPQRS --at 2026-02-09T12:00 --all"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--person", metavar="PERSON", required=True, help="Whose (p-...).")
@click.option("--at", type=INSTANT, help="As of this instant (default: the hub's time).")
@click.option("--all", "every", is_flag=True, help="Those no longer in force, too.")
def consents(*, place: AnyPlace, person: str, at: int | None, every: bool, as_json: bool) -> None:
    """List a person's consents, permits and prohibitions, the oldest first.

    As of an instant are those that the hub had recorded by then, in force then or later.
    """
    with ask_hub(place) as hub:
        whose = PersonId(person)
        if not hub.knows(whose):
            raise not_found(f"no person {person}: saattaen person-id gives a person's pseudonym")
        moment = Instant(at) if at is not None else hub.now()
        found = statements(entries_by(hub, whose, moment), moment)
    shown = [seen for seen in found if every or seen.state in STANDING]
    if as_json:
        print_json([view_shapes.statement(seen) for seen in shown])
        return
    if not shown:
        say("no such statements" if every else "no statements in force (--all: those before, too)")
    for number, seen in enumerate(shown):
        if number:
            click.echo()
        print_fields(_fields(seen), width_max=READABLE)


def _fields(seen: StatementSeen) -> list[tuple[str, object]]:
    ended = f" {local(seen.ended_at)} by {seen.ended_by}" if seen.ended_at is not None else ""
    towards = f" to {seen.to_branch}" if seen.to_branch is not None else ""
    recorded = f"recorded {local(seen.recorded_at)} by {seen.recorder}"
    fields: list[tuple[str, object]] = [
        ("statement", seen.statement_id),
        ("kind", f"{seen.kind}{towards}"),
        ("state", f"{seen.state}{ended}"),
        ("given by", f"{seen.given_by}, {recorded}"),
        ("from", seen.sources or _ANY),
        ("to", seen.recipients or _ANY),
        ("purposes", seen.purposes or _without_any(seen)),
        ("categories", seen.categories or _without_any(seen)),
    ]
    if seen.documents:
        fields.append(("documents", seen.documents))
    if seen.service_tasks:
        fields.append(("tasks", seen.service_tasks))
    return [
        *fields,
        ("valid", f"{local(seen.valid_from)} to {local(seen.valid_to)}"),
        ("evidence", seen.evidence_digest),
        ("comes from", f"{seen.event_id} in {seen.entry_id}"),
    ]


def _without_any(seen: StatementSeen) -> str:
    # A prohibition that names none forbids every one; a consent that names none permits nothing.
    return "every one" if seen.kind == "prohibition" else "none"
