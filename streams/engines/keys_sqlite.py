"""Person keys in `keys.db`: one SQLite file of its own, every key wrapped by the hub's master key.

A key is made in memory, becomes durable with `commit`, and only then may what it sealed be kept. A
destroyed key leaves its row behind, so that a person who comes back gets a new generation. Erasure
means that the bytes are gone: freed space is overwritten, and the write-ahead log emptied.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from streams.domain.ids import Instant, PersonId
from streams.engines.key_wrapping import KeyWrapping
from streams.engines.keys_in_use import KEYS_KEPT_MAX, KeysInUse, Newest
from streams.engines.keys_memory import HUB_LANES
from streams.promises.engine import UnavailableError
from streams.promises.key_store import KeysChangedError, PersonKey
from streams.sealing.sealer import hub_lane

_TABLES = """
CREATE TABLE IF NOT EXISTS person_keys (
    person TEXT NOT NULL, generation INTEGER NOT NULL, wrapped_key BLOB, destroyed_at INTEGER,
    PRIMARY KEY (person, generation)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS hub (
    only INTEGER PRIMARY KEY CHECK (only = 1), master_proof BLOB NOT NULL, erasures INTEGER NOT NULL
) STRICT;
"""
_DESTROY_PERSON = """
UPDATE person_keys SET wrapped_key = NULL, destroyed_at = ?
WHERE person = ? AND wrapped_key IS NOT NULL
"""
_DESTROY_LANES = """
UPDATE person_keys SET wrapped_key = NULL, destroyed_at = ?
WHERE person >= ? AND person < ? AND wrapped_key IS NOT NULL
"""
_MENDS: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.BusyError, "is held by another process: let it end, then try again"),
    (apsw.LockedError, "is held by another process: let it end, then try again"),
    (apsw.FullError, "has no room: free space on its disk, then try again"),
    (apsw.ReadOnlyError, "cannot be written: give the hub's user the right to"),
    (apsw.CantOpenError, "cannot be opened: its folder must be there, for the hub's user to write"),
    (apsw.NotADBError, "is no key store: put it back from its backup"),
    (apsw.CorruptError, "is damaged: put it back from its backup"),
    (apsw.ConnectionClosedError, "was closed: open it again"),
)


class SqliteKeyStore:
    """Keeps `KeyStore`'s promise in an SQLite file. Threads may share it."""

    def __init__(
        self,
        path: Path,
        master: bytes,
        *,
        secrets_file: Path,
        derive_from: bytes | None = None,
        keys_cached_max: int = KEYS_KEPT_MAX,
        wait_ms: int = 5_000,
    ) -> None:
        """Open the file, or make it with mode 0600.

        Args:
            path: `keys.db` in the hub's folder.
            master: The hub's master secret, 32 or 64 bytes.
            secrets_file: Where the master secret came from; named in errors.
            derive_from: Demonstration only: keys derive from this seed.
            keys_cached_max: How many unwrapped keys stay in memory, of each kind of use.
            wait_ms: How long to wait for another process that holds the file.

        Raises:
            UnavailableError: The file cannot be opened, read or written.
            WrongMasterKeyError: It was made under another master key.
        """
        self._path = path
        self._wrapping = KeyWrapping(master, os.fspath(path), secrets_file)
        self._lock = threading.RLock()
        self._keys = KeysInUse(self._wrapping, derive_from, keys_cached_max)
        with self._naming_the_mend():
            self._db = self._open(wait_ms)
        try:
            with self._naming_the_mend():
                self._erasures = self._prove_master()
        except BaseException:
            self._db.close()
            raise

    def look_ahead(self, persons: Iterable[PersonId]) -> None:
        """Do nothing: a key is no further away than the others of its page."""

    def current(self, person: PersonId) -> PersonKey:
        """Give the person's newest living key; make one where there is none.

        Raises:
            UnavailableError: The store cannot be used; so nothing may be sealed or taken in.
        """
        with self._lock:
            return self._keys.current(person, self._newest)

    def of_generation(self, person: PersonId, generation: int) -> PersonKey | None:
        """Give the key of a generation, None where it was destroyed or never was.

        Raises:
            UnavailableError: The store cannot be used.
        """
        with self._lock:
            return self._keys.of_generation(person, generation, self._wrapped)

    def commit(self) -> None:
        """Make every key that `current` made durable; must return before what it sealed is kept.

        Raises:
            KeysChangedError: Another process made or destroyed keys meanwhile.
            UnavailableError: The keys could not be kept. As before: what was sealed since the last
                commit must not be kept.
        """
        with self._lock:
            made = self._keys.made()
            if made:
                with self._writing():
                    self._compare_erasures()
                    self._insert(made)
                self._keys.committed()
            else:
                with self._naming_the_mend():
                    self._compare_erasures()

    def destroy(self, person: PersonId, at: Instant) -> int:
        """Destroy every key of a person, for good; return how many were living.

        Raises:
            UnavailableError: The keys could not be destroyed, or another process still reads the
                file, so that their bytes may linger; a new try ends it.
        """
        return self._destroy(_DESTROY_PERSON, (at, person))

    def destroy_before(self, before: Instant, at: Instant) -> int:
        """Destroy the hub's own keys of the months that ended by `before`; return how many.

        Raises:
            UnavailableError: As `destroy`.
        """
        return self._destroy(_DESTROY_LANES, (at, HUB_LANES, hub_lane(before)))

    def close(self) -> None:
        """Let go of the store; keys that were made and not committed are lost, as they may be."""
        with self._lock:
            self._db.close()
            self._keys.forget()

    def _open(self, wait_ms: int) -> apsw.Connection:
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise apsw.CantOpenError(error.strerror) from None
        db = apsw.Connection(os.fspath(self._path))
        try:
            db.set_busy_timeout(wait_ms)
            db.execute("PRAGMA secure_delete = ON").fetchall()
            db.execute("PRAGMA journal_mode = WAL").fetchall()
            db.execute("PRAGMA synchronous = FULL").fetchall()
        except BaseException:
            db.close()
            raise
        return db

    def _prove_master(self) -> int:
        with self._writing():
            self._db.execute(_TABLES)
            self._db.execute(
                "INSERT INTO hub VALUES (1, ?, 0) ON CONFLICT DO NOTHING",
                (self._wrapping.proof(),),
            )
            proof, erasures = self._db.execute("SELECT master_proof, erasures FROM hub").get
        self._wrapping.prove(proof)
        return int(erasures)

    def _destroy(self, statement: str, bindings: tuple[str | int, ...]) -> int:
        with self._lock:
            # What was sealed a moment ago is to be erased too: its key first gets a row to lose.
            self.commit()
            with self._writing():
                self._db.execute(statement, bindings)
                destroyed = self._db.changes()
                self._db.execute("UPDATE hub SET erasures = erasures + ?", (min(destroyed, 1),))
            self._erasures += min(destroyed, 1)
            self._keys.forget()
            with self._naming_the_mend():
                busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
            if busy:
                raise UnavailableError(
                    f"{self._path} is read by another process, so that destroyed keys may linger "
                    "beside it: let it end, then destroy again"
                )
            return destroyed

    def _newest(self, person: PersonId) -> Newest | None:
        with self._naming_the_mend():
            found = self._db.execute(
                "SELECT generation, wrapped_key FROM person_keys WHERE person = ?"
                " ORDER BY generation DESC LIMIT 1",
                (person,),
            ).fetchone()
        return None if found is None else Newest(*found)

    def _wrapped(self, person: PersonId, generation: int) -> bytes | None:
        with self._naming_the_mend():
            found = self._db.execute(
                "SELECT wrapped_key FROM person_keys WHERE person = ? AND generation = ?",
                (person, generation),
            ).fetchone()
        return None if found is None else found[0]

    def _insert(self, made: list[tuple[PersonId, int, bytes]]) -> None:
        before = self._db.total_changes()
        self._db.executemany(
            "INSERT INTO person_keys VALUES (?, ?, ?, NULL) ON CONFLICT DO NOTHING", made
        )
        if self._db.total_changes() - before != len(made):
            self._keys.drop_made()
            raise KeysChangedError(
                f"{self._path}: another process made a key of the same person: take it in again"
            )

    def _compare_erasures(self) -> None:
        erasures = self._db.execute("SELECT erasures FROM hub").get
        if erasures != self._erasures:
            self._erasures = erasures
            self._keys.forget()
            raise KeysChangedError(
                f"{self._path}: another process destroyed keys: take it in again, under new ones"
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._naming_the_mend():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _naming_the_mend(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            for kind, mend in _MENDS:
                if isinstance(error, kind):
                    raise UnavailableError(f"{self._path} {mend}") from None
            raise UnavailableError(
                f"{self._path} cannot be used now ({type(error).__name__}): look at its disk"
            ) from None
