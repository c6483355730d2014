"""`saattaen demo`: four simulated agencies, one hub, and all that may happen between them."""

import tempfile
import time
from pathlib import Path

import click

from streams.cli.failures import CONFLICT, FINDINGS, CommandError
from streams.cli.options import json_option
from streams.cli.output import print_json, say

SEED_DEFAULT = 1


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen demo --once\n"
        "  saattaen demo --once --seed 7 --keep saattaen-demo"
    )
)
@json_option
@click.option("--once", is_flag=True, help="Play the whole story in virtual time, and exit.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=SEED_DEFAULT,
    show_default=True,
    help="What persons, times and keys follow from.",
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Leave the hub in a new folder (and its secrets in DIR.key).",
)
def demo(*, once: bool, seed: int, keep: Path | None, as_json: bool) -> int:
    """Play 60 days of four simulated agencies through a real hub, in virtual time.

    Nobody in it exists. The same seed tells the same story. The hub does not wait for the disk
    here. Exit 6 where something did not come out as the story says.
    """
    from streams.bootstrap.story.report import came_out
    from streams.bootstrap.story.telling import told

    if not once:
        say("the console is not part of this release yet: playing the story once, as with --once")
    began_s = time.monotonic()
    if keep is not None:
        _look_for_room(keep)
        report = _play(keep, seed, kept=True)
    else:
        with tempfile.TemporaryDirectory(prefix="saattaen-demo-") as folder:
            report = _play(Path(folder) / "hub", seed, kept=False)
    if as_json:
        print_json(report)
    else:
        click.echo(told(report), nl=False)
    # Not on stdout: the same seed gives the same bytes there, on every machine.
    say(f"played 60 days in {time.monotonic() - began_s:.1f} s")
    return 0 if came_out(report) else FINDINGS


def _play(data: Path, seed: int, *, kept: bool) -> dict[str, object]:
    import logging

    from streams.bootstrap.operator_log import configure
    from streams.bootstrap.story.story import play

    configure(level=logging.WARNING)
    return play(data, seed, kept=kept)


def _look_for_room(keep: Path) -> None:
    from streams.sealing.hub_secrets import secrets_file

    secrets = secrets_file(keep)
    taken = [place for place in (keep, secrets) if place.exists()]
    if keep.is_dir() and not any(keep.iterdir()):
        taken.remove(keep)
    if taken:
        raise CommandError(
            CONFLICT,
            f"{taken[0]} is there already, and the story begins with an empty hub: name a new "
            "folder with --keep, or remove both the folder and its .key file",
        )
