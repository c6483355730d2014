"""File delivery: a notice becomes a file in a folder that the agency empties.

Written under a hidden name, synced, renamed, and the folder synced: a reader sees a whole file or
none, and a notice that was taken is still there after a power loss.
"""

import asyncio
import errno
import os
import re
from contextlib import suppress
from pathlib import Path

from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater

FILE_MODE = 0o640
"""The agency reads as a member of the folder's group; nobody else reads notices."""
_NOTICE_ID = re.compile(r"n-[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
_EXTENSION = re.compile(r"\.[a-z0-9]{1,16}(?:\.[a-z0-9]{1,16})?", re.ASCII)
_CAUSES = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EFBIG: "disk-full",
    errno.EACCES: "not-permitted",
    errno.EPERM: "not-permitted",
    errno.EROFS: "not-permitted",
    errno.ENOENT: "folder-missing",
    errno.ENOTDIR: "folder-missing",
}


class FileDrop:
    """Carries notices to one agency's folder, one file a notice, named by its id."""

    def __init__(self, folder: Path) -> None:
        """Deliver to a folder that exists: it is not made, as a share may not be mounted yet."""
        self._folder = folder

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Write the notice's file; the same notice again replaces it whole.

        A disk or folder that cannot be written is `TryLater`; a name that no notice has, `Refused`.
        """
        named = _NOTICE_ID.fullmatch(parcel.notice_id) and _EXTENSION.fullmatch(parcel.extension)
        if not named:
            return Refused("unsafe-name", "")
        try:
            await asyncio.to_thread(self._write, parcel)
        except OSError as error:
            return TryLater(_CAUSES.get(error.errno or 0, "file-failed"), None)
        return Taken()

    async def close(self) -> None:
        """Let go of nothing: every file is closed when it is written."""

    def _write(self, parcel: Parcel) -> None:
        # One folder handle for all steps: should the path be mounted over meanwhile, the file is
        # still renamed where it was written. The hidden name is the notice's own, so that what a
        # crash leaves behind is overwritten by the next attempt and never adds up.
        name = f"{parcel.notice_id}{parcel.extension}"
        hidden = f".{name}.part"
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                _write_synced(hidden, parcel.body, folder)
                os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(hidden, dir_fd=folder)
                raise
            os.fsync(folder)
        finally:
            os.close(folder)


def _write_synced(name: str, body: bytes, folder: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, FILE_MODE, dir_fd=folder), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
