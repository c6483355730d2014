"""What a connector promises: one agency's wire format, read in and rendered out.

A connector is pure: no clock, no network, no keys. `split` and `read` never raise for anything a
sender can send: what is wrong comes back as `Problem`s, all of a message at once, each with its
pointer. No text of a message ever stands in a problem.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypedDict

from streams.domain.agreement import Agreement
from streams.domain.entry import Notice, Problem
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant

FILE_BYTES_MAX = 8 * 1024 * 1024
MESSAGE_BYTES_MAX = 512 * 1024
DETAILS_BYTES_MAX = 64 * 1024
"""What a message may say of a person in all, as UTF-8: a state must hold some of them whole."""
DEPTH_MAX = 200
BATCH_MESSAGES_MAX = 1000


class Details(TypedDict, total=False):
    """What identifies or describes a person in one message, in clear: only on its way to be sealed.

    The marks in `schemas/avro/person/Details.avsc` say which sealed part each field belongs to.
    """

    hetu: str
    family_name: str
    given_names: str
    phone: str
    language: str
    municipality: str
    typ_clienthood_id: str
    typ_members: str
    benefit_code: str
    benefit_started_on: str
    benefit_days_paid: str
    reason: str
    remark: str
    outcome: str
    worker_name: str
    worker_role: str
    worker_unit: str
    mandate_ref: str
    evidence_ref: str
    official_id: str
    official_unit: str


class Message(NamedTuple):
    """One message of a file or batch: its own bytes, what was parsed of it, and where it stood.

    `parsed` is the connector's own (a JSON value, an XML element); None with `problems` where the
    bytes could not even be parsed or were over a limit.
    """

    raw: bytes
    parsed: object
    place: str
    """Pointer prefix of the message in its batch, as `/era/viesti[2]`, or empty."""
    problems: tuple[Problem, ...]


class Reading(NamedTuple):
    """A message as read: the contract event but for what only the receive step knows.

    The event's envelope carries agency, occurred_at, source_ref, municipality, protected and
    age_years; event id, person, recorded_at, content digest, documents and sealed parts are still
    empty.
    """

    event: AgencyEvent
    hetu: str
    """In its one spelling: the person's key to a pseudonym, never kept."""
    details: Details
    document_ids: tuple[str, ...] = ()
    """As the agency wrote them: only on their way to the event's `documents`, never kept."""
    about: str = ""
    """Pointer of the statement's id, where the message names one: what a rule may refuse."""


class Unreadable(NamedTuple):
    """Why a message could not become a contract event, and what could be read of it all the same.

    `hetu` is set where a valid one was found, so that the dead letter lies in the person's own
    lane.
    """

    problems: tuple[Problem, ...]
    message_id: str | None
    hetu: str | None


class OpenNotice(NamedTuple):
    """A notice with its permitted content in clear, on its way out to the one who may have it."""

    notice: Notice
    details: Details
    """Only fields of parts that the notice carries."""
    sent_at: Instant


class Connector(Protocol):
    """One agency sector's wire format, both ways."""

    content_type: str
    """Media type of a rendered notice."""
    extension: str
    """File name ending of a rendered notice, with its dot."""

    def split(self, raw: bytes) -> list[Message]:
        """Take a file or request apart into its messages, at least one, in their order.

        A file that is too large, too deep or unreadable as a whole gives one message with problems.
        """

    def context(self, message: Message) -> str:
        """Say what of a message its own bytes do not, for `reopen`: empty where they say all.

        Only of a message that `split` gave without problems; nothing of a person stands in it.
        """

    def reopen(self, raw: bytes, place: str, context: str) -> Message:
        """Give back a message that `split` gave without problems, from its own bytes.

        It reads as it did in its batch. Bytes that are no such message give one with problems.
        """

    def read(
        self, message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
    ) -> Reading | Unreadable:
        """Read one message that `agency` sent, as of `recorded_at`."""

    def render(self, opened: OpenNotice, agreement: Agreement) -> bytes:
        """Write a notice as the agency's system wants it: the same notice, the same bytes."""


class Directory(Protocol):
    """How an agency is found by what a wire format calls it."""

    def by_business_id(self, business_id: str) -> AgencyId | None:
        """Find by business id (y-tunnus), as `9100001-3`."""

    def by_oid(self, oid: str) -> AgencyId | None:
        """Find by OID in any of its three spellings."""

    def serving(self, sector: str, area: str) -> AgencyId | None:
        """Find a sector's agency serving a municipality (three digits) or county (two digits)."""


Problems = Sequence[Problem]
