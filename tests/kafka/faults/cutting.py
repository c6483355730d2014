"""A way to the broker that can be cut: where workers connect through it, answers get lost.

It reads of each request only what it asks for (the first two bytes after its length), so it can
lose the answer to one of a kind: the broker has then done what was asked, and nobody knows.
"""

import asyncio
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from streams.bootstrap.kafka_dev_child import LOCALHOST, free_ports

KINDS = {
    "ListOffsets": 2,
    "OffsetCommit": 8,
    "Produce": 0,
    "Fetch": 1,
    "OffsetFetch": 9,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "SyncGroup": 14,
    "InitProducerId": 22,
    "AddPartitionsToTxn": 24,
    "AddOffsetsToTxn": 25,
    "EndTxn": 26,
    "TxnOffsetCommit": 28,
}
"""Requests of the stages, each with its key in Kafka's protocol."""
_CHUNK_BYTES = 65_536


class Cuttable:
    """Serves one port, and passes on to another, from `start` to `stop`."""

    def __init__(self) -> None:
        """Choose the ports; nothing is served yet."""
        self.port, self.broker_port = free_ports(2)
        self._to_lose: set[int] = set()
        self._lost: dict[int, threading.Event] = {}
        self._is_open = asyncio.Event()
        self._ending = asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Serve, in a thread."""
        self._thread.start()
        assert self._is_ready.wait(10.0)

    def stop(self) -> None:
        """End every connection."""
        self._call(self._ending.set)
        self._thread.join(10.0)

    def lose_answer(self, kind: str, within_s: float) -> None:
        """Lose the answer to the next request of a kind, and its connection; wait until it is."""
        lost = self._lost[KINDS[kind]] = threading.Event()
        self._to_lose.add(KINDS[kind])
        assert lost.wait(within_s), f"nobody asked {kind}"

    def hold(self) -> None:
        """Pass nothing on any more, though every connection stands."""
        self._call(self._is_open.clear)

    def let_go(self) -> None:
        """Pass on again, also what was held."""
        self._call(self._is_open.set)

    def _call(self, what: Callable[[], object]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(what)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_open.set()
        server = await asyncio.start_server(self._connected, LOCALHOST, self.port)
        self._is_ready.set()
        async with server:
            await self._ending.wait()

    async def _connected(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            broker, on = await asyncio.open_connection(LOCALHOST, self.broker_port)
        except OSError:
            back.close()
            return
        asked: list[int] = []
        ways = {
            asyncio.create_task(self._requests(client, on, asked)),
            asyncio.create_task(self._answers(broker, back, asked)),
            asyncio.create_task(self._ending.wait()),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        back.close()
        on.close()

    async def _requests(
        self, client: asyncio.StreamReader, on: asyncio.StreamWriter, asked: list[int]
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await client.readexactly(4)
                request = await client.readexactly(struct.unpack(">i", head)[0])
                await self._is_open.wait()
                kind = struct.unpack(">h", request[:2])[0]
                if kind in self._to_lose:
                    self._to_lose.discard(kind)
                    asked.append(kind)
                on.write(head + request)
                await on.drain()

    async def _answers(
        self, broker: asyncio.StreamReader, back: asyncio.StreamWriter, asked: list[int]
    ) -> None:
        with suppress(OSError):
            while said := await broker.read(_CHUNK_BYTES):
                await self._is_open.wait()
                if asked:
                    self._lost[asked[0]].set()
                    return
                back.write(said)
                await back.drain()
