"""Rounds of the common job: every competitor once a round, in another order each time."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from tests.bench.kafka.common_contracts import outcome_reader, read_with
from tests.bench.kafka.common_events import PARTITIONS, make_topics
from tests.bench.kafka.competitors import YARDSTICK, Competitor, environment_of
from tests.bench.kafka.machine import Watch

_DIGEST_BYTES = 8
_read_outcome = outcome_reader()


class Place(NamedTuple):
    """Where the rounds run: broker, its process, the topic of events, and a scratch folder."""

    bootstrap: str
    broker_pid: int
    topic: str
    events: int
    folder: Path


def rounds(
    place: Place, competitors: Sequence[Competitor], count: int, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Run so many rounds; give each with its results."""
    found = []
    for number in range(count):
        turned = [
            *competitors[number % len(competitors) :],
            *competitors[: number % len(competitors)],
        ]
        results = []
        for competitor in turned:
            result = _run(place, competitor)
            say(f"round {number + 1}: {result}")
            results.append(result)
        found.append({"round": number + 1, "results": results})
    return found


def medians(rounds_run: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each competitor's median figures; the ratio is the median of those within rounds."""
    names = [result["name"] for result in rounds_run[0]["results"]]
    found = []
    for name in names:
        rows = [_of(each, name) for each in rounds_run]
        figures: dict[str, Any] = {
            "name": name,
            "seconds": round(median(row["seconds"] for row in rows), 2),
            "events_per_s": round(median(row["events_per_s"] for row in rows)),
        }
        bare = [_of(each, YARDSTICK) for each in rounds_run if YARDSTICK in names]
        if bare:
            ratios = [
                row["events_per_s"] / one["events_per_s"]
                for row, one in zip(rows, bare, strict=True)
            ]
            figures["ratio_to_bare"] = round(median(ratios), 3)
        found.append(figures)
    return found


def _of(one_round: dict[str, Any], name: str) -> dict[str, Any]:
    results: list[dict[str, Any]] = one_round["results"]
    return next(result for result in results if result["name"] == name)


def _run(place: Place, competitor: Competitor) -> dict[str, Any]:
    out = f"bench.{competitor.name}.{time.time_ns()}"
    asyncio.run(make_topics(place.bootstrap, out, f"{out}.state"))
    options = {
        "bootstrap": place.bootstrap,
        "topic": place.topic,
        "out": out,
        "events": str(place.events),
        "group": f"g-{out}",
        "workdir": str(place.folder),
    }
    command = [*competitor.command]
    for name, value in options.items():
        command += [f"--{name}", value]
    log = place.folder / f"{competitor.name}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(  # our own command line
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment_of(competitor),
        )
        watch = Watch(process.pid, place.broker_pid)
        watch.start()
        said, _ = process.communicate()
        watch.end()
    line = next(
        (row.split() for row in said.splitlines() if row.startswith(f"{competitor.name} ")), None
    )
    if line is None:
        sys.stderr.write(log.read_text(errors="replace")[-2_000:])
        raise RuntimeError(f"{competitor.name} gave no result (exit {process.returncode})")
    outcomes, digest = asyncio.run(answer(place.bootstrap, out))
    seconds = float(line[2])
    return {
        "name": competitor.name,
        "seconds": seconds,
        "events_per_s": round(place.events / seconds),
        "outcomes": outcomes,
        "digest": digest,
        "noise": watch.noise,
        "peak_rss_mb": watch.rss_mb,
    }


async def answer(bootstrap: str, topic: str) -> tuple[int, str]:
    """Count a topic's committed outcomes, and give a digest of them whatever their order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_bytes=16 * 1024 * 1024,
    )
    await consumer.start()
    try:
        sources = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(sources)
        await consumer.seek_to_beginning(*sources)
        ends = await consumer.end_offsets(sources)
        count = total = 0
        while any([await consumer.position(source) < ends[source] for source in sources]):
            for records in (await consumer.getmany(timeout_ms=500, max_records=20_000)).values():
                for record in records:
                    outcome = read_with(_read_outcome, record.value)
                    said = f"{outcome[0]}|{outcome[5]}|{outcome[6]}|{outcome[7]}"
                    one = blake2b(said.encode(), digest_size=_DIGEST_BYTES).digest()
                    total = (total + int.from_bytes(one, "big")) % 2 ** (8 * _DIGEST_BYTES)
                    count += 1
        return count, f"{total:016x}"
    finally:
        await consumer.stop()
