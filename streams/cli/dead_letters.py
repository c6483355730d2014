"""`saattaen dead-letters`: messages that could not be taken in, looked at and taken in again.

Nothing here shows what a message says of a person, only what is wrong with it.
"""

import click

from streams.bootstrap.dead_letter_replay import ErasedError, HubsOwnError, replay_dead_letter
from streams.bootstrap.hub import Hub
from streams.cli import shapes
from streams.cli.failures import CONFLICT, CommandError, not_found
from streams.cli.kafka_options import DATABASE, KAFKA, KEYS, REGISTRY, AnyPlace, any_hub_options
from streams.cli.options import HubPlace, json_option
from streams.cli.output import local, print_fields, print_json, print_json_lines, print_table, say
from streams.cli.reading import read_hub
from streams.promises.engine import DeadLetter

_COLUMNS = ("DEAD LETTER", "AGENCY", "MESSAGE", "RECORDED", "ERRORS")


@click.group(name="dead-letters")
def dead_letters() -> None:
    """List, show and replay dead letters."""


@dead_letters.command(name="list", epilog="\b\nExample:\n  saattaen dead-letters list --json")
@any_hub_options(KAFKA, REGISTRY)
@json_option
def list_letters(place: AnyPlace, as_json: bool) -> None:
    """List the dead letters that wait, the oldest first."""
    waiting = _waiting(place)
    if as_json:
        print_json([shapes.dead_letter(letter) for letter in waiting])
        return
    rows = [
        (
            letter.dead_letter_id,
            letter.agency,
            letter.message_id,
            local(letter.recorded_at),
            [f"{problem.code} {problem.pointer}".rstrip() for problem in letter.errors],
        )
        for letter in waiting
    ]
    print_table(_COLUMNS, rows, none="no dead letters")


@dead_letters.command(
    epilog="\b\nExample:\n  saattaen dead-letters show d-0123456789ABCDEFGHJKMNPQRS"
)
@any_hub_options(KAFKA, REGISTRY)
@json_option
@click.argument("dead_letter_id", metavar="ID")
def show(place: AnyPlace, dead_letter_id: str, as_json: bool) -> None:
    """Show one dead letter: what is wrong, where, and how large it is; never what it says."""
    letter = _found(_waiting(place), dead_letter_id)
    shown = {
        **shapes.dead_letter(letter),
        "person": letter.person,
        "event_id": letter.event_id,
        "body_kind": letter.body_kind,
        "sealed_bytes": len(letter.sealed_body),
    }
    if as_json:
        print_json(shown)
        return
    shown["recorded_at"] = local(letter.recorded_at)
    del shown["errors"]
    print_fields(shown.items())
    click.echo()
    rows = [(p.code, p.pointer, p.detail, p.nearest) for p in letter.errors]
    print_table(("CODE", "POINTER", "DETAIL", "NEAREST"), rows, none="")


@dead_letters.command(
    epilog=("\b\nExample:\n  saattaen dead-letters replay d-0123456789ABCDEFGHJKMNPQRS --dry-run")
)
@any_hub_options(KAFKA, REGISTRY, DATABASE, KEYS)
@json_option
@click.option("--dry-run", is_flag=True, help="Say what would become of them; keep nothing.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def replay(place: AnyPlace, ids: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Take dead letters in again, as their agencies' messages, now.

    Prints a receipt for each, as a line of JSON. One that is no dead letter any more is resolved.

    On a Kafka hub the receipt says queued, and each is resolved when what it holds is written
    again; where it is still wrong, it comes back. A dry run reads messages as the normaliser would;
    what the router decides is not known before.
    """
    del as_json  # Receipts are JSON anyway; the option decides how the command fails.
    if isinstance(place, HubPlace):
        _replay_embedded(place, ids, dry_run=dry_run)
    else:
        from streams.cli.dead_letters_kafka import replay_letters

        replay_letters(place, ids, dry_run=dry_run)
    if dry_run:
        decided = "" if isinstance(place, HubPlace) else "; what the router decides is not known"
        say(f"dry run: nothing was kept{decided}")


def _replay_embedded(place: HubPlace, ids: tuple[str, ...], *, dry_run: bool) -> None:
    with read_hub(place) as reader:
        for dead_letter_id in ids:
            _found(reader.engine.dead_letters(), dead_letter_id)
    with Hub(place.data, region=place.region, keys_file=place.keys) as hub:
        waiting = hub.engine.dead_letters()
        for dead_letter_id in dict.fromkeys(ids):
            letter = _found(waiting, dead_letter_id)
            try:
                receipts = replay_dead_letter(hub, letter, dry_run=dry_run)
            except (ErasedError, HubsOwnError) as kept:
                raise CommandError(CONFLICT, str(kept)) from None
            print_json_lines(map(shapes.receipt, receipts))


def _waiting(place: AnyPlace) -> list[DeadLetter]:
    if isinstance(place, HubPlace):
        with read_hub(place) as hub:
            return hub.engine.dead_letters()
    from streams.cli.dead_letters_kafka import letters_on_topic

    return letters_on_topic(place).waiting


def _found(waiting: list[DeadLetter], dead_letter_id: str) -> DeadLetter:
    for letter in waiting:
        if letter.dead_letter_id == dead_letter_id:
            return letter
    raise none_waits(dead_letter_id)


def none_waits(dead_letter_id: str) -> CommandError:
    """Make the error of a dead letter that does not wait: it never was, or is dealt with."""
    return not_found(
        f"no dead letter {dead_letter_id} waits: saattaen dead-letters list names those that do"
    )
