"""A registry's server that misbehaves when told, and a client of it."""

from collections.abc import AsyncIterator

import pytest

from streams.contracts.registry import Registry
from tests.contracts.registry_server import RegistryServer, serving


@pytest.fixture
async def server() -> AsyncIterator[RegistryServer]:
    async with serving(RegistryServer()) as served:
        yield served


@pytest.fixture
async def registry(server: RegistryServer) -> AsyncIterator[Registry]:
    opened = Registry(server.url, timeout_s=5)
    yield opened
    await opened.close()
