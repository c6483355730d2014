"""A router put together: the region's agreement, the registry's contracts, a folder of states."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.health import Health
from streams.bootstrap.home_partition import home_partition
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.progress_watch import ProgressWatch
from streams.contracts.registry import Registry, RegistryUnavailableError
from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.domain.ids import AgencyId
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.lanes import STATES_KEPT_MAX, Lanes
from streams.engines.kafka.partition import Setting
from streams.engines.kafka.router import Router
from streams.engines.kafka.states import States
from streams.promises import topics
from streams.promises.engine import Outcome

GROUP = "saattaen.router"
REGISTRY_FILE = "registry.json"
EVENTS_A_COMMIT = 500
"""A tenth of a second of deciding, in which nothing else is done and no heartbeat leaves."""
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


class RunningRouter:
    """A router in the machine's time, with what its health is read from."""

    def __init__(self, place: RouterPlace, registry: Registry, *, session_ms: int = 10_000) -> None:
        """Put it together.

        Args:
            place: Broker, agreement and folder.
            registry: The contracts, loaded.
            session_ms: How long the group waits for a worker that gives no sign, in milliseconds.

        Raises:
            AgreementError: The region's agreement cannot be used.
        """
        self._agreements = load_agreements(place.region)
        self._frames = Frames(registry)
        self._lanes: dict[int, Lanes] = {}
        self.outcomes: Counter[str] = Counter()
        """Events that were taken, by what became of them; a batch that was undone counts twice."""
        self._router = Router(
            Setting(
                place.kafka,
                GROUP,
                topics.EVENTS,
                topics.STATE,
                place.folder,
                self._make,
                records_a_commit=EVENTS_A_COMMIT,
                session_timeout_ms=session_ms,
            )
        )
        self._watch = ProgressWatch(place.kafka, GROUP, self._assigned)

    async def run(self, stop: asyncio.Event, health_port: int | None = None) -> None:
        """Work until told to stop; answer on a port how it is, where one is named.

        Raises:
            UnavailableError: The port is taken.
        """
        health = Health(
            "route", self._watch, outcomes=lambda: self.outcomes, clock_lags_s=self._lags_s
        )
        async with health.served(health_port):
            await self._router.run(stop)

    def _make(self, number: int, count: int, states: States) -> Lanes:
        home = homes(self._agreements, count).get(number, frozenset())
        self._lanes[number] = Lanes(
            states,
            self._frames,
            self._agreements,
            is_home_of=home,
            known_max=STATES_KEPT_MAX // max(1, count),
            wall=wall_clock,
            tell=self._hear,
        )
        return self._lanes[number]

    def _hear(self, _event: Event, outcome: Outcome) -> None:
        self.outcomes[outcome.status.value] += 1

    def _assigned(self) -> Iterable[TopicPartition]:
        return [TopicPartition(topics.EVENTS, each) for each in self._router.progress.committed()]

    def _lags_s(self) -> dict[int, float]:
        held = self._router.progress.committed()
        now = wall_clock()
        return {n: lanes.lag_us(now) / 1e6 for n, lanes in self._lanes.items() if n in held}


def homes(agreements: Agreements, partitions: int) -> dict[int, frozenset[AgencyId]]:
    """Give the agencies whose own lanes lie in each partition, by Kafka's default partitioner."""
    found: dict[int, set[AgencyId]] = {}
    for version in agreements.versions:
        for agency in version.agencies:
            found.setdefault(home_partition(agency, partitions), set()).add(agency)
    return {number: frozenset(agencies) for number, agencies in found.items()}
