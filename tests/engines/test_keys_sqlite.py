"""Keys in a file: wrapped, durable before they are relied on, and gone when they are destroyed."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from streams.domain.ids import PersonId
from streams.engines.key_wrapping import WrongMasterKeyError
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.promises.engine import UnavailableError
from streams.sealing.keyed_digest import derive_key
from tests.engines.key_store_conformance import ANNA, BEDA, MARCH, KeyStoreConformance

MASTER = b"m" * 64
SECRETS = Path("hub.key")


class Folder:
    """A hub's folder; every store that was opened in it is closed in the end."""

    def __init__(self, path: Path) -> None:
        self.file = path / "keys.db"
        self.opened: list[SqliteKeyStore] = []

    def open(self, master: bytes = MASTER, keys_cached_max: int = 100) -> SqliteKeyStore:
        store = SqliteKeyStore(
            self.file, master, secrets_file=SECRETS, keys_cached_max=keys_cached_max, wait_ms=0
        )
        self.opened.append(store)
        return store

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.file.parent.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    place = Folder(tmp_path)
    yield place
    for store in place.opened:
        store.close()


class TestSqliteKeyStore(KeyStoreConformance):
    @pytest.fixture(autouse=True)
    def _somewhere(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        self.places = tmp_path_factory
        self.stores: list[SqliteKeyStore] = []
        yield
        for store in self.stores:
            store.close()

    def build(self, derive_from: bytes | None = None) -> SqliteKeyStore:
        path = self.places.mktemp("hub") / "keys.db"
        store = SqliteKeyStore(path, MASTER, secrets_file=SECRETS, derive_from=derive_from)
        self.stores.append(store)
        return store


def test_a_committed_key_outlives_the_process(folder: Folder) -> None:
    keys = folder.open()
    key = keys.current(ANNA)
    keys.commit()
    reopened = folder.open()
    assert reopened.of_generation(ANNA, 1) == reopened.current(ANNA) == key


def test_a_key_that_was_not_committed_is_made_anew(folder: Folder) -> None:
    lost = folder.open().current(ANNA)
    found = folder.open().current(ANNA)
    assert found.generation == 1
    assert found.key != lost.key


def test_only_the_hubs_user_can_read_the_file(folder: Folder) -> None:
    folder.open()
    assert stat.S_IMODE(folder.file.stat().st_mode) == 0o600


def test_no_key_stands_in_the_file_in_clear(folder: Folder) -> None:
    keys = folder.open()
    key = keys.current(ANNA).key
    keys.commit()
    assert key not in folder.bytes_on_disk()
    assert key[:16] not in folder.bytes_on_disk()


def test_a_destroyed_key_leaves_not_even_its_wrapping_behind(folder: Folder) -> None:
    keys = folder.open()
    key = keys.current(ANNA).key
    keys.current(BEDA)
    keys.commit()
    wrapping = AESSIV(derive_key(MASTER, "saattaen person key wrapping 1", 64))
    wrapped = wrapping.encrypt(key, [ANNA.encode() + b"\x001"])
    assert wrapped in folder.bytes_on_disk()
    keys.destroy(ANNA, MARCH)
    assert wrapped not in folder.bytes_on_disk()
    assert wrapped[:16] not in folder.bytes_on_disk()


def test_a_wrong_master_key_is_named_at_the_start_with_both_files(folder: Folder) -> None:
    folder.open().close()
    with pytest.raises(WrongMasterKeyError, match=r"hub\.key.*keys\.db.*--keys"):
        folder.open(master=b"x" * 64)
    folder.open()


def test_a_key_moved_to_another_person_does_not_open(folder: Folder) -> None:
    keys = folder.open()
    keys.current(ANNA)
    keys.commit()
    keys.close()
    connection = apsw.Connection(str(folder.file))
    connection.execute("UPDATE person_keys SET person = ?", (BEDA,))
    connection.close()
    with pytest.raises(UnavailableError, match="altered"):
        folder.open().current(BEDA)


def test_a_store_held_by_another_process_says_so_and_goes_on_later(folder: Folder) -> None:
    keys = folder.open()
    made = keys.current(ANNA)
    holder = apsw.Connection(str(folder.file))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match=r"keys\.db is held by another process"):
        keys.commit()
    holder.close()
    keys.commit()
    assert folder.open().current(ANNA) == made


def test_a_full_disk_says_so_and_keeps_nothing(folder: Folder) -> None:
    keys = folder.open()
    keys._db.execute("PRAGMA max_page_count = 1").fetchall()
    people = [PersonId(f"p-{number:026}") for number in range(100)]
    made = [keys.current(person) for person in people]
    with pytest.raises(UnavailableError, match=r"keys\.db has no room"):
        keys.commit()
    assert folder.open().of_generation(people[0], 1) is None
    keys._db.execute("PRAGMA max_page_count = 1000000").fetchall()
    keys.commit()
    reopened = folder.open()
    assert [reopened.current(person) for person in people] == made


