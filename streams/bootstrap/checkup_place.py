"""Checks of what a hub stands on: the machine, the package, the agreement, the folder, the disk."""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import apsw

from streams.bootstrap.agreement_file import read_editions
from streams.bootstrap.agreement_lint import lint
from streams.bootstrap.agreement_problems import AgreementError
from streams.bootstrap.agreement_remarks import ERROR, WARN
from streams.bootstrap.checkup import Examined, Finding, fail, ok, warn
from streams.bootstrap.handing_over import hub_runs, is_held
from streams.contracts.catalogue import contracts_list
from streams.contracts.declarations import ContractError
from streams.engines.embedded import FILE as LEDGER_FILE
from streams.engines.sqlite_store import opened
from streams.promises.engine import UnavailableError
from streams.sealing.hub_secrets import SecretsError, read_secrets

PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 37, 0)
"""The first SQLite with STRICT tables."""
CALENDAR_DAYS_MIN = 2 * 365
FREE_BYTES_WARN, FREE_BYTES_FAIL = 1024**3, 64 * 1024**2
FSYNC_MS_WARN = 20.0
_FSYNCS = 16
_FSYNC_BYTES = 4096
_SYNCHRONOUS_FULL = 2
_REINSTALL = "install the package again: pip install --force-reinstall saattaen"


def python_version(_hub: Examined) -> Finding:
    """Python is one that the hub knows."""
    have = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_MIN:
        return fail("python", have, "install Python 3.11 or newer, and the package into it")
    return ok("python", have)


def package_data(_hub: Examined) -> Finding:
    """The contracts came with the package."""
    try:
        count = len(contracts_list())
    except ContractError as wrong:
        return fail("contracts", str(wrong), _REINSTALL)
    return ok("contracts", f"{count} contracts")


def agreement_loads(hub: Examined) -> Finding:
    """The region's agreement can be used."""
    try:
        editions = read_editions(hub.region)
    except AgreementError as wrong:
        problems = len(wrong.problems)
        return fail("agreement", f"{wrong.file}: {problems} problems", _lint_command(hub))
    newest = editions[-1].record
    agencies = len(newest.agency)
    return ok("agreement", f"{newest.region.id}: {len(editions)} version(s), {agencies} agencies")


def agreement_lints(hub: Examined) -> Finding:
    """The agreement has no gaps."""
    found = lint(hub.region, today=hub.today)
    errors = sum(finding.severity == ERROR for finding in found)
    warnings = sum(finding.severity == WARN for finding in found)
    measured = f"{errors} errors, {warnings} warnings"
    if errors:
        return fail("agreement-lint", measured, _lint_command(hub))
    if warnings:
        return warn("agreement-lint", measured, _lint_command(hub))
    return ok("agreement-lint", measured)


def calendar_covers(hub: Examined) -> Finding:
    """Deadlines of the next two years can be counted."""
    try:
        last = min(edition.closed.last for edition in read_editions(hub.region)[-1:])
    except AgreementError:
        return fail("calendar", "no agreement to read it from", _lint_command(hub))
    mend = "python -m streams.bootstrap.freeze_calendar"
    if last < hub.today:
        return fail("calendar", f"ended on {last}", mend)
    if (last - hub.today).days < CALENDAR_DAYS_MIN:
        return warn("calendar", f"until {last}", mend)
    return ok("calendar", f"until {last}")


def secrets_kept(hub: Examined) -> Finding:
    """The secrets are there, for their owner alone, and not among what is backed up with them."""
    place, has_hub = hub.secrets_place, (hub.data / LEDGER_FILE).exists()
    if not place.exists() and not has_hub:
        return ok("secrets", f"made at the first start, as {place}")
    if place.resolve().is_relative_to(hub.data.resolve()):
        mend = f"mv {place} {hub.data.absolute()}.key, and name it with --keys"
        return fail("secrets", f"{place} lies in the hub's folder", mend)
    try:
        read_secrets(place)
    except SecretsError as wrong:
        return fail("secrets", str(wrong), _secrets_mend(place))
    return ok("secrets", f"{place}, mode 0600")


