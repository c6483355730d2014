"""Kela's connector: keeps `streams.promises.connector.Connector` for XML batches."""

from connectors.kela.era import reopen, split
from connectors.kela.rendering import render
from connectors.kela.viesti import read
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId, Instant
from streams.promises.connector import Message, OpenNotice, Reading, Unreadable


class KelaConnector:
    """Kela's wire format, both ways. Holds nothing, so one serves every message and thread."""

    content_type = "application/xml"
    extension = ".xml"

    def split(self, raw: bytes) -> list[Message]:
        """Take an `<era>` apart into its `<viesti>`s, at least one, in their order.

        A single `<viesti>`, as a message's `raw` is, is taken too. Never raises.
        """
        return split(raw)

    def context(self, message: Message) -> str:
        """Say nothing: a `<viesti>` stands alone."""
        del message
        return ""

    def reopen(self, raw: bytes, place: str, context: str) -> Message:
        """Give back a `<viesti>`, from its own bytes."""
        del context
        return reopen(raw, place)

    def read(
        self, message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
    ) -> Reading | Unreadable:
        """Read one message that `agency` sent, as of `recorded_at`. Never raises."""
        return read(message, agency, agreement, recorded_at)

    def render(self, opened: OpenNotice, agreement: Agreement) -> bytes:
        """Write a notice as an `<era>` of one `<viesti>`: the same notice, the same bytes."""
        return render(opened, agreement)
