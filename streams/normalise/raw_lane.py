"""One partition of an agency's raw topic: how far it is written out, and its watermark.

The watermark says of a moment that nothing recorded before it can still come. Where everything that
is there is written out, that is now, less the time that a record may need to appear (`SETTLE_US`).
Where not, it rests on the last record that is: what follows was appended later, so it was recorded
no earlier than that, less the same time. A record that was given another time than the receive
step's own (`--recorded-at`) lies outside of that promise; whoever feeds old records decides in
which order, and a watermark that passed stays where it is.
"""

from streams.domain.ids import AgencyId, Instant
from streams.promises.watermark import SETTLE_US, Watermark


class RawLane:
    """How far one partition has come under its present owner; afresh after each assignment."""

    def __init__(self, agency: AgencyId, next_offset: int) -> None:
        """Begin where the group's committed offset stands: what lies before it is written out."""
        self.agency = agency
        self.next_offset = next_offset
        self.heard_at: Instant | None = None
        self._passed_at: Instant | None = None
        self._after_last: Instant | None = None

    def written(self, offset: int, recorded_at: Instant, appended_at: Instant) -> None:
        """Note that the record at an offset, and all before it, are written out and acknowledged.

        Args:
            offset: The record's.
            recorded_at: When the hub knew of it, as the record says.
            appended_at: The broker's time when it took it.
        """
        self.next_offset = offset + 1
        self.heard(recorded_at)
        after = Instant(min(recorded_at, appended_at) - SETTLE_US)
        if self._after_last is None or after > self._after_last:
            self._after_last = after

    def skipped(self, end_offset: int) -> None:
        """Note that up to an offset no record can be seen: what stands there is the broker's."""
        self.next_offset = max(self.next_offset, end_offset)

    def heard(self, recorded_at: Instant) -> None:
        """Note when a message of the agency was recorded here."""
        if self.heard_at is None or recorded_at > self.heard_at:
            self.heard_at = recorded_at

    def watermark(self, end_offset: int, looked_at: Instant) -> Watermark | None:
        """Give the watermark, None where it stands where it stood when it was last told.

        Args:
            end_offset: Where the partition ended when it was looked at: the next record's offset.
            looked_at: A moment before that look.
        """
        passed_at = self._after_last
        if end_offset <= self.next_offset:
            passed_at = Instant(looked_at - SETTLE_US)
        if passed_at is None or (self._passed_at is not None and passed_at <= self._passed_at):
            return None
        return Watermark(self.agency, passed_at, self.heard_at)

    def told(self, watermark: Watermark) -> None:
        """Note that a watermark is written."""
        self._passed_at = watermark.passed_at
