"""A shorter history with the same fault: acts are left out as long as it stays."""

from collections.abc import Callable, Sequence

from tests.simulation.act import Act


def shortest(acts: Sequence[Act], fails: Callable[[Sequence[Act]], bool]) -> list[Act]:
    """Leave out acts, half of them first and at last one by one, while the rest still fails."""
    left = list(acts)
    size = max(1, len(left) // 2)
    while size:
        at = 0
        shrunk = False
        while at < len(left):
            without = left[:at] + left[at + size :]
            if without and fails(without):
                left, shrunk = without, True
            else:
                at += size
        if not shrunk or size > 1:
            size //= 2
    return left
