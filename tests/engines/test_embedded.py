"""The embedded engine keeps the promise of engines, and what a file on a disk asks for besides."""

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import apsw
import pytest

from streams.domain.agreement import Agreements
from streams.domain.event import Event
from streams.engines.embedded import FILE, EmbeddedEngine
from streams.engines.lane import Wall
from streams.engines.memory import MemoryEngine
from streams.promises.engine import Engine, ReceiptStatus, UnavailableError
from tests.domain.region import AGREEMENTS, PERSON, at
from tests.domain.speaker import Speaker
from tests.engines.conformance import EngineConformance, letter
from tests.engines.conformance_clocks import ClockConformance, SilenceConformance
from tests.measuring import unmeasured_environment

PAGES_FEW = 40


class TestEmbedded(EngineConformance, ClockConformance, SilenceConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.built: list[EmbeddedEngine] = []
        yield
        for engine in self.built:
            engine.close()

    def build(self) -> EmbeddedEngine:
        return self.under(AGREEMENTS)

    def under(self, agreements: Agreements, wall: Wall | None = None) -> EmbeddedEngine:
        folder = self.folder / f"hub-{len(self.built)}"
        engine = EmbeddedEngine(folder, agreements, durable=False, wall=wall)
        self.built.append(engine)
        return engine

    def edited(self, engine: Engine, agreements: Agreements) -> EmbeddedEngine:
        assert isinstance(engine, EmbeddedEngine)
        engine.close()
        self.built.remove(engine)
        again = EmbeddedEngine(engine._path.parent, agreements, durable=False)
        self.built.append(again)
        return again

    def reopened(self, engine: EmbeddedEngine) -> EmbeddedEngine:
        return self.edited(engine, AGREEMENTS)

    def test_what_was_submitted_is_there_after_a_restart(self) -> None:
        engine = self.build()
        speaker = Speaker()
        engine.submit([speaker.consents(at()), speaker.refers(at(1)), letter("1", at(2))])
        before = engine.entry_bytes(), engine.state_digest(), engine.now(), engine.dead_letters()
        again = self.reopened(engine)
        after = again.entry_bytes(), again.state_digest(), again.now(), again.dead_letters()
        assert after == before

    def test_it_writes_the_very_bytes_of_the_reference(self) -> None:
        engine, reference = self.build(), MemoryEngine(AGREEMENTS)
        for hub in (engine, reference):
            speaker = Speaker()
            hub.submit([speaker.consents(at()), speaker.refers(at(1))])
            hub.advance(at(40))
        assert engine.entry_bytes() == reference.entry_bytes()
        assert engine.state_digest() == reference.state_digest()

    def test_more_clocks_than_one_commit_holds_fire_in_order(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("streams.engines.embedded._CLOCKS_A_COMMIT", 3)
        engine = self.build()
        for number in range(8):
            speaker = Speaker(type(PERSON)(f"p-{number}"))
            engine.submit([speaker.consents(at()), speaker.refers(at(hours=number % 3))])
        engine.advance(at(40))
        moments = [(s.entry.recorded_at, s.entry.person) for s in engine.ledger(after=16)]
        assert len(moments) == 16
        assert moments == sorted(moments)

    def test_states_at_hand_stay_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("streams.engines.embedded.STATES_KEPT_MAX", 2)
        engine = self.build()
        for number in range(5):
            engine.submit([Speaker(type(PERSON)(f"p-{number}")).consents(at())])
        assert len(engine._known) == 2
        assert engine.person(type(PERSON)("p-0")) is not None

    def test_a_second_writer_is_told_who_holds_the_folder(self) -> None:
        self.build()
        with pytest.raises(UnavailableError, match="held by another saattaen"):
            EmbeddedEngine(self.folder / "hub-0", AGREEMENTS)

    def test_a_reader_needs_no_lock(self) -> None:
        engine = self.build()
        engine.submit([Speaker().consents(at())])
        reader = EmbeddedEngine(self.folder / "hub-0", AGREEMENTS, writes=False)
        assert len(list(reader.ledger())) == 1
        reader.close()

    def test_a_folder_that_cannot_be_is_named(self) -> None:
        (self.folder / "file").write_bytes(b"")
        with pytest.raises(UnavailableError, match="--data"):
            EmbeddedEngine(self.folder / "file" / "hub", AGREEMENTS)

    def test_a_damaged_file_is_named_with_the_mend(self) -> None:
        folder = self.folder / "hub-0"
        folder.mkdir()
        (folder / FILE).write_bytes(b"this is no database" * 200)
        with pytest.raises(UnavailableError, match="put it back from its backup"):
            EmbeddedEngine(folder, AGREEMENTS)
        (folder / FILE).unlink()
        EmbeddedEngine(folder, AGREEMENTS).close()  # and the lock was let go

    def test_a_locked_database_keeps_nothing_of_the_call_and_loses_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("streams.engines.sqlite_store._BUSY_MS", 1)
        engine = self.build()
        speaker = Speaker()
        engine.submit([speaker.consents(at())])
        events: list[Event] = [speaker.refers(at(1)), speaker.withdraws(at(2))]
        other = apsw.Connection(str(self.folder / "hub-0" / FILE))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="held by another process"):
            engine.submit(events)
        with pytest.raises(UnavailableError, match="held by another process"):
            engine.advance(at(3))
        other.execute("ROLLBACK")
        other.close()
        assert len(list(engine.ledger())) == 1
        statuses = [outcome.status for outcome in engine.submit(events)]
        assert statuses == [ReceiptStatus.ACCEPTED] * 2

    def test_a_full_store_is_a_clear_error_and_after_room_is_made_nothing_is_missing(self) -> None:
        engine, reference = self.build(), MemoryEngine(AGREEMENTS)
        events: list[Event] = [
            event
            for number in range(60)
            for speaker in [Speaker(type(PERSON)(f"p-{number}"))]
            for event in (speaker.consents(at()), speaker.refers(at(1)))
        ]
        engine._db.execute(f"PRAGMA max_page_count={PAGES_FEW}")
        taken = 0
        while (told := refusal(engine, events[taken : taken + 10])) is None:
            taken += 10
        assert "free space on its disk" in told
        assert len(list(engine.ledger())) == taken
        engine._db.execute("PRAGMA max_page_count=1000000")
        engine.submit(events[taken:])
        reference.submit(events)
        assert engine.entry_bytes() == reference.entry_bytes()
        assert engine.state_digest() == reference.state_digest()

    def test_a_disk_that_takes_no_more_bytes_is_told_so(self) -> None:
        script = (
            "import sys, resource, signal\n"
            "from pathlib import Path\n"
            "from streams.engines.embedded import EmbeddedEngine\n"
            "from streams.promises.engine import UnavailableError\n"
            "from tests.domain.region import AGREEMENTS, at\n"
            "from tests.domain.speaker import Speaker\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "engine = EmbeddedEngine(Path(sys.argv[1]), AGREEMENTS)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
            "speaker = Speaker()\n"
            "try:\n"
            "    for number in range(500):\n"
            "        engine.submit([speaker.consents(at(number))])\n"
            "except UnavailableError as told:\n"
            "    print(told)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script, str(self.folder / "hub")],
            capture_output=True,
            text=True,
            check=True,
            env=unmeasured_environment(),  # what is measured is written on the same full disk
        )
        assert FILE in told.stdout
        assert "try again" in told.stdout

    def test_what_a_killed_writer_acknowledged_is_there(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        folder = self.folder / "killed"
        process = context.Process(target=submit_for_ever, args=(folder, theirs))
        process.start()
        acknowledged = 0
        while acknowledged < 20:
            acknowledged = ours.recv()
        assert process.pid is not None
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        while ours.poll():
            acknowledged = ours.recv()
        engine = EmbeddedEngine(folder, AGREEMENTS)
        kept = len(list(engine.ledger()))
        speaker = Speaker()
        repeats = engine.submit([speaker.consents(at(number)) for number in range(kept)])
        engine.close()
        assert kept >= acknowledged
        assert {outcome.status for outcome in repeats} == {ReceiptStatus.DUPLICATE}

    def test_an_unknown_failure_of_the_store_is_not_hidden(self) -> None:
        engine = self.build()
        with pytest.raises(apsw.SQLError):
            engine._all("SELECT nothing FROM nowhere", ())


def refusal(engine: EmbeddedEngine, events: list[Event]) -> str | None:
    """Submit, and give what the engine said where it could not take them."""
    try:
        engine.submit(events)
    except UnavailableError as told:
        return str(told)
    return None


def submit_for_ever(folder: Path, told: Connection) -> None:
    """Submit one event after the other, and say how many were acknowledged."""
    engine = EmbeddedEngine(folder, AGREEMENTS)
    speaker = Speaker()
    for number in range(100_000):
        engine.submit([speaker.consents(at(number))])
        told.send(number + 1)
