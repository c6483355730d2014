"""The attempts store: which notices wait, in which lane, how often they were tried, and when next.

A lane is one person and one receiving agency; only its head may be attempted. An escalation that
goes to a desk stands in its desk's lane instead (`desk_rows`). What the ledger says (started,
cancelled, delivered, undeliverable) is written with the ledger's cursor in one transaction, so the
store can always be rebuilt by following the ledger from its beginning. That is why a file needs no
more than `synchronous=NORMAL`: after a power loss it stands at an earlier, whole state.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self, cast

from streams.contracts.entry import decode_notice, encode_notice
from streams.dispatch.attempts_file import AttemptsFile
from streams.dispatch.attempts_store import NewerStoreError, Store, Values
from streams.dispatch.delivery import INHIBITED, Delivery, DeliveryState
from streams.dispatch.desk_rows import NO_ESCALATION, DeskRows, Escalating
from streams.dispatch.reach import Reach
from streams.dispatch.rows import bring_forward, delivery_of, realign
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId, PersonId

__all__ = ["Attempts", "NewerStoreError", "NotDeadError", "UnknownNoticeError"]

_LISTED = """
SELECT * FROM dispatch_fate WHERE partition = :partition
AND (CAST(:to AS TEXT) IS NULL OR receiver = CAST(:to AS TEXT))
AND (CAST(:state AS TEXT) IS NULL OR state = CAST(:state AS TEXT)) ORDER BY position, ordinal
"""
_DUE = """
SELECT * FROM dispatch_fate
WHERE partition = :partition AND receiver = :to AND desk = '' AND head = 1
AND next_at BETWEEN :from AND :until ORDER BY next_at, position, ordinal LIMIT :limit
"""
_NEXT = """
SELECT min(next_at) FROM dispatch_delivery
WHERE partition = :partition AND receiver = :to AND desk = '' AND head = 1 AND next_at > :now
"""
_ENQUEUE = """
INSERT INTO dispatch_delivery (
    notice_id, receiver, person, handoff_id, kind, position, ordinal, state, tries,
    since, asked, first_at, next_at, cause, words, may_leave, head,
    role, desk, clock, owner, rule, told_at, partition, notice
) VALUES (
    :notice_id, :to, :person, :handoff_id, :kind, :position, :ordinal,
    'pending', 0, 0, 1, NULL, :next_at, '', NULL, 0,
    CASE WHEN CAST(:desk AS TEXT) <> '' OR NOT EXISTS (
        SELECT 1 FROM dispatch_delivery WHERE person = :person AND receiver = :to
        AND desk = '' AND head IS NOT NULL) THEN 1 ELSE 0 END,
    :role, :desk, :clock, :owner, :rule, :told_at, :partition, :notice
) ON CONFLICT (notice_id) DO NOTHING
"""
_START = """
UPDATE dispatch_delivery SET
    tries = CASE
        WHEN state = 'pending' AND cause = 'queued' AND tries < :attempt THEN :attempt - 1
        WHEN tries < :attempt THEN :attempt ELSE tries END,
    may_leave = 1,
    next_at = CASE WHEN state = 'pending' AND cause = 'queued' THEN 0 ELSE next_at END,
    cause = CASE WHEN cause = 'queued' THEN '' ELSE cause END,
    state = CASE WHEN state = 'pending' THEN 'trying' ELSE state END
WHERE notice_id = :notice_id AND head IS NOT NULL AND asked <= :attempt
"""
_AWAIT_START = """
UPDATE dispatch_delivery SET cause = 'queued', next_at = :next_at, tries = tries - 1,
    first_at = CASE WHEN tries - 1 <= since THEN NULL ELSE first_at END
WHERE notice_id = :notice_id AND state = 'pending' AND head IS NOT NULL
"""
_ASK_AGAIN = """
UPDATE dispatch_delivery SET may_leave = 0,
    asked = CASE WHEN asked > tries THEN asked ELSE tries END + 1,
    state = CASE WHEN state = 'trying' THEN 'pending' ELSE state END
WHERE handoff_id = :handoff_id AND may_leave = 1
    AND (CAST(:to AS TEXT) IS NULL OR receiver = CAST(:to AS TEXT))
"""
_BEGIN = """
UPDATE dispatch_delivery SET next_at = :next_at, first_at = COALESCE(first_at, :at),
    tries = tries + CASE WHEN state IN ('pending', 'trying') THEN 1 ELSE 0 END
WHERE notice_id = :notice_id
"""
_REOPEN = """
UPDATE dispatch_delivery SET state = CASE WHEN may_leave = 1 THEN 'trying' ELSE 'pending' END,
    since = tries, first_at = NULL, next_at = 0, words = NULL,
    head = CASE WHEN desk = '' THEN 0 ELSE 1 END, message = ''
