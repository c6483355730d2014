"""Hubs that the tests of the command line share, each filled once and then only read."""

from pathlib import Path

import click
import pytest

from streams.cli.command_line import saattaen
from tests.cli import messages
from tests.cli.command import WIRE, OneHub

SENDERS = {
    "sote": "sote.south-karelia",
    "employment": "employment.lappeenranta",
    "kela": "kela",
    "typ": "typ.south-karelia",
}

NOW = "2026-02-18T12:00:00+02:00"
"""When a clock of a referral that nobody answered has breached."""


@pytest.fixture(scope="session", autouse=True)
def _commands_loaded() -> None:
    """Load every command where its lines are measured: a test that is not may use it first."""
    _load(saattaen)


def _load(group: click.Group) -> None:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            _load(command)


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


@pytest.fixture(scope="session")
def recalled(tmp_path_factory: pytest.TempPathFactory) -> OneHub:
    """Give a hub in which an accepted person took the consent back, and the recipient confirmed."""
    folder = tmp_path_factory.mktemp("recalled")
    hub = OneHub(folder / "hub")
    said = messages.written(folder, "said", messages.consent(), messages.referral())
    answered = messages.written(folder, "answered", messages.answer(3, "HYVAKSYTTY"))
    withdrawn = messages.written(
        folder, "withdrawn", messages.withdrawal(5, "2026-02-11T09:00:00+02:00")
    )
    confirmed = messages.written(folder, "confirmed", messages.recall_confirmed(6))
    for agency, file, day in (
        (messages.EMPLOYMENT, said, 9),
        (messages.TYP, answered, 10),
        (messages.EMPLOYMENT, withdrawn, 11),
        (messages.TYP, confirmed, 12),
    ):
        assert hub.ingest(agency, file, at=f"2026-02-{day:02}T12:00:00+02:00").code == 0
    return hub


@pytest.fixture(scope="session")
def person(recalled: OneHub) -> str:
    """Give the person who took the consent back."""
    found: str = recalled.json("handoffs")[0]["person"]
    return found


@pytest.fixture(scope="session")
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> OneHub:
    """Make a hub in which nobody answered: recipient and coordinator were told."""
    folder = tmp_path_factory.mktemp("unanswered")
    hub = OneHub(folder / "hub")
    said = messages.written(folder, "said", messages.consent(), messages.referral())
    hub.ingest(messages.EMPLOYMENT, said, at="2026-02-09T12:00:00+02:00")
    assert hub.run("advance", "--to", NOW).code == 0
    return hub
