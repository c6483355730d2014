"""The desk: the views of one hub, caught up from its ledger and asked.

The views' version and the digest of the last entry read stand beside them. Where the version is not
this code's, or the entry is not the ledger's, they are thrown away and built again.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    exists,
    inspect,
    or_,
    select,
)
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError, OperationalError

from streams.domain.handoff import TERMINAL
from streams.domain.ids import AgencyId, ClockId, HandoffId, Instant, PersonId
from streams.promises.engine import Engine, Stored, UnavailableError
from streams.promises.ledger import Stand
from streams.views import cursors
from streams.views.answers import (
    ClockSeen,
    DeliverySeen,
    DisclosureSeen,
    HandoffSeen,
    ReprojectionSeen,
    RungSeen,
    SuspensionSeen,
)
from streams.views.database import opened_file, transaction
from streams.views.deadlines import BREACHED, RUNNING
from streams.views.disclosures import disclosures
from streams.views.facts import Reading
from streams.views.rules import RulesSeen, read_rules, rules_at
from streams.views.sheets import Row
from streams.views.tables import CASE, CLOCK, DELIVERY, DISCLOSURE, HANDOFF

FILE = "views.db"
WHAT = "the views"
ENTRIES_A_PAGE = 2_000
ONLY_PARTITION = 0
"""An embedded hub's ledger is one partition."""
_WAIT_S = 30
_OVER = sorted([status.value for status in TERMINAL])
_OF = "told_of"


