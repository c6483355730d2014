"""What a broker wrote on its disk, by Kafka's own tool: the one witness that no client can sway."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.kafka_dev_broker import Broker

_BATCH = re.compile(
    r"baseOffset: (?P<first>\d+) lastOffset: (?P<last>\d+).*"
    r"isTransactional: (?P<transactional>true|false) isControl: (?P<control>true|false)"
)
_DATA = "data"


class Batch(NamedTuple):
    """One batch of records in a partition, as it lies on the disk.

    A control batch holds the broker's own word that a transaction was committed or aborted.
    """

    first_offset: int
    last_offset: int
    is_transactional: bool
    is_control: bool


def batches(broker: Broker, topic: str) -> list[Batch]:
    """Read every batch of a topic's partitions, on a broker of this machine."""
    logs = sorted((broker.folder / _DATA).glob(f"{topic}-*/*.log"))
    logs = [log for log in logs if re.fullmatch(rf"{re.escape(topic)}-\d+", log.parent.name)]
    assert logs, f"the broker has no partition of {topic}"
    return list(_dumped(broker, logs))


def not_transactional(broker: Broker, topic: str) -> list[Batch]:
    """Find the batches of a topic that no transaction holds; none is what a router must leave."""
    found = batches(broker, topic)
    assert found, f"nothing was ever written to {topic}: that proves nothing"
    return [batch for batch in found if not batch.is_transactional]


def _dumped(broker: Broker, logs: Sequence[Path]) -> Iterator[Batch]:
    files = ",".join(map(str, logs))
    shown = subprocess.run(
        broker.tool("kafka.tools.DumpLogSegments", "--files", files),
        capture_output=True,
        text=True,
        check=True,
        cwd=broker.folder,
    )
    for line in shown.stdout.splitlines():
        batch = _BATCH.search(line)
        if batch is not None:
            yield Batch(
                int(batch["first"]),
                int(batch["last"]),
                batch["transactional"] == "true",
                batch["control"] == "true",
            )
