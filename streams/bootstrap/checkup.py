"""What a checkup asks and what it finds: one line a check, with what was measured and its mend."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from streams.domain.ids import Instant
from streams.sealing.hub_secrets import secrets_file

OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(NamedTuple):
    """What one check found: `state` is ok, warn or fail; `mend` is empty where all is well.

    `measured` is the value with its unit; `mend` a command to copy, or what to do.
    """

    check: str
    state: str
    measured: str
    mend: str


class Examined(NamedTuple):
    """What is looked at: a hub's folder, its agreement, its secrets; and when.

    `region` None is the demonstration region, `keys_file` None the file beside the folder.
    """

    data: Path
    region: Path | None
    keys_file: Path | None
    now: Instant
    today: date

    @property
    def secrets_place(self) -> Path:
        """Where the hub's secrets lie."""
        return self.keys_file if self.keys_file is not None else secrets_file(self.data)

    def option(self) -> str:
        """Give the option by which commands name this folder."""
        return f"--data {self.data}"


def ok(check: str, measured: str) -> Finding:
    """Say that all is well."""
    return Finding(check, OK, measured, "")


def warn(check: str, measured: str, mend: str) -> Finding:
    """Say that something will not stay well."""
    return Finding(check, WARN, measured, mend)


def fail(check: str, measured: str, mend: str) -> Finding:
    """Say that a hub cannot work so."""
    return Finding(check, FAIL, measured, mend)
