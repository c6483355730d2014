"""A router put together: the region's agreement, the registry's contracts, a folder of states."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from aiokafka.partitioner import murmur2

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.contracts.registry import Registry, RegistryUnavailableError
from streams.domain.agreement import Agreements
from streams.domain.ids import AgencyId
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.lanes import Lanes, Tell
from streams.engines.kafka.partition import Setting
from streams.engines.kafka.router import Router
from streams.engines.kafka.states import States
from streams.promises import topics

GROUP = "saattaen.router"
REGISTRY_FILE = "registry.json"
_WAIT_S = 1.0


class RouterPlace(NamedTuple):
    """Where a router finds what it needs; `region` None is the demonstration region."""

    kafka: str
    registry: str
    region: Path | None
    folder: Path


async def loaded_registry(url: str, folder: Path, stop: asyncio.Event) -> Registry | None:
    """Open the registry, for as long as it takes; None where told to stop before it answered.

    Raises:
        RefusedContractError: It will not take one of our contracts.
    """
    registry = Registry(url, cache=folder / REGISTRY_FILE)
    while not stop.is_set():
        try:
            await registry.load()
        except RegistryUnavailableError:
            try:
                await asyncio.wait_for(stop.wait(), _WAIT_S)
            except TimeoutError:
                continue
        else:
            return registry
    await registry.close()
    return None


def router_of(
    place: RouterPlace, registry: Registry, tell: Tell | None = None, *, session_ms: int = 10_000
) -> Router:
    """Make a router that stands in the machine's time.

    Args:
        place: Broker, agreement and folder.
        registry: The contracts, loaded.
        tell: Hears what became of each event.
        session_ms: How long the group waits for a worker that gives no sign, in milliseconds.

    Raises:
        AgreementError: The region's agreement cannot be used.
    """
    agreements = load_agreements(place.region)
    frames = Frames(registry)

    def make(number: int, count: int, states: States) -> Lanes:
        home = homes(agreements, count).get(number, frozenset())
        heard = {} if tell is None else {"tell": tell}
        return Lanes(states, frames, agreements, is_home_of=home, wall=wall_clock, **heard)

    setting = Setting(
        place.kafka,
        GROUP,
        topics.EVENTS,
        topics.STATE,
        place.folder,
        make,
        session_timeout_ms=session_ms,
    )
    return Router(setting)


def homes(agreements: Agreements, partitions: int) -> dict[int, frozenset[AgencyId]]:
    """Give the agencies whose own lanes lie in each partition, by Kafka's default partitioner."""
    found: dict[int, set[AgencyId]] = {}
    for version in agreements.versions:
        for agency in version.agencies:
            number = (murmur2(agency.encode()) & 0x7FFFFFFF) % partitions
            found.setdefault(number, set()).add(agency)
    return {number: frozenset(agencies) for number, agencies in found.items()}
