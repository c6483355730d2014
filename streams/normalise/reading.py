"""Reading what an agency sent, without ever being stopped by it: whatever it holds, it is kept."""

from streams.domain.agreement import Agreement
from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.promises.connector import Connector, Message, Reading, Unreadable
from streams.sealing.pseudonyms import NotAHetuError, Pseudonyms

NOT_READ = Unreadable(
    (Problem("malformed", "", "The message could not be read.", None),), None, None
)


def split(connector: Connector, raw: bytes) -> list[Message]:
    """Take a file apart into its messages, at least one; what breaks the connector is one."""
    try:
        messages = connector.split(raw)
    except Exception:  # noqa: BLE001  # a sender's bytes may not stop the hub
        messages = []
    return messages or [Message(raw, None, "", NOT_READ.problems)]


def context_of(connector: Connector, message: Message) -> str:
    """Say what of a message its own bytes do not; nothing where that breaks the connector."""
    if message.problems:
        return ""
    try:
        return connector.context(message)
    except Exception:  # noqa: BLE001  # as in `split`
        return ""


def reopen(connector: Connector, raw: bytes, place: str, context: str) -> Message:
    """Give a message back from its own bytes; what breaks the connector could not be read."""
    try:
        return connector.reopen(raw, place, context)
    except Exception:  # noqa: BLE001  # as in `split`
        return Message(raw, None, place, NOT_READ.problems)


def read(
    connector: Connector,
    message: Message,
    agency: AgencyId,
    agreement: Agreement,
    recorded_at: Instant,
) -> Reading | Unreadable:
    """Read a message; what breaks the connector could not be read."""
    if message.problems:
        return Unreadable(message.problems, None, None)
    try:
        return connector.read(message, agency, agreement, recorded_at)
    except Exception:  # noqa: BLE001  # its text may show the message, which is kept instead
        return NOT_READ


def person_of(found: Reading | Unreadable, pseudonyms: Pseudonyms) -> PersonId | None:
    """Give the pseudonym of whom a message is of; None where no right HETU was read."""
    if found.hetu is None:
        return None
    try:
        return pseudonyms.person(found.hetu)
    except NotAHetuError:
        return None


def shown_message_id(found: Reading | Unreadable, pseudonyms: Pseudonyms) -> str | None:
    """Give the message's own id as it may be shown: masked, None where none can be kept."""
    named = found.message_id if isinstance(found, Unreadable) else _named(found)
    return pseudonyms.mask(named) if named is not None and is_text(named) else None


def is_text(text: str) -> bool:
    """Say whether a text can be kept: JSON can spell half a surrogate pair, which nothing takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named(found: Reading) -> str:
    named: str = found.event.envelope.source_ref.message_id
    return named
