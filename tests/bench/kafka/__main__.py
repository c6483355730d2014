"""`make bench-kafka`: the router beside bare loops and other stream processors, on one real broker.

With PEERS=<folder> the peers there take part; without, the router runs alone. Data go to stdout,
talk to stderr.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.bootstrap.kafka_dev_broker import Broker
from streams.bootstrap.kafka_dev_child import Guard, free_ports
from streams.bootstrap.kafka_dev_parts import parts
from tests.bench.kafka import common_rounds, latency, real_step, recovery
from tests.bench.kafka.common_events import make_topics, produce
from tests.bench.kafka.competitors import ALWAYS, HOSTS, HUB, ON_DEMAND, hosts_of_step, hub, peers
from tests.kafka.sources import local_broker, local_database, local_registry

TOPIC = "bench.events"
GOALS = {"bare_aiokafka": 0.9, "quix": 1.4, "faust_agents": 6.0}
"""By peer: how much faster the router is to be."""


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make bench-kafka BENCH_ARGS=...", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int, help="200,000; of the real step 40,000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--real-step",
        action="store_true",
        help="measure the router with the hub's own step instead",
    )
    parser.add_argument("--persons", type=int, default=1_000_000, help="of the restart's snapshot")
    parser.add_argument("--messages", type=int, default=10_000, help="of the raw messages' latency")
    parser.add_argument("--kills", type=int, default=20, help="of routers, for the recovery")
    parser.add_argument("--pair", action="store_true", help="the router in two processes as well")
    parser.add_argument("--peers", nargs="*", default=[], choices=ON_DEMAND, metavar="PEER")
    order = parser.parse_args()
    order.events = order.events or (40_000 if order.real_step else 200_000)
    if order.real_step:
        return _real_step(order)
    named = os.environ.get("PEERS")
    competitors = [hub(), hub(2)] if order.pair else [hub()]
    if named:
        competitors += peers(Path(named).resolve(), (*ALWAYS, *order.peers), _say)
    with tempfile.TemporaryDirectory(prefix="saattaen-bench-") as scratch, Guard() as guard:
        folder = Path(scratch)
        folder.chmod(0o755)
        broker = Broker(folder / "kafka", parts(_say), guard, _two_ports(), _ROOM)
        asyncio.run(broker.start())
        try:
            asyncio.run(_filled(broker.address, order.events))
            place = common_rounds.Place(
                broker.address, broker.child.pid, TOPIC, order.events, folder
            )
            found = common_rounds.rounds(place, competitors, order.rounds, _say)
        finally:
            broker.stop()
    document = _document(order.events, found)
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if order.json else _table(document))
    return 0 if _all_agree(found, order.events) else 1


def _real_step(order: argparse.Namespace) -> int:
    """Measure the router with the hub's own step, on a broker and a registry of its own."""
    with tempfile.TemporaryDirectory(prefix="saattaen-bench-") as scratch, Guard() as guard:
        folder = Path(scratch)
        folder.chmod(0o755)
        broker, registry = local_broker(folder / "kafka", guard), local_registry(folder, guard)
        database = local_database(folder, guard)
        servers = (broker, registry, database)
        for server in servers:
            asyncio.run(server.start())
        kafka, schemas = broker.address, registry.address
        try:
            hosts = hosts_of_step(os.environ.get("PEERS"), kafka, schemas, folder, _say)
            found = real_step.measure(
                real_step.Order(
                    kafka, schemas, folder, order.events, order.persons, order.rounds, hosts
                ),
                _say,
            )
            found["latency"] = latency.measure(
                kafka, schemas, database.address, folder / "latency", order.messages, _say
            )
            found["recovery"] = recovery.measure(
                kafka, schemas, folder / "recovery", order.kills, _say
            )
        finally:
            for server in servers:
                server.stop()
    document = {"job": "real step", "machine": _machine(), **found}
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if order.json else _steps(document))
    return 0


def _steps(document: dict[str, Any]) -> str:
    one = document["processes_1_events_per_s"]
    lines = [f"real step, {document['events']} events, one process: {one} a second"]
    lines.append(
        f"two processes: {document['processes_2_events_per_s']} a second,"
        f" {document['two_to_one']} times one (goal 1.4)"
    )
    lines += [
        f"the same step in {name}: {document[f'{name}_events_per_s']} a second; router"
        f" {one / document[f'{name}_events_per_s']:.2f} times (goal: ahead)"
        for name in HOSTS
        if f"{name}_events_per_s" in document
    ]
    lines += [f"{what} {document[what]}" for what in ("router", "restart", "latency", "recovery")]
    return "\n".join(lines) + "\n"


_ROOM = {
    "log.segment.bytes": str(256 * 1024 * 1024),
    # Processes of one group that start together share from the beginning.
    "group.initial.rebalance.delay.ms": "1000",
}


async def _filled(bootstrap: str, count: int) -> None:
    await make_topics(bootstrap, TOPIC)
    await produce(bootstrap, TOPIC, count)


def _document(count: int, found: list[dict[str, Any]]) -> dict[str, Any]:
    machine = _machine()
    results = common_rounds.medians(found)
    return {
        "job": "common",
        "events": count,
        "machine": machine,
        "rounds": found,
        "results": results,
    }


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _all_agree(found: list[dict[str, Any]], count: int) -> bool:
    """Say whether all competitors gave the same whole answer."""
    rows = [result for each in found for result in each["results"]]
    return len({row["digest"] for row in rows}) == 1 and all(r["outcomes"] == count for r in rows)


def _table(document: dict[str, Any]) -> str:
    lines = [
        f"common job, {document['events']} events, medians of {len(document['rounds'])} rounds"
    ]
    own = next(row for row in document["results"] if row["name"] == HUB)
    for row in document["results"]:
        ratios = [f"{row['ratio_to_bare']:.2f} of bare"] if "ratio_to_bare" in row else []
        if row["name"] in GOALS:
            within = [_rate(each, HUB) / _rate(each, row["name"]) for each in document["rounds"]]
            middle = sorted(within)[len(within) // 2]
            ratios.append(f"router {middle:.2f} times (goal {GOALS[row['name']]})")
        shown = ", ".join(ratios)
        lines.append(
            f"{row['name']:22} {row['seconds']:8.2f} s {row['events_per_s']:8} /s  {shown}"
        )
    lines.append(f"router: {own['events_per_s']} events a second")
    return "\n".join(lines) + "\n"


def _rate(one_round: dict[str, Any], name: str) -> float:
    return float(next(r["events_per_s"] for r in one_round["results"] if r["name"] == name))


def _two_ports() -> tuple[int, int]:
    first, second, *_ = free_ports(2)
    return first, second


def _say(said: str) -> None:
    sys.stderr.write(f"{said}\n")


if __name__ == "__main__":
    sys.exit(main())
