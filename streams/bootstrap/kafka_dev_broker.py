"""One Kafka broker, its own controller (KRaft), on this machine, for development and tests."""

import asyncio
import base64
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from streams.bootstrap.kafka_dev_child import LOCALHOST, Child, Guard, accepts
from streams.bootstrap.kafka_dev_parts import Parts
from streams.promises.engine import UnavailableError

HEAP_MB = 512
_TOOL_HEAP_MB = 128
READY_S = 90.0
"""How long a broker may take to answer, in seconds: on a busy machine ten times what it needs."""

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    # Relative to the folder that it runs in: whatever the path has in it, no setting's comma.
    "log.dirs": "data",
    # A misspelt topic must be an error, not a topic.
    "auto.create.topics.enable": "false",
    "num.partitions": "8",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A broker that was killed is back in four seconds, not in fourteen.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "log.cleaner.dedupe.buffer.size": "33554432",
}
"""What a broker is told besides where it is."""


class Broker:
    """A broker with a folder and ports of its own; it may be stopped, killed and started again."""

    def __init__(
        self,
        folder: Path,
        parts: Parts,
        guard: Guard,
        ports: tuple[int, int],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Say where it lies.

        Args:
            folder: Holds its settings, log and data; what is there is taken over.
            parts: The Java and the jars.
            guard: Who ends it when this process is killed.
            ports: For clients, and for the controller.
            settings: More settings, or other values of those that it has.
        """
        self.folder = folder
        self.address = f"{LOCALHOST}:{ports[0]}"
        self._parts = parts
        self._guard = guard
        self._ports = ports
        self._settings = settings or {}
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running server.

        Raises:
            UnavailableError: It was never started.
        """
        if self._child is None:
            raise UnavailableError("the broker was not started")
        return self._child

    async def start(self) -> None:
        """Start the broker, and wait until it serves.

        Raises:
            UnavailableError: It does not come up; the text repeats its last words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            await asyncio.to_thread(self._format)
        command = [*self._java(HEAP_MB), "kafka.Kafka", "server.properties"]
        self._child = Child("broker", command, self.folder, guard=self._guard)
        await self._child.await_ready(lambda: serves(self.address), READY_S)

    def stop(self) -> None:
        """Stop the broker; its data stay."""
        if self._child is not None:
            self._child.stop()

    def tool(self, main: str, *arguments: str) -> list[str]:
        """Give the command line of one of Kafka's own tools, by its main class."""
        return [*self._java(_TOOL_HEAP_MB), main, *arguments]

    def _write_settings(self) -> None:
        controller = self._ports[1]
        own = {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{LOCALHOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@{LOCALHOST}:{controller}",
        }
        lines = [f"{key}={value}\n" for key, value in {**SETTINGS, **own, **self._settings}.items()]
        (self.folder / "server.properties").write_text("".join(lines))

    def _java(self, heap_mb: int) -> list[str]:
        # The compiler that thinks longer takes a quarter of two cores for minutes: decision 0039.
        quick = "-XX:TieredStopAtLevel=1"
        memory = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
        said = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [str(self._parts.java), quick, *memory, said, "-cp", self._parts.classpath()]

    def _format(self) -> None:
        # Never with a dash in front: the tool would take it for an option.
        cluster = "S" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        asked = ("format", "-t", cluster, "-c", "server.properties")
        command = self.tool("kafka.tools.StorageTool", *asked)
        ended = subprocess.run(  # noqa: S603  # our own command line
            command, cwd=self.folder, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines()
            raise UnavailableError(
                f"the broker's folder cannot be made: {said[-1] if said else ''}"
            )


async def serves(address: str) -> bool:
    """Say whether a broker knows itself: a port that is open says less."""
    from aiokafka.admin import AIOKafkaAdminClient

    from streams.engines.kafka.administration import knows_brokers
    from streams.engines.kafka.client_failures import CLIENT_FAILURES

    host, _, port = address.rpartition(":")
    if not accepts(int(port), host):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2_000)
    try:
        await admin.start()
        return await knows_brokers(admin)
    except CLIENT_FAILURES:
        return False
    finally:
        await admin.close()
