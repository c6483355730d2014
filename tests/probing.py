"""Asking a worker over HTTP how it is, as probes do."""

import asyncio
from collections.abc import Callable

import aiohttp

WAIT_S = 60.0


async def asked(port: int, path: str) -> tuple[int, str]:
    """Ask a worker how it is."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def awaited(
    port: int, path: str, is_so: Callable[[int, str], bool], within_s: float = WAIT_S
) -> str:
    """Ask until the answer is as it should be; give its words."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                status, said = await asked(port, path)
            except aiohttp.ClientError:
                status, said = 0, ""
            if is_so(status, said):
                return said
            await asyncio.sleep(0.1)
