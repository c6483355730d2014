import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import orjson
import pytest
from structlog.testing import capture_logs

from streams.bootstrap import running as module
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import Hub, wall_clock
from streams.bootstrap.inbox import Arrival
from streams.bootstrap.running import RunningHub
from streams.domain.agreement import Agreements
from streams.domain.calendar import DAY_US, moment
from streams.domain.clock_facts import ClockBreached, ClockMet, ClockStarted
from streams.domain.hub_events import AgreementChanged, ClockReached
from streams.domain.ids import AgencyId, Instant
from streams.promises.engine import UnavailableError
from streams.promises.receipt import Receipt
from tests.awaiting import come_about

WIRE = Path(__file__).parents[1] / "data" / "wire"
EMPLOYMENT, SOTE = AgencyId("employment.lappeenranta"), AgencyId("sote.south-karelia")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "hub", durable=False) as opened:
        yield opened


def statuses(receipts: Sequence[Receipt]) -> bytes:
    return b"".join(orjson.dumps(receipt.status.value) + b"\n" for receipt in receipts)


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[RunningHub]:
    """Let a hub run on this loop until the block ends, then drain."""
    started = RunningHub(hub, statuses)
    stop = asyncio.Event()
    task = asyncio.create_task(started.run(stop))
    try:
        yield started
    finally:
        stop.set()
        await task
        started.close()


def leave(hub: Hub, agency: AgencyId, name: str, content: bytes) -> Path:
    """Leave a file in the inbox; give the place of its receipts."""
    draft = hub.data / "inbox" / agency / f".{name}"
    draft.write_bytes(content)
    draft.rename(draft.with_name(name))
    return hub.data / "receipts" / agency / f"{name}.ndjson"


def sample(name: str) -> bytes:
    return (WIRE / "employment" / name).read_bytes()


def outbox(hub: Hub, agency: AgencyId) -> list[Path]:
    return sorted((hub.data / "outbox" / agency).glob("n-*"))


def clocks_reached(hub: Hub) -> int:
    return sum(isinstance(s.entry.event, ClockReached) for s in hub.engine.ledger())


def late(hub: Hub) -> list[int]:
    """Give how late each clock fired, in microseconds."""
    events = [stored.entry.event for stored in hub.engine.ledger()]
    return [event.late_by_us for event in events if isinstance(event, ClockReached)]


async def test_a_referral_left_in_the_inbox_reaches_its_recipient(hub: Hub) -> None:
    async with running(hub):
        leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
        receipts = leave(hub, EMPLOYMENT, "2.json", sample("referral-submitted.json"))
        await come_about(receipts.exists)
        assert receipts.read_bytes() == b'"accepted"\n'
        await come_about(lambda: outbox(hub, SOTE))
    assert not list((hub.data / "inbox" / EMPLOYMENT).iterdir())


async def test_a_message_counts_as_recorded_when_it_came(hub: Hub) -> None:
    started = RunningHub(hub, statuses)
    receipts = leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
    came_us = (receipts.parents[2] / "inbox" / EMPLOYMENT / "1.json").stat().st_ctime_ns // 1000
    started.close()
    async with running(hub):
        await come_about(receipts.exists)
    (stored,) = hub.engine.ledger()
    assert stored.entry.recorded_at == came_us


