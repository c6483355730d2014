"""How long a member waits before it tries again."""

import time

from streams.engines.kafka.membership import pause_after


def test_each_try_that_fails_at_once_waits_longer_up_to_a_bound() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(pause_after(pauses[-1], time.monotonic()))
    assert pauses[1:4] == [0.2, 0.4, 0.8]
    assert pauses[-1] == pauses[-2] == 2.0


def test_after_good_work_the_next_try_comes_soon_again() -> None:
    assert pause_after(2.0, time.monotonic() - 60) == 0.2
