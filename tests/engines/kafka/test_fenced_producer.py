"""What the client raises where no broker answers is a wait, also where it asserts its own state."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalOperation,
    KafkaConnectionError,
    KafkaError,
    ProducerFenced,
)
from aiokafka.structs import TopicPartition

from streams.engines.kafka.fenced_producer import FencedError, FencedProducer, UncertainError

SOURCE = TopicPartition("saattaen.events", 0)
PASSING = [
    KafkaConnectionError(),
    KafkaError(),
    TimeoutError(),
    OSError(),
    AssertionError("no broker"),
    RuntimeError("the handler is closed"),
]


def raising(failure: BaseException) -> Callable[..., Awaitable[None]]:
    """Give a call of the client's that fails."""

    async def call(*_: Any) -> None:  # noqa: ANN401  # as the library's
        raise failure

    return call


@pytest.fixture
async def producer() -> AsyncIterator[FencedProducer]:
    """Give a producer that reaches nobody."""
    made = FencedProducer("broker:1", "id", "group")
    yield made
    await made.close()


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: type(failure).__name__)
async def test_a_start_without_an_answer_is_tried_anew(
    producer: FencedProducer, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaProducer, "start", raising(failure))
    with pytest.raises(UncertainError, match=type(failure).__name__):
        await producer.start()


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: type(failure).__name__)
async def test_a_commit_without_an_answer_has_an_unknown_outcome(
    producer: FencedProducer, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaProducer, "begin_transaction", raising(failure))
    with pytest.raises(UncertainError, match=type(failure).__name__):
        await producer.commit({}, SOURCE, 1, "state")


async def test_who_was_fenced_hears_it(
    producer: FencedProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaProducer, "begin_transaction", raising(ProducerFenced()))
    with pytest.raises(FencedError):
        await producer.commit({}, SOURCE, 1, "state")


@pytest.mark.parametrize(
    ("failure", "heard"),
    [
        (ProducerFenced(), FencedError),
        (KafkaError(), UncertainError),
        (None, UncertainError),
    ],
    ids=lambda case: type(case).__name__,
)
async def test_whose_transaction_closed_between_two_batches_hears_why(
    producer: FencedProducer,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception | None,
    heard: type[Exception],
) -> None:
    async def sending() -> None:
        if failure is not None:
            raise failure

    closed = IllegalOperation("no transaction")
    monkeypatch.setattr(AIOKafkaProducer, "begin_transaction", raising(closed))
    sender = producer._producer._sender
    sender._sender_task = asyncio.create_task(sending())
    await asyncio.wait({sender._sender_task})
    with pytest.raises(heard, match=type(failure or closed).__name__):
        await producer.commit({}, SOURCE, 1, "state")


async def test_a_defect_is_no_wait(
    producer: FencedProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaProducer, "start", raising(ValueError("a defect")))
    with pytest.raises(ValueError, match="a defect"):
        await producer.start()


@pytest.mark.parametrize("is_ended_before", [True, False])
async def test_a_commit_does_not_wait_for_a_client_that_no_longer_learns(
    producer: FencedProducer, monkeypatch: pytest.MonkeyPatch, *, is_ended_before: bool
) -> None:
    loop = asyncio.get_running_loop()
    learning: asyncio.Future[None] = loop.create_future()
    answer: asyncio.Future[None] = loop.create_future()
    monkeypatch.setattr(producer._producer.client, "_sync_task", learning)

    async def unanswered(_: AIOKafkaProducer) -> None:
        if not learning.done():
            learning.set_exception(RuntimeError("the handler is closed"))
        await answer

    if is_ended_before:
        learning.set_result(None)
    monkeypatch.setattr(AIOKafkaProducer, "begin_transaction", unanswered)
    async with asyncio.timeout(5):
        with pytest.raises(UncertainError, match="TimeoutError"):
            await producer.commit({}, SOURCE, 1, "state")


async def test_a_commit_that_is_answered_leaves_nothing_behind(
    producer: FencedProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(producer._producer.client, "_sync_task", learning)

    async def answered(*_: Any) -> None:  # noqa: ANN401  # as the library's
        """Be done."""

    for call in ("begin_transaction", "send_offsets_to_transaction", "commit_transaction"):
        monkeypatch.setattr(AIOKafkaProducer, call, answered)
    assert await producer.commit({}, SOURCE, 1, "state") is None
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    learning.set_exception(RuntimeError("the handler is closed"))
    await asyncio.sleep(0)  # where a callback was left, it would speak now
    assert said == []
