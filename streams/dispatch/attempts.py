"""The attempts store: which notices wait, in which lane, how often they were tried, and when next.

One SQLite file. A lane is one person and one receiving agency; only its head may be attempted. An
escalation that goes to a desk stands in its desk's lane instead (`desk_rows`). What the ledger says
(started, cancelled, delivered, undeliverable) is written with the ledger's cursor in one
transaction, so the file can always be rebuilt by following the ledger from its beginning. That is
why `synchronous=NORMAL` is enough: after a power loss it stands at an earlier, whole state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from streams.dispatch.attempts_file import NewerStoreError, opened
from streams.dispatch.delivery import INHIBITED, Delivery, DeliveryState
from streams.dispatch.desk_rows import NO_ESCALATION, DeskRows, Escalating
from streams.dispatch.reach import Reach
from streams.dispatch.rows import bring_forward, delivery_of, realign
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId, PersonId

__all__ = ["Attempts", "NewerStoreError", "NotDeadError", "UnknownNoticeError"]

_LISTED = """
SELECT * FROM fate WHERE (:to IS NULL OR receiver = :to)
AND (:state IS NULL OR state = :state) ORDER BY position, ordinal
"""
_DUE = """
SELECT * FROM fate
WHERE receiver = :to AND desk = '' AND head = 1 AND next_at BETWEEN :from AND :until
ORDER BY next_at, position, ordinal LIMIT :limit
"""
_FOR_EVER = 2**62


class UnknownNoticeError(Exception):
    """No notice of that id is known to dispatch."""


class NotDeadError(Exception):
    """The notice is no dead delivery: it still waits, has arrived, or was cancelled."""


class Attempts:
    """Keeps the fate of every notice, and how far the ledger was followed."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            NewerStoreError: A newer version of the hub wrote the file.
            apsw.Error: The file cannot be used; so too from every method.
        """
        self._db = opened(path)
        self.desks = DeskRows(self._db)
        self.reach = Reach(self._db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is written inside one transaction."""
        with self._db:
            yield

    # What the ledger says; called in a transaction with `follow_to`.

    def followed(self) -> int:
        """Give the ledger position up to which entries were taken in, 0 before any."""
        return cast("int", self._db.execute("SELECT position FROM followed").fetchall()[0][0])

    def follow_to(self, position: int) -> None:
        """Note that entries up to a position were taken in."""
        self._db.execute("UPDATE followed SET position = ?", (position,))

    def enqueue(
        self, notice: Notice, position: int, ordinal: int, escalating: Escalating | None = None
    ) -> None:
        """Put a notice at the end of its lane, or beside the others of its desk.

        One that is known already changes nothing. `escalating` says more of an escalation.
        """
        of = escalating or NO_ESCALATION
        self._db.execute(
            """
            INSERT INTO delivery (
                notice_id, receiver, person, handoff_id, kind, position, ordinal, state, tries,
                since, asked, first_at, next_at, cause, words, may_leave, head,
                role, desk, clock, owner, rule, told_at
            ) VALUES (
                :notice_id, :to, :person, :handoff_id, :kind, :position, :ordinal,
                'pending', 0, 0, 1, NULL, :next_at, '', NULL, 0,
                :desk <> '' OR NOT EXISTS (
                    SELECT 1 FROM delivery WHERE person = :person AND receiver = :to
                    AND desk = '' AND head IS NOT NULL),
                :role, :desk, :clock, :owner, :rule, :told_at
            ) ON CONFLICT DO NOTHING
            """,
            {
                "notice_id": notice.notice_id,
                "to": notice.to,
                "person": notice.person,
                "handoff_id": notice.handoff_id,
                "kind": notice.kind.value,
                "position": position,
                "ordinal": ordinal,
                "next_at": of.leaves_at if of.desk else 0,
                "role": notice.role,
                "desk": of.desk,
                "clock": of.clock,
                "owner": notice.recipient or "",
                "rule": notice.reason,
                "told_at": of.told_at,
            },
        )

    def start(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the ledger lets the notice leave; at once, where it was waited for.

        Leave that was asked for before a withdrawal or an operator asked anew changes nothing.
        """
        self._db.execute(
            "UPDATE delivery SET tries = max(tries, :attempt), may_leave = 1,"
            " next_at = iif(state = 'pending' AND cause = 'queued', 0, next_at),"
            " cause = iif(cause = 'queued', '', cause),"
            " state = iif(state = 'pending', 'trying', state)"
            " WHERE notice_id = :notice_id AND head IS NOT NULL AND :attempt >= asked",
            {"notice_id": notice_id, "attempt": attempt},
        )

    def forbid(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the ledger does not let the notice leave; what was asked earlier is past."""
        self._close(
            "UPDATE delivery SET state = 'cancelled', may_leave = 0, cause = '', head = NULL"
            " WHERE notice_id = :notice_id AND state = 'pending' AND :attempt >= asked"
            " RETURNING person, receiver",
            {"notice_id": notice_id, "attempt": attempt},
        )

    def arrive(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the notice was delivered: it has arrived, whichever attempt it was."""
        self._close(
            "UPDATE delivery SET state = 'delivered', tries = max(tries, :attempt), may_leave = 0,"
            " cause = '', words = NULL, head = NULL WHERE notice_id = :notice_id"
            " RETURNING person, receiver",
            {"notice_id": notice_id, "attempt": attempt},
        )

    def bury(self, notice_id: NoticeId, attempt: int, cause: str) -> None:
        """Note that the delivery is dead; the end of an earlier start does not end a later one.

        One whose cause is `inhibited` never left, so no attempt of it counts.
        """
        self._close(
            "UPDATE delivery SET state = iif(:cause = :inhibited, 'inhibited', 'dead'),"
            " tries = max(tries, :attempt), cause = :cause, head = NULL"
            " WHERE notice_id = :notice_id AND head IS NOT NULL"
            " AND (:attempt > since OR :cause = :inhibited) RETURNING person, receiver",
            {
                "notice_id": notice_id,
                "attempt": attempt,
                "cause": cause,
                "inhibited": INHIBITED,
            },
        )

    def ask_again(self, handoff_id: HandoffId, to: AgencyId | None) -> None:
        """Take leave back from a handoff's notices (to one agency, or to all): they ask anew."""
        self._db.execute(
            "UPDATE delivery SET may_leave = 0, asked = tries + 1,"
            " state = iif(state = 'trying', 'pending', state) WHERE handoff_id = :handoff_id"
            " AND may_leave = 1 AND (:to IS NULL OR receiver = :to)",
            {"handoff_id": handoff_id, "to": to},
        )

    # What an attempt makes of a notice; each call is whole by itself.

    def begin(self, notice_id: NoticeId, at: Instant, next_at: Instant) -> None:
        """Count an attempt before anything of it is done; one whose outcome is known is not new.

        `next_at` holds should the process die of it: then the others go first after the restart.
        """
        self._db.execute(
            "UPDATE delivery SET next_at = ?, first_at = ifnull(first_at, ?),"
            " tries = tries + (state IN ('pending', 'trying')) WHERE notice_id = ?",
            (next_at, at, notice_id),
        )

    def await_start(self, notice_id: NoticeId) -> None:
        """Note that the ledger was asked and will answer later."""
        self._db.execute("UPDATE delivery SET cause = 'queued' WHERE notice_id = ?", (notice_id,))

    def postpone(self, notice_id: NoticeId, next_at: Instant, cause: str) -> None:
        """Let the notice wait for its next attempt."""
        self._db.execute(
            "UPDATE delivery SET next_at = ?, cause = ? WHERE notice_id = ?",
            (next_at, cause, notice_id),
        )

    def decide(
        self, notice_id: NoticeId, state: DeliveryState, cause: str, words: bytes | None = None
    ) -> None:
        """Keep the outcome of the attempts (taken or given up) until the ledger says so too.

        `words` are the agency's own, sealed.
        """
        self._db.execute(
            "UPDATE delivery SET state = ?, cause = ?, words = ? WHERE notice_id = ?",
            (state.value, cause, words, notice_id),
        )

    def wake(self, to: AgencyId, until: Instant) -> None:
        """Let the agency's lanes that would be due by a moment try at once: it is back."""
        self._db.execute(
            "UPDATE delivery SET next_at = 0"
            " WHERE receiver = ? AND desk = '' AND head = 1 AND next_at <= ?",
            (to, until),
        )

    def reopen(self, notice_id: NoticeId) -> None:
        """Put a dead delivery back to its place in its lane, to be tried at once.

        The ledger's leave holds on, unless something was withdrawn since.

        Raises:
            UnknownNoticeError: There is no such notice.
            NotDeadError: It is no dead delivery.
        """
        delivery = self.find(notice_id)
        if delivery is None:
            raise UnknownNoticeError(f"no notice {notice_id}")
        if delivery.state is not DeliveryState.DEAD:
            raise NotDeadError(f"notice {notice_id} is {delivery.state.value}")
        with self._db:
            self._db.execute(
                "UPDATE delivery SET state = iif(may_leave, 'trying', 'pending'), since = tries,"
                " first_at = NULL, next_at = 0, words = NULL, head = iif(desk = '', 0, 1),"
                " message = '' WHERE notice_id = ?",
                (notice_id,),
            )
            if not delivery.desk:
                realign(self._db, delivery.person, delivery.to)

    # What waits, and what became of the rest.

    def due(self, to: AgencyId, now: Instant, horizon_us: int, limit: int) -> list[Delivery]:
        """Give the heads of an agency's lanes that may be attempted now, longest due first.

        A moment more than `horizon_us` away was set under another clock, and counts as due.
        """
        within = {"to": to, "from": 0, "until": now, "limit": limit}
        beyond = {"to": to, "from": now + horizon_us + 1, "until": _FOR_EVER, "limit": limit}
        rows = [*self._db.execute(_DUE, within), *self._db.execute(_DUE, beyond)]
        return [delivery_of(row) for row in rows[:limit]]

    def next_at(self, to: AgencyId, now: Instant) -> Instant | None:
        """Give the earliest moment after now at which one of the agency's lanes is due, or None."""
        found = self._db.execute(
            "SELECT min(next_at) FROM delivery"
            " WHERE receiver = ? AND desk = '' AND head = 1 AND next_at > ?",
            (to, now),
        ).fetchall()
        return cast("Instant | None", found[0][0])

    def find(self, notice_id: NoticeId) -> Delivery | None:
        """Give one notice's fate."""
        rows = self._db.execute("SELECT * FROM fate WHERE notice_id = ?", (notice_id,)).fetchall()
        return delivery_of(rows[0]) if rows else None

    def words(self, notice_id: NoticeId) -> bytes | None:
        """Give the sealed words with which an agency refused a dead delivery, None without any."""
        rows = self._db.execute(
            "SELECT words FROM delivery WHERE notice_id = ?", (notice_id,)
        ).fetchall()
        return cast("bytes | None", rows[0][0]) if rows else None

    def deliveries(self, to: AgencyId | None, state: DeliveryState | None) -> Iterator[Delivery]:
        """Read every notice's fate in ledger order: of all, one agency, or one state."""
        rows = self._db.execute(
            _LISTED,
            {"to": to, "state": state.value if state is not None else None},
        )
        for row in rows:
            yield delivery_of(row)

    def _close(self, update: str, values: dict[str, str | int]) -> None:
        for person, receiver in self._db.execute(update, values).fetchall():
            bring_forward(self._db, PersonId(str(person)), AgencyId(str(receiver)))
