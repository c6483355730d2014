"""A Kafka hub opened for reading: what its view workers have written into the database."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_history import Bygone
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.rendering import on_the_wire
from streams.domain.agreement import Agreements
from streams.domain.entry import Notice
from streams.domain.ids import Instant, PersonId
from streams.engines.keys_postgres import PostgresKeyStore
from streams.promises.engine import Stored
from streams.promises.key_store import KeyStore
from streams.sealing.hub_secrets import SecretsError, read_secrets
from streams.sealing.sealer import Sealer
from streams.views.database import opened_server
from streams.views.desk import Desk, served_desk
from streams.views.kept_ledger import KeptLedger


class KafkaReader:
    """Keeps `streams.bootstrap.asking.AskedHub` for a Kafka hub: its views and its agreement.

    Its time is the machine's. The keys are opened only when something of a person is.

    Raises on opening:
        AgreementError: The region's agreement cannot be used.
        UnavailableError: The database cannot be used, or has no views of this version.
    """

    def __init__(self, database: str, *, region: Path | None, keys_file: Path | None) -> None:
        """Open what lies in a database; nothing is written.

        Args:
            database: An SQLAlchemy URL of PostgreSQL.
            region: The agreement file or folder; None is the demonstration region.
            keys_file: The hub's secrets; None where nobody named them.
        """
        self.agreements: Agreements = load_agreements(region)
        self._keys_file = keys_file
        self._url = database
        self._database = opened_server(database)
        self._kept = KeptLedger(self._database)
        self._sealer = Sealer()
        self._opened_keys: PostgresKeyStore | None = None
        try:
            self.desk: Desk = served_desk(self._database)
        except BaseException:
            self._database.dispose()
            raise

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
    def bygone(self) -> Bygone:
        """The agreements by digest, as far as the region's files have them."""
        return Bygone(None, self.agreements)

    def now(self) -> Instant:
        """Give the machine's time: by it clocks fire."""
        return wall_clock()

    def knows(self, person: PersonId) -> bool:
        """Say whether there is an entry of a person."""
        return self._kept.knows(person)

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position: of everybody, or of one person in order."""
        return self._kept.ledger(after, person, limit)

    def rendered(self, notice: Notice) -> bytes | None:
        """Write a notice as its receiver gets it, personal data in clear.

        None where the person's key was destroyed, or the agency has left the region.

        Raises:
            SecretsError: The hub's secrets were not named, or cannot be used.
            UnavailableError: The keys cannot be used now.
        """
        wire = on_the_wire(notice, self.agreements, self._keys(), self._sealer)
        return wire.body if wire is not None else None

    def close(self) -> None:
        """Let go of the connections."""
        if self._opened_keys is not None:
            self._opened_keys.close()
        self._database.dispose()

    def _keys(self) -> KeyStore:
        if self._opened_keys is None:
            if self._keys_file is None:
                raise SecretsError(
                    "what a notice says is sealed: name the hub's secrets with --keys (or "
                    "SAATTAEN_KEYS_FILE)"
                )
            secrets = read_secrets(self._keys_file)
            self._opened_keys = PostgresKeyStore(
                self._url, secrets.master, secrets_file=self._keys_file
            )
        return self._opened_keys
