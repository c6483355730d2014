"""File delivery: whole files, one a notice, in a folder that may fail in every way a folder can."""

import errno
import os
import resource
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from connectors.transport.file_drop import FileDrop
from streams.domain.ids import NoticeId
from streams.promises.transport import Refused, Taken, TryLater
from tests.connectors.transport.conformance import Receiving, TransportConformance, parcel

ONE = parcel("1")
NAME = f"{ONE.notice_id}.json"


class Folder(Receiving):
    def __init__(self, place: Path) -> None:
        self.folder = place / "kela"
        self.folder.mkdir()
        self.away = place / "away"
        self.transport = FileDrop(self.folder)

    def received(self) -> dict[NoticeId, bytes]:
        folder = self.folder if self.folder.exists() else self.away
        files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return {NoticeId(path.name.removesuffix(".json")): path.read_bytes() for path in files}

    async def vanish(self) -> None:
        self.folder.rename(self.away)

    async def come_back(self) -> None:
        self.away.rename(self.folder)


class TestFileDrop(TransportConformance):
    def receiving(self) -> AbstractAsyncContextManager[Receiving]:
        @asynccontextmanager
        async def folder() -> AsyncIterator[Receiving]:
            with tempfile.TemporaryDirectory() as place:
                yield Folder(Path(place))

        return folder()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_is_named_by_its_notice_and_others_may_not_read_it(tmp_path: Path) -> None:
    assert await FileDrop(tmp_path).hand_over(ONE) == Taken()
    assert names(tmp_path) == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) & 0o007 == 0


async def test_the_file_is_synced_before_it_gets_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def renamed(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        steps.append("rename")
        assert names(tmp_path) == [f".{NAME}.part"]
        assert (tmp_path / source).read_bytes() == ONE.body
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    assert await FileDrop(tmp_path).hand_over(ONE) == Taken()
    assert steps == ["sync file", "rename", "sync folder"]


async def test_what_a_crash_left_behind_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(b"half of something longer than the notice" * 9)
    assert await FileDrop(tmp_path).hand_over(ONE) == Taken()
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == ONE.body


async def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    folder = tmp_path / "kela"
    folder.mkdir()
    (folder / f".{NAME}.part").symlink_to(victim)
    (folder / NAME).symlink_to(victim)
    drop = FileDrop(folder)
    assert await drop.hand_over(ONE) == TryLater("file-failed", None)
    assert await drop.hand_over(ONE) == Taken()
    assert victim.read_bytes() == b"untouched"
    assert not (folder / NAME).is_symlink()


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "not-permitted"),
        (errno.EROFS, "not-permitted"),
        (errno.EIO, "file-failed"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "rename"])
async def test_a_folder_that_cannot_be_written_means_later_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, cause: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "as planted")

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        assert await FileDrop(tmp_path).hand_over(ONE) == TryLater(cause, None)
    assert names(tmp_path) == []
    assert await FileDrop(tmp_path).hand_over(ONE) == Taken()


async def test_a_file_in_the_folders_place_means_later(tmp_path: Path) -> None:
    (tmp_path / "kela").write_bytes(b"")
    answer = await FileDrop(tmp_path / "kela").hand_over(ONE)
    assert answer == TryLater("folder-missing", None)


async def test_a_file_that_may_not_grow_means_later_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        answer = await FileDrop(tmp_path).hand_over(parcel("1", b"x" * 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer == TryLater("disk-full", None)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "notice_id",
    ["", "n-1", "../n-00000000000000000000000000", "n-0000000000000000000000000I", f"{NAME}/x"],
)
async def test_a_name_that_no_notice_has_is_refused(tmp_path: Path, notice_id: str) -> None:
    named = ONE._replace(notice_id=NoticeId(notice_id))
    assert await FileDrop(tmp_path).hand_over(named) == Refused("unsafe-name", "")
    assert names(tmp_path) == []


@pytest.mark.parametrize("extension", ["", "json", "./../x", ".JSON", ".json\n", ".a.b.c"])
async def test_an_ending_that_no_connector_has_is_refused(tmp_path: Path, extension: str) -> None:
    answer = await FileDrop(tmp_path).hand_over(ONE._replace(extension=extension))
    assert answer == Refused("unsafe-name", "")
    assert names(tmp_path) == []
