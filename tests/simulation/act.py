"""An act of a simulated history: a few numbers, from which the narrator makes what is said.

Numbers are taken modulo what there is to choose from, so any list of acts is a history, and a
failing one can be made shorter by leaving acts out.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from random import Random
from typing import NamedTuple, TypeVar

from streams.domain.calendar import DAY_US, HOUR_US

_Option = TypeVar("_Option")
DICE_SIDES = 2**48
MINUTE_US = HOUR_US // 60
WAITS_US = (
    MINUTE_US,
    0,
    20 * MINUTE_US,
    HOUR_US,
    3 * HOUR_US,
    11 * HOUR_US,
    DAY_US,
    2 * DAY_US,
    4 * DAY_US,
    9 * DAY_US,
    35 * DAY_US,
    100 * DAY_US,
)
"""How long the town rests before an act, the plainest first."""


class Verb(StrEnum):
    """What an act is about."""

    REFER = "refer"
    ANSWER = "answer"
    DISPATCH = "dispatch"
    CONSENT = "consent"
    PROHIBIT = "prohibit"
    TAKE_BACK = "take-back"
    REACH = "reach"
    TURN_AWAY = "turn-away"
    ANSWER_EARLY = "answer-early"
    REPEAT = "repeat"
    REUSE_ID = "reuse-id"
    GARBLE = "garble"
    MOVE_HOME = "move-home"
    STAND_BY = "stand-by"
    ADVANCE = "advance"
    RESTART = "restart"


class Act(NamedTuple):
    """One act: what about, after which rest (an index into `WAITS_US`), and a number for the rest.

    `late` acts reach the hub only after so many others.
    """

    verb: Verb
    rest: int
    late: int
    number: int


class Dice:
    """Turns one number into many choices; nought chooses the first option every time."""

    def __init__(self, number: int) -> None:
        """Throw with this number."""
        self._number = number

    def pick(self, options: Sequence[_Option]) -> _Option:
        """Choose one of the options."""
        self._number, chosen = divmod(self._number, len(options))
        return options[chosen]

    def once_in(self, times: int) -> bool:
        """Say yes once in so many times, and never for nought."""
        self._number, chosen = divmod(self._number, times)
        return chosen == times - 1

    def subset(self, options: Sequence[_Option]) -> tuple[_Option, ...]:
        """Choose some of the options, perhaps none."""
        return tuple(option for option in options if self.once_in(2))


_VERBS = {
    Verb.REFER: 14,
    Verb.ANSWER: 42,
    Verb.DISPATCH: 28,
    Verb.CONSENT: 9,
    Verb.PROHIBIT: 3,
    Verb.TAKE_BACK: 7,
    Verb.REACH: 5,
    Verb.TURN_AWAY: 5,
    Verb.ANSWER_EARLY: 3,
    Verb.REPEAT: 7,
    Verb.REUSE_ID: 1,
    Verb.GARBLE: 1,
    Verb.MOVE_HOME: 2,
    Verb.STAND_BY: 1,
    Verb.ADVANCE: 5,
    Verb.RESTART: 3,
}
_REST_WEIGHTS = (8, 5, 8, 10, 8, 5, 5, 3, 3, 2, 1, 1)
_LATE_WEIGHTS = (80, 5, 4, 3, 3, 2, 1, 1, 1)
ACTS_FEWEST, ACTS_MOST = 10, 60


def acts_of(seed: int) -> Iterator[Act]:
    """Give the acts of a seed: 10 to 60 of them."""
    random = Random(seed)
    count = round(random.triangular(ACTS_FEWEST, ACTS_MOST, ACTS_FEWEST))
    verbs = random.choices(list(_VERBS), weights=list(_VERBS.values()), k=count)
    # Most persons have agreed to something before anybody refers them.
    agreed = random.randint(1, 6)
    verbs = [Verb.CONSENT] * agreed + verbs[agreed:]
    rests = random.choices(range(len(WAITS_US)), weights=_REST_WEIGHTS, k=count)
    lates = random.choices(range(len(_LATE_WEIGHTS)), weights=_LATE_WEIGHTS, k=count)
    for verb, rest, late in zip(verbs, rests, lates, strict=True):
        yield Act(verb, rest, late, random.randrange(DICE_SIDES))
