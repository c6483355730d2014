"""`saattaen kafka dev`: all that a hub needs, with its data, for as long as somebody wants it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from streams.bootstrap.kafka_dev_child import Child, Guard, free_ports
from streams.contracts.registry import Registry, written_records
from streams.promises.engine import UnavailableError
from tests.awaiting import await_that
from tests.cli.command import run
from tests.kafka.sources import open_folder

ROOT = Path(__file__).parents[2]
_START = "from streams.cli import main; main()"
UP_S = 90.0
SLEEPS = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
MAKE = "CREATE TABLE kept (word text)"
KEEP = "INSERT INTO kept VALUES ('kept')"


class Dev:
    """A `saattaen kafka dev` of its own, and where it says that things are."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.said = folder / "said.txt"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, "kafka", "dev", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def addresses(self) -> dict[str, str]:
        """Wait for the line that says where everything is."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.said.read_text()
        addresses: dict[str, str] = json.loads(line)
        return addresses

    def servers(self) -> dict[str, psutil.Process]:
        """Find the processes of the three servers by their programs."""
        named: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            # Tools that make a folder or a database come and go.
            with suppress(psutil.NoSuchProcess):
                named[" ".join(child.cmdline())] = child
        words = {"kafka": "kafka.Kafka", "registry": "apicurio", "database": "postgres"}
        return {
            name: child
            for name, word in words.items()
            for line, child in named.items()
            if word in line
        }

    def stop(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(timeout=UP_S)


@contextmanager
def dev(*words: object) -> Iterator[tuple[Dev, dict[str, str]]]:
    with open_folder() as folder:
        running = Dev(folder, *words)
        try:
            yield running, running.addresses()
        finally:
            running.process.kill()
            running.process.communicate()


@pytest.fixture
def data() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "saattaen-kafka"


def ports_in_a_row() -> int:
    """Find four free ports in a row, as an operator names them."""
    for first in range(20_000, 30_000, 7):
        with ExitStack() as opened:
            try:
                for port in range(first, first + 4):
                    opened.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no four ports in a row are free")


def sql(url: str, *statements: str) -> list[str]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements[:-1]:
            connection.execute(text(statement))
        found = connection.execute(text(statements[-1]))
        return [row[0] for row in found] if found.returns_rows else []


def ids(url: str) -> dict[str, int]:
    async def loaded() -> dict[str, int]:
        registry = Registry(url, timeout_s=30)
        await registry.load()
        await registry.close()
        return {record: registry.id_of(record) for record in written_records()}

    return asyncio.run(loaded())


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.faults
def test_the_second_start_has_the_ports_and_the_data_of_the_first(data: Path) -> None:
    first = ports_in_a_row()
    words = ("--data", data, "--port", first)
    with dev(*words) as (running, addresses):
        assert addresses == {
            "kafka": f"127.0.0.1:{first}",
            "registry": f"http://127.0.0.1:{first + 1}/apis/ccompat/v7",
            "database": f"postgresql+psycopg://postgres@127.0.0.1:{first + 2}/saattaen",
        }
        hint = f"export SAATTAEN_DATABASE={addresses['database']}"
        await_that(lambda: hint in running.said.read_text())
        made = run("kafka", "create-topics", SAATTAEN_KAFKA=addresses["kafka"])
        assert "made" in made.data
        known = ids(addresses["registry"])
        sql(addresses["database"], MAKE, KEEP)
        servers = running.servers()
        assert set(servers) == {"kafka", "registry", "database"}
        assert run("kafka", "dev", "--data", data).code == 7
        assert running.stop(signal.SIGTERM) == 0
        assert all(map(is_gone, servers.values()))

    with dev(*words) as (running, again):
        assert again == addresses
        topics = run("kafka", "create-topics", SAATTAEN_KAFKA=again["kafka"])
        assert topics.data.count("there") == topics.data.count("saattaen.")
        assert ids(again["registry"]) == known
        assert sql(again["database"], "SELECT word FROM kept") == ["kept"]
        # A server that ends by itself ends the command, with its name and its last words.
        servers = running.servers()
        servers["database"].kill()
        assert running.process.wait(timeout=UP_S) == 7
        assert "saattaen: database has ended" in running.said.read_text()
        assert all(map(is_gone, servers.values()))


LEAVES = """
import sys, time
from pathlib import Path
from streams.bootstrap.kafka_dev_child import Child, Guard
folder = Path(sys.argv[1])
child = Child("server", sys.argv[2:], folder, guard=Guard())
while "up" not in child.log.read_text():
    time.sleep(0.02)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_command_that_is_killed_leaves_no_server(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEAVES, tmp_path, *SLEEPS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        assert not is_gone(server)
        parent.kill()
        await_that(lambda: is_gone(server))


@pytest.mark.faults
def test_a_signal_before_all_are_up_is_heard(data: Path) -> None:
    with open_folder() as folder:
        running = Dev(folder, "--data", data)
        await_that(lambda: "kafka" in running.servers(), UP_S)
        assert running.stop(signal.SIGINT) == 130
        assert running.process.communicate()[0] == ""


def test_a_port_that_is_taken_is_named_with_the_mend(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("kafka", "dev", "--data", data, "--port", port - 1)
    assert ended.code == 7
    assert f"port {port}, for the schema registry, cannot be used" in ended.talk
    assert "--port" in ended.talk
    assert not data.exists()


def test_a_folder_that_another_one_uses_is_named(data: Path) -> None:
    data.mkdir()
    with (data / "lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        ended = run("kafka", "dev", "--data", data)
    assert ended.code == 7
    assert f"another `saattaen kafka dev` runs on {data}" in ended.talk


def test_a_folder_that_cannot_be_made_is_named(data: Path) -> None:
    data.touch()
    ended = run("kafka", "dev", "--data", data, "--json")
    assert ended.code == 7
    assert ended.lines()[0]["type"] == "urn:saattaen:problem:unavailable"
    assert "name another folder with --data" in ended.lines()[0]["detail"]


STUBBORN = [
    *(sys.executable, "-c"),
    "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()",
]


async def up(child: Child) -> None:
    async def says_so() -> bool:
        return "up" in child.log.read_text()

    await child.await_ready(says_so, 30)


async def test_a_child_that_is_paused_is_stopped_all_the_same(tmp_path: Path) -> None:
    with Guard() as guard:
        child = Child("server", SLEEPS, tmp_path, guard=guard)
        await up(child)
        child.send(signal.SIGSTOP)
        child.stop()
        assert not child.is_running()


async def test_a_child_that_will_not_go_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.bootstrap.kafka_dev_child._STOP_S", 0.1)
    with Guard() as guard:
        child = Child("server", STUBBORN, tmp_path, guard=guard)
        await up(child)
        child.stop()
        assert not child.is_running()


async def test_a_child_that_never_answers_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    with Guard() as guard:
        child = Child("server", SLEEPS, tmp_path, guard=guard)
        await up(child)
        with pytest.raises(UnavailableError, match=r"does not answer after 0 s: up \(see .*log"):
            await child.await_ready(never, 0)
        child.stop()


async def test_a_child_that_ends_at_once_says_its_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    with Guard() as guard:
        ends = [sys.executable, "-c", "raise SystemExit('no room\\nport 9092 is taken')"]
        child = Child("broker", ends, tmp_path, guard=guard)
        with pytest.raises(UnavailableError, match="broker has ended: port 9092 is taken"):
            await child.await_ready(never, 30)
        child.stop()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Guard() as guard, pytest.raises(UnavailableError, match=r"broker cannot be started"):
        Child("broker", [tmp_path / "java"], tmp_path, guard=guard)


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20
