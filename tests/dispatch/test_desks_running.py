"""`run_until`: desks beside agencies, and neither in the other's way."""

from pathlib import Path

import apsw
import pytest

from streams.dispatch.delivery import Delivery
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_rows import DeskKey
from streams.domain.ids import Instant
from tests.dispatch.desks import TYP, WAIT_US, Office, escalation
from tests.dispatch.hub import AINO, HOUR_US, PACE, notice
from tests.dispatch.looping import idle, running, settled
from tests.dispatch.receivers import Receiver

pytestmark = pytest.mark.usefixtures("store")

FIRST = escalation("first")


async def test_desks_are_dispatched_to_beside_the_agencies(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.bench.pace = PACE._replace(group_wait_us=0)
    dispatcher = office.bench.dispatcher()
    async with running(dispatcher):
        await idle(dispatcher)
        office.desk.open.clear()
        office.escalate(FIRST)
        dispatcher.announce()
        await office.desk.came.get()
        office.hub.publish(notice("referral", TYP, AINO))
        dispatcher.announce()
        await settled(dispatcher, 1)
        office.desk.open.set()
        await settled(dispatcher, 2)
    assert office.told() == [[FIRST.notice_id]]


async def test_dispatch_wakes_when_a_desks_escalations_have_gathered(tmp_path: Path) -> None:
    office = Office(tmp_path)
    dispatcher = office.bench.dispatcher()
    office.escalate(FIRST)
    dispatcher._following.catch_up()
    assert dispatcher._launch() == WAIT_US / 1_000_000
    assert dispatcher._desks.pause_s(office.bench.now) == WAIT_US / 1_000_000


async def test_a_store_that_fails_at_a_desk_holds_dispatch_and_loses_no_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    office.bench.pace = PACE._replace(group_wait_us=0)
    team = DeskKey(TYP, "recipient")
    office.bench.desks[team] = DeskPost(Receiver(), write_document, lambda _: "")
    dispatcher = office.bench.dispatcher()
    office.escalate(FIRST)
    real = office.bench.attempts.desks.unreported

    def fail(key: DeskKey, now: Instant, horizon_us: int) -> list[Delivery]:
        if key == team:
            raise apsw.FullError
        return real(key, now, horizon_us)

    with monkeypatch.context() as full:
        full.setattr(office.bench.attempts.desks, "unreported", fail)
        dispatcher._launch()
        assert dispatcher._held
    dispatcher._release()
    await office.later(HOUR_US)
    assert dispatcher._desks._busy == set()
    assert office.told() == [[FIRST.notice_id]]


async def test_a_store_that_fails_after_a_desks_turn_was_taken_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    office.bench.pace = PACE._replace(group_wait_us=0)
    dispatcher = office.bench.dispatcher()
    office.escalate(FIRST)

    def fail(*_: object) -> None:
        raise apsw.FullError

    with monkeypatch.context() as full:
        full.setattr(dispatcher._desks, "pause_s", fail)
        dispatcher._launch()
    assert dispatcher._desks._busy == set()
    dispatcher._release()
