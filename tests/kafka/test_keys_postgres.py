"""Keys in a database that several processes share: one key a person, and none that was erased."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.event import listen

from streams.domain.ids import Instant, PersonId
from streams.engines.key_wrapping import WrongMasterKeyError
from streams.engines.keys_postgres import PostgresKeyStore
from streams.promises.engine import UnavailableError
from streams.promises.key_store import KeysChangedError
from streams.sealing.keyed_digest import derive_key
from tests.engines.key_store_conformance import ANNA, APRIL, BEDA, MARCH, KeyStoreConformance
from tests.kafka.databases import fresh_database

MASTER = b"m" * 64
SECRETS = Path("hub.key")
PEOPLE = [PersonId(f"p-{number:026}") for number in range(16)]
PASSWORD = "no secret"


class Database:
    """A database; every store that was opened on it is closed in the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = make_url(url).database
        self.opened: list[PostgresKeyStore] = []
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def open(
        self,
        master: bytes = MASTER,
        *,
        keys_cached_max: int = 100,
        derive_from: bytes | None = None,
        user: str | None = None,
    ) -> PostgresKeyStore:
        place = make_url(self.url)
        url = place if user is None else place.set(username=user, password=PASSWORD)
        store = PostgresKeyStore(
            url.render_as_string(hide_password=False),
            master,
            secrets_file=SECRETS,
            keys_cached_max=keys_cached_max,
            derive_from=derive_from,
        )
        self.opened.append(store)
        return store

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def execute(self, statement: str, **values: object) -> None:
        with self.engine.connect() as connection:
            connection.execute(text(statement), values)

    def close(self) -> None:
        for store in self.opened:
            store.close()
        self.engine.dispose()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(database_url) as made:
        yield made


