import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.bootstrap import inbox as module
from streams.bootstrap.handing_over import hub_runs, is_held
from streams.bootstrap.inbox import Inbox
from streams.domain.ids import AgencyId
from streams.promises.connector import FILE_BYTES_MAX
from streams.promises.engine import UnavailableError

KELA, TYP = AgencyId("kela"), AgencyId("typ.south-karelia")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path, [KELA, TYP])
    yield opened
    opened.close()


def left(folder: Path, agency: AgencyId, name: str, content: bytes = b"x") -> Path:
    """Leave a file as an agency does: written under another name, then renamed."""
    draft = folder / "inbox" / agency / f".{name}"
    draft.write_bytes(content)
    return draft.rename(draft.with_name(name))


def names(inbox: Inbox) -> list[str]:
    return [arrival.name for arrival in inbox.waiting()]


def test_an_agencys_files_are_taken_in_the_order_of_their_names(
    inbox: Inbox, tmp_path: Path
) -> None:
    for name in ("b.json", "c.json", "a.json"):
        left(tmp_path, KELA, name)
    assert names(inbox) == ["a.json", "b.json", "c.json"]
    arrived = [arrival.arrived_at for arrival in inbox.waiting()]
    assert arrived == sorted(arrived)


def test_agencies_take_turns_in_the_order_in_which_files_came(inbox: Inbox, tmp_path: Path) -> None:
    first = left(tmp_path, TYP, "z.json")
    ticked = first.stat().st_ctime_ns
    later = left(tmp_path, KELA, "a.xml")
    while later.stat().st_ctime_ns == ticked:  # the clock of a file system ticks slowly
        later.rename(later.with_suffix(".2"))
        later = later.with_suffix(".2").rename(later)
    assert names(inbox) == ["z.json", "a.xml"]


def test_what_is_unfinished_hidden_or_no_file_does_not_wait(inbox: Inbox, tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / KELA
    for name in (".hidden", "a.tmp", "a.part", "n" * 241):
        (folder / name).write_bytes(b"x")
    (folder / "folder").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    assert inbox.waiting() == []


def test_a_link_that_took_a_files_place_is_not_followed(inbox: Inbox, tmp_path: Path) -> None:
    file = left(tmp_path, KELA, "a.xml")
    (arrival,) = inbox.waiting()
    file.unlink()
    file.symlink_to(tmp_path / "lock")
    with pytest.raises(UnavailableError, match="inbox of kela"):
        inbox.read(arrival)
    file.unlink()
    assert inbox.read(arrival) is None
    os.mkfifo(file)
    assert inbox.read(arrival) is None


def test_no_more_is_read_of_a_file_than_tells_that_it_is_too_large(
    inbox: Inbox, tmp_path: Path
) -> None:
    file = left(tmp_path, KELA, "a.xml")
    with file.open("r+b") as sparse:
        sparse.truncate(FILE_BYTES_MAX * 3)
    (arrival,) = inbox.waiting()
    read = inbox.read(arrival)
    assert read is not None
    assert len(read) == FILE_BYTES_MAX + 1


def test_receipts_stand_before_the_file_goes(inbox: Inbox, tmp_path: Path) -> None:
    left(tmp_path, KELA, "a.xml")
    (arrival,) = inbox.waiting()
    inbox.settle(arrival, b"{}\n")
    assert (tmp_path / "receipts" / KELA / "a.xml.ndjson").read_bytes() == b"{}\n"
    assert inbox.waiting() == []
    assert not list((tmp_path / "receipts").rglob("*.part"))


def test_another_file_of_the_same_name_that_came_meanwhile_stays(
    inbox: Inbox, tmp_path: Path
) -> None:
    left(tmp_path, KELA, "a.xml", b"old")
    (arrival,) = inbox.waiting()
    left(tmp_path, KELA, "a.xml", b"new")
    inbox.settle(arrival, b"{}\n")
    (waiting,) = inbox.waiting()
    assert inbox.read(waiting) == b"new"


def test_a_file_that_went_away_by_itself_still_gets_its_receipts(
    inbox: Inbox, tmp_path: Path
) -> None:
    file = left(tmp_path, KELA, "a.xml")
    (arrival,) = inbox.waiting()
    file.unlink()
    inbox.settle(arrival, b"{}\n")
    assert (tmp_path / "receipts" / KELA / "a.xml.ndjson").exists()


def test_where_receipts_cannot_be_written_the_file_stays(inbox: Inbox, tmp_path: Path) -> None:
    left(tmp_path, KELA, "a.xml")
    (arrival,) = inbox.waiting()
    (tmp_path / "receipts" / KELA).rmdir()
    with pytest.raises(UnavailableError, match="receipts for kela"):
        inbox.settle(arrival, b"{}\n")
    assert names(inbox) == ["a.xml"]


def test_an_inbox_that_was_taken_away_is_empty(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "inbox" / KELA).rmdir()
    assert inbox.waiting() == []
    (tmp_path / "inbox" / KELA).write_bytes(b"no folder")
    with pytest.raises(UnavailableError, match="inbox of kela cannot be read"):
        inbox.waiting()


def test_one_hub_holds_an_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_PAUSE_S", 0.0)
    assert not hub_runs(tmp_path)
    first = Inbox(tmp_path, [KELA])
    assert hub_runs(tmp_path)
    with pytest.raises(UnavailableError, match="held by another"):
        Inbox(tmp_path, [KELA])
    first.close()
    assert not hub_runs(tmp_path)
    assert not is_held(tmp_path)


def test_where_no_folder_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(b"no folder")
    with pytest.raises(UnavailableError, match="cannot be made"):
        Inbox(tmp_path, [KELA])
