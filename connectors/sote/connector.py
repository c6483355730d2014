"""The sote connector: HL7 FHIR R4, both ways."""

from connectors.sote.bundle import split
from connectors.sote.reading import read
from connectors.sote.rendering import render
from connectors.sote.reopening import context, reopen
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId, Instant
from streams.promises.connector import Message, OpenNotice, Reading, Unreadable


class SoteConnector:
    """Keeps `streams.promises.connector.Connector` for wellbeing services counties."""

    content_type = "application/fhir+json"
    extension = ".json"

    def split(self, raw: bytes) -> list[Message]:
        """Take a Bundle, a bare resource or one of them a line apart into messages."""
        return split(raw)

    def context(self, message: Message) -> str:
        """Say which entry of a Bundle the message is, and what is wrong with it beside others."""
        return context(message)

    def reopen(self, raw: bytes, place: str, context: str) -> Message:
        """Give back a message from its own bytes and what `context` said."""
        del place
        return reopen(raw, context)

    def read(
        self, message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
    ) -> Reading | Unreadable:
        """Read one message that `agency` sent, as of `recorded_at`."""
        return read(message, agency, agreement, recorded_at)

    def render(self, opened: OpenNotice, agreement: Agreement) -> bytes:
        """Write a notice as a message Bundle: the same notice, the same bytes."""
        return render(opened, agreement)
