"""Who is within reach: what the ledger and the attempts say of each agency's system.

An agency is down while it has fallen silent, while a delivery to it is dead and nothing came from
it or reached it since, or while a notice has been tried in vain for long and no other arrived.
"""

from collections.abc import Iterable

from streams.dispatch.attempts_store import Store
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
    """Follows the reach of agencies, in the attempts store; what any partition tells counts."""

    def __init__(self, store: Store) -> None:
        """Work on an open store."""
        self._store = store
        # Whoever was ever unreachable: asking costs, and most agencies never are.
        self._suspects: set[str] = set()
        self.look_again()

    def look_again(self) -> None:
        """Learn who is unreachable by what others have noted."""
        rows = self._store.ask("SELECT agency FROM dispatch_reach WHERE dead = 1")
        self._suspects.update(str(agency) for (agency,) in rows)

    def fall_silent(self, agency: AgencyId) -> None:
        """Note that nothing comes from an agency."""
        self._store.write(
            "INSERT INTO dispatch_reach (agency, silent, dead, arrived_at)"
            " VALUES (:agency, 1, 0, 0) ON CONFLICT (agency) DO UPDATE SET silent = 1",
            {"agency": agency},
        )

    def hear_again(self, agency: AgencyId) -> None:
        """Note that the agency's silence is over."""
        self._store.write(
            "UPDATE dispatch_reach SET silent = 0, dead = 0 WHERE agency = :agency",
            {"agency": agency},
        )

    def live(self, agency: AgencyId) -> None:
        """Note that something came from an agency."""
        if agency in self._suspects:
            self._store.write(
                "UPDATE dispatch_reach SET dead = 0 WHERE agency = :agency AND dead = 1",
                {"agency": agency},
            )

    def arrive(self, agency: AgencyId, at: Instant) -> None:
        """Note that a notice reached an agency's system."""
        self._store.write(
            "INSERT INTO dispatch_reach (agency, silent, dead, arrived_at)"
            " VALUES (:agency, 0, 0, :at) ON CONFLICT (agency) DO UPDATE SET dead = 0, arrived_at ="
            " CASE WHEN dispatch_reach.arrived_at > excluded.arrived_at"
            " THEN dispatch_reach.arrived_at ELSE excluded.arrived_at END",
            {"agency": agency, "at": at},
        )

    def die(self, agency: AgencyId, cause: str) -> None:
        """Note that a delivery to an agency's system is dead, unless the notice itself was why."""
        if cause not in _OF_THE_NOTICE:
            self._suspects.add(agency)
            self._store.write(
                "INSERT INTO dispatch_reach (agency, silent, dead, arrived_at)"
                " VALUES (:agency, 0, 1, 0) ON CONFLICT (agency) DO UPDATE SET dead = 1",
                {"agency": agency},
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
        rows = self._store.ask(
            "SELECT silent, dead, arrived_at FROM dispatch_reach WHERE agency = :agency",
            {"agency": agency},
        )
        silent, dead, arrived_at = rows[0] if rows else (0, 0, 0)
        if silent:
            return Outage.SILENT
        if dead or self._in_vain(agency, arrived_at, now):
            return Outage.UNREACHABLE
        return None

    def _in_vain(self, agency: AgencyId, arrived_at: int, now: Instant) -> bool:
        rows = self._store.ask(
            "SELECT 1 FROM dispatch_delivery WHERE receiver = :agency AND desk = '' AND head = 1"
            " AND state = 'trying' AND first_at > :arrived_at AND first_at <= :since"
            " AND cause NOT IN ('', 'queued', 'render-failed') LIMIT 1",
            {"agency": agency, "arrived_at": arrived_at, "since": now - LONG_US},
        )
        return bool(rows)
