"""A test's broker is found in a fixed order, shared by all processes of a run, and never left."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.awaiting import await_that
from tests.kafka import containers
from tests.kafka.scheduling import FOLDER
from tests.kafka.shared import ROOT, Membership, NotThereError
from tests.kafka.sources import (
    DATABASE,
    DOCKER,
    ENVIRONMENT,
    KAFKA,
    LOCAL,
    NAMED,
    open_folder,
    source_of,
)

ALONE = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""A pytest that loads what it is told, and so starts quickly."""
JOIN = """
import sys
from pathlib import Path
from tests.kafka.shared import Membership
member = Membership(Path(sys.argv[1]), "database")
print(member.address, flush=True)
sys.stdin.readline()
member.leave()
"""


@contextmanager
def docker_at(place: Path, answer: bytes) -> Iterator[str]:
    """Answer one question on a socket as a Docker engine would, or would not."""
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(place))
        engine.listen()

        def serve() -> None:
            asker, _ = engine.accept()
            with asker:
                asker.recv(1024)
                asker.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{place}"
        thread.join()


@contextmanager
def joined(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Join the shared database from another process; whatever still runs at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", JOIN, folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def servers(folder: Path) -> list[int]:
    """Find the process that keeps a run's database, then its guard and the server's."""
    found = []
    for process in psutil.process_iter():
        try:
            if {"tests.kafka.shared", str(folder / DATABASE)} <= {*process.cmdline()}:
                found += [process.pid, *[each.pid for each in process.children(recursive=True)]]
        except psutil.NoSuchProcess:
            continue
    return found


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_broker_that_the_environment_names_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(NAMED[KAFKA], "127.0.0.1:9")
    assert source_of(KAFKA) == ENVIRONMENT
    member = Membership(tmp_path, KAFKA)
    member.leave()
    assert (member.source, member.address) == (ENVIRONMENT, "127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []


def test_the_hubs_own_broker_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATTAEN_KAFKA", "127.0.0.1:9")
    monkeypatch.delenv(NAMED[KAFKA], raising=False)
    assert source_of(KAFKA) != ENVIRONMENT


@pytest.mark.parametrize(
    ("answer", "source"),
    [(b"HTTP/1.0 200 OK\r\n\r\nOK", DOCKER), (b"HTTP/1.0 500 No\r\n\r\n", LOCAL), (b"", LOCAL)],
)
def test_docker_comes_second_where_it_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: bytes, source: str
) -> None:
    monkeypatch.delenv(NAMED[KAFKA], raising=False)
    with docker_at(tmp_path / "docker.sock", answer) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        assert source_of(KAFKA) == source


def test_without_docker_it_is_a_server_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    monkeypatch.delenv(NAMED[KAFKA], raising=False)
    assert source_of(KAFKA) == LOCAL


def test_a_contained_broker_has_the_settings_of_a_local_one() -> None:
    container = containers.broker(4711)
    assert container.address == "127.0.0.1:4711"
    assert container.environment["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://127.0.0.1:4711"
    assert container.environment["KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS"] == "1000"
    assert container.environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_processes_of_a_run_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    with joined(tmp_path) as first, joined(tmp_path) as second:
        assert address(first) == address(second) != ""
        running = servers(tmp_path)
        assert running

        first.communicate("leave\n")
        assert first.returncode == 0
        assert not any(map(is_gone, running))

        second.communicate("leave\n")
        assert second.returncode == 0
    assert all(map(is_gone, running))


def test_a_run_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    with joined(tmp_path) as member:
        assert address(member)
        running = servers(tmp_path)
        member.kill()
    await_that(lambda: all(map(is_gone, running)))


@pytest.mark.faults
def test_a_keeper_that_is_killed_leaves_nothing_and_the_next_one_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as folder, contextlib.ExitStack() as opened:
        # Who is killed cannot take its folder away: so it lies in one that goes with the test.
        monkeypatch.setenv("TMPDIR", str(folder))
        member = opened.enter_context(joined(tmp_path))
        before = address(member)
        running = servers(tmp_path)
        os.kill(running[0], signal.SIGKILL)
        await_that(lambda: all(map(is_gone, running)))
        with joined(tmp_path) as other:
            assert address(other) not in ("", before)
            other.communicate("leave\n")


def test_a_part_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    monkeypatch.delenv(NAMED[KAFKA], raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(NotThereError, match="name another folder in XDG_CACHE_HOME"):
        Membership(tmp_path, KAFKA)


ABSENT = """
def test_that_asks(broker):
    raise AssertionError
def test_that_does_not():
    pass
"""


def outcomes(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a pytest of its own, where no broker can be had."""
    (folder / "test_it.py").write_text(ABSENT)
    plain = {name: os.environ[name] for name in os.environ if not name.startswith("PYTEST_")}
    plain.pop(NAMED[KAFKA], None)
    unset = {
        "DOCKER_HOST": f"unix://{folder}/nobody.sock",
        "XDG_CACHE_HOME": f"{folder}/test_it.py",
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.kafka.fixtures", "-q", "-ra"),
            *("-p", "xdist"),
            *("--rootdir", str(folder), "-o", "addopts=", f"--basetemp={folder}/base"),
            *(*words, str(folder)),
        ],
        cwd=ROOT,
        env={**plain, **ALONE, **unset, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_without_a_broker_fails(tmp_path: Path) -> None:
    ended = outcomes(tmp_path)
    assert ended.returncode == 1
    assert "1 passed, 1 error" in ended.stdout
    assert "SAATTAEN_ALLOW_NO_KAFKA=1 skips" in ended.stdout


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_a_test_without_a_broker_is_skipped_and_counted_where_that_is_allowed(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    ended = outcomes(tmp_path, *words, SAATTAEN_ALLOW_NO_KAFKA="1")
    assert ended.returncode == 0, ended.stdout
    assert "1 tests were skipped: no Kafka, and SAATTAEN_ALLOW_NO_KAFKA=1" in ended.stdout
    assert "SKIPPED [1]" in ended.stdout
    assert "cannot run here: no Kafka (kafka: UnavailableError" in ended.stdout


WHERE = """
import os, pytest
@pytest.mark.parametrize("number", range(4))
def test_where(number, record_property):
    record_property("process", os.environ["PYTEST_XDIST_WORKER"])
"""


def test_all_kafka_tests_of_a_run_go_to_one_process(tmp_path: Path) -> None:
    place = tmp_path / FOLDER
    place.mkdir(parents=True)
    for name in ("test_a.py", "test_b.py", "test_c.py"):
        (place / name).write_text(WHERE)
    (tmp_path / "tests" / "test_other.py").write_text(WHERE)
    report = tmp_path / "report.json"
    (tmp_path / "conftest.py").write_text(
        "import json\n"
        "pytest_plugins = ('tests.kafka.scheduling',)\n"
        "where = {}\n"
        "def pytest_runtest_logreport(report):\n"
        "    if report.when == 'call':\n"
        "        process = dict(report.user_properties)['process']\n"
        "        where.setdefault(process, []).append(report.nodeid.partition('::')[0])\n"
        "def pytest_sessionfinish():\n"
        f"    open({str(report)!r}, 'w').write(json.dumps(where))\n"
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n", "2", "--dist=loadfile", "-p", "xdist"),
            *("--rootdir", str(tmp_path), "-o", "addopts=", f"--basetemp={tmp_path}/base"),
            str(tmp_path),
        ],
        cwd=tmp_path,
        env={**os.environ, **ALONE},
        check=True,
        capture_output=True,
    )
    where = json.loads(report.read_text())
    had_kafka = [process for process, files in where.items() if any(FOLDER in f for f in files)]
    assert len(had_kafka) == 1
    assert len(where) == 2
