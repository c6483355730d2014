"""`saattaen escalations acknowledge`, `assign`, `snooze`: what people on duty make of escalations.

Beside a running hub the answer is handed over to it; otherwise it is taken up at the hub's own
time. Who and why are codes: what is kept for ever names no official and holds no free text.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
import orjson

from streams.bootstrap.duty_answers import (
    DutyAnswer,
    DutyAnswerError,
    answer_of,
    lane_of,
    take_answer,
)
from streams.bootstrap.handing_over import hand_over, hub_runs, is_held
from streams.bootstrap.hub import Hub
from streams.cli import shapes
from streams.cli.failures import CONFLICT, CommandError, invalid_input, not_found
from streams.cli.options import INSTANT, HubPlace, hub_options, json_option
from streams.cli.output import print_json_lines, say
from streams.cli.reading import read_hub
from streams.cli.writing import open_hub
from streams.domain.envelope import HUB
from streams.domain.ids import ClockId, Instant
from streams.promises.engine import UnavailableError

_Command = TypeVar("_Command", bound=Callable[..., Any])

HOLDER_WAIT_S = 3.0
"""How long another writer of the folder, that is no running hub, may take to end."""
_LOOK_AGAIN_S = 0.1
_WORDS = {
    "/rung": "RUNG",
    "/by": "--by",
    "/to": "--to",
    "/until": "--until",
    "/reason": "--reason",
}
"""How the command line calls the fields of an answer."""


def _answering(command: _Command) -> _Command:
    """Give a command the arguments and options that every answer has."""
    recorded_at = click.option(
        "--recorded-at", type=INSTANT, help="A later time, to which the hub's own moves on."
    )
    rung = click.argument("rung", metavar="RUNG")
    clock = click.argument("clock_id", metavar="CLOCK")
    return hub_options(json_option(clock(rung(recorded_at(command)))))


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen escalations acknowledge c-0123456789ABCDEFGHJKMNPQRS breach --by duty-1"
    )
)
@_answering
@click.option("--by", required=True, metavar="ROLE", help="A role or a duty id, never a name.")
def acknowledge(
    *, place: HubPlace, clock_id: str, rung: str, by: str, recorded_at: int | None, as_json: bool
) -> int:
    """Say that somebody on duty has seen an escalation. Prints a receipt, as a line of JSON."""
    del as_json  # The receipt is JSON anyway; the option decides how the command fails.
    said = {"answer": "acknowledge", "rung": rung, "by": by}
    return _say_to_hub(place, ClockId(clock_id), said, recorded_at)


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen escalations assign c-0123456789ABCDEFGHJKMNPQRS breach --to duty-2"
    )
)
@_answering
@click.option("--to", required=True, metavar="ROLE", help="A role or a duty id, never a name.")
def assign(
    *, place: HubPlace, clock_id: str, rung: str, to: str, recorded_at: int | None, as_json: bool
) -> int:
    """Give an escalation to a role or a duty id. Prints a receipt, as a line of JSON."""
    del as_json  # As above.
    said = {"answer": "assign", "rung": rung, "to": to}
    return _say_to_hub(place, ClockId(clock_id), said, recorded_at)


@click.command(
    epilog=(
        "\b\nExample:\n"
        "  saattaen escalations snooze c-0123456789ABCDEFGHJKMNPQRS warn-0.6"
        " --until 2026-03-09 --reason waiting-for-person"
    )
)
@_answering
@click.option("--until", type=INSTANT, required=True, help="When it is open again.")
@click.option(
    "--reason", required=True, metavar="CODE", help="A code, as waiting-for-person, wrong-alarm."
)
def snooze(
    *,
    place: HubPlace,
    clock_id: str,
    rung: str,
    until: int,
    reason: str,
    recorded_at: int | None,
    as_json: bool,
) -> int:
    """Let an escalation rest until a moment; no later rung is told before, but the breach itself.

    Prints a receipt, as a line of JSON.
    """
    del as_json  # As above.
    said = {"answer": "snooze", "rung": rung, "until": shapes.iso(until), "reason": reason}
    return _say_to_hub(place, ClockId(clock_id), said, recorded_at)


def _say_to_hub(
    place: HubPlace, clock_id: ClockId, said: Mapping[str, object], recorded_at: int | None
) -> int:
    """Bring an answer to the hub and print its receipt; give the command's exit code."""
    with read_hub(place) as reader:
        person = lane_of(reader, clock_id)
    if person is None:
        raise not_found("no such clock: saattaen clocks lists those there are")
    document = {**said, "person": person, "clock_id": clock_id}
    answer = _read(document)
    hub = _open_or_find_running(place)
    if hub is None:
        return _hand_over(place, orjson.dumps(document), recorded_at)
    with hub:
        at = Instant(recorded_at) if recorded_at is not None else None
        return _tell(shapes.receipt(take_answer(hub, answer, at)))


def _read(document: Mapping[str, object]) -> DutyAnswer:
    try:
        return answer_of(document)
    except DutyAnswerError as wrong:
        named = [(_WORDS.get(each.pointer, each.pointer), each.detail) for each in wrong.problems]
        raise invalid_input("; ".join([f"{word} {detail}" for word, detail in named])) from None


def _open_or_find_running(place: HubPlace) -> Hub | None:
    """Open a hub for writing; None where one runs. Another writer is waited for a little."""
    until_s = time.monotonic() + HOLDER_WAIT_S
    while not hub_runs(place.data):
        try:
            return open_hub(place)
        except UnavailableError:
            if not is_held(place.data) or time.monotonic() > until_s:
                raise
        time.sleep(_LOOK_AGAIN_S)
    return None


def _hand_over(place: HubPlace, document: bytes, recorded_at: int | None) -> int:
    if recorded_at is not None:
        raise CommandError(
            CONFLICT,
            f"a hub runs on {place.data}, and its time is the machine's: leave --recorded-at out, "
            "or stop the hub first",
        )
    (receipt,) = hand_over(place.data, HUB, [document])
    return _tell(orjson.loads(receipt))


def _tell(receipt: shapes.Json) -> int:
    print_json_lines([receipt])
    errors: Any = receipt["errors"]
    for error in errors:
        say(f"saattaen: refused by the rule {error['code']}: {error['detail']}")
    return CONFLICT.exit_code if errors else 0
