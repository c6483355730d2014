"""Responsibility: conserved. For every case exactly one agency answers at every instant.

It starts as the source, moves only when a recipient accepts, and goes back when the service ends:
to the recipient of the most recently accepted handoff of the case that is still open, else to the
case's first source.
"""

from collections.abc import Sequence

from streams.domain.handoff import ACCEPTED
from streams.domain.ids import AgencyId
from streams.domain.person import Case, Handoff


def responsible(case: Case, handoffs: Sequence[Handoff]) -> AgencyId:
    """Say who answers for the person in a case, given the person's open handoffs."""
    holder: Handoff | None = None
    for handoff in handoffs:
        if handoff.case_id != case.case_id or handoff.status not in ACCEPTED:
            continue
        if holder is None or handoff.accepted_at_sequence > holder.accepted_at_sequence:
            holder = handoff
    return holder.recipient if holder is not None else case.first_source