def test_two_processes_never_both_rely_on_a_first_key(folder: Folder) -> None:
    one, other = folder.open(), folder.open()
    one.current(ANNA)
    kept = other.current(ANNA)
    other.commit()
    with pytest.raises(UnavailableError, match="another process made a key"):
        one.commit()
    assert one.current(ANNA) == kept


@pytest.mark.parametrize("newcomer", [True, False])
def test_nothing_is_sealed_for_good_under_a_key_that_another_process_destroyed(
    folder: Folder, *, newcomer: bool
) -> None:
    one, other = folder.open(), folder.open()
    one.current(ANNA)
    one.commit()
    other.destroy(ANNA, MARCH)
    assert one.current(ANNA).generation == 1
    if newcomer:
        one.current(BEDA)
    with pytest.raises(UnavailableError, match="another process destroyed keys"):
        one.commit()
    assert one.current(ANNA).generation == 2
    one.commit()


def test_an_erasure_that_a_reader_holds_up_is_said_and_ends_with_a_new_try(folder: Folder) -> None:
    keys = folder.open()
    keys.current(ANNA)
    keys.commit()
    reader = apsw.Connection(str(folder.file))
    reader.execute("BEGIN")
    reader.execute("SELECT person FROM person_keys").fetchall()
    with pytest.raises(UnavailableError, match="destroy again"):
        keys.destroy(ANNA, MARCH)
    assert keys.of_generation(ANNA, 1) is None
    reader.close()
    assert keys.destroy(ANNA, MARCH) == 0


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"nowhere.keys\.db cannot be opened"):
        Folder(tmp_path / "nowhere").open()


def test_a_file_that_is_no_key_store_is_named(folder: Folder) -> None:
    folder.file.write_bytes(b"no database at all" * 100)
    with pytest.raises(UnavailableError, match=r"keys\.db is no key store"):
        folder.open()


def test_a_closed_store_is_unavailable(folder: Folder) -> None:
    keys = folder.open()
    keys.close()
    with pytest.raises(UnavailableError, match="was closed"):
        keys.current(ANNA)


def test_any_other_failure_of_the_file_is_unavailable_too(folder: Folder) -> None:
    keys = folder.open()
    keys._db.execute("DROP TABLE person_keys")
    with pytest.raises(UnavailableError, match=r"cannot be used now \(SQLError\)"):
        keys.of_generation(ANNA, 1)


def test_a_transaction_that_the_disk_took_away_is_not_rolled_back_twice(folder: Folder) -> None:
    keys = folder.open()
    keys.current(ANNA)

    def lose(*_: object) -> None:
        keys._db.execute("ROLLBACK")
        raise apsw.IOError

    keys._insert = lose  # type: ignore[method-assign,assignment]  # plants the fault
    with pytest.raises(UnavailableError, match="cannot be used now"):
        keys.commit()


def test_the_file_is_set_up_to_survive_power_loss_and_to_forget(folder: Folder) -> None:
    keys = folder.open()
    settings = {
        name: keys._db.execute(f"PRAGMA {name}").get
        for name in ("journal_mode", "synchronous", "secure_delete")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_only_so_many_keys_stay_in_memory(folder: Folder) -> None:
    keys = folder.open(keys_cached_max=4)
    people = [PersonId(f"p-{number:026}") for number in range(20)]
    made = [keys.current(person) for person in people]
    keys.commit()
    assert [keys.of_generation(person, 1) for person in people] == made
    assert [keys.current(person) for person in reversed(people)] == made[::-1]
    assert keys._keys.kept() == (4, 4)
    assert keys.of_generation(people[9], 1) == keys.of_generation(people[9], 1) == made[9]


def test_threads_share_a_store_and_see_one_key_a_person(folder: Folder) -> None:
    keys = folder.open(keys_cached_max=4)
    people = [PersonId(f"p-{number:026}") for number in range(16)]

    def use(turn: int) -> list[bytes]:
        found = [keys.current(person).key for person in people]
        if turn % 3 == 0:
            keys.commit()
        return found

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(use, range(40)))
    assert all(keys_seen == seen[0] for keys_seen in seen)
    assert keys._keys.kept()[0] <= 4


KILLED = """
import os, sys
from pathlib import Path
from streams.engines.keys_sqlite import SqliteKeyStore

path, anna, beda = sys.argv[1:]
keys = SqliteKeyStore(Path(path), b"m" * 64, secrets_file=Path("hub.key"))
print(keys.current(anna).key.hex(), flush=True)
keys.commit()
keys.current(beda)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name != "posix", reason="cannot run here: no signals")
def test_a_process_that_is_killed_leaves_only_keys_that_were_committed(folder: Folder) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder.file), ANNA, BEDA],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -9
    keys = folder.open()
    assert keys.current(ANNA).key.hex() == killed.stdout.strip()
    assert keys.of_generation(BEDA, 1) is None
