"""Asking the registry of schemas that were never met; one that cannot be reached is a wait."""

import asyncio
from collections.abc import Sequence

import structlog

from streams.contracts.registry import RegistryUnavailableError
from streams.engines.kafka.frames import Frames

_WAIT_S = 1.0
_WAIT_S_MAX = 15.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def learn(frames: Frames, values: Sequence[bytes | None]) -> None:
    """Learn every schema that some values name; return once each is known, or known to be none."""
    for schema_id in frames.strange(values):
        wait_s = _WAIT_S
        while True:
            try:
                await frames.learn(schema_id)
                break
            except RegistryUnavailableError:
                _log.warning(
                    "registry_unavailable", schema_id=schema_id, delay_us=int(wait_s * 1_000_000)
                )
                await asyncio.sleep(wait_s)
                wait_s = min(_WAIT_S_MAX, wait_s * 2)
