"""Rows of the attempts store: how one is read, and how the lane of an agency's system moves on."""

from collections.abc import Sequence

from streams.dispatch.attempts_store import Store
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.domain.codes import NoticeKind
from streams.domain.ids import AgencyId, PersonId


def delivery_of(row: Sequence[object]) -> Delivery:
    """Read a delivery from a row of `dispatch_fate`."""
    found = Delivery._make(row[: len(Delivery._fields)])
    return found._replace(
        kind=NoticeKind(found.kind),
        state=DeliveryState(found.state),
        closed=bool(found.closed),
        held=bool(found.held),
    )


def bring_forward(store: Store, person: PersonId, receiver: AgencyId) -> None:
    """Let the oldest open notice of a lane be its head."""
    store.write(
        "UPDATE dispatch_delivery SET head = 1 WHERE head = 0 AND desk = '' AND notice_id ="
        " (SELECT notice_id FROM dispatch_delivery WHERE person = :person AND receiver = :receiver"
        " AND desk = '' AND head IS NOT NULL ORDER BY position, ordinal LIMIT 1)",
        {"person": person, "receiver": receiver},
    )


def realign(store: Store, person: PersonId, receiver: AgencyId) -> None:
    """Give a lane its head anew, after a notice came into it in front of others."""
    store.write(
        "UPDATE dispatch_delivery SET head = 0"
        " WHERE person = :person AND receiver = :receiver AND desk = '' AND head = 1",
        {"person": person, "receiver": receiver},
    )
    bring_forward(store, person, receiver)