def questions(keys: PostgresKeyStore) -> list[str]:
    """Give the list to which every statement of a store is added from now on."""
    asked: list[str] = []
    listen(keys._engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    return asked


class TestPostgresKeyStore(KeyStoreConformance):
    @pytest.fixture(autouse=True)
    def _somewhere(self, database_server: str) -> Iterator[None]:
        with ExitStack() as self.databases:
            self.server = database_server
            yield

    def build(self, derive_from: bytes | None = None) -> PostgresKeyStore:
        url = self.databases.enter_context(fresh_database(self.server))
        return self.databases.enter_context(opened(url)).open(derive_from=derive_from)


def test_a_committed_key_is_every_processes_key(database: Database) -> None:
    keys, other = database.open(), database.open()
    key = keys.current(ANNA)
    keys.commit()
    assert other.of_generation(ANNA, 1) == other.current(ANNA) == key


def test_a_key_that_was_not_committed_is_nobody_elses(database: Database) -> None:
    keys, other = database.open(), database.open()
    made = keys.current(ANNA)
    assert other.of_generation(ANNA, 1) is None
    assert other.current(ANNA).key != made.key


def test_two_processes_that_meet_a_person_end_with_one_key(database: Database) -> None:
    one, other = database.open(), database.open()
    lost, kept = one.current(ANNA), other.current(ANNA)
    other.commit()
    with pytest.raises(KeysChangedError, match="another process made a key"):
        one.commit()
    assert lost != kept
    assert one.current(ANNA) == kept
    one.commit()
    assert database.rows("SELECT person, generation FROM person_keys") == [(ANNA, 1)]


def test_keys_of_a_refused_commit_are_all_made_anew(database: Database) -> None:
    one, other = database.open(), database.open()
    one.current(ANNA)
    lost = one.current(BEDA)
    other.current(ANNA)
    other.commit()
    with pytest.raises(KeysChangedError):
        one.commit()
    assert one.of_generation(BEDA, 1) is None
    assert one.current(BEDA) != lost


@pytest.mark.parametrize("newcomer", [True, False])
def test_an_erasure_is_seen_by_every_process_before_it_keeps_anything(
    database: Database, *, newcomer: bool
) -> None:
    one, other = database.open(), database.open()
    one.current(ANNA)
    one.commit()
    assert other.destroy(ANNA, MARCH) == 1
    assert one.current(ANNA).generation == 1
    if newcomer:
        one.current(BEDA)
    with pytest.raises(KeysChangedError, match="another process destroyed keys"):
        one.commit()
    assert one.of_generation(ANNA, 1) is None
    assert one.current(ANNA).generation == 2
    one.commit()


def test_a_destroyed_key_leaves_its_row_and_when_it_went(database: Database) -> None:
    keys = database.open()
    keys.current(ANNA)
    keys.destroy(ANNA, APRIL)
    rows = database.rows("SELECT person, generation, wrapped_key, destroyed_at FROM person_keys")
    assert rows == [(ANNA, 1, None, APRIL)]


def test_no_key_stands_in_the_database_in_clear(database: Database) -> None:
    keys = database.open()
    key = keys.current(ANNA).key
    keys.commit()
    wrapping = AESSIV(derive_key(MASTER, "saattaen person key wrapping 1", 64))
    wrapped = wrapping.encrypt(key, [ANNA.encode() + b"\x001"])
    assert key not in wrapped
    assert database.rows("SELECT * FROM person_keys") == [(ANNA, 1, wrapped, None)]


def test_a_wrong_master_key_is_named_at_the_start_with_both_places(database: Database) -> None:
    database.open()
    with pytest.raises(WrongMasterKeyError, match=rf"hub\.key.*{database.name}.*--keys"):
        database.open(master=b"x" * 64)
    database.open()


def test_a_key_moved_to_another_person_does_not_open(database: Database) -> None:
    keys = database.open()
    keys.current(ANNA)
    keys.commit()
    database.execute("UPDATE person_keys SET person = :beda", beda=BEDA)
    with pytest.raises(UnavailableError, match="altered"):
        database.open().current(BEDA)


def test_the_hubs_months_are_compared_by_their_bytes(database: Database) -> None:
    keys = database.open()
    lanes = [PersonId(f"hub-{month}") for month in ("2026-09", "2026-10", "2027-01")]
    people = [PersonId("hubert"), PersonId("hua"), ANNA]
    for lane in (*lanes, *people):
        keys.current(lane)
    keys.commit()
    november = Instant(1_793_491_200_000_000)
    assert keys.destroy_before(november, november) == 2
    assert [keys.current(each).generation for each in (*lanes, *people)] == [2, 2, 1, 1, 1, 1]


def test_only_so_many_keys_stay_in_memory(database: Database) -> None:
    keys = database.open(keys_cached_max=4)
    made = [keys.current(person) for person in PEOPLE]
    keys.commit()
    assert [keys.of_generation(person, 1) for person in PEOPLE] == made
    assert [keys.current(person) for person in reversed(PEOPLE)] == made[::-1]
    assert keys._keys.kept() == (4, 4)


def test_keys_heard_of_before_are_looked_up_in_one_question(database: Database) -> None:
    keys, other = database.open(), database.open()
    made = [keys.current(person) for person in PEOPLE]
    keys.destroy(PEOPLE[0], MARCH)
    asked = questions(other)
    stranger = PersonId("p-00000000000000000000000099")
    for _ in range(2):
        other.look_ahead([*PEOPLE, stranger])
        assert [other.current(person) for person in PEOPLE[1:]] == made[1:]
        assert [other.of_generation(person, 1) for person in PEOPLE[1:]] == made[1:]
        assert [other.current(each).generation for each in (PEOPLE[0], stranger)] == [2, 1]
    assert len(asked) == 1


@pytest.mark.parametrize("committed", [True, False])
def test_that_a_person_had_no_key_is_believed_until_the_next_commit(
    database: Database, *, committed: bool
) -> None:
    one, other = database.open(), database.open()
    one.look_ahead([ANNA])
    kept = other.current(ANNA)
    other.commit()
    if committed:
        one.commit()
    else:
        one.current(ANNA)
        with pytest.raises(KeysChangedError, match="another process made a key"):
            one.commit()
    assert one.current(ANNA) == kept


def test_threads_share_a_store_and_see_one_key_a_person(database: Database) -> None:
    keys = database.open(keys_cached_max=4)

    def use(turn: int) -> list[bytes]:
        found = [keys.current(person).key for person in PEOPLE]
        if turn % 3 == 0:
            keys.commit()
        return found

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(use, range(20)))
    assert all(keys_seen == seen[0] for keys_seen in seen)


def rely_on_keys(url: str, order: list[PersonId], relied: "Queue[dict[str, bytes]]") -> None:
    """Do what a receive step does: make, commit, and where that fails seal again."""
    store = PostgresKeyStore(url, MASTER, secrets_file=SECRETS)
    found: dict[str, bytes] = {}
    for person in order:
        while True:
            key = store.current(person)
            try:
                store.commit()
            except KeysChangedError:
                continue
            break
        found[person] = key.key
    relied.put(found)
    store.close()


