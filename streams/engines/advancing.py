"""How an engine's time goes on: clocks, turns of the agreement and silences, each at its moment."""

from collections.abc import Callable, Iterator
from typing import Protocol

from streams.domain.agreement import Agreements
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.engines.changes import next_turn
from streams.engines.due import LAST, Place


class Advanced(Protocol):
    """What an engine does at the moments that `advance` comes to, each in its own transactions."""

    def now(self) -> Instant:
        """Give the hub's virtual time."""

    def following(self, at: Instant) -> Iterator[int]:
        """Bring every person's clocks under the agreement in force at a moment."""

    def firing(self, until: Place) -> Iterator[int]:
        """Fire the clocks that are due by a place; the hub's time is its moment then."""

    def first_silence(self) -> Place | None:
        """Give when the next agency falls silent, and which."""

    def fall_silent(self, agency: AgencyId, at: Instant) -> None:
        """Let an agency count as silent since a moment."""


def advance(engine: Advanced, agreements: Agreements, to: Instant) -> Iterator[int]:
    """Go on to a moment, a transaction a turn; give how many clocks fired and agencies fell silent.

    An agreement that turns comes before what is due at its moment, and a silence in the place of
    its agency, so that every engine keeps the same entries in the same order.
    """
    now = engine.now()
    yield from _follow(engine, now)
    for turn_at in _turns(agreements, now, to):
        yield from _fire(engine, (turn_at, PersonId("")))
        yield from _follow(engine, turn_at)
    yield from _fire(engine, (to, LAST))


def earliest(
    agreements: Agreements,
    now: Instant,
    clock: Place | None,
    silence: Place | None,
    *,
    has_clocks: Callable[[], bool],
) -> Instant | None:
    """Give when an engine has something to do next: a clock, a silence or an agreement's turn.

    Args: now: The hub's time. clock: Who is due first. silence: Who falls silent first. has_clocks:
    Says whether any person's clock would follow the agreement.
    """
    moments = [place[0] for place in (clock, silence) if place is not None]
    turn_at = next_turn(agreements, now)
    if turn_at is not None and has_clocks():
        moments.append(turn_at)
    return min(moments, default=None)


def lag_us(now: Instant, clock: Place | None, silence: Place | None) -> int:
    """Give how long the most overdue clock or silence waits at a moment, in microseconds."""
    return max(0, *[now - place[0] for place in (clock, silence) if place is not None], 0)


def _turns(agreements: Agreements, after: Instant, to: Instant) -> Iterator[Instant]:
    turn_at = next_turn(agreements, after)
    while turn_at is not None and turn_at <= to:
        yield turn_at
        turn_at = next_turn(agreements, turn_at)


def _follow(engine: Advanced, at: Instant) -> Iterator[int]:
    for _ in engine.following(at):
        yield 0  # who was told of the agreement has not fired


def _fire(engine: Advanced, until: Place) -> Iterator[int]:
    silence = engine.first_silence()
    while silence is not None and silence <= until:
        yield from engine.firing(silence)
        engine.fall_silent(AgencyId(silence[1]), silence[0])
        yield 1
        silence = engine.first_silence()
    yield from engine.firing(until)
