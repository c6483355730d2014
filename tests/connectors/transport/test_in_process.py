"""In-process delivery: to a simulated agency, which may be told to fail."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from connectors.transport.in_process import InProcess
from streams.domain.ids import NoticeId
from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater
from tests.connectors.transport.conformance import Receiving, TransportConformance, parcel

LATER, NO = TryLater("http-503", None), Refused("http-422", "no")


class Simulated(Receiving):
    def __init__(self) -> None:
        self.bodies: dict[NoticeId, bytes] = {}
        self.told = InProcess(self.take)
        self.transport = self.told

    def take(self, taken: Parcel) -> None:
        self.bodies[taken.notice_id] = taken.body

    def received(self) -> dict[NoticeId, bytes]:
        return self.bodies

    async def vanish(self) -> None:
        self.told.fail_always(TryLater("unreachable", None))

    async def come_back(self) -> None:
        self.told.fail_always(None)


class TestInProcess(TransportConformance):
    def receiving(self) -> AbstractAsyncContextManager[Receiving]:
        @asynccontextmanager
        async def simulated() -> AsyncIterator[Receiving]:
            yield Simulated()

        return simulated()


async def test_the_next_attempts_get_the_answers_that_were_told() -> None:
    receiver = Simulated()
    receiver.told.fail_next(LATER, NO)
    answers = [await receiver.told.hand_over(parcel("1")) for _ in range(3)]
    assert answers == [LATER, NO, Taken()]


async def test_the_receivers_own_answer_is_given_on() -> None:
    assert await InProcess(lambda _: NO).hand_over(parcel("1")) == NO


async def test_a_receiver_that_raises_is_tried_later() -> None:
    def fail(_: Parcel) -> Handover | None:
        raise ValueError("of its own")

    assert await InProcess(fail).hand_over(parcel("1")) == TryLater("receiver-failed", None)