WHERE notice_id = :notice_id
"""
_FOR_EVER = 2**62


class UnknownNoticeError(Exception):
    """No notice of that id is known to dispatch."""


class NotDeadError(Exception):
    """The notice is no dead delivery: it still waits, has arrived, or was cancelled."""


class Attempts:
    """Keeps the fate of every notice, and how far the ledger was followed."""

    def __init__(self, store: Store, partition: int = 0) -> None:
        """Keep in a store what concerns one partition of the ledger, of which it is the owner.

        What a method cannot do now raises as the store says.
        """
        self._store = store
        self._partition = partition
        self.desks = DeskRows(store, partition)
        self.reach = Reach(store)

    @classmethod
    def in_file(cls, path: Path) -> Self:
        """Open the attempts file of an embedded hub, or make it.

        Raises:
            NewerStoreError: A newer version of the hub wrote the file.
            apsw.Error: The file cannot be used; so too from every method.
        """
        return cls(AttemptsFile(path))

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def together(self) -> AbstractContextManager[object]:
        """Make what is written inside one transaction."""
        return self._store.together()

    # What the ledger says; called in a transaction with `follow_to`.

    def followed(self) -> int:
        """Give the ledger position up to which entries were taken in, 0 before any."""
        query = "SELECT position FROM dispatch_followed WHERE partition = :partition"
        return cast("int", self._store.ask(query, {"partition": self._partition})[0][0])

    def follow_to(self, position: int, entry_digest: bytes = b"") -> None:
        """Note that entries up to a position were taken in; the digest is the last one's."""
        self._store.write(
            "UPDATE dispatch_followed SET position = :position, entry_digest = :entry_digest"
            " WHERE partition = :partition",
            {
                "position": position,
                "entry_digest": entry_digest,
                "partition": self._partition,
            },
        )

    def enqueue(
        self, notice: Notice, position: int, ordinal: int, escalating: Escalating | None = None
    ) -> None:
        """Put a notice at the end of its lane, or beside the others of its desk.

        One that is known already changes nothing. `escalating` says more of an escalation.
        """
        of = escalating or NO_ESCALATION
        self._store.write(
            _ENQUEUE,
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
                "partition": self._partition,
                "notice": encode_notice(notice) if self._store.keeps_notices else None,
            },
        )

    def notice(self, notice_id: NoticeId) -> Notice | None:
        """Give a notice as its row keeps it, None where it does not."""
        if not self._store.keeps_notices:
            return None
        query = "SELECT notice FROM dispatch_delivery WHERE notice_id = :notice_id"
        rows = self._store.ask(query, {"notice_id": notice_id})
        kept = rows[0][0] if rows else None
        return decode_notice(bytes(kept)) if kept is not None else None

    def start(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the ledger lets the notice leave; at once, where it was waited for.

        Leave that was asked for before a withdrawal or an operator asked anew changes nothing.
        """
        self._store.write(_START, {"notice_id": notice_id, "attempt": attempt})

    def forbid(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the ledger does not let the notice leave; what was asked earlier is past."""
        self._close(
            "UPDATE dispatch_delivery SET state = 'cancelled', may_leave = 0, cause = '',"
            " notice = NULL, head = NULL WHERE notice_id = :notice_id AND state = 'pending'"
            " AND asked <= :attempt RETURNING person, receiver",
            {"notice_id": notice_id, "attempt": attempt},
        )

    def arrive(self, notice_id: NoticeId, attempt: int) -> None:
        """Note that the notice was delivered: it has arrived, whichever attempt it was."""
        self._close(
            "UPDATE dispatch_delivery SET state = 'delivered', may_leave = 0, cause = '',"
            " tries = CASE WHEN tries < :attempt THEN :attempt ELSE tries END,"
            " words = NULL, notice = NULL, head = NULL WHERE notice_id = :notice_id"
            " RETURNING person, receiver",
            {"notice_id": notice_id, "attempt": attempt},
        )

    def bury(self, notice_id: NoticeId, attempt: int, cause: str) -> None:
        """Note that the delivery is dead; the end of an earlier start does not end a later one.

        One whose cause is `inhibited` never left, so no attempt of it counts.
        """
        inhibited = cause == INHIBITED
        self._close(
            "UPDATE dispatch_delivery SET state = :state, cause = :cause, head = NULL,"
            " notice = CASE WHEN :inhibited = 1 THEN NULL ELSE notice END,"
            " tries = CASE WHEN tries < :attempt THEN :attempt ELSE tries END"
            " WHERE notice_id = :notice_id AND head IS NOT NULL"
            " AND (since < :attempt OR :inhibited = 1) RETURNING person, receiver",
            {
                "notice_id": notice_id,
                "attempt": attempt,
                "cause": cause,
                "state": "inhibited" if inhibited else "dead",
                "inhibited": int(inhibited),
            },
        )

    def ask_again(self, handoff_id: HandoffId, to: AgencyId | None) -> None:
        """Take leave back from a handoff's notices (to one agency, or to all): they ask anew."""
        self._store.write(_ASK_AGAIN, {"handoff_id": handoff_id, "to": to})

    # What an attempt makes of a notice; each call is whole by itself.

    def begin(self, notice_id: NoticeId, at: Instant, next_at: Instant) -> None:
        """Count an attempt before anything of it is done; one whose outcome is known is not new.

        `next_at` holds should the process die of it: then the others go first after the restart.
        """
        self._store.write(_BEGIN, {"notice_id": notice_id, "at": at, "next_at": next_at})

    def await_start(self, notice_id: NoticeId, next_at: Instant) -> None:
        """Note that the ledger was asked and will answer later: nothing was attempted yet.

        It is asked again at `next_at`, should no answer come.
        """
        self._store.write(_AWAIT_START, {"notice_id": notice_id, "next_at": next_at})

    def await_word(self, notice_id: NoticeId, state: DeliveryState, next_at: Instant) -> None:
        """Keep an outcome that was reported, until the ledger says so; reported again then."""
        self._store.write(
            "UPDATE dispatch_delivery SET state = :state, next_at = :next_at"
            " WHERE notice_id = :notice_id AND head IS NOT NULL",
            {"notice_id": notice_id, "state": state.value, "next_at": next_at},
        )

    def postpone(self, notice_id: NoticeId, next_at: Instant, cause: str) -> None:
        """Let the notice wait for its next attempt."""
        self._store.write(
            "UPDATE dispatch_delivery SET next_at = :next_at, cause = :cause"
            " WHERE notice_id = :notice_id",
            {"notice_id": notice_id, "next_at": next_at, "cause": cause},
        )

    def decide(
        self, notice_id: NoticeId, state: DeliveryState, cause: str, words: bytes | None = None
    ) -> None:
        """Keep the outcome of the attempts (taken or given up) until the ledger says so too.

        `words` are the agency's own, sealed.
        """
        self._store.write(
            "UPDATE dispatch_delivery SET state = :state, cause = :cause, words = :words"
            " WHERE notice_id = :notice_id AND head IS NOT NULL",
            {"notice_id": notice_id, "state": state.value, "cause": cause, "words": words},
        )

    def wake(self, to: AgencyId, until: Instant) -> None:
        """Let the agency's lanes that would be due by a moment try at once: it is back."""
        self._store.write(
            "UPDATE dispatch_delivery SET next_at = 0 WHERE partition = :partition"
            " AND receiver = :to AND desk = '' AND head = 1 AND next_at <= :until",
            {"partition": self._partition, "to": to, "until": until},
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
        with self._store.together():
            self._store.write(_REOPEN, {"notice_id": notice_id})
            if not delivery.desk:
                realign(self._store, delivery.person, delivery.to)

    # What waits, and what became of the rest.

    def due(self, to: AgencyId, now: Instant, horizon_us: int, limit: int) -> list[Delivery]:
        """Give the heads of an agency's lanes that may be attempted now, longest due first.

        A moment more than `horizon_us` away was set under another clock, and counts as due.
        """
        asked: Values = {"partition": self._partition, "to": to, "limit": limit}
        within = {**asked, "from": 0, "until": now}
        beyond = {**asked, "from": now + horizon_us + 1, "until": _FOR_EVER}
        rows = [*self._store.ask(_DUE, within), *self._store.ask(_DUE, beyond)]
        return [delivery_of(row) for row in rows[:limit]]

    def next_at(self, to: AgencyId, now: Instant) -> Instant | None:
        """Give the earliest moment after now at which one of the agency's lanes is due, or None."""
        found = self._store.ask(_NEXT, {"partition": self._partition, "to": to, "now": now})
        return cast("Instant | None", found[0][0])

    def find(self, notice_id: NoticeId) -> Delivery | None:
        """Give one notice's fate."""
        query = "SELECT * FROM dispatch_fate WHERE notice_id = :notice_id"
        rows = self._store.ask(query, {"notice_id": notice_id})
        return delivery_of(rows[0]) if rows else None

    def words(self, notice_id: NoticeId) -> bytes | None:
        """Give the sealed words with which an agency refused a dead delivery, None without any."""
        query = "SELECT words FROM dispatch_delivery WHERE notice_id = :notice_id"
        rows = self._store.ask(query, {"notice_id": notice_id})
        return cast("bytes | None", rows[0][0]) if rows else None

    def deliveries(self, to: AgencyId | None, state: DeliveryState | None) -> Iterator[Delivery]:
        """Read every notice's fate in ledger order: of all, one agency, or one state."""
        wanted = state.value if state is not None else None
        values: Values = {"partition": self._partition, "to": to, "state": wanted}
        for row in self._store.ask(_LISTED, values):
            yield delivery_of(row)

    def _close(self, update: str, values: Values) -> None:
        with self._store.together():
            for person, receiver in self._store.write(update, values):
                bring_forward(self._store, PersonId(str(person)), AgencyId(str(receiver)))
