"""A small schema registry over HTTP, in this process, that can be told to misbehave.

It answers as Apicurio's Confluent interface does; the Kafka tests hold the client to the real one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from streams.contracts.catalogue import fingerprint

Misbehave = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class RegistryServer:
    """What the server knows, and how it behaves; `misbehave` answers in its place."""

    url: str = ""
    first_id: int = 1
    level: str = "NONE"
    schemas: dict[int, tuple[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    misbehave: Misbehave | None = None
    refused: frozenset[str] = frozenset()

    def put(self, subject: str, text: str, schema_id: int | None = None) -> int:
        number = self.first_id + len(self.schemas) if schema_id is None else schema_id
        self.schemas[number] = (subject, text)
        return number

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.misbehave is not None:
            return await self.misbehave(request)
        match request.path.removeprefix("/apis/ccompat/v7").split("/")[1:]:
            case ["schemas", "ids", number]:
                found = self.schemas.get(int(number))
                return no(40403) if found is None else web.json_response({"schema": found[1]})
            case ["subjects", subject, *rest]:
                return self._subject(subject, json.loads(await request.text()), rest)
            case ["config"]:
                if request.method == "PUT":
                    self.level = json.loads(await request.text())["compatibility"]
                return web.json_response({"compatibilityLevel": self.level})
            case _:
                return no(0)

    def _subject(self, subject: str, asked: dict[str, str], rest: list[str]) -> web.Response:
        form = fingerprint(json.loads(asked["schema"]))
        for number, (other, text) in self.schemas.items():
            if other == subject and fingerprint(json.loads(text)) == form:
                return web.json_response({"id": number})
        if rest != ["versions"]:
            return no(40401)
        if subject in self.refused:
            return no(409, status=409)
        return web.json_response({"id": self.put(subject, asked["schema"])})


def no(code: int, *, status: int = 404) -> web.Response:
    return web.json_response({"error_code": code, "message": "no"}, status=status)


@asynccontextmanager
async def serving(server: RegistryServer, port: int = 0) -> AsyncIterator[RegistryServer]:
    """Serve on a free port of this machine, or on the one given, until the block ends."""
    application = web.Application(client_max_size=4 * 1024 * 1024)
    application.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/apis/ccompat/v7"
        yield server
    finally:
        await runner.cleanup()


def says(status: int, text: str, **headers: str) -> Misbehave:
    """Make a server that gives one answer to everything."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


def is_slow(released: asyncio.Event) -> Misbehave:
    """Make a server that answers nothing until it is released."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    return answer
