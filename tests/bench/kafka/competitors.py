"""Who takes part in the common job: the hub's router, and peers from a folder that is only read."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

HUB = "saattaen"
YARDSTICK = "bare_aiokafka"
ALWAYS = (YARDSTICK, "quix")
ON_DEMAND = ("bare_aiokafka_fenced", "kafka_streams", "faust_agents")
_SCRIPTS = {
    "bare_aiokafka": ("bare_aiokafka.py",),
    "bare_aiokafka_fenced": ("bare_aiokafka.py", "--fenced"),
    "kafka_streams": ("kafka_streams/run.py",),
    "quix": ("quix.py",),
    "faust_agents": ("faust_agents.py",),
}
_ENVIRONMENT = Path("build/peers-venv")


class Competitor(NamedTuple):
    """One program: its name, its command without options, and its environment's additions."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def hub() -> Competitor:
    """Give the hub's own router."""
    return Competitor(HUB, (sys.executable, "-m", "tests.bench.kafka.common_job"), {})


def peers(folder: Path, names: tuple[str, ...], say: Callable[[str], None]) -> list[Competitor]:
    """Give the peers of a folder, in an environment of their own that is kept between runs.

    Raises:
        subprocess.CalledProcessError: Their packages cannot be installed.
    """
    python = _installed(folder, say)
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return [
        Competitor(
            name,
            (str(python), str(folder / _SCRIPTS[name][0]), *_SCRIPTS[name][1:]),
            environment,
        )
        for name in names
    ]


def _installed(folder: Path, say: Callable[[str], None]) -> Path:
    needed = folder / "requirements.txt"
    stamp = _ENVIRONMENT / ".installed"
    digest = sha256(needed.read_bytes()).hexdigest()
    python = (_ENVIRONMENT / "bin" / "python").absolute()
    if not stamp.exists() or stamp.read_text() != digest:
        say(f"installing the peers' packages into {_ENVIRONMENT}")
        venv.create(_ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "-r", str(needed)], check=True, stdout=sys.stderr)  # our own command
        stamp.write_text(digest)
    return python


def environment_of(competitor: Competitor) -> dict[str, str]:
    """Give what a competitor runs in."""
    return {**os.environ, **competitor.environment}
