"""Hubs that the tests of the command line share, each filled once and then only read."""

from pathlib import Path

import pytest

from tests.cli import messages
from tests.cli.command import WIRE, OneHub

SENDERS = {
    "sote": "sote.south-karelia",
    "employment": "employment.lappeenranta",
    "kela": "kela",
    "typ": "typ.south-karelia",
}


def samples(folder: Path) -> list[Path]:
    """List the messages of a folder of samples, by name."""
    return sorted(file for file in folder.iterdir() if file.is_file() and file.stem != "expected")


@pytest.fixture
def hub(tmp_path: Path) -> OneHub:
    """Give a place where no hub is yet."""
    return OneHub(tmp_path / "hub")


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> OneHub:
    """Give a hub that has taken in every sample, good and bad."""
    hub = OneHub(tmp_path_factory.mktemp("sampled") / "hub")
    for folder, agency in SENDERS.items():
        files = [*samples(WIRE / folder), *samples(WIRE / folder / "invalid")]
        assert hub.ingest(agency, *files).code == 0
    return hub


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> OneHub:
    """Give a hub in which one person was referred, received and accepted."""
    folder = tmp_path_factory.mktemp("served")
    hub = OneHub(folder / "hub")
    said = messages.written(folder, "said", messages.consent(), messages.referral())
    answered = messages.written(
        folder, "answered", messages.answer(3, "VASTAANOTETTU"), messages.answer(4, "HYVAKSYTTY")
    )
    assert hub.ingest(messages.EMPLOYMENT, said, at="2026-02-09T12:00:00+02:00").code == 0
    assert hub.ingest(messages.TYP, answered, at="2026-02-10T14:00:00+02:00").code == 0
    return hub


@pytest.fixture(scope="session")
def handoff_id(served: OneHub) -> str:
    """Give the handoff of the person who was accepted."""
    found: str = served.json("handoffs")[0]["handoff_id"]
    return found