class Desk:
    """The views of one hub.

    Every method raises UnavailableError where the database cannot be used now.
    """

    def __init__(self, database: Database) -> None:
        """Keep the views in a database; `catch_up` makes its tables."""
        self._database = database

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def catch_up(self, engine: Engine) -> int:
        """Read what the ledger has beyond the views, a page a transaction; count the entries."""
        count = 0
        while True:
            # Looked at anew for every page: another process may catch up, or begin anew, as well.
            with self._transaction() as connection:
                if not _is_of(connection, engine):
                    cursors.begin_anew(connection)
                position = cursors.held(connection, ONLY_PARTITION)
                page = list(engine.ledger(after=position, limit=ENTRIES_A_PAGE))
                _read(connection, page)
            count += len(page)
            if len(page) < ENTRIES_A_PAGE:
                return count

    def apply(self, entries: list[Stored]) -> None:
        """Take entries in, in ledger order; those that the views have already change nothing."""
        with self._transaction() as connection:
            position = cursors.held(connection, ONLY_PARTITION)
            _read(connection, [stored for stored in entries if stored.position > position])

    def handoffs(
        self,
        *,
        status: str | None = None,
        agency: AgencyId | None = None,
        person: PersonId | None = None,
        overdue_at: Instant | None = None,
    ) -> list[HandoffSeen]:
        """Give handoffs by (recorded_at, id).

        Args:
            status: Only of this status.
            agency: Only of this source or recipient.
            person: Only of this person.
            overdue_at: Only those with a clock that was breached and still waits, or whose due time
                has passed at this instant.
        """
        wanted: list[ColumnElement[bool]] = []
        if status is not None:
            wanted.append(HANDOFF.c.status == status)
        if agency is not None:
            wanted.append(or_(HANDOFF.c.source == agency, HANDOFF.c.recipient == agency))
        if person is not None:
            wanted.append(HANDOFF.c.person == person)
        if overdue_at is not None:
            awaited = CLOCK.alias()  # apart from the clocks that a handoff is shown with
            late = or_(
                awaited.c.state == BREACHED,
                (awaited.c.state == RUNNING) & (awaited.c.due_at <= overdue_at),
            )
            waits = awaited.c.ended_at.is_(None)
            wanted.append(exists().where(_is_told_of(awaited) & waits & late))
        return self._handoffs(wanted)

    def handoff(self, handoff_id: HandoffId) -> HandoffSeen | None:
        """Give one handoff, None where there is none of this id."""
        found = self._handoffs([HANDOFF.c.handoff_id == handoff_id])
        return found[0] if found else None

    def case(self, case_id: str) -> list[HandoffSeen]:
        """Give the handoffs of a case by (recorded_at, id), none where there is no such case."""
        return self._handoffs([HANDOFF.c.case_id == case_id])

    def clocks(
        self,
        *,
        state: str | None = None,
        due_before: Instant | None = None,
        person: PersonId | None = None,
        owner: AgencyId | None = None,
        escalated: bool = False,
    ) -> list[ClockSeen]:
        """Give clocks by (recorded_at, id).

        Args:
            state: Only in this state.
            due_before: Only those due before this instant.
            person: Only those in this lane: of a person, of their cases and handoffs.
            owner: Only those that are this agency's duty.
            escalated: Only those of which somebody was told.
        """
        query = select(CLOCK).order_by(CLOCK.c.recorded_at, CLOCK.c.clock_id)
        if state is not None:
            query = query.where(CLOCK.c.state == state)
        if due_before is not None:
            query = query.where(CLOCK.c.due_at < due_before)
        if person is not None:
            query = query.where(CLOCK.c.person == person)
        if owner is not None:
            query = query.where(CLOCK.c.owner == owner)
        if escalated:
            query = query.where(CLOCK.c.escalated)
        return [_clock(row) for row in self._rows(query)]

    def clock(self, clock_id: ClockId) -> ClockSeen | None:
        """Give one clock, None where there is none of this id."""
        rows = self._rows(select(CLOCK).where(CLOCK.c.clock_id == clock_id))
        return _clock(rows[0]) if rows else None

    def deliveries(
        self, *, to: AgencyId | None = None, status: str | None = None
    ) -> list[DeliverySeen]:
        """Give notices with their fate by (recorded_at, id): to an agency, of a status."""
        query = select(DELIVERY).order_by(DELIVERY.c.recorded_at, DELIVERY.c.notice_id)
        if to is not None:
            query = query.where(DELIVERY.c.to == to)
        if status is not None:
            query = query.where(DELIVERY.c.status == status)
        return [DeliverySeen(**row) for row in self._rows(query)]

    def disclosures(
        self, person: PersonId, *, since: Instant | None = None, until: Instant | None = None
    ) -> list[DisclosureSeen]:
        """Give what was let go, held back and fetched back of a person, by (recorded_at, id).

        Args:
            person: Whose.
            since: Only what was recorded at this instant or later.
            until: Only what was recorded before this instant; what became of it later is told.
        """
        query = select(DISCLOSURE).where(DISCLOSURE.c.person == person)
        rows = self._rows(query.order_by(DISCLOSURE.c.recorded_at, DISCLOSURE.c.row_id))
        return [
            seen
            for seen in disclosures(rows)
            if (since is None or since <= seen.recorded_at)
            and (until is None or seen.recorded_at < until)
        ]

    def rules_at(self, at: Instant) -> RulesSeen | None:
        """Give the agreement that the hub decided under at a moment, None before any entry."""
        with self._transaction() as connection:
            return rules_at(connection, at)

    def fates(self, notice_ids: list[str]) -> dict[str, str]:
        """Give the status of each of these notices by its id."""
        found: dict[str, str] = {}
        for start in range(0, len(notice_ids), 500):
            some = notice_ids[start : start + 500]
            query = select(DELIVERY.c.notice_id, DELIVERY.c.status)
            rows = self._rows(query.where(DELIVERY.c.notice_id.in_(some)))
            found |= {row["notice_id"]: row["status"] for row in rows}
        return found

    def _handoffs(self, wanted: list[ColumnElement[bool]]) -> list[HandoffSeen]:
        clocks: dict[str, list[ClockSeen]] = {}
        told = select(HANDOFF.c.handoff_id.label(_OF), CLOCK).join(CLOCK, _is_told_of())
        told = told.where(*wanted).order_by(CLOCK.c.recorded_at, CLOCK.c.clock_id)
        for row in self._rows(told):
            clocks.setdefault(row[_OF], []).append(_clock(row))
        joined = select(HANDOFF, CASE.c.responsible).join(CASE, CASE.c.case_id == HANDOFF.c.case_id)
        ordered = joined.where(*wanted).order_by(HANDOFF.c.recorded_at, HANDOFF.c.handoff_id)
        return [_handoff(row, clocks.get(row["handoff_id"], [])) for row in self._rows(ordered)]

    def _rows(self, query: Select[Any]) -> list[Row]:
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self._database, WHAT)


