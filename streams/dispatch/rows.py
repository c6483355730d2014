"""Rows of the attempts file: how one is read, and how the lane of an agency's system moves on."""

from collections.abc import Sequence

import apsw

from streams.dispatch.delivery import Delivery, DeliveryState
from streams.domain.codes import NoticeKind
from streams.domain.ids import AgencyId, PersonId


def delivery_of(row: Sequence[object]) -> Delivery:
    """Read a delivery from a row of `fate`."""
    found = Delivery._make(row[: len(Delivery._fields)])
    return found._replace(
        kind=NoticeKind(found.kind),
        state=DeliveryState(found.state),
        closed=bool(found.closed),
        held=bool(found.held),
    )


def bring_forward(db: apsw.Connection, person: PersonId, receiver: AgencyId) -> None:
    """Let the oldest open notice of a lane be its head."""
    db.execute(
        "UPDATE delivery SET head = 1 WHERE head = 0 AND desk = '' AND notice_id ="
        " (SELECT notice_id FROM delivery WHERE person = ? AND receiver = ? AND desk = ''"
        " AND head IS NOT NULL ORDER BY position, ordinal LIMIT 1)",
        (person, receiver),
    )


def realign(db: apsw.Connection, person: PersonId, receiver: AgencyId) -> None:
    """Give a lane its head anew, after a notice came into it in front of others."""
    db.execute(
        "UPDATE delivery SET head = 0 WHERE person = ? AND receiver = ? AND desk = '' AND head = 1",
        (person, receiver),
    )
    bring_forward(db, person, receiver)
