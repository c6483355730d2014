"""`saattaen ledger`: the entries themselves, for machines and for those who look very closely."""

import asyncio
import time
from collections.abc import Sequence

import click

from streams.cli import shapes
from streams.cli.kafka_options import KAFKA, REGISTRY, AnyPlace, KafkaPlace, any_hub_options
from streams.cli.options import HubPlace, json_option
from streams.cli.output import print_json_lines, say
from streams.cli.reading import read_hub
from streams.domain.ids import PersonId

_ENTRIES_A_WRITE = 500
_LOOK_AGAIN_S = 0.5
_BETWEEN = "."
_DIGITS = 19
"""No ledger comes so far, and no store can count there."""


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen ledger --since 1200 | jq .event.type\n"
        "  saattaen ledger --person p-0123456789ABCDEFGHJKMNPQRS --follow"
    )
)
@any_hub_options(KAFKA, REGISTRY)
@json_option
@click.option("--person", metavar="PERSON", help="Only of this person (p-...).")
@click.option(
    "--since",
    metavar="POSITION",
    help="Only after this position, as an earlier line named it.",
)
@click.option("--follow", is_flag=True, help="Wait for further entries, until interrupted.")
def ledger(
    place: AnyPlace, person: str | None, since: str | None, follow: bool, as_json: bool
) -> None:
    """Print ledger entries in order, one JSON object a line.

    A Kafka hub's entries are those that are committed; its positions are texts.
    """
    del as_json  # Lines are JSON anyway; the option decides how the command fails.
    whose = PersonId(person) if person is not None else None
    offsets = _offsets(since)
    if isinstance(place, HubPlace):
        if len(offsets or [0]) > 1:
            raise _no_position(since)
        _print_embedded(place, whose, (offsets or [0])[0], follow=follow)
    else:
        asyncio.run(_print_topic(place, whose, offsets, follow=follow))


def _print_embedded(
    place: HubPlace, whose: PersonId | None, position: int, *, follow: bool
) -> None:
    with read_hub(place) as hub:
        while True:
            page = list(hub.engine.ledger(position, whose, _ENTRIES_A_WRITE))
            print_json_lines(map(shapes.ledger_line, page))
            if page:
                position = page[-1].position
            elif follow:
                time.sleep(_LOOK_AGAIN_S)
            else:
                return


async def _print_topic(
    place: KafkaPlace, whose: PersonId | None, since: Sequence[int] | None, *, follow: bool
) -> None:
    from streams.contracts.registry import Registry
    from streams.engines.kafka.ledger_reader import LedgerReader, WrongOffsetsError
    from streams.engines.kafka.topic_reader import BeyondTheEndError
    from streams.promises.ledger import Recorded, Unreadable, place_of

    registry = Registry(place.registry)
    try:
        reader = LedgerReader(place.kafka, registry)
        async for page in reader.pages(since, whose, follow=follow):
            print_json_lines(
                [
                    {
                        **shapes.ledger_line(line.read.stored),
                        "position": _BETWEEN.join(map(str, line.next_offsets)),
                    }
                    for line in page
                    if isinstance(line.read, Recorded)
                ]
            )
            for line in page:
                if isinstance(line.read, Unreadable):
                    at = place_of(line.read.position)
                    where = f"offset {at.offset} of partition {at.partition}"
                    say(f"{where} is no entry: {line.read.cause}")
    except (WrongOffsetsError, BeyondTheEndError):
        raise _no_position(_BETWEEN.join(map(str, since or ()))) from None
    finally:
        await registry.close()


def _offsets(since: str | None) -> list[int] | None:
    if since is None:
        return None
    parts = since.split(_BETWEEN)
    if not all(part.isascii() and part.isdecimal() and len(part) < _DIGITS for part in parts):
        raise _no_position(since)
    return [int(part) for part in parts]


def _no_position(since: str | None) -> click.BadParameter:
    return click.BadParameter(
        f"{since!r} is no position that this hub's ledger names", param_hint="'--since'"
    )