async def answered_before_the_hub_ran(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave an answer in time, run the hub long after it was due; give the facts of its clock."""
    now = moment(wall_clock()).isoformat()
    referral = orjson.loads(sample("referral-submitted.json")) | {"aikaleima": now}
    for message in (sample("consent-given.json"), orjson.dumps(referral)):
        for _ in hub.ingest(EMPLOYMENT, message):
            pass
    answer = orjson.loads((WIRE / "sote" / "accepted.json").read_bytes())
    answer |= {"authoredOn": now, "lastModified": now}
    answer["basedOn"][0]["identifier"]["value"] = referral["tapahtumaTunnus"]
    patient = answer["contained"][0]
    patient["identifier"][0]["value"] = referral["asiakas"]["henkilotunnus"]
    RunningHub(hub, statuses).close()
    receipts = leave(hub, SOTE, "accepted.json", orjson.dumps(answer))
    monkeypatch.setattr(module, "wall_clock", lambda: Instant(wall_clock() + 20 * DAY_US))
    async with running(hub):
        await come_about(receipts.exists)
        await come_about(lambda: hub.engine.now() > wall_clock() + DAY_US)
    assert receipts.read_bytes() == b'"accepted"\n'
    facts = [fact for stored in hub.engine.ledger() for fact in stored.entry.facts]
    (clock_id,) = [f.clock_id for f in facts if isinstance(f, ClockStarted) and f.rule == "hub-ack"]
    ended = [fact for fact in facts if isinstance(fact, ClockMet | ClockBreached)]
    return [type(fact).__name__ for fact in ended if fact.clock_id == clock_id]


async def test_an_answer_that_came_in_time_is_not_overtaken_by_the_breach(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await answered_before_the_hub_ran(hub, monkeypatch) == ["ClockMet"]


async def test_a_hub_that_recorded_at_the_time_of_taking_would_break_that_promise(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taking_time(_hub: RunningHub, _file: Arrival) -> Instant:
        return Instant(wall_clock() + 20 * DAY_US)

    monkeypatch.setattr(RunningHub, "_recorded_at", taking_time)
    found = await answered_before_the_hub_ran(hub, monkeypatch)
    assert found == ["ClockBreached", "ClockMet"]


async def test_a_clock_fires_when_its_time_has_come(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset_us = [0]
    monkeypatch.setattr(module, "wall_clock", lambda: Instant(wall_clock() + offset_us[0]))
    async with running(hub):
        now = orjson.loads(sample("consent-given.json"))
        receipts = leave(hub, EMPLOYMENT, "1.json", orjson.dumps(now))
        await come_about(receipts.exists)
        waiting = leave(hub, EMPLOYMENT, "2.json", sample("answers.ndjson"))
        await come_about(waiting.exists)
        assert b'"parked"' in waiting.read_bytes()
        before = clocks_reached(hub)
        due_at = hub.engine.next_due()
        assert due_at is not None
        offset_us[0] = 2 * DAY_US
        await come_about(lambda: clocks_reached(hub) > before)
        assert hub.engine.lag_us(Instant(due_at + 1)) == 0


async def test_a_clock_fires_within_moments_of_its_time_however_seldom_the_inbox_is_looked_at(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SCAN_S", 60.0)
    # Given an answer that waits for its referral until a moment from now
    parked_at = Instant(wall_clock() - DAY_US + 300_000)
    for _ in hub.ingest(EMPLOYMENT, sample("answers.ndjson"), parked_at):
        pass
    with capture_logs() as log:
        async with running(hub):
            await come_about(lambda: clocks_reached(hub) > 0)
    (fired,) = [line for line in log if line["event"] == "clocks_fired"]
    assert fired["clocks"] >= 1
    assert 0 < fired["lag_us"] < module.SCAN_S * 1e6
    (late_by_us, *_) = late(hub)
    assert late_by_us >= fired["lag_us"]


async def test_clocks_that_fell_due_while_no_hub_ran_fire_once_and_say_how_late(hub: Hub) -> None:
    for _ in hub.ingest(EMPLOYMENT, sample("answers.ndjson"), Instant(wall_clock() - 3 * DAY_US)):
        pass
    for _ in range(2):
        async with running(hub):
            await come_about(lambda: hub.engine.lag_us(wall_clock()) == 0)
    lateness = late(hub)
    assert len(lateness) == clocks_reached(hub) > 0
    assert min(lateness) > DAY_US


async def test_a_hub_brings_open_clocks_under_an_edited_agreement_when_it_starts(
    tmp_path: Path,
) -> None:
    agreements = load_agreements()
    with Hub(tmp_path / "edited", agreements=agreements, durable=False) as hub:
        for name in ("consent-given.json", "referral-submitted.json"):
            for _ in hub.ingest(EMPLOYMENT, sample(name)):
                pass
        hub.engine.follow_agreement(hub.engine.now())
    versions = [v._replace(digest=b"2" * 32, clock_digest=b"2") for v in agreements.versions]
    edited = Agreements(tuple(versions))
    with (
        Hub(tmp_path / "edited", agreements=edited, durable=False) as hub,
        capture_logs() as log,
    ):
        async with running(hub):
            await come_about(lambda: any(line["event"] == "agreement_followed" for line in log))
        reached = [s.entry.event for s in hub.engine.ledger()]
        assert sum(isinstance(event, AgreementChanged) for event in reached) == 1


async def test_a_hub_that_is_stopped_while_it_follows_goes_on_when_it_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    with Hub(tmp_path / "stopped", durable=False) as hub:
        started = RunningHub(hub, statuses)

        def following(_at: Instant) -> Iterator[int]:
            stop.set()
            yield 1
            raise AssertionError

        monkeypatch.setattr(hub.engine, "following", following)
        await started.run(stop)
        started.close()


async def test_a_hub_that_is_stopped_while_clocks_fire_leaves_the_rest_due(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    for _ in hub.ingest(EMPLOYMENT, sample("answers.ndjson"), Instant(wall_clock() - 3 * DAY_US)):
        pass
    sound = hub.engine.advancing

    def advancing(to: Instant) -> Iterator[int]:
        stop.set()
        yield next(sound(to))
        raise AssertionError

    monkeypatch.setattr(hub.engine, "advancing", advancing)
    started = RunningHub(hub, statuses)
    await started.run(stop)
    started.close()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_files_time_lags_behind_by_a_tick_at_most(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert 0 < module.tick_us() <= 10_000


async def test_a_hub_whose_virtual_time_is_ahead_stands_at_that_time(hub: Hub) -> None:
    ahead = Instant(wall_clock() + 400 * DAY_US)
    hub.engine.advance(ahead)
    async with running(hub):
        receipts = leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
        await come_about(receipts.exists)
    assert {stored.entry.recorded_at for stored in hub.engine.ledger()} == {ahead}


async def test_a_file_that_cannot_be_taken_in_holds_nobody_else(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = hub.ingest

    def ingest(agency: AgencyId, raw: bytes, at: Instant | None = None) -> Iterator[list[Receipt]]:
        if raw == b"poison":
            raise ZeroDivisionError
        yield from sound(agency, raw, at)

    monkeypatch.setattr(hub, "ingest", ingest)
    with capture_logs() as log:
        async with running(hub):
            poisoned = leave(hub, EMPLOYMENT, "1.json", b"poison")
            receipts = leave(hub, EMPLOYMENT, "2.json", sample("consent-given.json"))
            await come_about(receipts.exists)
    assert not poisoned.exists()
    assert (hub.data / "inbox" / EMPLOYMENT / "1.json").exists()
    held = [line for line in log if line["event"] == "file_held"]
    assert [(line["agency"], line["error"]) for line in held] == [(EMPLOYMENT, "ZeroDivisionError")]


async def test_a_file_that_cannot_be_read_holds_nobody_else(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(hub) as started:
        sound = started._inbox.read

        def read(arrival: Arrival) -> bytes | None:
            if arrival.name == "1.json":
                raise UnavailableError("not for the hub")
            if arrival.name == "2.json":
                return None
            return sound(arrival)

        monkeypatch.setattr(started._inbox, "read", read)
        for name in ("1.json", "2.json"):
            leave(hub, EMPLOYMENT, name, b"x")
        receipts = leave(hub, EMPLOYMENT, "3.json", sample("consent-given.json"))
        await come_about(receipts.exists)
    assert not receipts.with_name("1.json.ndjson").exists()


async def test_where_the_stores_cannot_be_used_the_file_waits_until_they_can(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOLD_S", 0.01)
    full = [True, True]
    sound = hub.engine.submit

    def submit(inputs: Sequence[object]) -> object:
        if full:
            full.pop()
            raise UnavailableError("no room")
        return sound(inputs)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(hub.engine, "submit", submit)
    async with running(hub):
        receipts = leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
        await come_about(receipts.exists)
    assert full == []


async def test_what_is_left_over_from_a_crash_is_taken_again_as_duplicates(hub: Hub) -> None:
    async with running(hub):
        receipts = leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
        await come_about(receipts.exists)
    receipts.unlink()
    async with running(hub):
        again = leave(hub, EMPLOYMENT, "1.json", sample("consent-given.json"))
        await come_about(again.exists)
        assert again.read_bytes() == b'"duplicate"\n'
    assert len(list(hub.engine.ledger())) == 1


async def test_a_stop_lets_the_rest_of_the_inbox_wait(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    started = RunningHub(hub, statuses)
    for number in range(3):
        leave(hub, EMPLOYMENT, f"{number}.json", sample("consent-given.json"))
    sound = started._inbox.settle

    def settle(arrival: Arrival, receipts: bytes) -> None:
        sound(arrival, receipts)
        stop.set()

    monkeypatch.setattr(started._inbox, "settle", settle)
    await started.run(stop)
    started.close()
    waiting = sorted(path.name for path in (hub.data / "inbox" / EMPLOYMENT).iterdir())
    assert waiting == ["1.json", "2.json"]


async def test_what_ends_one_task_ends_the_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    started = RunningHub(hub, statuses)

    async def defect(_stop: asyncio.Event) -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(started, "_look", defect)
    with pytest.raises(ZeroDivisionError):
        await started.run(asyncio.Event())
    started.close()


def test_an_attempts_file_of_a_newer_hub_is_left_alone(hub: Hub) -> None:
    newer = apsw.Connection(str(hub.data / "dispatch.db"))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(UnavailableError, match="run the newer version"):
        RunningHub(hub, statuses)
    (hub.data / "dispatch.db").unlink()
    RunningHub(hub, statuses).close()  # the inbox was let go of


def test_an_outbox_that_cannot_be_made_is_named(hub: Hub) -> None:
    (hub.data / "outbox").write_bytes(b"no folder")
    with pytest.raises(UnavailableError, match="outbox"):
        RunningHub(hub, statuses)
