"""`saattaen person-id`: from a HETU to the pseudonym under which the hub knows the person."""

import sys

import click

from streams.cli.failures import invalid_input
from streams.cli.ingest import tell_of_secrets
from streams.cli.options import HubPlace, hub_options, json_option
from streams.cli.output import print_json

_HETU_BYTES_MAX = 64


@click.command(name="person-id", epilog="\b\nExample:\n  saattaen person-id < hetu.txt")
@hub_options
@json_option
def person_id(place: HubPlace, as_json: bool) -> None:
    """Give the pseudonym of the person whose HETU stands on stdin.

    The HETU is never an argument, since those are seen by every user of the machine.
    """
    from connectors.hetu import DETAILS, read_hetu
    from connectors.local_time import local_date
    from streams.bootstrap.agreement_file import load_agreements
    from streams.bootstrap.hub import wall_clock
    from streams.sealing.pseudonyms import Pseudonyms

    now = wall_clock()
    profile = load_agreements(place.region).in_force(now).profile
    hetu = read_hetu(_given(), profile, local_date(now))
    if isinstance(hetu, str):
        raise invalid_input(DETAILS[hetu], code=hetu)
    person = Pseudonyms(_pseudonym_secret(place)).person(hetu.text)
    if as_json:
        print_json({"person": person})
    else:
        click.echo(person)


def _pseudonym_secret(place: HubPlace) -> bytes:
    from streams.bootstrap.hub import KEYS_FILE
    from streams.engines.embedded import FILE as LEDGER_FILE
    from streams.sealing.hub_secrets import open_secrets, secrets_file

    file = place.keys if place.keys is not None else secrets_file(place.data)
    has_sealed = (place.data / KEYS_FILE).exists() or (place.data / LEDGER_FILE).exists()
    secrets, made = open_secrets(file, may_make=not has_sealed)
    if made:
        tell_of_secrets(file)
    return secrets.pseudonym


def _given() -> str:
    if sys.stdin.isatty():
        hidden: str = click.prompt("HETU", hide_input=True, err=True)
        return hidden
    # One byte more than any HETU has, so that a whole file given by mistake is none.
    read = sys.stdin.buffer.read(_HETU_BYTES_MAX)
    return read.decode("utf-8", "replace").strip("\r\n")
