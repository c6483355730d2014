"""A worker whose progress nobody looks at any more does not say that it is well."""

import pytest
from aiokafka.structs import TopicPartition

from streams.bootstrap.health import Health
from streams.bootstrap.kafka_dev_child import free_ports
from streams.bootstrap.progress_watch import ProgressWatch
from tests.probing import awaited

STALL_S = 0.3


def nothing() -> list[TopicPartition]:
    """Stand for a worker that has no partition."""
    return []


async def test_a_watch_that_a_defect_ended_is_no_good_health(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def defect(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr(ProgressWatch, "_look_until", defect)
    (port,) = free_ports(1)
    watch = ProgressWatch("nowhere:1", "group", nothing)
    with pytest.raises(LookupError):
        async with Health("route", watch, stall_s=STALL_S).served(port, "127.0.0.1"):
            assert "blind" in await awaited(port, "/livez", lambda status, _: status == 503, 10)


async def test_a_broker_that_is_away_is_looked_for_and_leaves_the_health_good() -> None:
    (port, nobody) = free_ports(2)
    watch = ProgressWatch(f"127.0.0.1:{nobody}", "group", nothing)
    async with Health("route", watch, stall_s=5).served(port, "127.0.0.1"):
        assert await awaited(port, "/livez", lambda status, _: status == 200, 10) == "ok\n"
    assert not watch.is_blind(5)
