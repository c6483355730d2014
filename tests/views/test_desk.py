"""The desk is caught up from the ledger, one entry never twice, and built anew where it must be."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.answers import HandoffAccepted, HandoffReceived, ServiceCompleted
from streams.domain.ids import PersonId
from streams.promises.engine import UnavailableError
from streams.views import cursors
from streams.views import desk as desk_module
from streams.views.desk import FILE, open_desk
from tests.domain.region import EMPLOYMENT, KELA, SOTE, at
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

PERSONS = [PersonId(f"p-0000000000000000000000000{number}") for number in range(1, 4)]


def filled(hub: WatchedHub, count: int = 3) -> None:
    for person in PERSONS[:count]:
        speaker = Speaker(person)
        hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1), message_id=f"r-{person}"))


def seen(hub: WatchedHub) -> tuple[object, ...]:
    return (hub.desk.handoffs(), hub.desk.clocks(), hub.desk.deliveries())


def test_catching_up_twice_reads_nothing_twice(hub: WatchedHub) -> None:
    filled(hub)

    assert hub.desk.catch_up(hub.engine) == 6
    once = seen(hub)
    assert hub.desk.catch_up(hub.engine) == 0
    assert seen(hub) == once


def test_entries_that_the_views_have_already_change_nothing(hub: WatchedHub) -> None:
    filled(hub)
    hub.desk.catch_up(hub.engine)
    once = seen(hub)

    hub.desk.apply(hub.entries)

    assert seen(hub) == once


def test_views_outlive_the_process_that_made_them(file_hub: WatchedHub) -> None:
    filled(file_hub)
    file_hub.desk.catch_up(file_hub.engine)
    once = seen(file_hub)
    file_hub.desk.close()

    file_hub.desk = open_desk(file_hub.folder)

    assert seen(file_hub) == once
    assert file_hub.desk.catch_up(file_hub.engine) == 0


def test_two_desks_of_one_folder_see_the_same(file_hub: WatchedHub) -> None:
    other = open_desk(file_hub.folder)
    filled(file_hub, 1)
    file_hub.desk.catch_up(file_hub.engine)
    file_hub.hear(Speaker(PERSONS[1]).refers(at(1), message_id="r-2"))

    assert other.catch_up(file_hub.engine) == 1
    assert file_hub.desk.handoffs() == other.handoffs()
    other.close()


def test_views_of_another_version_are_built_anew(
    hub: WatchedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(hub)
    hub.desk.catch_up(hub.engine)
    once = seen(hub)

    monkeypatch.setattr(cursors, "VERSION", cursors.VERSION + 1)

    assert hub.desk.catch_up(hub.engine) == 6
    assert seen(hub) == once


def test_views_of_another_ledger_are_built_anew(file_hub: WatchedHub) -> None:
    filled(file_hub, 1)
    file_hub.desk.catch_up(file_hub.engine)
    with watched() as other:
        other.hear(Speaker(PERSONS[2]).refers(at(0), source=KELA, message_id="r-9"))
        other.hear(Speaker(PERSONS[2]).refers(at(1), source=KELA, message_id="r-10"))
        file_hub.desk.catch_up(other.engine)

    assert {handoff.source for handoff in file_hub.desk.handoffs()} == {KELA}


def test_views_that_are_ahead_of_a_ledger_put_back_are_built_anew(file_hub: WatchedHub) -> None:
    filled(file_hub, 2)
    file_hub.desk.catch_up(file_hub.engine)
    with watched() as earlier:
        filled(earlier, 1)
        file_hub.desk.catch_up(earlier.engine)

    assert [handoff.person for handoff in file_hub.desk.handoffs()] == PERSONS[:1]


def test_tables_of_others_in_the_same_database_are_left_alone(file_hub: WatchedHub) -> None:
    with sqlite3.connect(file_hub.folder / FILE) as connection:
        connection.execute("CREATE TABLE person_keys (person TEXT)")
        connection.execute("CREATE TABLE view_of_before (id TEXT)")
    connection.close()

    file_hub.desk.catch_up(file_hub.engine)

    with sqlite3.connect(file_hub.folder / FILE) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "person_keys" in names
    assert "view_of_before" not in names


def test_damaged_views_are_thrown_away(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)

    desk = open_desk(tmp_path)

    with watched() as hub:
        filled(hub)
        assert desk.catch_up(hub.engine) == 6
    desk.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        open_desk(tmp_path / "elsewhere")


def test_views_that_somebody_holds_are_unavailable(
    file_hub: WatchedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "_WAIT_S", 0)
    impatient = open_desk(file_hub.folder)
    holder = sqlite3.connect(file_hub.folder / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(UnavailableError, match=r"views\.db"):
        impatient.catch_up(file_hub.engine)

    holder.close()
    impatient.close()


def test_more_fates_than_one_query_takes_are_found(hub: WatchedHub) -> None:
    filled(hub)
    hub.desk.catch_up(hub.engine)
    known = [notice.notice_id for notice in hub.desk.deliveries()]

    found = hub.desk.fates([*(f"n-{number}" for number in range(1_000)), *known])

    assert set(found) == {*known}


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(PERSONS),
            st.sampled_from(
                ["consent", "withdraw", "refer", "receive", "accept", "reject", "complete", "wait"]
            ),
        ),
        max_size=25,
    ),
    cuts=st.sets(st.integers(0, 25), max_size=4),
)
@settings(max_examples=40)  # a history each, and each opens two hubs
def test_views_say_what_the_state_says_however_often_they_are_caught_up(
    said: list[tuple[PersonId, str]], cuts: set[int]
) -> None:
    with watched() as hub, watched() as whole:
        for number, (person, what) in enumerate(said):
            say(hub, person, what, number)
            if number in cuts:
                hub.desk.catch_up(hub.engine)
        hub.desk.catch_up(hub.engine)
        whole.desk.catch_up(hub.engine)

        assert seen(hub) == seen(whole)
        agrees_with_the_state(hub)


def say(hub: WatchedHub, person: PersonId, what: str, number: int) -> None:
    speaker = Speaker(person)
    speaker.said = 100 * (number + 1)
    when = at(number)
    state = hub.engine.person(person)
    handoffs = state.handoffs if state is not None else ()
    handoff_id = handoffs[-1].handoff_id if handoffs else None
    referral = "r-1" if handoff_id is None else None
    match what:
        case "consent":
            hub.hear(speaker.consents(when))
        case "withdraw":
            hub.hear(speaker.withdraws(when))
        case "refer":
            hub.hear(speaker.refers(when))
        case "receive":
            hub.hear(speaker.answers(HandoffReceived, when, SOTE, handoff_id, referral))
        case "accept":
            hub.hear(speaker.answers(HandoffAccepted, when, SOTE, handoff_id, referral))
        case "complete":
            hub.hear(speaker.answers(ServiceCompleted, when, SOTE, handoff_id, referral))
        case "reject" if handoff_id is not None:
            hub.hear(speaker.rejects(when, SOTE, handoff_id))
        case _:
            hub.advance(when)


def agrees_with_the_state(hub: WatchedHub) -> None:
    for person in PERSONS:
        state = hub.engine.person(person)
        if state is None:
            continue
        shown = {handoff.handoff_id: handoff for handoff in hub.desk.handoffs(person=person)}
        responsible = {case.case_id: case.responsible for case in state.cases}
        for handoff in state.handoffs:
            in_view = shown[handoff.handoff_id]
            assert in_view.status == handoff.status.value
            assert in_view.responsible == responsible[handoff.case_id]
        running = {clock.clock_id for clock in state.clocks if not clock.rule.startswith("hub:")}
        waiting = [c for handoff in shown.values() for c in handoff.clocks if c.ended_at is None]
        assert {clock.clock_id for clock in waiting} == running
        over = shown.keys() - {handoff.handoff_id for handoff in state.handoffs}
        assert all(shown[each].responsible in (EMPLOYMENT, SOTE) for each in over)
