"""The rows of desks in the attempts store: escalations that people read, each desk a lane.

A desk's row that may be attempted has `head` 1; one that is held back has 0. A desk gets what comes
out of any partition of the ledger; whoever serves it reads the rows of all.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple, cast

from streams.dispatch.attempts_store import Store, Values
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

    def __init__(self, store: Store, partition: int) -> None:
        """Work on an open store, for the owner of a partition."""
        self._store = store
        self._partition = partition

    def route(self, desks: Collection[DeskKey]) -> None:
        """Bring what is open to where the agreement wants it now: to a desk, or to the system."""
        rows = self._store.ask(
            "SELECT notice_id, person, receiver, role, desk FROM dispatch_delivery"
            " WHERE partition = :partition AND role <> '' AND head IS NOT NULL"
            " ORDER BY position, ordinal",
            {"partition": self._partition},
        )
        with self._store.together():
            for notice_id, person, receiver, role, desk in rows:
                key = DeskKey(AgencyId(str(receiver)), str(role))
                wanted = key.role if key in desks else ""
                if wanted != desk:
                    self._store.write(
                        "UPDATE dispatch_delivery SET desk = :desk, message = '', ground = '',"
                        " next_at = 0, head = :head WHERE notice_id = :notice_id",
                        {"desk": wanted, "head": 1 if wanted else 0, "notice_id": notice_id},
                    )
                    realign(self._store, PersonId(str(person)), key.agency)

    def close_clock(self, clock: ClockId) -> None:
        """Note that a clock has nothing left to wait for; told in a transaction with the ledger."""
        self._store.write(
            "UPDATE dispatch_delivery SET closed = 1"
            " WHERE clock = :clock AND clock <> '' AND head IS NOT NULL",
            {"clock": clock},
        )

    def is_due(self, key: DeskKey, now: Instant, horizon_us: int) -> bool:
        """Say whether something of a desk has gathered or waited for long enough."""
        rows = self._store.ask(
            "SELECT 1 FROM dispatch_delivery WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND next_at <= :now UNION ALL"
            " SELECT 1 FROM dispatch_delivery WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND next_at > :beyond LIMIT 1",
            {**_named(key), "now": now, "beyond": now + horizon_us},
        )
        return bool(rows)

    def next_at(self, key: DeskKey, now: Instant) -> Instant | None:
        """Give the earliest moment after now at which something of a desk is due, or None."""
        found = self._store.ask(
            "SELECT min(next_at) FROM dispatch_delivery"
            " WHERE receiver = :to AND desk = :desk AND head = 1 AND next_at > :now",
            {**_named(key), "now": now},
        )
        return cast("Instant | None", found[0][0])

    def waiting(self, key: DeskKey) -> list[Delivery]:
        """Give what may go to a desk, or gathers others before it goes, in ledger order."""
        return self._read(
            "SELECT * FROM dispatch_fate WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND state IN ('pending', 'trying') ORDER BY position, ordinal",
            _named(key),
        )

    def unreported(self, key: DeskKey, now: Instant, horizon_us: int) -> list[Delivery]:
        """Give those whose outcome the ledger is still to be told, and may be told now."""
        rows = self._read(
            "SELECT * FROM dispatch_fate WHERE receiver = :to AND desk = :desk AND head = 1"
            " AND state IN ('taken', 'given-up') ORDER BY position, ordinal",
            _named(key),
        )
        return [row for row in rows if row.next_at <= now or row.next_at > now + horizon_us]

    def owners_held_back(self, key: DeskKey) -> list[AgencyId]:
        """Give the agencies whose clocks' escalations are held back from a desk."""
        rows = self._store.ask(
            f"SELECT DISTINCT owner FROM dispatch_delivery {self._store.by_index('held')}"  # noqa: S608  # the store's own words
            " WHERE receiver = :to AND desk = :desk AND head = 0 AND desk <> '' ORDER BY owner",
            _named(key),
        )
        return [AgencyId(str(owner)) for (owner,) in rows]

    def held_back(self, key: DeskKey, down: Collection[AgencyId]) -> list[Delivery]:
        """Give those held back for whom that may end: the owner is up, or their clock has closed.

        Args: key: The desk. down: The owners that are down still.
        """
        found = self._read(
            "SELECT * FROM dispatch_fate WHERE receiver = :to AND desk = :desk AND head = 0"
            " AND closed = 1 ORDER BY position, ordinal",
            _named(key),
        )
        for owner in self.owners_held_back(key):
            if owner not in down:
                found += self._read(
                    "SELECT * FROM dispatch_fate WHERE receiver = :to AND desk = :desk"
                    " AND owner = :owner AND head = 0 AND closed = 0 ORDER BY position, ordinal",
                    {**_named(key), "owner": owner},
                )
        return found

    def of_message(self, message: str) -> list[Delivery]:
        """Give the escalations of a message whose outcome is open, in ledger order."""
        return self._read(
            "SELECT * FROM dispatch_fate WHERE message = :message AND message <> ''"
            " AND head IS NOT NULL AND state IN ('pending', 'trying') ORDER BY position, ordinal",
            {"message": message},
        )

    def hold_back(self, notices: Iterable[NoticeId], causes: Iterable[str]) -> None:
        """Hold escalations back until their owner is heard again; the cause says why."""
        self._store.write_all(
            "UPDATE dispatch_delivery SET head = 0, cause = :cause"
            " WHERE notice_id = :notice_id AND head IS NOT NULL",
            [
                {"cause": cause, "notice_id": notice_id}
                for cause, notice_id in zip(causes, notices, strict=True)
            ],
        )

    def settle(self, notices: Iterable[NoticeId]) -> None:
        """Note that nobody needs to be told; the ledger is still to be told so."""
        self._store.write_all(
            "UPDATE dispatch_delivery SET state = 'given-up', cause = :cause, head = 1, next_at = 0"
            " WHERE notice_id = :notice_id AND head IS NOT NULL",
            [{"cause": INHIBITED, "notice_id": notice_id} for notice_id in notices],
        )

    def put_together(self, group: Group) -> None:
        """Make a message of a group, for good: whatever happens, it goes again as it is."""
        self._store.write_all(
            "UPDATE dispatch_delivery SET message = :message, ground = :ground, head = 1,"
            " cause = CASE WHEN cause LIKE 'agency-%' THEN '' ELSE cause END"
            " WHERE notice_id = :notice_id AND head IS NOT NULL",
            [
                {"message": group.message, "ground": group.ground.value, "notice_id": notice_id}
                for notice_id in group.notices
            ],
        )

    # Of which outages a desk has been told, so that it is told once.

    def tell_outage(self, key: DeskKey, owner: AgencyId) -> None:
        """Note that a desk is told of an agency's outage."""
        self._store.write(
            "INSERT INTO dispatch_outage_told (owner, receiver, desk)"
            " VALUES (:owner, :to, :desk) ON CONFLICT DO NOTHING",
            {**_named(key), "owner": owner},
        )

    def outages_told(self, key: DeskKey) -> list[AgencyId]:
        """Give the agencies of whose outage a desk has been told."""
        rows = self._store.ask(
            "SELECT owner FROM dispatch_outage_told WHERE receiver = :to AND desk = :desk"
            " ORDER BY owner",
            _named(key),
        )
        return [AgencyId(str(owner)) for (owner,) in rows]

    def forget_outage(self, key: DeskKey, owner: AgencyId) -> None:
        """Note that an outage is over: the next one is told again."""
        self._store.write(
            "DELETE FROM dispatch_outage_told"
            " WHERE owner = :owner AND receiver = :to AND desk = :desk",
            {**_named(key), "owner": owner},
        )

    def _read(self, query: str, values: Values) -> list[Delivery]:
        return [delivery_of(row) for row in self._store.ask(query, values)]


def _named(key: DeskKey) -> Values:
    return {"to": key.agency, "desk": key.role}
