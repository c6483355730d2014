"""A buffer that has not heard lately that it holds everything gives no answer."""

import asyncio
import threading

import pytest

from streams.dispatch import ledger_buffer
from streams.dispatch.ledger_buffer import LedgerBuffer
from streams.promises.engine import Stored, UnavailableError
from streams.promises.ledger import Recorded, Unreadable
from tests.dispatch.hub import AINO, KELA, FakeHub, notice


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def entries(count: int) -> list[Recorded]:
    hub = FakeHub()
    for number in range(count):
        hub.publish(notice(str(number), KELA, AINO))
    return [Recorded(stored, b"") for stored in hub.entries]


def read(buffer: LedgerBuffer, after: int = 0, limit: int | None = None) -> list[Stored]:
    return list(buffer(after, None, limit))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buffer(clock: Clock) -> LedgerBuffer:
    return LedgerBuffer(clock_s=clock, fresh_s=5.0, wait_s=0.01)


async def test_nothing_is_said_before_the_end_was_reached(buffer: LedgerBuffer) -> None:
    await buffer.put(entries(3))

    with pytest.raises(UnavailableError, match="broker"):
        read(buffer)


async def test_as_many_as_are_wanted_need_no_end(buffer: LedgerBuffer) -> None:
    page = entries(3)
    await buffer.put(page)

    assert read(buffer, limit=2) == [recorded.stored for recorded in page[:2]]


async def test_all_that_there_is_is_given_once_it_is_known_to_be_all(
    buffer: LedgerBuffer, clock: Clock
) -> None:
    page = entries(3)
    await buffer.put(page)
    buffer.reach_end(clock())

    assert read(buffer) == [recorded.stored for recorded in page]
    assert read(buffer, after=2) == [page[2].stored]
    assert read(buffer, after=3) == []


async def test_what_was_all_a_while_ago_may_not_be_any_more(
    buffer: LedgerBuffer, clock: Clock
) -> None:
    buffer.reach_end(clock())
    assert read(buffer) == []

    clock.now_s += 6.0
    with pytest.raises(UnavailableError):
        read(buffer)

    buffer.reach_end(clock())
    assert read(buffer) == []


async def test_what_is_no_entry_is_left_out(buffer: LedgerBuffer, clock: Clock) -> None:
    first, second = entries(2)
    await buffer.put([first, Unreadable(1, "bad-frame"), second])
    buffer.reach_end(clock())

    assert read(buffer) == [first.stored, second.stored]


async def test_a_page_waits_until_there_is_room(
    buffer: LedgerBuffer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_buffer, "ENTRIES_MAX", 2)
    page = entries(4)
    await buffer.put(page[:2])
    putting = asyncio.create_task(buffer.put(page[2:]))
    _, waiting = await asyncio.wait({putting}, timeout=0.01)
    assert waiting

    await asyncio.to_thread(read, buffer, 2, 0)
    await putting

    buffer.reach_end(clock())
    assert read(buffer, after=2) == [recorded.stored for recorded in page[2:]]


def test_a_question_waits_for_what_is_on_its_way() -> None:
    buffer = LedgerBuffer(wait_s=30.0)
    page = entries(1)
    found: list[list[Stored]] = []
    asking = threading.Thread(target=lambda: found.append(read(buffer, limit=1)))
    asking.start()

    asyncio.run(buffer.put(page))
    asking.join(30.0)

    assert found == [[page[0].stored]]
