from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from streams.bootstrap import handing_over as module
from streams.bootstrap.handing_over import hand_over
from streams.bootstrap.inbox import Inbox
from streams.domain.ids import AgencyId
from streams.promises.engine import UnavailableError
from tests.awaiting import await_that

KELA = AgencyId("kela")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path, [KELA])
    yield opened
    opened.close()


def answer(inbox: Inbox, count: int) -> None:
    """Empty the inbox as a hub does, backwards: who asked gets its own receipts all the same."""
    await_that(lambda: len(inbox.waiting()) == count)
    for arrival in reversed(inbox.waiting()):
        inbox.settle(arrival, inbox.read(arrival) or b"")


def test_receipts_come_in_the_order_of_the_files_and_leave_nothing_behind(
    inbox: Inbox, tmp_path: Path
) -> None:
    hub = Thread(target=answer, args=(inbox, 12))
    hub.start()
    files = [f"{number}\n".encode() for number in range(12)]
    assert list(hand_over(tmp_path, KELA, files)) == files
    hub.join()
    assert not list((tmp_path / "inbox" / KELA).iterdir())
    assert not list((tmp_path / "receipts" / KELA).iterdir())


def test_a_hub_that_stops_meanwhile_is_told_of_and_keeps_the_file(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    inbox.close()
    with pytest.raises(UnavailableError, match="stopped before all was taken in"):
        list(hand_over(tmp_path, KELA, [b"1"]))
    assert len(list((tmp_path / "inbox" / KELA).iterdir())) == 1


def test_a_hub_that_stands_still_is_not_waited_for_for_ever(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIET_S_MAX", 0.0)
    with pytest.raises(UnavailableError, match="gave no receipt"):
        list(hand_over(tmp_path, KELA, [b"1"]))
    assert len(inbox.waiting()) == 1


def test_an_inbox_that_cannot_be_written_is_named(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "inbox" / KELA).rmdir()
    with pytest.raises(UnavailableError, match="cannot be written"):
        list(hand_over(tmp_path, KELA, [b"1"]))
    assert inbox.waiting() == []
