"""The normalisers' Faust app: one agent an agency over its raw topic. It only adapts.

`saattaen worker normalise` runs it; `faust -A streams.bootstrap.faust_app worker` does too, as the
environment says (SAATTAEN_KAFKA, SAATTAEN_REGISTRY, SAATTAEN_DATABASE, SAATTAEN_KEYS_FILE,
SAATTAEN_REGION). Importing this module builds and starts nothing.

Faust reads and commits; what it must not lose is held in `normalising_stage`. An agent hands each
record on and leaves it unacknowledged: Faust's own batches acknowledge what they hold also when
they are cut short, at a shutdown or a rebalance, and would lose it. No exception leaves an agent.
"""

import asyncio
import os
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, cast

import faust
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import AppT, EventT, Message, StreamT
from faust.types.transports import TransportT
from yarl import URL

from streams.bootstrap.faust_transport import NormalisersConsumer, Transport, run_of
from streams.bootstrap.health import Health
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.kafka_hub import KafkaSettings, SealingParts
from streams.bootstrap.normalising_stage import Held, NormalisingStage
from streams.bootstrap.operator_log import configure
from streams.bootstrap.partition_writer import PartitionWriter
from streams.bootstrap.progress_watch import ProgressWatch
from streams.bootstrap.raw_offsets import RawOffsets, RawPartition
from streams.bootstrap.state_folder import StateFolder, claim
from streams.bootstrap.watermarking import WatermarkTeller
from streams.contracts.registry import Registry
from streams.domain.ids import AgencyId, Instant
from streams.normalise.raw_record import ArrivedRecord
from streams.promises import topics
from streams.promises.engine import UnavailableError
from streams.sealing.hub_secrets import SecretsError

GROUP = "saattaen.normalise"
"""The consumer group of all normalisers."""
COMMIT_S = 0.5
SESSION_MS = 6_000
"""How soon another worker takes over from one that died without a word."""
BUFFERED_MAX = 2
"""Runs of an agency's records that Faust holds."""
DRAIN_S = 10.0
LOOK_S = 1.0
_ANSWER_S = 30.0
_OUTAGE_MAX_S = 7 * 86_400.0
"""A worker that waits for its database is not to be taken for one that stopped reading."""
_REGISTRY_CACHE = "registry.json"
_STREAMS: dict[str, Any] = {
    "stream_buffer_maxsize": BUFFERED_MAX,
    # The stage ends its own work; what it did not get to comes again.
    "stream_wait_empty": False,
    "stream_recovery_delay": 0.0,
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
}


