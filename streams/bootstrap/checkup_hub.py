"""Checks of what a hub holds: whether its stores are whole, and what waits in them."""

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.checkup import Examined, Finding, fail, ok, warn
from streams.bootstrap.dispatching import ATTEMPTS_FILE, open_attempts
from streams.bootstrap.handing_over import hub_runs
from streams.bootstrap.hub import KEYS_FILE
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.domain.calendar import moment
from streams.domain.ids import Instant
from streams.engines.embedded import FILE as LEDGER_FILE
from streams.engines.embedded import EmbeddedEngine
from streams.engines.sqlite_store import mended, opened
from streams.promises.engine import UnavailableError

LAG_US_MAX = 60_000_000
"""A clock that is due longer than this has nobody who fires it."""
PENDING_US_MAX = 3_600_000_000
"""A notice that waits longer than this waits for something."""
_NO_TRANSPORT = ("none", "in-process")
_NO_HUB = "no hub here yet"
_RESTORE = "stop the hub and put the file back from its backup"


def stores_whole(hub: Examined) -> Finding:
    """Every store's file is whole."""
    looked_at = []
    for name in (LEDGER_FILE, KEYS_FILE, ATTEMPTS_FILE):
        place = hub.data / name
        if not place.exists():
            continue
        try:
            with mended(place):
                connection = opened(place, "", durable=True, writes=False)
                said = connection.pragma("quick_check")
                connection.close()
        except UnavailableError as failure:
            return fail("integrity", str(failure), _RESTORE)
        if said != "ok":
            return fail("integrity", f"{name} is damaged", _RESTORE)
        looked_at.append(name)
    return ok("integrity", f"{', '.join(looked_at)} whole" if looked_at else _NO_HUB)


def clocks_fired(hub: Examined) -> Finding:
    """No clock waits that should have fired."""
    engine = _engine(hub)
    if engine is None:
        return ok("clocks", _NO_HUB)
    try:
        due_at, lag_us = engine.next_due(), engine.lag_us(hub.now)
    finally:
        engine.close()
    if due_at is None:
        return ok("clocks", "none waits")
    if not lag_us:
        return ok("clocks", f"next due {_iso(due_at)}, lag 0 s")
    measured = f"one is due since {_iso(due_at)}, lag {lag_us / 1_000_000:.1f} s"
    if lag_us <= LAG_US_MAX:
        return ok("clocks", measured)
    if hub_runs(hub.data):
        return warn("clocks", measured, "look at the log of the running hub: its inbox may be held")
    return warn("clocks", measured, f"saattaen run {hub.option()}")


def deliveries_go(hub: Examined) -> Finding:
    """Notices reach their agencies."""
    engine = _engine(hub)
    if engine is None:
        return ok("deliveries", _NO_HUB)
    try:
        return _deliveries(hub, engine)
    finally:
        engine.close()


def dead_letters_wait(hub: Examined) -> Finding:
    """No message waits for its mend."""
    engine = _engine(hub)
    if engine is None:
        return ok("dead-letters", _NO_HUB)
    try:
        waiting = engine.dead_letters()
    finally:
        engine.close()
    if not waiting:
        return ok("dead-letters", "none waits")
    measured = f"{len(waiting)} wait, the oldest since {_iso(waiting[0].recorded_at)}"
    return warn("dead-letters", measured, f"saattaen dead-letters list {hub.option()}")


CHECKS = {
    "integrity": stores_whole,
    "clocks": clocks_fired,
    "deliveries": deliveries_go,
    "dead-letters": dead_letters_wait,
}


def _engine(hub: Examined) -> EmbeddedEngine | None:
    if not (hub.data / LEDGER_FILE).is_file():
        return None
    return EmbeddedEngine(hub.data, load_agreements(hub.region), writes=False)


def _deliveries(hub: Examined, engine: EmbeddedEngine) -> Finding:
    if not (hub.data / ATTEMPTS_FILE).is_file():
        return ok("deliveries", "dispatch has not run here yet")
    agencies = load_agreements(hub.region).in_force(hub.now).agencies
    silent = {name for name, agency in agencies.items() if agency.delivery in _NO_TRANSPORT}
    attempts = open_attempts(hub.data)
    try:
        dead = len(list(attempts.deliveries(None, DeliveryState.DEAD)))
        waiting = [
            delivery
            for state in (DeliveryState.PENDING, DeliveryState.TRYING)
            for delivery in attempts.deliveries(None, state)
            if delivery.to not in silent
        ]
    finally:
        attempts.close()
    if dead:
        mend = f"saattaen deliveries --status dead {hub.option()}"
        return warn("deliveries", f"{dead} could not be delivered", mend)
    if not waiting:
        return ok("deliveries", "none waits")
    oldest = min(waiting, key=lambda delivery: delivery.position)
    return _waiting(hub, len(waiting), oldest, _issued_at(engine, oldest))


def _waiting(hub: Examined, count: int, oldest: Delivery, since: Instant) -> Finding:
    measured = f"{count} wait, the oldest for {oldest.to} since {_iso(since)}"
    if hub.now - since <= PENDING_US_MAX:
        return ok("deliveries", measured)
    if hub_runs(hub.data):
        mend = f"saattaen deliveries --to {oldest.to} {hub.option()}"
        return warn("deliveries", measured, mend)
    return warn("deliveries", measured, f"saattaen run {hub.option()}")


def _issued_at(engine: EmbeddedEngine, delivery: Delivery) -> Instant:
    for stored in engine.ledger(after=delivery.position - 1, limit=1):
        return stored.entry.recorded_at
    return Instant(0)  # pragma: no cover  # dispatch knows notices from the ledger alone


def _iso(at: Instant) -> str:
    return moment(at).isoformat(timespec="seconds")
