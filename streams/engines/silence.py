"""Which agency was heard when, and from which nothing came for longer than agreed.

The hub's own events do not count, and an agency that was never heard is not silent. Silence and
its end are events like any other, in the lane of the agency's own id.
"""

from typing import NamedTuple

from streams.domain.agreement import Agreements
from streams.domain.calendar import HOUR_US
from streams.domain.envelope import HUB, Envelope, hub_envelope
from streams.domain.hub_events import AgencyFellSilent, AgencyHeardAgain
from streams.domain.ids import AgencyId, EventId, Instant, PersonId, derive
from streams.domain.silence import silent_at

Told = AgencyFellSilent | AgencyHeardAgain


class Heard(NamedTuple):
    """When an agency was last heard, and since when it counts as silent; None while it does not."""

    at: Instant
    silent_at: Instant | None


class Silence:
    """What an engine knows of every agency's messages; written with the entries of a call."""

    def __init__(self, agreements: Agreements, heard: dict[AgencyId, Heard]) -> None:
        """Go on from what the store keeps."""
        self._agreements = agreements
        bounds = {bound for v in agreements.versions for bound in (v.valid_from, v.valid_to)}
        self._bounds = sorted(bound for bound in bounds if bound is not None)
        self._moments: dict[AgencyId, tuple[Instant, Instant | None]] = {}
        self.heard = heard
        self.kept = dict(heard)
        """What the store holds."""

    def commit(self) -> None:
        """Note that the store holds all of it."""
        self.kept = dict(self.heard)

    def roll_back(self) -> None:
        """Be as the store is."""
        self.heard = dict(self.kept)

    def added(self) -> list[tuple[AgencyId, Heard]]:
        """Give what the store does not hold yet."""
        return [(a, heard) for a, heard in self.heard.items() if self.kept.get(a) != heard]

    def hear(self, agency: AgencyId, at: Instant) -> list[Told]:
        """Note a message that an agency sent; give what has to be told before it.

        That is the silence that had fallen by then, where nobody told it yet, and its end.
        """
        before = self.heard.get(agency)
        if agency == HUB:
            return []
        if before is None:
            self.heard[agency] = Heard(at, None)
            return []
        told: list[Told] = []
        # Agreed in whole hours: who was heard within the hour is not silent.
        if before.silent_at is None and at - before.at >= HOUR_US:
            moment = self._silent_at(agency, before.at)
            if moment is not None and moment <= at:
                told.append(self.fall(agency, moment))
                before = self.heard[agency]
        if before.silent_at is not None:
            at = max(at, before.silent_at)
            head = _head("heard-again", agency, before.at, at)
            told.append(AgencyHeardAgain(head, before.at))
            self.heard[agency] = Heard(at, None)
        elif at > before.at:
            self.heard[agency] = Heard(at, None)
        return told

    def fall(self, agency: AgencyId, moment: Instant) -> AgencyFellSilent:
        """Let an agency count as silent since a moment; give the event that tells it."""
        heard_at = self.heard[agency].at
        self.heard[agency] = Heard(heard_at, moment)
        return AgencyFellSilent(_head("fell-silent", agency, heard_at, moment), heard_at)

    def first(self) -> tuple[Instant, PersonId] | None:
        """Give when the next agency falls silent if nothing comes from it, and which."""
        moments = [
            (moment, PersonId(agency))
            for agency, heard in self.heard.items()
            if heard.silent_at is None and (moment := self._silent_at(agency, heard.at)) is not None
        ]
        return min(moments, default=None)

    def _silent_at(self, agency: AgencyId, heard_at: Instant) -> Instant | None:
        known = self._moments.get(agency)
        if known is None or known[0] != heard_at:
            known = heard_at, self._counted(agency, heard_at)
            self._moments[agency] = known
        return known[1]

    def _counted(self, agency: AgencyId, heard_at: Instant) -> Instant | None:
        # Each version of the agreement counts from the last message, and decides while it holds.
        begun = heard_at
        for ended in (*[bound for bound in self._bounds if bound > heard_at], None):
            moment = silent_at(agency, heard_at, self._agreements.in_force(begun))
            if moment is not None and (ended is None or moment < ended):
                return max(moment, begun)
            if ended is not None:
                begun = ended
        return None


def _head(what: str, agency: AgencyId, heard_at: Instant, at: Instant) -> Envelope:
    event_id = EventId(derive("e", HUB, what, agency, str(heard_at)))
    return hub_envelope(event_id, PersonId(agency), at, at)
