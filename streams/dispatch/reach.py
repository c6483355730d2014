"""Who is within reach: what the ledger and the attempts say of each agency's system.

An agency is down while it has fallen silent, while a delivery to it is dead and nothing came from
it or reached it since, or while a notice has been tried in vain for long and no other arrived.
"""

from collections.abc import Iterable
from typing import Any

import apsw

from streams.dispatch.delivery import INHIBITED
from streams.dispatch.grouping import Outage
from streams.domain.ids import AgencyId, Instant

LONG_US = 900_000_000
"""A quarter of an hour in vain is no hiccup: a restart or a failover is over by then."""
_OF_THE_NOTICE = frozenset(
    {
        "body-not-utf-8",
        "http-400",
        "http-409",
        "http-413",
        "http-415",
        "http-422",
        INHIBITED,
        "person-erased",
        "render-failed",
        "unsafe-name",
    }
)
"""Causes that speak of one notice: a system that answers so is there."""


class Reach:
    """Follows the reach of agencies, in the attempts file."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on an open attempts file."""
        self._db = db
        rows = db.execute("SELECT agency FROM reach WHERE dead = 1")
        # Whoever was ever unreachable: asking costs, and most agencies never are.
        self._suspects = {str(agency) for (agency,) in rows}

    def fall_silent(self, agency: AgencyId) -> None:
        """Note that nothing comes from an agency."""
        self._db.execute(
            "INSERT INTO reach (agency, silent) VALUES (?, 1) ON CONFLICT DO UPDATE SET silent = 1",
            (agency,),
        )

    def hear_again(self, agency: AgencyId) -> None:
        """Note that the agency's silence is over."""
        self._db.execute("UPDATE reach SET silent = 0, dead = 0 WHERE agency = ?", (agency,))

    def live(self, agency: AgencyId) -> None:
        """Note that something came from an agency."""
        if agency in self._suspects:
            self._db.execute("UPDATE reach SET dead = 0 WHERE agency = ? AND dead = 1", (agency,))

    def arrive(self, agency: AgencyId, at: Instant) -> None:
        """Note that a notice reached an agency's system."""
        self._db.execute(
            "INSERT INTO reach (agency, arrived_at) VALUES (:agency, :at)"
            " ON CONFLICT DO UPDATE SET dead = 0, arrived_at = max(arrived_at, :at)",
            {"agency": agency, "at": at},
        )

    def die(self, agency: AgencyId, cause: str) -> None:
        """Note that a delivery to an agency's system is dead, unless the notice itself was why."""
        if cause not in _OF_THE_NOTICE:
            self._suspects.add(agency)
            self._db.execute(
                "INSERT INTO reach (agency, dead) VALUES (?, 1) ON CONFLICT DO UPDATE SET dead = 1",
                (agency,),
            )

    def down(self, agencies: Iterable[AgencyId], now: Instant) -> dict[AgencyId, Outage]:
        """Give those of some agencies that are down now, and why."""
        found = {}
        for agency in agencies:
            outage = self._outage(agency, now)
            if outage is not None:
                found[agency] = outage
        return found

    def _outage(self, agency: AgencyId, now: Instant) -> Outage | None:
        rows: list[Any] = self._db.execute(
            "SELECT silent, dead, arrived_at FROM reach WHERE agency = ?", (agency,)
        ).fetchall()
        silent, dead, arrived_at = rows[0] if rows else (0, 0, 0)
        if silent:
            return Outage.SILENT
        if dead or self._in_vain(agency, arrived_at, now):
            return Outage.UNREACHABLE
        return None

    def _in_vain(self, agency: AgencyId, arrived_at: int, now: Instant) -> bool:
        rows = self._db.execute(
            "SELECT 1 FROM delivery WHERE receiver = ? AND desk = '' AND head = 1"
            " AND state = 'trying' AND first_at > ? AND first_at <= ?"
            " AND cause NOT IN ('', 'queued', 'render-failed') LIMIT 1",
            (agency, arrived_at, now - LONG_US),
        ).fetchall()
        return bool(rows)
