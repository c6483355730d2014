"""A hub opened for reading: beside a running hub, without its lock."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_history import Bygone
from streams.bootstrap.rendering import on_the_wire
from streams.domain.agreement import Agreements
from streams.domain.entry import Notice
from streams.domain.ids import Instant, PersonId
from streams.engines.embedded import FILE as LEDGER_FILE
from streams.engines.embedded import EmbeddedEngine
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.promises.engine import Stored
from streams.promises.key_store import KeyStore
from streams.sealing.hub_secrets import read_secrets, secrets_file
from streams.sealing.sealer import Sealer
from streams.views.desk import Desk, open_desk

KEYS_FILE = "keys.db"


class NoHubError(Exception):
    """There is no hub in the folder. The text names the folder and the command that makes one."""


class HubReader:
    """Keeps `streams.bootstrap.asking.AskedHub` for an embedded hub: ledger, views and agreement.

    The keys are opened only when something of a person is.

    Raises on opening:
        NoHubError: The folder has no ledger.
        AgreementError: The region's agreement cannot be used.
        UnavailableError: The ledger or the views cannot be used.
    """

    def __init__(
        self, data: Path, *, region: Path | None = None, keys_file: Path | None = None
    ) -> None:
        """Open what lies in a folder; nothing of the ledger is ever written.

        Args:
            data: The hub's folder.
            region: The agreement file or folder; None is the demonstration region.
            keys_file: The hub's secrets; None is `DATA.key` beside the folder.
        """
        if not (data / LEDGER_FILE).is_file():
            raise NoHubError(
                f"there is no hub in {data}: saattaen ingest --data {data} --from AGENCY FILE "
                "makes one, or name another folder with --data"
            )
        self.data = data
        self._keys_file = keys_file if keys_file is not None else secrets_file(data)
        self.agreements: Agreements = load_agreements(region)
        self.engine = EmbeddedEngine(data, self.agreements, writes=False)
        self._sealer = Sealer()
        self._opened_keys: SqliteKeyStore | None = None

    def __enter__(self) -> Self:
        """Use the reader as a context, closed at its end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the reader."""
        self.close()

    @cached_property
    def desk(self) -> Desk:
        """The hub's views, caught up."""
        desk = open_desk(self.data)
        try:
            desk.catch_up(self.engine)
        except BaseException:
            desk.close()
            raise
        return desk

    @cached_property
    def bygone(self) -> Bygone:
        """The agreements by digest, those that the region's files no longer have as well."""
        return Bygone(self.data, self.agreements)

    def now(self) -> Instant:
        """Give the hub's virtual time: the latest moment recorded or advanced to."""
        return self.engine.now()

    def knows(self, person: PersonId) -> bool:
        """Say whether anything is known of a person."""
        return self.engine.person(person) is not None

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position, in ledger order: of everybody, or of one person."""
        return self.engine.ledger(after, person, limit)

    def rendered(self, notice: Notice) -> bytes | None:
        """Write a notice as its receiver gets it, personal data in clear.

        None where the person's key was destroyed, or the agency has left the region.

        Raises:
            SecretsError: The hub's secrets cannot be used.
            UnavailableError: The keys cannot be used now.
        """
        wire = on_the_wire(notice, self.agreements, self._keys(), self._sealer)
        return wire.body if wire is not None else None

    def close(self) -> None:
        """Let go of the files."""
        if self._opened_keys is not None:
            self._opened_keys.close()
        if "desk" in self.__dict__:
            self.desk.close()
        self.engine.close()

    def _keys(self) -> KeyStore:
        if self._opened_keys is None:
            secrets = read_secrets(self._keys_file)
            self._opened_keys = SqliteKeyStore(
                self.data / KEYS_FILE, secrets.master, secrets_file=self._keys_file
            )
        return self._opened_keys
