"""Watermarks on a real broker: they follow what is written out, and nothing overtakes them."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.bootstrap.hub import wall_clock
from streams.promises import topics
from streams.promises.watermark import SETTLE_US, Watermark
from tests.awaiting import await_that
from tests.kafka.fixtures import PARTITIONS
from tests.kafka.raw_scene import HETUS, LAPPEENRANTA, Said, Scene, milestone

SOON_US = 5_000_000
"""How far a watermark may stand behind now on a machine under load."""


@pytest.fixture(scope="module")
def hub(clean_scene: Scene) -> Scene:
    return clean_scene


def watermarks(said: Sequence[Said]) -> dict[tuple[int, str], list[Said]]:
    """Give the watermarks of each partition and agency, in order.

    Where an agency's own lane is only told that it was heard, nothing has passed: no watermark.
    """
    found: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for each in said:
        if isinstance(each.value, Watermark) and each.value.passed_at > 0:
            found[each.partition, each.value.agency].append(each)
    return found


def overtaken(said: Sequence[Said]) -> list[Said]:
    """Find events that a watermark of their agency says could not come any more."""
    passed: dict[tuple[int, str], int] = {}
    found: list[Said] = []
    for each in sorted(said, key=lambda one: (one.partition, one.offset)):
        if isinstance(each.value, Watermark):
            passed[each.partition, each.value.agency] = each.value.passed_at
        elif each.value.envelope.recorded_at < passed.get(
            (each.partition, each.value.envelope.agency), 0
        ):
            found.append(each)
    return found


def all_tell(hub: Scene, since: int) -> bool:
    """Say whether every agency's watermark has passed a moment in every partition."""
    told = watermarks(hub.read(topics.EVENTS))
    agencies = hub.parts.agreements.in_force(wall_clock()).agencies
    latest = {place: marks[-1].value.passed_at for place, marks in told.items()}
    return all(
        latest.get((partition, agency), 0) >= since
        for partition in range(PARTITIONS)
        for agency in agencies
    )


def test_every_partition_is_told_of_and_never_back(hub: Scene) -> None:
    began = wall_clock()
    with hub.worker():
        await_that(lambda: all_tell(hub, began), 100)
        hub.queue(LAPPEENRANTA, b"\n".join(milestone(f"M-{n}", HETUS[n]) for n in range(40)))
        after = wall_clock()
        await_that(lambda: all_tell(hub, after), 60)
    said = hub.read(topics.EVENTS)
    for marks in watermarks(said).values():
        passed = [mark.value.passed_at for mark in marks]
        assert passed == sorted(set(passed))
        assert all(mark.appended_at - mark.value.passed_at >= SETTLE_US - 1_000 for mark in marks)
        assert min(mark.appended_at - mark.value.passed_at for mark in marks) < SOON_US
        assert all(mark.key == mark.value.agency.encode() for mark in marks)
    assert len([each for each in said if not isinstance(each.value, Watermark)]) >= 40
    assert not overtaken(said)
    planted = sorted(said, key=lambda one: isinstance(one.value, Watermark), reverse=True)
    assert overtaken([each._replace(offset=at) for at, each in enumerate(planted)])


@pytest.mark.faults
def test_who_takes_over_knows_when_the_agency_was_last_heard(hub: Scene) -> None:
    with hub.worker() as first:
        hub.queue(LAPPEENRANTA, milestone("H-1"))
        await_that(lambda: hub.events_of("H-1"), 100)
        (event,) = hub.events_of("H-1")
        assert first.stop() == 0
    began, there = wall_clock(), len(hub.read(topics.EVENTS))
    with hub.worker():
        await_that(lambda: all_tell(hub, began), 100)
    told = watermarks(hub.read(topics.EVENTS)[there:])[event.partition, LAPPEENRANTA]
    assert {mark.value.heard_at for mark in told} == {event.value.envelope.recorded_at}


def test_fausts_own_command_runs_the_app_of_the_environment(hub: Scene, tmp_path: Path) -> None:
    kafka, registry, database, _, keys = hub.settings
    environment = {
        "SAATTAEN_KAFKA": kafka,
        "SAATTAEN_REGISTRY": registry,
        "SAATTAEN_DATABASE": database,
        "SAATTAEN_KEYS_FILE": str(keys),
    }
    hub.queue(LAPPEENRANTA, milestone("F-1"))
    with (tmp_path / "said").open("wb") as said:
        faust = subprocess.Popen(
            [sys.executable, "-m", "faust", "-A", "streams.bootstrap.faust_app", "worker"],
            env=os.environ | environment,
            cwd=tmp_path,
            stdout=said,
            stderr=said,
        )
    try:
        await_that(lambda: hub.events_of("F-1") or faust.poll() is not None, 100)
        faust.send_signal(signal.SIGTERM)
        assert faust.wait(60) == 0, (tmp_path / "said").read_text()
    finally:
        faust.kill()
        faust.wait()
    assert hub.events_of("F-1")


def test_importing_the_app_builds_and_starts_nothing() -> None:
    script = (
        "import threading, streams.bootstrap.faust_app as module\n"
        "assert 'app' not in vars(module)\n"
        "assert threading.active_count() == 1\n"
        "try:\n    module.app\nexcept Exception as missing:\n    print(missing)\n"
    )
    unnamed = {k: v for k, v in os.environ.items() if not k.startswith("SAATTAEN_")}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=unnamed, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "SAATTAEN_KAFKA, SAATTAEN_REGISTRY, SAATTAEN_DATABASE" in ended.stdout
