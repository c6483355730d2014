"""Dispatch put together for an embedded hub: its notices, its attempts file, its agreed limits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType

from streams.bootstrap.hub import Hub, wall_clock
from streams.bootstrap.transports import desks_of
from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.dispatcher import Dispatcher
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.promises.transport import Transport

ATTEMPTS_FILE = "dispatch.db"
_NO_DESKS: Mapping[DeskKey, DeskPost] = MappingProxyType({})


def open_attempts(data: Path) -> Attempts:
    """Open the attempts file of a hub's folder, or make it.

    Raises:
        NewerStoreError: A newer version of the hub wrote it.
        apsw.Error: It cannot be used.
    """
    return Attempts.in_file(data / ATTEMPTS_FILE)


def dispatcher_of(
    hub: Hub,
    transports: Mapping[AgencyId, Transport],
    attempts: Attempts,
    *,
    clock: Callable[[], Instant],
    rng: Random,
    desks: Mapping[DeskKey, DeskPost] = _NO_DESKS,
) -> Dispatcher:
    """Make a hub's dispatcher; the delivery limit is that of the agreement in force now.

    Without `desks` (those of `desks_of_hub`) escalations go to the agencies' own systems.
    """

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
        desks=desks,
    )


def desks_of_hub(hub: Hub) -> dict[DeskKey, DeskPost]:
    """Make what reaches the desks of the agreement in force now; the transports are to be closed.

    Raises:
        SecretsError: A webhook has no secret, there is no mail server, or one cannot be used.
    """

    def law_ref(notice: Notice) -> str:
        rule = hub.agreements.in_force(notice.occurred_at).clock_rules.rule(notice.reason)
        return rule.law_ref if rule is not None else ""

    agencies = hub.agreements.in_force(hub.now()).agencies
    return desks_of(agencies, hub.secrets_place, wall_clock, law_ref)