def test_processes_at_once_rely_on_the_same_keys_whatever_the_order(database: Database) -> None:
    # The tables are made by whoever comes first.
    fresh = multiprocessing.get_context("spawn")
    relied: Queue[dict[str, bytes]] = fresh.Queue()
    orders = [PEOPLE, PEOPLE[::-1]]
    workers = [
        fresh.Process(target=rely_on_keys, args=(database.url, order, relied)) for order in orders
    ]
    for worker in workers:
        worker.start()
    seen = [relied.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert seen[0] == seen[1]
    assert len(seen[0]) == len(PEOPLE)


def test_an_erasure_waits_for_keys_that_are_being_kept_and_destroys_them_too(
    database: Database,
) -> None:
    keys, eraser = database.open(), database.open()
    eraser.current(ANNA)
    eraser.commit()
    with ThreadPoolExecutor(1) as thread, database.engine.connect() as holder:
        with holder.execution_options(isolation_level="READ COMMITTED").begin():
            # As far as another process's commit has come that has not ended yet.
            holder.execute(text("SELECT erasures FROM person_keys_hub FOR SHARE"))
            holder.execute(
                text("INSERT INTO person_keys VALUES (:anna, 2, 'x', NULL)"), {"anna": ANNA}
            )
            erasing = thread.submit(eraser.destroy, ANNA, MARCH)
            with pytest.raises(TimeoutError):
                erasing.result(timeout=0.3)
        assert erasing.result(timeout=30) == 2
    assert keys.of_generation(ANNA, 1) is keys.of_generation(ANNA, 2) is None


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(UnavailableError, match=r"persons on 127\.0\.0\.1:1 cannot be reached") as e:
        PostgresKeyStore(
            "postgresql://hub:secret@127.0.0.1:1/persons", MASTER, secrets_file=SECRETS
        )
    assert "secret" not in str(e.value)


@pytest.mark.parametrize("url", ["sqlite:///keys.db", "secret", ""])
def test_what_is_no_url_of_postgresql_is_said_and_not_shown(url: str) -> None:
    with pytest.raises(UnavailableError, match="no URL of PostgreSQL") as refused:
        PostgresKeyStore(url, MASTER, secrets_file=SECRETS)
    assert "secret" not in str(refused.value)


def test_a_database_that_was_never_made_says_so(database: Database) -> None:
    elsewhere = make_url(database.url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(UnavailableError, match=r"nowhere .* cannot be reached, or lets nobody in"):
        PostgresKeyStore(elsewhere, MASTER, secrets_file=SECRETS)


def test_a_connection_that_broke_is_unavailable_once_and_then_made_anew(
    database: Database,
) -> None:
    keys = database.open()
    made = keys.current(ANNA)
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(UnavailableError, match="cannot be reached"):
        keys.commit()
    keys.commit()
    assert database.open().current(ANNA) == made


def test_a_user_without_rights_uses_tables_that_stand_and_is_told_what_is_missing(
    database: Database,
) -> None:
    role = f"{database.name}_user"
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(UnavailableError, match="gives the hub's user no right"):
        database.open(user=role)
    database.open()
    database.execute(f"GRANT SELECT, INSERT, UPDATE ON person_keys, person_keys_hub TO {role}")
    keys = database.open(user=role)
    keys.current(ANNA)
    keys.commit()
    for store in database.opened:
        store.close()
    database.execute(f"REVOKE ALL ON person_keys, person_keys_hub FROM {role}")
    database.execute(f"DROP ROLE {role}")


def test_what_is_said_to_be_kept_is_on_the_disk_whatever_the_database_prefers(
    database: Database,
) -> None:
    database.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    keys = database.open()
    with keys._engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_store_that_lost_its_proof_keeps_nothing(database: Database) -> None:
    keys = database.open()
    keys.current(ANNA)
    database.execute("DELETE FROM person_keys_hub")
    with pytest.raises(UnavailableError, match="lost its proof"):
        keys.commit()
    assert database.rows("SELECT * FROM person_keys") == []


def test_any_other_failure_names_its_code_and_no_key(database: Database) -> None:
    keys = database.open()
    keys.current(ANNA)
    database.execute("DROP TABLE person_keys")
    with pytest.raises(UnavailableError, match=r"cannot be used now \(SQLSTATE 42P01\)"):
        keys.commit()
