"""`saattaen ingest`: raw messages from files into the hub, and a receipt for each."""

import difflib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from streams.cli import shapes
from streams.cli.failures import CONFLICT, CommandError, invalid_input
from streams.cli.kafka_options import DATABASE, KEYS, KafkaPlace, any_hub_options
from streams.cli.options import INSTANT, HubPlace, json_option
from streams.cli.output import print_json_lines, say
from streams.domain.agreement import Agreements
from streams.domain.ids import AgencyId, Instant

if TYPE_CHECKING:
    from streams.bootstrap.hub import Hub

STDIN = "-"
HOLDER_WAIT_S = 3.0
"""How long another writer of the folder, that is no running hub, may take to end."""
_LOOK_AGAIN_S = 0.1


class Delivery(NamedTuple):
    """What an agency hands over at once: files in order (`-` is stdin), and when the hub gets them.

    `recorded_at` None is the hub's own time.
    """

    agency: AgencyId
    files: tuple[str, ...]
    recorded_at: Instant | None


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen ingest --from sote.south-karelia referral.json\n"
        "  saattaen ingest --from kela --recorded-at 2026-03-02T12:00:00+02:00 batch.xml\n"
        "  cat answers.ndjson | saattaen ingest --from employment.lappeenranta -\n"
        "  saattaen ingest --kafka 127.0.0.1:9092 --keys hub.key --from kela batch.xml"
    )
)
@any_hub_options(DATABASE, KEYS)
@json_option
@click.option("--from", "agency", metavar="AGENCY", required=True, help="Who sent the messages.")
@click.option("--recorded-at", type=INSTANT, help="The hub's virtual time, instead of now.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def ingest(
    place: HubPlace | KafkaPlace,
    agency: str,
    recorded_at: int | None,
    files: tuple[str, ...],
    as_json: bool,
) -> None:
    """Take in an agency's messages from files (`-` is stdin), in order.

    Prints one receipt a message, as a line of JSON, as soon as the message is kept. Exit 0 when
    every message has a receipt, also when some are dead letters. Beside a running hub the files go
    through its inbox. With --kafka each message is queued for the normalisers; its receipt says
    so once the broker has acknowledged it.
    """
    del as_json  # Receipts are JSON anyway; the option decides how the command fails.
    at = None if recorded_at is None else Instant(recorded_at)
    delivery = Delivery(AgencyId(agency), files, at)
    _look_for(files)
    if isinstance(place, KafkaPlace):
        from streams.cli.ingest_kafka import queue_files

        queue_files(delivery, place)
        return
    hub = open_or_find_running(delivery, place)
    if hub is None:
        _hand_over(delivery, place)
        return
    with hub:
        if hub.made_secrets:
            tell_of_secrets(hub.secrets_place)
        for file in files:
            for group in hub.ingest(delivery.agency, read_file(file), at):
                print_json_lines(map(shapes.receipt, group))


def open_or_find_running(delivery: Delivery, place: HubPlace) -> "Hub | None":
    """Open the hub of a folder, made where there is none; None where a hub runs on it.

    Another writer is waited for a little.

    Raises:
        CommandError: The region has no such agency; nothing was taken in.
        AgreementError, SecretsError, UnavailableError: As `Hub` raises them.
    """
    from streams.bootstrap.agreement_file import load_agreements
    from streams.bootstrap.handing_over import hub_runs, is_held
    from streams.bootstrap.hub import Hub, wall_clock
    from streams.promises.engine import UnavailableError

    agreements = load_agreements(place.region)
    known_agency(delivery.agency, agreements, delivery.recorded_at or wall_clock())
    until_s = time.monotonic() + HOLDER_WAIT_S
    while not hub_runs(place.data):
        try:
            return Hub(place.data, keys_file=place.keys, agreements=agreements)
        except UnavailableError:
            if not is_held(place.data) or time.monotonic() > until_s:
                raise
        time.sleep(_LOOK_AGAIN_S)
    return None


def _hand_over(delivery: Delivery, place: HubPlace) -> None:
    """Hand a delivery to the hub that runs on the folder, and print its receipts in order."""
    from streams.bootstrap.handing_over import hand_over

    if delivery.recorded_at is not None:
        raise CommandError(
            CONFLICT,
            f"a hub runs on {place.data}, and its time is the machine's: leave --recorded-at out, "
            "or stop the hub first",
        )
    files = (read_file(file) for file in delivery.files)
    for receipts in hand_over(place.data, delivery.agency, files):
        click.echo(receipts, nl=False)


def known_agency(agency: AgencyId, agreements: Agreements, at: Instant) -> None:
    """Let an agency pass that the agreement in force knows.

    Raises:
        CommandError: It knows no such agency; the nearest is named.
    """
    agencies = agreements.in_force(at).agencies
    if agency in agencies:
        return
    known = sorted(agencies)
    near = difflib.get_close_matches(agency, known, n=1, cutoff=0.0)
    raise invalid_input(
        f"the region has no agency {agency}: did you mean {near[0]}? Known are {', '.join(known)}",
        code="unknown-agency",
        nearest=near[0],
    )


def tell_of_secrets(made: Path) -> None:
    """Say where a hub's secrets were made, and how to keep them."""
    say(
        f"made the hub's secrets in {made}: nothing can be read without them, so keep a copy, "
        "apart from backups of the hub's folder"
    )


def read_file(file: str, bytes_max: int = -1) -> bytes:
    """Give a file's bytes, or stdin's; no more than so many where that is said.

    Raises:
        CommandError: It cannot be read.
    """
    if file == STDIN:
        return sys.stdin.buffer.read(bytes_max)
    try:
        if bytes_max < 0:
            return Path(file).read_bytes()
        with Path(file).open("rb") as opened:
            return opened.read(bytes_max)
    except OSError as error:
        raise invalid_input(f"{file} cannot be read: {error.strerror}") from None


def _look_for(files: Sequence[str]) -> None:
    # All of them first: half a delivery is harder to mend than none.
    if files.count(STDIN) > 1:
        raise click.UsageError("stdin (-) can be read once")
    for file in files:
        if file == STDIN:
            continue
        if not Path(file).is_file():
            what = "is no file" if Path(file).exists() else "is not there"
            raise invalid_input(f"{file} {what}: nothing was taken in")
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise invalid_input(f"{file} cannot be read: {error.strerror}") from None
