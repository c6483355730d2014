"""Who takes part in the common job: the hub's router, and peers from a folder that is only read."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers import packages_of, python_of

HUB = "saattaen"
PAIR = f"{HUB}_2_processes"
"""The hub's router in two processes that share the partitions."""
YARDSTICK = "bare_aiokafka"
ALWAYS = (YARDSTICK, "quix")
HOSTS = ("faust", "quix")
"""What else can carry the hub's own `step`."""
ON_DEMAND = ("bare_aiokafka_fenced", "kafka_streams", "faust_agents")
_SCRIPTS = {
    "bare_aiokafka": ("bare_aiokafka.py",),
    "bare_aiokafka_fenced": ("bare_aiokafka.py", "--fenced"),
    "kafka_streams": ("kafka_streams/run.py",),
    "quix": ("quix.py",),
    "faust_agents": ("faust_agents.py",),
}


class Competitor(NamedTuple):
    """One program: its name, its command without options, and its environment's additions."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def hub(processes: int = 1) -> Competitor:
    """Give the hub's own router, in one process or two."""
    job = (sys.executable, "-m", "tests.bench.kafka.common_job", "--processes", str(processes))
    return Competitor(HUB if processes == 1 else PAIR, job, {})


def peers(folder: Path, names: tuple[str, ...], say: Callable[[str], None]) -> list[Competitor]:
    """Give the peers of a folder, in an environment of their own that is kept between runs.

    Raises:
        subprocess.CalledProcessError: Their packages cannot be installed.
    """
    python = python_of(folder, say)
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return [
        Competitor(
            name,
            (str(python), str(folder / _SCRIPTS[name][0]), *_SCRIPTS[name][1:]),
            environment,
        )
        for name in names
    ]


def hosts_of_step(
    place: str | None, kafka: str, registry: str, folder: Path, say: Callable[[str], None]
) -> dict[str, Callable[[int], list[str]]]:
    """Give the hosts of the hub's `step`: Faust, which the hub has; Quix where peers are named.

    Raises:
        subprocess.CalledProcessError: The peers' packages cannot be installed.
    """
    python = [sys.executable, "-m"]

    def faust(events: int) -> list[str]:
        module = "tests.bench.kafka.step_in_faust"
        return [*python, module, kafka, registry, str(folder / "faust"), str(events)]

    hosts: dict[str, Callable[[int], list[str]]] = {HOSTS[0]: faust}
    if place is not None:
        packages = packages_of(python_of(Path(place).resolve(), say))

        def quix(events: int) -> list[str]:
            named = {
                "kafka": kafka,
                "registry": registry,
                "packages": str(packages),
                "events": str(events),
                "folder": str(folder),
            }
            words = [word for name, value in named.items() for word in (f"--{name}", value)]
            return [*python, "tests.bench.kafka.step_in_quix", *words]

        hosts[HOSTS[1]] = quix
    return hosts


def environment_of(competitor: Competitor) -> dict[str, str]:
    """Give what a competitor runs in."""
    return {**os.environ, **competitor.environment}
