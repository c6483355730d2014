"""The hub's `step` in a Faust agent: at least once, its state in a Table with a changelog.

As `peers/faust_agents.py` sets it up: `take_events`, the producer used directly, the changelog
written by the Table's own method once for each person of a batch.
"""

import asyncio
import os
import sys
from typing import Any

import faust

from streams.bootstrap.sweeping import sweep_seldom
from streams.promises import topics
from tests.bench.kafka.hosted import Hosted

TAKE = 1_000
_NOTHING = (None, None)


def main() -> None:
    """Decide until the process is ended: KAFKA, REGISTRY, FOLDER, EVENTS."""
    kafka, registry, folder, count = sys.argv[1:]
    sweep_seldom()  # no host is made slower than it need be
    hosted = Hosted(registry)
    app = faust.App(
        "bench.faust",
        broker=f"kafka://{kafka}",
        topic_partitions=4,
        topic_replication_factor=1,
        store="memory://",
        datadir=folder,
        processing_guarantee="at_least_once",
        stream_wait_empty=False,
        broker_max_poll_records=5000,
        broker_commit_interval=1.0,
        producer_linger_ms=5,
        producer_max_batch_size=1 << 18,
        producer_compression_type="lz4",
        stream_buffer_maxsize=16384,
        topic_disable_leader=True,
        web_enabled=False,
    )
    source = app.topic(
        topics.EVENTS, value_serializer="raw", key_serializer="raw", value_type=bytes
    )
    persons = app.Table("persons", partitions=4, key_type=bytes, value_type=bytes)
    states: dict[bytes, tuple[bytes | None, bytes | None]] = {}
    seen = 0

    @app.agent(source)
    async def decide(stream: Any) -> None:  # noqa: ANN401  # as the library's
        nonlocal seen
        async for events in stream.take_events(TAKE, within=0.05):
            waiting, touched = [], {}
            for event in events:
                hot, closed = states.get(event.key, _NOTHING)
                found = hosted.decide(event.value, hot, closed)
                states[event.key] = (found.hot or hot, found.closed or closed)
                partition = event.message.partition
                for entry in found.entries:
                    sent = await app.producer.send(
                        topics.LEDGER, event.key, entry, partition, None, None
                    )
                    waiting.append(sent)
                touched[event.key] = partition
            for key, partition in touched.items():
                hot, closed = states[key]
                kept = (hot or b"") + (closed or b"")
                persons.data.data[key] = kept  # type: ignore[attr-defined]  # of the library
                waiting.append(persons.send_changelog(partition, key, kept))
            await asyncio.gather(*waiting)
            seen += len(events)
            if seen >= int(count):
                # A clean stop can hang; the last commit comes within its interval.
                asyncio.get_running_loop().call_later(1.5, os._exit, 0)

    sys.argv = [sys.argv[0], "worker", "-l", "error", "--without-web"]
    app.main()


if __name__ == "__main__":
    main()
