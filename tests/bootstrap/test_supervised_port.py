"""Probes from outside know one port: whoever is supervised answers there, at every start."""

import asyncio
import sys
from pathlib import Path

import pytest

from streams.bootstrap.supervising import PORT_VARIABLE, Supervisor
from tests.awaiting import come_about

NOTES = (
    "import os, sys, signal\n"
    f"open(sys.argv[1], 'a').write(os.environ[{PORT_VARIABLE!r}] + '\\n')\n"
    "signal.pause()"
)


@pytest.mark.parametrize(("given", "is_kept"), [("19464", True), ("", False)])
async def test_a_port_that_is_given_is_the_childs(
    tmp_path: Path, given: str, is_kept: bool
) -> None:
    noted = tmp_path / "noted"
    supervisor = Supervisor([sys.executable, "-c", NOTES, str(noted)], {PORT_VARIABLE: given})
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    await come_about(lambda: noted.exists() and noted.read_text().endswith("\n"))
    stop.set()
    await running
    assert (noted.read_text() == f"{given}\n") is is_kept