def open_desk(folder: Path) -> Desk:
    """Open the views of an embedded hub's folder, made where they are missing.

    A damaged file is thrown away: whatever is in it stands in the ledger too.

    Raises:
        UnavailableError: They cannot be opened there.
    """
    path = folder / FILE
    database = opened_file(path, _WAIT_S)
    try:
        with database.begin() as connection:
            inspect(connection).get_table_names()
    except OperationalError:
        database.dispose()
        raise UnavailableError(
            f"{path} cannot be opened: the folder must be there, for the hub's user to write"
        ) from None
    except DBAPIError:
        database.dispose()
        path.unlink()
        database = opened_file(path, _WAIT_S)
    return Desk(database)


def served_desk(database: Database) -> Desk:
    """Give the views that workers keep in a database; nothing is made, and nothing written.

    Raises:
        UnavailableError: There are none of this version, or the database cannot be used now.
    """
    with transaction(database, WHAT) as connection:
        found = cursors.version(connection)
    if found is None:
        raise UnavailableError("there are no views yet: saattaen worker view writes them")
    if found != cursors.VERSION:
        raise UnavailableError(
            f"the views are of version {found}, this hub's are of {cursors.VERSION}: ask with the "
            "hub that writes them, or let the workers of this one make them anew"
        )
    return Desk(database)


def _is_of(connection: Connection, engine: Engine) -> bool:
    if cursors.version(connection) != cursors.VERSION:
        return False
    found = cursors.cursor(connection, ONLY_PARTITION)
    if found.position == 0:
        return True
    last = next(engine.ledger(after=found.position - 1, limit=1), None)
    return last is not None and last.entry_digest == found.entry_digest


def _read(connection: Connection, page: list[Stored]) -> None:
    if page:
        Reading(connection).read(page)
        read_rules(connection, ONLY_PARTITION, page)
        last = page[-1]
        cursors.move(connection, ONLY_PARTITION, Stand(last.position, last.entry_digest))


def _is_told_of(clock: FromClause = CLOCK) -> ColumnElement[bool]:
    # Its own clocks (a case's is its first handoff's), and while it is open those of its person.
    own = clock.c.handoff_id == HANDOFF.c.handoff_id
    persons = (
        (clock.c.person == HANDOFF.c.person)
        & clock.c.handoff_id.is_(None)
        & HANDOFF.c.status.not_in(_OVER)
    )
    return or_(own, persons)


def _clock(row: Row) -> ClockSeen:
    fields = {name: row[name] for name in ClockSeen._fields}
    fields["rungs"] = tuple([RungSeen(**rung) for rung in row["rungs"]])
    fields["suspensions"] = tuple([SuspensionSeen(**each) for each in row["suspensions"]])
    fields["reprojections"] = tuple([ReprojectionSeen(**each) for each in row["reprojections"]])
    fields["remark"] = row["remark"] or None
    fields["ended_by"] = row["ended_by"] or None
    return ClockSeen(**fields)


def _handoff(row: Row, clocks: list[ClockSeen]) -> HandoffSeen:
    due = [clock.due_at for clock in clocks if clock.state == RUNNING]
    fields = {
        **row,
        "status_reason": row["status_reason"] or None,
        "next_due_at": min(due, default=None),
        "clocks": tuple(clocks),
        "missing_basis": row["missing_basis"] or None,
    }
    return HandoffSeen(**{name: fields[name] for name in HandoffSeen._fields})
