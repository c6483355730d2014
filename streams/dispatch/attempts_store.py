"""Where attempts are kept: a file of an embedded hub, or the database of a hub on partitions.

Both read the SQL of this room: what SQLite and PostgreSQL have in common, parameters by name. The
attempts' logic is written once, and an embedded hub pays nothing for it.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Protocol

Values = Mapping[str, str | int | bytes | None]
Row = Sequence[Any]
NONE: Values = MappingProxyType({})


class NewerStoreError(Exception):
    """The attempts were written by a newer version of the hub."""


class Store(Protocol):
    """A database with the attempts' tables.

    What cannot be done now raises: apsw.Error for a file, UnavailableError for a server.
    """

    keeps_notices: bool
    """Whether a notice is kept in its row, since its entry cannot be read again."""

    def ask(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Give the rows of a question."""

    def write(self, sql: str, values: Values = NONE) -> Sequence[Row]:
        """Write, whole by itself or with what it stands together with; give what it returns."""

    def write_all(self, sql: str, values: Sequence[Values]) -> None:
        """Write the same with each of these values, whole by itself."""

    def together(self) -> AbstractContextManager[object]:
        """Make what is written inside one transaction."""

    def by_index(self, index: str) -> str:
        """Give the words that let a question use an index, empty where it finds its own way."""

    def close(self) -> None:
        """Let go of it."""
