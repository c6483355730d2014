"""A command as `saattaen` runs it, but that the client gives its group up after a while."""

from aiokafka.consumer.group_coordinator import GroupCoordinator

from streams.cli import main

_heartbeat = GroupCoordinator._do_heartbeat
BEATS = 2


async def _lost(*_: object) -> None:
    raise AssertionError("Did we not perform bootstrap?")


def give_up(coordinator: GroupCoordinator) -> None:
    """Let the client's task that speaks for its group end by an assertion, as it does at times."""
    coordinator.ensure_coordinator_known = _lost
    coordinator.coordinator_dead()


async def _beat(coordinator: GroupCoordinator) -> bool:
    coordinator.beats = getattr(coordinator, "beats", 0) + 1
    if coordinator.beats == BEATS:
        give_up(coordinator)
    return bool(await _heartbeat(coordinator))


if __name__ == "__main__":
    GroupCoordinator._do_heartbeat = _beat
    main()