class NormaliserApp(faust.App):
    """Faust's app with the stage beside its agents."""

    def __init__(
        self,
        parts: SealingParts,
        state: StateFolder,
        *,
        session_ms: int = SESSION_MS,
        health_port: int | None = None,
    ) -> None:
        """Build the app and its agents; nothing is opened.

        Args:
            parts: The agreement and what seals and opens.
            state: The worker's own folder, held as long as the app is.
            session_ms: How long the group waits for a worker that gives no sign.
            health_port: Where to answer how the worker is; nowhere where None.
        """
        settings = parts.settings
        self._state = state
        super().__init__(
            GROUP,
            broker=[URL(f"kafka://{broker}") for broker in settings.kafka.split(",")],
            autodiscover=False,
            web_enabled=False,
            datadir=state.path / "faust",
            broker_commit_interval=COMMIT_S,
            broker_session_timeout=session_ms / 1000,
            broker_heartbeat_interval=session_ms / 4000,
            broker_request_timeout=_ANSWER_S,
            broker_max_poll_interval=_OUTAGE_MAX_S,
            **_STREAMS,
        )
        self._registry = Registry(settings.registry, cache=state.path / _REGISTRY_CACHE)
        self._offsets = RawOffsets(settings.kafka, GROUP)
        self._events = PartitionWriter(settings.kafka)
        self._watermarks = PartitionWriter(settings.kafka)
        self.stage = NormalisingStage(parts, self._registry, self._events, self._offsets)
        self._teller = WatermarkTeller(self.stage, self._registry, self._watermarks, self._offsets)
        self._agencies = {
            topics.raw(agency): agency
            for agency in parts.agreements.in_force(wall_clock()).agencies
        }
        self._health_port = health_port
        self._health = Health("normalise", ProgressWatch(settings.kafka, GROUP, self._places))
        self.on_partitions_revoked.connect(self._forget)
        for topic, agency in self._agencies.items():
            self._add_agent(topic, agency)

    async def on_start(self) -> None:
        """Start the stage and the watermarks beside the agents."""
        await super().on_start()
        self.add_future(self.stage.run())
        self.add_future(self._teller.run(self._assigned))
        self.add_future(self._answer())
        self.add_future(self._watch_client())

    async def _answer(self) -> None:
        """Answer how the worker is, until it is cancelled."""
        async with self._health.served(self._health_port):
            await asyncio.Event().wait()

    async def _watch_client(self) -> None:
        """End the worker where the client lost a task: Faust never asks, and would read nothing.

        Raises:
            UnavailableError: It is.
        """
        while not self.should_stop:
            await asyncio.sleep(LOOK_S)
            if cast("NormalisersConsumer", self.consumer).has_lost_task() and not self.should_stop:
                raise UnavailableError(
                    "the broker's client lost its own task: start again, from what is committed"
                )

    async def on_stop(self) -> None:
        """Bring the batch under way to its end, then let Faust commit what is acknowledged."""
        await self.stage.drain(DRAIN_S)
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Let go of every connection."""
        await super().on_shutdown()
        for part in (self._events, self._watermarks, self._offsets, self._registry):
            await part.close()

    def _add_agent(self, topic: str, agency: AgencyId) -> None:
        async def hand_on(stream: StreamT[Any]) -> None:
            unacknowledged = cast("faust.Stream[Any]", stream).noack()
            await self._hand_on(unacknowledged.events(), agency)

        channel = self.topic(topic, schema=_AsItCame())
        self.agent(channel, name=f"normalise.{agency}", concurrency=1)(hand_on)

    async def _hand_on(self, events: AsyncIterable[EventT[Any]], agency: AgencyId) -> None:
        async for event in events:
            if event.message.generation_id == self.consumer_generation_id:
                acknowledge = partial(cast("NormalisersConsumer", self.consumer).acknowledge, event)
                await self.stage.take([_held(each, agency, acknowledge) for each in run_of(event)])

    def _assigned(self) -> Iterable[RawPartition]:
        if not self.stage.is_ready.is_set() or self.rebalancing:
            return []
        return [
            RawPartition(self._agencies[place.topic], place.partition)
            for place in sorted(self.consumer.assignment())
            if place.topic in self._agencies
        ]

    def _places(self) -> Iterable[TopicPartition]:
        return [TopicPartition(each.topic, each.partition) for each in self._assigned()]

    async def _forget(self, *_: object, **__: object) -> None:
        self.stage.forget()

    def _new_transport(self) -> TransportT:
        return Transport(self.conf.broker_consumer, self)


class _AsItCame(faust.Schema[Any, Any]):
    """Keys and values as they came, also where there is none: nothing here can fail."""

    def loads_key(self, app: AppT, message: Message, **_: object) -> Any:  # noqa: ANN401  # Faust's own
        del app
        return message.key

    def loads_value(self, app: AppT, message: Message, **_: object) -> Any:  # noqa: ANN401  # Faust's own
        del app
        return message.value


def _held(record: ConsumerRecord, agency: AgencyId, acknowledge: Callable[[int], object]) -> Held:
    place = f"{record.topic}/{record.partition}/{record.offset}"
    appended_at = Instant(record.timestamp * 1000)
    return Held(
        RawPartition(agency, record.partition),
        record.offset,
        ArrivedRecord(agency, record.key, record.value, record.headers, appended_at, place),
        partial(acknowledge, record.offset),
    )


def from_environment() -> NormaliserApp:
    """Build the app that the environment describes.

    Raises:
        SecretsError: A variable is missing, or the secrets cannot be used.
        AgreementError, UnavailableError: As `SealingParts` and `claim` raise them.
    """
    names = ("SAATTAEN_KAFKA", "SAATTAEN_REGISTRY", "SAATTAEN_DATABASE", "SAATTAEN_KEYS_FILE")
    kafka, registry, database, keys = (os.environ.get(name, "") for name in names)
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise SecretsError(f"the environment must name the hub: {', '.join(missing)}")
    configure()
    region = os.environ.get("SAATTAEN_REGION")
    settings = KafkaSettings(
        kafka, registry, database, Path(region) if region else None, Path(keys)
    )
    port = os.environ.get("SAATTAEN_HEALTH_PORT")
    parts, state = SealingParts(settings), claim("normalise", None)
    return NormaliserApp(parts, state, health_port=int(port) if port else None)


def __getattr__(name: str) -> NormaliserApp:
    """Build `app` when Faust's command line asks for it."""
    if name != "app":
        raise AttributeError(name)
    app = globals()["app"] = from_environment()
    return app
