"""A connector of JSON events: keeps `streams.promises.connector.Connector` for one sector."""

from typing import ClassVar

from connectors.finnish_json import reading, rendering, splitting
from connectors.finnish_json.wire import Head
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId, Instant
from streams.promises.connector import Message, OpenNotice, Reading, Unreadable


class FinnishJsonConnector:
    """JSON events with Finnish names, both ways; a sector adds its own head."""

    head_shape: ClassVar[type[Head]] = Head
    """The head of the sector's events."""
    content_type: str = "application/json"
    extension: str = ".json"

    def split(self, raw: bytes) -> list[Message]:
        """Take a file apart into its events: one object, an array, or one a line (NDJSON)."""
        return splitting.split(raw)

    def context(self, message: Message) -> str:
        """Say nothing: an event's bytes say all."""
        del message
        return ""

    def reopen(self, raw: bytes, place: str, context: str) -> Message:
        """Give back an event, from its own bytes."""
        del place, context
        return splitting.reopen(raw)

    def read(
        self, message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
    ) -> Reading | Unreadable:
        """Read one event that `agency` sent, as of `recorded_at`."""
        return reading.read(message, agency, agreement, recorded_at, self.head_shape)

    def render(self, opened: OpenNotice, agreement: Agreement) -> bytes:
        """Write a notice as one JSON event: the same notice, the same bytes."""
        return rendering.render(opened, agreement)
