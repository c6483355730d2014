"""Every transport passes these; its test module says only how to build it and its receiver."""

import asyncio
import re
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from streams.domain.ids import AgencyId, NoticeId, derive
from streams.promises.transport import Parcel, Taken, Transport, TryLater

KELA = AgencyId("kela")
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
SECRET_WORDS = "salassa pidettävä"


def parcel(name: str, body: bytes | None = None) -> Parcel:
    """Make a parcel; the same name gives the same notice id."""
    content = f"{SECRET_WORDS} {name}".encode() if body is None else body
    return Parcel(NoticeId(derive("n", name)), KELA, content, "application/json", ".json")


class Receiving(ABC):
    """A receiver that a test can look into, and put out of reach."""

    transport: Transport

    @abstractmethod
    def received(self) -> dict[NoticeId, bytes]:
        """Give the newest body of each notice that arrived."""

    @abstractmethod
    async def vanish(self) -> None:
        """Be out of reach from now on."""

    @abstractmethod
    async def come_back(self) -> None:
        """Be in reach again."""


class TransportConformance(ABC):
    @abstractmethod
    def receiving(self) -> AbstractAsyncContextManager[Receiving]:
        """Set up a receiver and the transport to it."""

    async def test_a_notice_that_was_taken_has_arrived_whole_under_its_id(self) -> None:
        async with self.receiving() as receiver:
            assert await receiver.transport.hand_over(parcel("1")) == Taken()
            assert receiver.received() == {parcel("1").notice_id: parcel("1").body}

    async def test_the_same_notice_again_is_taken_under_the_same_id(self) -> None:
        async with self.receiving() as receiver:
            assert await receiver.transport.hand_over(parcel("1")) == Taken()
            assert await receiver.transport.hand_over(parcel("1")) == Taken()
            assert receiver.received() == {parcel("1").notice_id: parcel("1").body}

    async def test_an_empty_and_a_large_notice_arrive_whole(self) -> None:
        parcels = [parcel("empty", b""), parcel("large", b"x" * 1_000_000)]
        async with self.receiving() as receiver:
            for one in parcels:
                assert await receiver.transport.hand_over(one) == Taken()
            assert receiver.received() == {one.notice_id: one.body for one in parcels}

    async def test_many_notices_at_once_all_arrive(self) -> None:
        parcels = [parcel(f"{n}") for n in range(20)]
        async with self.receiving() as receiver:
            answers = await asyncio.gather(*map(receiver.transport.hand_over, parcels))
            assert answers == [Taken()] * len(parcels)
            assert receiver.received() == {one.notice_id: one.body for one in parcels}

    async def test_a_receiver_out_of_reach_means_later_and_a_code_says_why(self) -> None:
        async with self.receiving() as receiver:
            await receiver.vanish()
            answer = await receiver.transport.hand_over(parcel("1"))
            assert isinstance(answer, TryLater)
            assert CODE.fullmatch(answer.cause)
            assert receiver.received() == {}

    async def test_a_receiver_that_comes_back_takes_what_waited(self) -> None:
        async with self.receiving() as receiver:
            await receiver.transport.hand_over(parcel("1"))
            await receiver.vanish()
            await receiver.transport.hand_over(parcel("2"))
            await receiver.come_back()
            assert await receiver.transport.hand_over(parcel("2")) == Taken()
            assert list(receiver.received().values()) == [parcel("1").body, parcel("2").body]

    async def test_closing_twice_does_no_harm_and_a_later_attempt_is_served(self) -> None:
        async with self.receiving() as receiver:
            await receiver.transport.close()
            await receiver.transport.hand_over(parcel("1"))
            await receiver.transport.close()
            await receiver.transport.close()
            assert parcel("1").notice_id in receiver.received()

    async def test_a_transport_shows_nothing_of_what_it_carries(self) -> None:
        async with self.receiving() as receiver:
            await receiver.transport.hand_over(parcel("1"))
            assert SECRET_WORDS not in repr(receiver.transport)
