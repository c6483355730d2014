"""The story from its seed to its report: a hub is made, played, replayed and told of.

Person keys, pseudonyms, persons, times and ids all follow from the seed, so that the same seed
gives the same report to the byte. The hub does not wait for the disk: a demonstration that is lost
is played again.
"""

import asyncio
import os
from datetime import date
from hashlib import sha512
from pathlib import Path
from random import Random

from streams.bootstrap.hub import Hub
from streams.bootstrap.replay import replay
from streams.bootstrap.story.background import ordinary_days
from streams.bootstrap.story.chronicle import Chronicle
from streams.bootstrap.story.persons import Person, cast
from streams.bootstrap.story.plot import SCENES
from streams.bootstrap.story.report import Json, Played, Told, document
from streams.bootstrap.story.slips import SLIPS, make_slips
from streams.bootstrap.story.stage import Stage
from streams.bootstrap.story.town import settle
from streams.domain.calendar import HOUR_US, midnight
from streams.domain.ids import Instant
from streams.sealing.hub_secrets import secrets_file

FIRST_DAY = date(2026, 3, 2)
"""A Monday; the clocks change and Easter comes within the 60 days."""
DAYS = 60
OPENS_HOUR = 8
CROWD = 40
"""Persons besides those whom the story is about."""
_SECRETS = """\
# Secrets of a demonstration: they follow from its seed, and keep nothing from anybody.
master = "{master}"
pseudonym = "{pseudonym}"
"""


def play(data: Path, seed: int, *, kept: bool) -> Json:
    """Play the story into a new folder and report it.

    Args:
        data: Where the hub will lie; its secrets go beside it, as `DATA.key`.
        seed: What everything follows from.
        kept: Whether the folder outlives the story, so that its commands can be followed.

    Raises:
        FileExistsError: The secrets file is there already.
        AgreementError, SecretsError, UnavailableError: As `Hub` raises them.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    _write_secrets(secrets_file(data), seed)
    opens_at = Instant(midnight(FIRST_DAY.toordinal()) + OPENS_HOUR * HOUR_US)
    ends_at = Instant(midnight(FIRST_DAY.toordinal() + DAYS) + OPENS_HOUR * HOUR_US)
    with Hub(data, durable=False, seed=_derived(seed, "person keys")[:32]) as hub:
        rng = Random(seed)  # noqa: S311  # a seed is the point; nothing is kept secret by it
        stage = Stage(hub, rng, opens_at)
        try:
            return _played(stage, seed, ends_at, str(data) if kept else None)
        finally:
            stage.close()


def people(seed: int) -> list[Person]:
    """Give everybody in a seed's story: first those whom its scenes are about, in their order."""
    rng = Random(f"people of {seed}")  # noqa: S311  # as below: a seed is the point
    made = cast(rng, len(SCENES) + SLIPS + CROWD)
    # The first bears the oldest century sign and is 126: better one of the crowd.
    return [*made[1:], made[0]]


def _played(stage: Stage, seed: int, ends_at: Instant, kept_in: str | None) -> Json:
    hub, began_at = stage.hub, stage.now
    persons = people(seed)
    stage.persons = {person.hetu: person for person in persons}
    town = settle(stage, hub.agreements.in_force(began_at))
    for scene, person in zip(SCENES, persons, strict=False):
        scene.play(stage, town, person)
    make_slips(stage, town, persons[len(SCENES) : len(SCENES) + SLIPS])
    ordinary_days(stage, town, persons[len(SCENES) + SLIPS :])
    asyncio.run(stage.play(ends_at))
    scenes = [
        Told(scene.key, scene.title, hub.pseudonyms.person(person.hetu))
        for scene, person in zip(SCENES, persons, strict=False)
    ]
    return document(
        Played(
            seed,
            began_at,
            ends_at,
            scenes,
            Chronicle(hub.engine.ledger(), ends_at),
            stage.statuses,
            hub.engine.dead_letters(),
            stage.clocks_fired,
            town,
            replay(hub),
            kept_in,
        )
    )


def _derived(seed: int, purpose: str) -> bytes:
    return sha512(f"saattaen demonstration {seed}: {purpose}".encode()).digest()


def _write_secrets(place: Path, seed: int) -> None:
    text = _SECRETS.format(
        master=_derived(seed, "master").hex(), pseudonym=_derived(seed, "pseudonym").hex()
    )
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
