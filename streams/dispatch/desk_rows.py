"""The rows of desks in the attempts file: escalations that people read, each desk a lane.

A desk's row that may be attempted has `head` 1; one that is held back has 0.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, cast

import apsw

from streams.dispatch.delivery import INHIBITED, Delivery
from streams.dispatch.grouping import Group
from streams.dispatch.rows import delivery_of, realign
from streams.domain.ids import AgencyId, ClockId, Instant, NoticeId, PersonId


class DeskKey(NamedTuple):
    """A desk: the people of one agency who read the escalations of one role."""

    agency: AgencyId
    role: str


class Escalating(NamedTuple):
    """What a notice of an escalation is of, beside what it says itself.

    `desk` is the role whose desk gets it, empty where the agency's own system does. `clock` is
    empty where the entry does not say. `told_at` is when the ledger took it, `leaves_at` until when
    it gathers others of its cause.
    """

    desk: str
    clock: ClockId
    told_at: Instant
    leaves_at: Instant


NO_ESCALATION = Escalating("", ClockId(""), Instant(0), Instant(0))


class DeskRows:
    """Keeps what waits for desks."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on an open attempts file."""
        self._db = db

    def route(self, desks: Collection[DeskKey]) -> None:
        """Bring what is open to where the agreement wants it now: to a desk, or to the system."""
        rows = self._db.execute(
            "SELECT notice_id, person, receiver, role, desk FROM delivery"
            " WHERE role <> '' AND head IS NOT NULL ORDER BY position, ordinal"
        ).fetchall()
        with self._db:
            for notice_id, person, receiver, role, desk in rows:
                key = DeskKey(AgencyId(str(receiver)), str(role))
                wanted = key.role if key in desks else ""
                if wanted != desk:
                    self._db.execute(
                        "UPDATE delivery SET desk = ?, message = '', ground = '', next_at = 0,"
                        " head = ? WHERE notice_id = ?",
                        (wanted, 1 if wanted else 0, notice_id),
                    )
                    realign(self._db, PersonId(str(person)), key.agency)

    def close_clock(self, clock: ClockId) -> None:
        """Note that a clock has nothing left to wait for; told in a transaction with the ledger."""
        self._db.execute(
            "UPDATE delivery SET closed = 1 WHERE clock = ? AND clock <> '' AND head IS NOT NULL",
            (clock,),
        )

    def is_due(self, key: DeskKey, now: Instant, horizon_us: int) -> bool:
        """Say whether something of a desk has gathered or waited for long enough."""
        rows = self._db.execute(
            "SELECT 1 FROM delivery WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND next_at <= :now UNION ALL"
            " SELECT 1 FROM delivery WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND next_at > :beyond LIMIT 1",
            {"to": key.agency, "desk": key.role, "now": now, "beyond": now + horizon_us},
        ).fetchall()
        return bool(rows)

    def next_at(self, key: DeskKey, now: Instant) -> Instant | None:
        """Give the earliest moment after now at which something of a desk is due, or None."""
        found = self._db.execute(
            "SELECT min(next_at) FROM delivery"
            " WHERE receiver = ? AND desk = ? AND head = 1 AND next_at > ?",
            (*key, now),
        ).fetchall()
        return cast("Instant | None", found[0][0])

    def waiting(self, key: DeskKey) -> list[Delivery]:
        """Give what may go to a desk, or gathers others before it goes, in ledger order."""
        return self._read(
            "SELECT * FROM fate WHERE receiver = ? AND desk = ? AND head = 1"
            " AND state IN ('pending', 'trying') ORDER BY position, ordinal",
            key,
        )

    def unreported(self, key: DeskKey, now: Instant, horizon_us: int) -> list[Delivery]:
        """Give those whose outcome the ledger is still to be told, and may be told now."""
        rows = self._read(
            "SELECT * FROM fate WHERE receiver = ? AND desk = ? AND head = 1"
            " AND state IN ('taken', 'given-up') ORDER BY position, ordinal",
            key,
        )
        return [row for row in rows if row.next_at <= now or row.next_at > now + horizon_us]

    def owners_held_back(self, key: DeskKey) -> list[AgencyId]:
        """Give the agencies whose clocks' escalations are held back from a desk."""
        rows = self._db.execute(
            "SELECT DISTINCT owner FROM delivery INDEXED BY held"
            " WHERE receiver = ? AND desk = ? AND head = 0 AND desk <> '' ORDER BY owner",
            key,
        )
        return [AgencyId(str(owner)) for (owner,) in rows]

    def held_back(self, key: DeskKey, down: Collection[AgencyId]) -> list[Delivery]:
        """Give those held back for whom that may end: the owner is up, or their clock has closed.

        Args: key: The desk. down: The owners that are down still.
        """
        found = self._read(
            "SELECT * FROM fate WHERE receiver = ? AND desk = ? AND head = 0 AND closed = 1"
            " ORDER BY position, ordinal",
            key,
        )
        for owner in self.owners_held_back(key):
            if owner not in down:
                found += self._read(
                    "SELECT * FROM fate WHERE receiver = ? AND desk = ? AND owner = ?"
                    " AND head = 0 AND closed = 0 ORDER BY position, ordinal",
                    (*key, owner),
                )
        return found

    def of_message(self, message: str) -> list[Delivery]:
        """Give the escalations of a message whose outcome is open, in ledger order."""
        return self._read(
            "SELECT * FROM fate WHERE message = ? AND message <> '' AND head IS NOT NULL"
            " AND state IN ('pending', 'trying') ORDER BY position, ordinal",
            (message,),
        )

    def hold_back(self, notices: Iterable[NoticeId], causes: Iterable[str]) -> None:
        """Hold escalations back until their owner is heard again; the cause says why."""
        self._db.executemany(
            "UPDATE delivery SET head = 0, cause = ? WHERE notice_id = ?",
            zip(causes, notices, strict=True),
        )

    def settle(self, notices: Iterable[NoticeId]) -> None:
        """Note that nobody needs to be told; the ledger is still to be told so."""
        self._db.executemany(
            "UPDATE delivery SET state = 'given-up', cause = ?, head = 1, next_at = 0"
            " WHERE notice_id = ?",
            [(INHIBITED, notice_id) for notice_id in notices],
        )

    def put_together(self, group: Group) -> None:
        """Make a message of a group, for good: whatever happens, it goes again as it is."""
        self._db.executemany(
            "UPDATE delivery SET message = ?, ground = ?, head = 1,"
            " cause = iif(cause LIKE 'agency-%', '', cause) WHERE notice_id = ?",
            [(group.message, group.ground.value, notice_id) for notice_id in group.notices],
        )

    # Of which outages a desk has been told, so that it is told once.

    def tell_outage(self, key: DeskKey, owner: AgencyId) -> None:
        """Note that a desk is told of an agency's outage."""
        self._db.execute(
            "INSERT INTO outage_told VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (owner, *key)
        )

    def outages_told(self, key: DeskKey) -> list[AgencyId]:
        """Give the agencies of whose outage a desk has been told."""
        rows = self._db.execute(
            "SELECT owner FROM outage_told WHERE receiver = ? AND desk = ? ORDER BY owner", key
        )
        return [AgencyId(str(owner)) for (owner,) in rows]

    def forget_outage(self, key: DeskKey, owner: AgencyId) -> None:
        """Note that an outage is over: the next one is told again."""
        self._db.execute(
            "DELETE FROM outage_told WHERE owner = ? AND receiver = ? AND desk = ?", (owner, *key)
        )

    def _read(self, query: str, values: Sequence[str]) -> list[Delivery]:
        return [delivery_of(row) for row in self._db.execute(query, values)]