def folder_free(hub: Examined) -> Finding:
    """The folder can be written, and nobody else writes it."""
    data = hub.data
    if not data.exists():
        parent = _standing(data)
        if not os.access(parent, os.W_OK | os.X_OK):
            return fail("folder", f"{parent} cannot be written", f"sudo chown $USER {parent}")
        return ok("folder", f"{data} is made at the first start")
    if not data.is_dir() or not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return fail("folder", f"{data} cannot be written", f"sudo chown -R $USER {data}")
    if hub_runs(data):
        return ok("folder", f"{data}, a hub runs on it")
    if is_held(data):
        return warn("folder", f"{data} is held by another saattaen", "let that command end")
    return ok("folder", f"{data}, writable and free")


def sqlite_keeps(hub: Examined) -> Finding:
    """SQLite here writes ahead and waits for the disk: what was acknowledged is kept."""
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < SQLITE_MIN:
        return fail("sqlite", version, "pip install --upgrade apsw")
    try:
        with tempfile.TemporaryDirectory(dir=_standing(hub.data)) as folder:
            connection = opened(Path(folder) / "try.db", "", durable=True)
            journal = connection.pragma("journal_mode")
            synchronous = connection.pragma("synchronous")
            connection.close()
    except (OSError, UnavailableError) as failure:
        return fail("sqlite", type(failure).__name__, "put the folder where databases can be made")
    if journal != "wal" or synchronous != _SYNCHRONOUS_FULL:
        measured = f"{version}, journal {journal}, synchronous {synchronous}"
        return fail("sqlite", measured, "put the folder on a local disk, on no network share")
    return ok("sqlite", f"{version}, WAL, synchronous FULL")


def disk_has_room(hub: Examined) -> Finding:
    """The disk has room."""
    free_bytes = shutil.disk_usage(_standing(hub.data)).free
    measured = f"{free_bytes / 1024**3:.1f} GiB free"
    mend = f"free space on the disk of {_standing(hub.data)}"
    if free_bytes < FREE_BYTES_FAIL:
        return fail("disk", measured, mend)
    return warn("disk", measured, mend) if free_bytes < FREE_BYTES_WARN else ok("disk", measured)


def disk_is_quick(hub: Examined) -> Finding:
    """The disk keeps a commit soon enough."""
    took_ms: list[float] = []
    try:
        with tempfile.TemporaryFile(dir=_standing(hub.data), buffering=0) as file:
            for _ in range(_FSYNCS):
                file.write(b"\0" * _FSYNC_BYTES)
                began_ns = time.monotonic_ns()
                os.fsync(file.fileno())
                took_ms.append((time.monotonic_ns() - began_ns) / 1_000_000)
    except OSError as failure:
        return fail("fsync", failure.strerror or "failed", "look at the disk and its rights")
    median_ms = statistics.median(took_ms)
    measured = f"{median_ms:.1f} ms (median of {_FSYNCS})"
    if median_ms > FSYNC_MS_WARN:
        return warn("fsync", measured, "put the folder on a quicker disk: --data DIR")
    return ok("fsync", measured)


CHECKS = {
    "python": python_version,
    "contracts": package_data,
    "agreement": agreement_loads,
    "agreement-lint": agreement_lints,
    "calendar": calendar_covers,
    "secrets": secrets_kept,
    "folder": folder_free,
    "sqlite": sqlite_keeps,
    "disk": disk_has_room,
    "fsync": disk_is_quick,
}
"""By name, in the order in which a newcomer meets them."""


def _lint_command(hub: Examined) -> str:
    return f"saattaen agreement lint {hub.region or ''}".rstrip()


def _secrets_mend(place: Path) -> str:
    if not place.exists():
        return "put it back from its backup, or name where it lies with --keys"
    return f"chmod 600 {place}, and see that it is the file that the hub made"


def _standing(path: Path) -> Path:
    """Give the folder, or the nearest above it that is there."""
    path = path.absolute()
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path
