"""Waiting for what other processes and tasks do: until a condition holds, never for a while."""

import asyncio
import threading
from collections.abc import Callable

EVERY_S = 0.02


def await_that(claim: Callable[[], object], within_s: float = 30.0) -> None:
    """Look again and again until a claim holds; fail when it does not in time."""
    never = threading.Event()
    for _ in range(int(within_s / EVERY_S)):
        if claim():
            return
        never.wait(EVERY_S)
    assert claim(), f"did not come about within {within_s} s"


async def come_about(claim: Callable[[], object], within_s: float = 30.0) -> None:
    """Let other tasks run until a claim holds; fail when it does not in time."""
    never = asyncio.Event()
    for _ in range(int(within_s / EVERY_S)):
        if claim():
            return
        try:
            async with asyncio.timeout(EVERY_S):
                await never.wait()
        except TimeoutError:
            continue
    assert claim(), f"did not come about within {within_s} s"
