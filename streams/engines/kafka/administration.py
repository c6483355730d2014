"""A client that administers brokers, and knows where they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NodeNotReadyError

_ANSWER_MS = 20_000
_LOOK_AGAIN_S = 0.1


@asynccontextmanager
async def administration(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open a client for a block; its caller bounds both in time.

    A broker that answers without knowing any broker is waited for: one that stood still does so
    until the controller has it back. The client itself would refuse every question.

    Raises:
        KafkaConnectionError: Nobody answers at these addresses.
    """
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=_ANSWER_MS)
        try:
            await admin.start()
            if await knows_brokers(admin):
                yield admin
                return
        finally:
            await admin.close()
        await asyncio.sleep(_LOOK_AGAIN_S)


async def knows_brokers(admin: AIOKafkaAdminClient) -> bool:
    """Say whether a client that was started has learned where any broker is."""
    try:
        return bool((await admin.describe_cluster())["brokers"])
    except NodeNotReadyError:
        return False
