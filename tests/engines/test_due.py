"""The heap of who is due: in order, never a stale place, bounded in memory."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ids import Instant, PersonId
from streams.engines.due import LAST, Due

ANNA, EEVA, OTSO = (PersonId(f"p-{name}") for name in ("anna", "eeva", "otso"))
FAR = Instant(2**61)
BYTES_A_CLOCK_MAX = 250


def heap_of(store: dict[PersonId, Instant]) -> Due:
    """Make the heap of a store, which is asked what counts."""
    return Due([(at, person) for person, at in store.items()], store.get)


def test_the_earliest_is_first_and_at_one_moment_the_person_decides() -> None:
    due = heap_of({OTSO: Instant(5), EEVA: Instant(7), ANNA: Instant(5)})
    assert due.first() == (5, ANNA)
    assert due.take((Instant(6), LAST), 10) == [(5, ANNA), (5, OTSO)]
    assert due.first() == (7, EEVA)


def test_moments_before_1970_come_first() -> None:
    due = heap_of({ANNA: Instant(0), EEVA: Instant(-5), OTSO: Instant(3)})
    assert due.take((FAR, LAST), 10) == [(-5, EEVA), (0, ANNA), (3, OTSO)]


def test_a_place_ends_before_the_person_that_it_names() -> None:
    due = heap_of({ANNA: Instant(5), EEVA: Instant(5)})
    assert due.take((Instant(5), PersonId("")), 10) == []
    assert due.take((Instant(5), ANNA), 10) == [(5, ANNA)]


def test_no_more_are_taken_than_asked_for() -> None:
    due = heap_of({ANNA: Instant(1), EEVA: Instant(2), OTSO: Instant(3)})
    assert due.take((FAR, LAST), 2) == [(1, ANNA), (2, EEVA)]
    assert due.take((FAR, LAST), 2) == [(3, OTSO)]


def test_who_moved_counts_where_the_store_says_and_only_once() -> None:
    store = {ANNA: Instant(5)}
    due = heap_of(store)
    for at in (9, 5, 9):
        due.move(ANNA, store[ANNA], Instant(at))
        store[ANNA] = Instant(at)
    assert due.first() == (9, ANNA)
    assert due.take((FAR, LAST), 10) == [(9, ANNA)]
    assert due.first() is None


def test_who_has_no_clock_any_more_is_dropped() -> None:
    store = {ANNA: Instant(5)}
    due = heap_of(store)
    del store[ANNA]
    due.move(ANNA, Instant(5), None)
    assert due.first() is None
    assert len(due) == 0


def test_who_was_put_back_is_due_again() -> None:
    due = heap_of({ANNA: Instant(5)})
    taken = due.take((FAR, LAST), 10)
    assert due.first() is None
    due.put_back(taken)
    assert due.first() == (5, ANNA)


def test_it_asks_to_be_made_anew_when_some_are_stale() -> None:
    store = {ANNA: Instant(0)}
    due = heap_of(store)
    stale = []
    for at in range(1, 70):
        due.move(ANNA, store[ANNA], Instant(at))
        store[ANNA] = Instant(at)
        stale.append(due.is_stale)
    assert stale == [False] * 64 + [True] * 5
    assert not heap_of(store).is_stale


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANNA, EEVA, OTSO]),
            st.none() | st.integers(-9, 9).map(Instant),
            st.none() | st.integers(-9, 9).map(Instant),
        )
    )
)
def test_it_says_what_a_sorted_list_would_say(
    moves: list[tuple[PersonId, Instant | None, Instant | None]],
) -> None:
    store: dict[PersonId, Instant] = {}
    due = heap_of(store)
    for person, after, until in moves:
        due.move(person, store.get(person), after)
        store.pop(person, None)
        if after is not None:
            store[person] = after
        waiting = sorted((at, who) for who, at in store.items())
        assert due.first() == (waiting[0] if waiting else None)
        if until is not None:
            by_then = [place for place in waiting if place[0] <= until]
            assert due.take((until, LAST), 9) == by_then
            for _, who in by_then:
                due.move(who, None, None)
                del store[who]


def test_a_clock_takes_little_memory() -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    places = ((Instant(2**50 + n), PersonId(f"p-{n:026d}")) for n in range(20_000))
    due = Due(places, lambda _: None)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken / len(due) < BYTES_A_CLOCK_MAX
