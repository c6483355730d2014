"""Dispatch put together for an embedded hub: its notices, its attempts file, its agreed limits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from streams.bootstrap.hub import Hub
from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.promises.transport import Transport

ATTEMPTS_FILE = "dispatch.db"


def open_attempts(data: Path) -> Attempts:
    """Open the attempts file of a hub's folder, or make it.

    Raises:
        NewerStoreError: A newer version of the hub wrote it.
        apsw.Error: It cannot be used.
    """
    return Attempts(data / ATTEMPTS_FILE)


def dispatcher_of(
    hub: Hub,
    transports: Mapping[AgencyId, Transport],
    attempts: Attempts,
    *,
    clock: Callable[[], Instant],
    rng: Random,
) -> Dispatcher:
    """Make a hub's dispatcher; the delivery limit is that of the agreement in force now."""

    def seal_words(person: PersonId, words: str) -> bytes:
        generation, key = hub.keys.current(person)
        hub.keys.commit()
        return hub.sealer.seal_whole(words.encode(), person, generation, key)

    return Dispatcher(
        ledger=hub.engine.ledger,
        submit=hub.engine.submit,
        transports=transports,
        open_and_render=hub.render,
        attempts=attempts,
        clock=clock,
        rng=rng,
        pace=Pace(limit_us=hub.agreements.in_force(clock()).delivery_limit_us),
        seal_words=seal_words,
    )
