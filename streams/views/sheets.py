"""Rows under change: read many at a time, changed in memory, written back in one go.

A view is caught up over thousands of entries at once; one statement a fact would cost more than
everything else together.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, select, update

Row = dict[str, Any]

_KEYS_A_QUERY_MAX = 500
_OWN_KEY = "key_of_row"


class Sheet:
    """The rows of one table that one transaction works on, once they are loaded or added."""

    def __init__(self, table: Table, connection: Connection) -> None:
        """Begin with none; the table's primary key is one column of text."""
        self._table = table
        self._connection = connection
        self._key = next(iter(table.primary_key.columns))
        self._rows: dict[str, Row] = {}
        self._added: set[str] = set()
        self._changed: set[str] = set()

    def load(self, keys: Iterable[str]) -> None:
        """Read the rows of these keys that the table has; those at hand are left as they are."""
        self._load(self._key, {*keys} - self._rows.keys())

    def load_of(self, column: str, values: Iterable[str]) -> None:
        """Read the rows that have one of these values in a column; only before any is changed."""
        self._load(self._table.c[column], {*values})

    def _load(self, column: Column[Any], values: set[str]) -> None:
        wanted = sorted(values)
        for start in range(0, len(wanted), _KEYS_A_QUERY_MAX):
            some = wanted[start : start + _KEYS_A_QUERY_MAX]
            query = select(self._table).where(column.in_(some))
            for row in self._connection.execute(query).mappings():
                self._rows[row[self._key.name]] = dict(row)

    def get(self, key: str | None) -> Row | None:
        """Give a row that was loaded or added, to read; None where there is none."""
        return self._rows.get(key) if key is not None else None

    def add(self, row: Row) -> None:
        """Add a new row, with every column."""
        key = row[self._key.name]
        self._rows[key] = row
        self._added.add(key)

    def change(self, key: str | None, **values: object) -> None:
        """Change columns of a row; of one that is not there, nothing."""
        row = self.get(key)
        if row is not None and key is not None:
            row.update(values)
            self._changed.add(key)

    def rows(self) -> Iterable[Row]:
        """Give every row at hand."""
        return self._rows.values()

    def write(self) -> None:
        """Write what was added and changed; the transaction's end keeps it."""
        if self._added:
            added = [self._rows[key] for key in sorted(self._added)]
            self._connection.execute(insert(self._table), added)
        changed = [self._rows[key] for key in sorted(self._changed - self._added)]
        if changed:
            name = self._key.name
            query = update(self._table).where(self._key == bindparam(_OWN_KEY))
            rows = [
                {_OWN_KEY: row[name]} | {k: v for k, v in row.items() if k != name}
                for row in changed
            ]
            self._connection.execute(query, rows)
