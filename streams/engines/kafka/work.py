"""What a partition's records become: decided by a work, written by the router, whole or not at all.

The router knows transactions, a work knows what records mean. Between `take` or a turn of `advance`
and the commit that follows, a work gathers; then the router says that it is settled. Where a commit
fails the router throws the work away and makes another from what was committed.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from aiokafka.structs import ConsumerRecord

from streams.engines.kafka.state_file import StateRow

Header = tuple[str, bytes]


class Row(NamedTuple):
    """One record to be written."""

    key: bytes | None
    value: bytes | None
    headers: list[Header] = []  # noqa: RUF012  # the library wants a list; nobody adds to it


class Gathered(NamedTuple):
    """What one transaction writes, all to the partition of its source.

    `outputs` by topic, in order. `states` go to the topic of states; the last of them is always the
    partition's own (`partition_state.PARTITION_KEY`).
    """

    outputs: dict[str, list[Row]]
    states: list[StateRow]


class Work(Protocol):
    """Decides what records of one partition become."""

    async def prepare(self, records: Sequence[ConsumerRecord]) -> None:
        """Look up beforehand what `take` must not wait for. May wait as long as it takes."""

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Take records in their order. Never raises for what a record holds."""

    def refuse(self, record: ConsumerRecord) -> None:
        """Let a record be a dead letter: whenever it was taken, its worker ended."""

    def advance(self) -> Iterator[int]:
        """Do what time brings by itself, a transaction a turn."""

    def gathered(self, *, whole: bool) -> Gathered:
        """Give what was gathered since the last settling.

        `whole` asks for the partition's own state, too, where it changed without anything else.
        """

    def settle(self) -> None:
        """Note that what was gathered is committed."""
