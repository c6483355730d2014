"""What a test asks for by name, to get a real broker, registry or database.

broker         address of the run's broker (host:port)
registry_url   base of the run's schema registry
database_url   an empty PostgreSQL database of the test's own
clean_topics   the run's broker with the demonstration region's topics, all of them new and empty,
               for this module alone
clean_scene    a hub's first two stages on these topics, with a database of its own; no worker runs
dispatch_hub   what dispatch workers of a hub on these topics stand on, likewise
own_broker     a broker of the module's own, that may be killed, paused and started again
own_registry   the same for a schema registry

A test that asks for one and cannot get it fails, unless SAATTAEN_ALLOW_NO_KAFKA=1: then it is
skipped, and the summary says how many were.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

# Loaded in every run: what a test of the domain does not need is imported where it is used.
if TYPE_CHECKING:
    from streams.bootstrap.kafka_dev_broker import Broker
    from streams.bootstrap.kafka_dev_registry import DevRegistry
    from streams.promises.topics import Topic
    from tests.kafka.dispatch_scene import Scene as DispatchScene
    from tests.kafka.raw_scene import Scene

ALLOWED = "SAATTAEN_ALLOW_NO_KAFKA"
EXCUSE = "cannot run here: no Kafka"
PARTITIONS = 4
_PARTS = {
    "broker": "kafka",
    "clean_topics": "kafka",
    "registry_url": "registry",
    "database_server": "database",
    "database_url": "database",
}
_PROPERTY = "kafka"
_sources: dict[str, str] = {}
"""Where each part of this process came from."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Note on each test which parts it had, so that the summary of all processes can say so."""
    parts = {_PARTS[name] for name in getattr(item, "fixturenames", ()) if name in _PARTS}
    for part in sorted(parts & _sources.keys()):
        item.user_properties.append((_PROPERTY, f"{_sources[part]} {part}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the parts came from, and how many tests went without."""
    ran = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    had = [said for report in ran for name, said in report.user_properties if name == _PROPERTY]
    if had:
        counts = [f"{said} ({had.count(said)} tests)" for said in sorted(set(had))]
        terminalreporter.write_line(f"Kafka tests ran with: {', '.join(counts)}")
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    without = sum(EXCUSE in why for why in skipped)
    if without:
        terminalreporter.write_line(f"{without} tests were skipped: no Kafka, and {ALLOWED}=1")


@pytest.fixture(scope="session")
def broker(run_folder: Path) -> Iterator[str]:
    """Give the address of the run's broker."""
    with _member(run_folder, "kafka") as address:
        yield address


@pytest.fixture(scope="session")
def registry_url(run_folder: Path) -> Iterator[str]:
    """Give the base of the run's schema registry."""
    with _member(run_folder, "registry") as address:
        yield address


@pytest.fixture(scope="session")
def database_server(run_folder: Path) -> Iterator[str]:
    """Give the URL of the run's PostgreSQL; its database is nobody's, and nobody's to write in."""
    with _member(run_folder, "database") as address:
        yield address


@pytest.fixture
def database_url(database_server: str) -> Iterator[str]:
    """Give the URL of an empty database, dropped after the test."""
    from tests.kafka.databases import fresh_database

    with fresh_database(database_server) as url:
        yield url


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = run / "kafka"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def clean_topics(broker: str, run_folder: Path) -> Iterator[list["Topic"]]:
    """Make the demonstration region's topics anew; no other module uses topics meanwhile."""
    from streams.bootstrap.agreement_file import load_agreements
    from streams.bootstrap.kafka_topics import needed_topics
    from tests.kafka.topics import alone_with_topics, remake_topics

    topics = needed_topics(load_agreements())
    with alone_with_topics(run_folder):
        asyncio.run(remake_topics(broker, topics, PARTITIONS))
        yield topics


@pytest.fixture(scope="module")
def clean_scene(
    tmp_path_factory: pytest.TempPathFactory,
    clean_topics: list["Topic"],
    broker: str,
    registry_url: str,
    database_server: str,
) -> Iterator["Scene"]:
    """Set a hub up on new and empty topics, for this module alone."""
    from tests.kafka.raw_scene import scene

    assert clean_topics
    with scene(tmp_path_factory.mktemp("hub"), broker, registry_url, database_server) as made:
        yield made


@pytest.fixture(scope="module")
def dispatch_hub(
    tmp_path_factory: pytest.TempPathFactory,
    clean_topics: list["Topic"],
    broker: str,
    registry_url: str,
    database_server: str,
) -> Iterator["DispatchScene"]:
    """Set up what dispatch workers stand on, on new and empty topics, for this module alone."""
    from tests.kafka.dispatch_scene import scene_on

    assert clean_topics
    folder = tmp_path_factory.mktemp("dispatch")
    with scene_on(broker, registry_url, database_server, folder) as made:
        yield made


@pytest.fixture(scope="module")
def own_broker() -> Iterator["Broker"]:
    """Give a broker of the module's own; a test that ends it starts it again."""
    from streams.bootstrap.kafka_dev_child import Guard
    from tests.kafka.sources import local_broker, open_folder

    with open_folder() as folder, Guard() as guard, _excused():
        own = local_broker(folder, guard)
        try:
            asyncio.run(own.start())
            yield own
        finally:
            own.stop()


@pytest.fixture(scope="module")
def own_registry() -> Iterator["DevRegistry"]:
    """Give a schema registry of the module's own; a test that ends it starts it again."""
    from streams.bootstrap.kafka_dev_child import Guard
    from tests.kafka.sources import local_registry, open_folder

    with open_folder() as folder, Guard() as guard, _excused():
        own = local_registry(folder, guard)
        try:
            asyncio.run(own.start())
            yield own
        finally:
            own.stop()


@contextmanager
def _member(run_folder: Path, part: str) -> Iterator[str]:
    from tests.kafka.shared import Membership, NotThereError

    try:
        member = Membership(run_folder, part)
    except NotThereError as failure:
        _miss(f"{part}: {failure}")
    _sources[part] = member.source
    try:
        yield member.address
    finally:
        member.leave()


@contextmanager
def _excused() -> Iterator[None]:
    from streams.promises.engine import UnavailableError

    try:
        yield
    except (UnavailableError, ModuleNotFoundError) as failure:
        _miss(str(failure))


def _miss(why: str) -> NoReturn:
    if os.environ.get(ALLOWED) == "1":
        pytest.skip(f"{EXCUSE} ({why})")
    pytest.fail(f"{why}\n{ALLOWED}=1 skips the tests that need it", pytrace=False)
