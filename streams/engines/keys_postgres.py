"""Person keys in PostgreSQL: one table for all processes of a Kafka hub, every key wrapped.

A key is made in memory and becomes durable with `commit`; where another process made one for the
same person meanwhile, `commit` says so, and what was sealed is sealed again under that one: docs/
decisions/0030. A destroyed key leaves its row behind, so that a person who comes back gets a new
generation. Every process hears of an erasure with its next `commit`.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert

from streams.domain.ids import Instant, PersonId
from streams.engines.key_wrapping import KeyWrapping
from streams.engines.keys_in_use import KEYS_KEPT_MAX, KeysInUse, Newest
from streams.engines.keys_memory import HUB_LANES
from streams.engines.postgres_store import mended, opened, place_of
from streams.promises.engine import UnavailableError
from streams.promises.key_store import KeysChangedError, PersonKey
from streams.sealing.sealer import hub_lane

METADATA = MetaData()

_KEYS = Table(
    "person_keys",
    METADATA,
    # Compared byte for byte: by a language's rules the months of the hub's lanes have no order.
    Column("person", Text(collation="C"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("wrapped_key", LargeBinary),
    Column("destroyed_at", BigInteger),
)
_HUB = Table(
    "person_keys_hub",
    METADATA,
    Column("only", Integer, CheckConstraint('"only" = 1'), primary_key=True, autoincrement=False),
    Column("master_proof", LargeBinary, nullable=False),
    Column("erasures", BigInteger, nullable=False),
)
_FIRST_START = 0x5AA77AE1
"""Advisory lock: two processes that start at once do not both make the tables."""

_NEWEST = (
    select(_KEYS.c.person, _KEYS.c.generation, _KEYS.c.wrapped_key)
    .where(_KEYS.c.person == func.any(bindparam("persons", type_=ARRAY(Text))))
    .ext(distinct_on(_KEYS.c.person))
    .order_by(_KEYS.c.person, _KEYS.c.generation.desc())
)
_ERASURES = select(_HUB.c.erasures)
_COLUMNS = (_KEYS.c.person, _KEYS.c.generation, _KEYS.c.wrapped_key)
# A column a list, whatever the number of keys: one statement, whose count of rows can be trusted.
_INSERT = (
    insert(_KEYS)
    .from_select(
        _COLUMNS,
        select(
            *(func.unnest(bindparam(column.name, type_=ARRAY(column.type))) for column in _COLUMNS)
        ),
    )
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)


class PostgresKeyStore:
    """Keeps `KeyStore`'s promise in a PostgreSQL database. Threads and processes may share it."""

    def __init__(
        self,
        url: str,
        master: bytes,
        *,
        secrets_file: Path,
        derive_from: bytes | None = None,
        keys_cached_max: int = KEYS_KEPT_MAX,
    ) -> None:
        """Open the tables, or make them.

        Args:
            url: An SQLAlchemy URL of PostgreSQL.
            master: The hub's master secret, 32 or 64 bytes.
            secrets_file: Where the master secret came from; named in errors.
            derive_from: Demonstration only: keys derive from this seed.
            keys_cached_max: How many unwrapped keys stay in memory, of each kind of use.

        Raises:
            UnavailableError: The database cannot be reached, read or written.
            WrongMasterKeyError: The keys were made under another master key.
        """
        self._engine = opened(url)
        self._place = place_of(self._engine)
        # One statement is its own transaction: a look-up costs one way to the database and back.
        self._looking = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._wrapping = KeyWrapping(master, self._place, secrets_file)
        self._lock = threading.RLock()
        self._keys = KeysInUse(self._wrapping, derive_from, keys_cached_max)
        try:
            self._erasures = self._prove_master()
        except BaseException:
            self._engine.dispose()
            raise

    def look_ahead(self, persons: Iterable[PersonId]) -> None:
        """Look up the newest keys of all who are not at hand, in one question.

        Raises:
            UnavailableError: The database cannot be used.
        """
        with self._lock:
            lacking = self._keys.lacking(persons)
            found = self._newest_of(lacking) if lacking else {}
            for person in lacking:
                self._keys.looked_up(person, found.get(person))

    def current(self, person: PersonId) -> PersonKey:
        """Give the person's newest living key; make one where there is none.

        Raises:
            UnavailableError: The database cannot be used; so nothing may be sealed or taken in.
        """
        with self._lock:
            return self._keys.current(person, self._newest)

    def of_generation(self, person: PersonId, generation: int) -> PersonKey | None:
        """Give the key of a generation, None where it was destroyed or never was.

        Raises:
            UnavailableError: The database cannot be used.
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
                with self._writing() as database:
                    # Shared with others that insert; an erasure waits for all, and they for it.
                    self._compare_erasures(database, _ERASURES.with_for_update(read=True))
                    self._insert(database, made)
            else:
                with mended(self._place), self._looking.connect() as database:
                    self._compare_erasures(database, _ERASURES)
            self._keys.committed()

    def destroy(self, person: PersonId, at: Instant) -> int:
        """Destroy every key of a person, for good; return how many were living.

        Raises:
            UnavailableError: The keys could not be destroyed.
        """
        return self._destroy(_KEYS.c.person == person, at)

    def destroy_before(self, before: Instant, at: Instant) -> int:
        """Destroy the hub's own keys of the months that ended by `before`; return how many.

        Raises:
            UnavailableError: As `destroy`.
        """
        lanes = (_KEYS.c.person >= HUB_LANES) & (_KEYS.c.person < hub_lane(before))
        return self._destroy(lanes, at)

    def close(self) -> None:
        """Let go of the database; keys not committed are lost, as they may be."""
        with self._lock:
            self._engine.dispose()
            self._keys.forget()

    def _prove_master(self) -> int:
        with self._writing() as database:
            database.execute(select(func.pg_advisory_xact_lock(_FIRST_START)))
            # Looked for first: a hub whose tables stand needs no right to make any.
            METADATA.create_all(database, checkfirst=True)
            made = {"only": 1, "master_proof": self._wrapping.proof(), "erasures": 0}
            database.execute(insert(_HUB).on_conflict_do_nothing(), made)
            proof, erasures = database.execute(select(_HUB.c.master_proof, _HUB.c.erasures)).one()
        self._wrapping.prove(proof)
        return int(erasures)

    def _newest(self, person: PersonId) -> Newest | None:
        return self._newest_of([person]).get(person)

    def _newest_of(self, persons: list[PersonId]) -> dict[PersonId, Newest]:
        with mended(self._place), self._looking.connect() as database:
            found = database.execute(_NEWEST, {"persons": persons}).all()
        return {person: Newest(*newest) for person, *newest in found}

    def _wrapped(self, person: PersonId, generation: int) -> bytes | None:
        named = (_KEYS.c.person == person) & (_KEYS.c.generation == generation)
        with mended(self._place), self._looking.connect() as database:
            found: bytes | None = database.scalar(select(_KEYS.c.wrapped_key).where(named))
        return found

    def _insert(self, database: Connection, made: list[tuple[PersonId, int, bytes]]) -> None:
        lists = zip(*made, strict=True)
        rows = {column.name: list(values) for column, values in zip(_COLUMNS, lists, strict=True)}
        if database.execute(_INSERT, rows).rowcount != len(made):
            self._keys.drop_made()
            raise KeysChangedError(
                f"{self._place}: another process made a key of the same person: take it in again"
            )

    def _destroy(self, which: ColumnElement[bool], at: Instant) -> int:
        gone = update(_KEYS).values(wrapped_key=None, destroyed_at=at)
        with self._lock:
            # What was sealed a moment ago is to be erased too: its key first gets a row to lose.
            self.commit()
            with self._writing() as database:
                database.execute(_ERASURES.with_for_update())
                living = which & _KEYS.c.wrapped_key.is_not(None)
                destroyed = database.execute(gone.where(living)).rowcount
                counted = min(destroyed, 1)
                database.execute(update(_HUB).values(erasures=_HUB.c.erasures + counted))
            self._erasures += counted
            self._keys.forget()
            return destroyed

    def _compare_erasures(self, database: Connection, question: Select[int]) -> None:
        erasures = database.scalar(question)
        if erasures is None:
            raise UnavailableError(f"{self._place} lost its proof: put it back from its backup")
        if erasures != self._erasures:
            self._erasures = erasures
            self._keys.forget()
            raise KeysChangedError(
                f"{self._place}: another process destroyed keys: take it in again, under new ones"
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with mended(self._place), self._engine.begin() as database:
            yield database


def keys_exist(url: str) -> bool:
    """Say whether a database has keys of a hub's, under whatever master key.

    Raises:
        UnavailableError: The database cannot be reached.
    """
    engine = opened(url)
    try:
        with mended(place_of(engine)), engine.connect() as database:
            return inspect(database).has_table(_HUB.name)
    finally:
        engine.dispose()
