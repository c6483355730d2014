"""The receive step: an agency's bytes become contract events, sealed and stamped, or dead letters.

    authenticate -> split -> read -> pseudonym -> seal -> stamp

From here on nothing that describes a person travels in clear. Nothing a sender sends raises: what
cannot become an event is kept as a dead letter, with every error at once.
"""

from functools import cache
from typing import Any, NamedTuple

import orjson

from streams.domain.agreement import Agreement, Agreements
from streams.domain.entry import Problem
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.event import AgencyEvent
from streams.domain.ids import (
    AgencyId,
    DeadLetterId,
    Instant,
    PersonId,
    derive,
    derive_event_id,
)
from streams.normalise.document_ids import one_spelling
from streams.promises.connector import (
    DETAILS_BYTES_MAX,
    Connector,
    Details,
    Message,
    Reading,
    Unreadable,
)
from streams.promises.engine import DeadLetter
from streams.promises.key_store import KeyStore, PersonKey
from streams.sealing.pseudonyms import NotAHetuError, Pseudonyms, looks_like_hetu
from streams.sealing.sealer import Sealer, hub_lane

RAW = "raw"
"""`body_kind` of a dead letter that keeps the message as received."""

_NOT_READ = Unreadable(
    (Problem("malformed", "", "The message could not be read.", None),), None, None
)
_TOO_LARGE = Unreadable(
    (
        Problem(
            "too-large",
            "",
            f"What the message says of the person is over {DETAILS_BYTES_MAX} bytes: shorten its"
            " free text.",
            None,
        ),
    ),
    None,
    None,
)
_NOT_A_HETU = Unreadable(
    (Problem("hetu-format", "", "The person's HETU has not the shape of one.", None),), None, None
)
_REFERENCES = ("handoff_id", "referral_id", "statement_id", "basis_reference", "service_tasks")


class UnknownSenderError(Exception):
    """The caller names an agency that the agreement in force does not have. Nothing was read."""

    def __init__(self, agency: AgencyId) -> None:
        """Name the agency."""
        super().__init__(f"{agency} is no agency of the agreement in force")
        self.agency = agency


class Received(NamedTuple):
    """What one message became, for the engine.

    `message_id` is for the receipt: masked where a HETU shows in it, None where none was read.
    `about` is the pointer of the statement that the message names, empty where it names none.
    """

    message_id: str | None
    taken: AgencyEvent | DeadLetter
    about: str = ""


class _Arrival(NamedTuple):
    agency: AgencyId
    recorded_at: Instant
    transport_id: str | None


class ReceiveStep:
    """Takes in what agencies of one wire format send."""

    def __init__(
        self,
        connector: Connector,
        agreements: Agreements,
        keys: KeyStore,
        pseudonyms: Pseudonyms,
        sealer: Sealer,
    ) -> None:
        """Bring together the wire format, the agreement and the keys."""
        self._connector = connector
        self._agreements = agreements
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._sealer = sealer

    def receive(
        self,
        raw: bytes,
        agency: AgencyId,
        recorded_at: Instant,
        transport_id: str | None = None,
    ) -> list[Received]:
        """Take in a file or request of an agency that the transport has authenticated.

        Persons who are new got keys: `KeyStore.commit` must return before anything of this is kept.

        Args:
            raw: The bytes as they came, one message or many.
            agency: Who sent them.
            recorded_at: The hub's time now: it decides the agreement, and stamps every event.
            transport_id: The transport's own id of the request, where it has one.

        Returns:
            One for each message, at least one, in the order of the messages.

        Raises:
            UnknownSenderError: The agreement in force does not have the agency.
            UnavailableError: The key store cannot be used; nothing may be taken in now.
        """
        agreement = self._agreements.in_force(recorded_at)
        if agency not in agreement.agencies:
            raise UnknownSenderError(agency)
        try:
            messages = self._connector.split(raw)
        except Exception:  # noqa: BLE001  # a sender's bytes may not stop the hub
            messages = []
        if not messages:
            messages = [Message(raw, None, "", _NOT_READ.problems)]
        arrival = _Arrival(agency, recorded_at, transport_id)
        return [self._take(message, arrival, agreement) for message in messages]

    def _take(self, message: Message, arrival: _Arrival, agreement: Agreement) -> Received:
        read = self._read(message, arrival, agreement)
        person = None if read.hetu is None else self._person(read.hetu)
        if isinstance(read, Unreadable):
            return self._dead_letter(message, read, person, arrival)
        if person is None:
            return self._dead_letter(message, _NOT_A_HETU, person, arrival)
        if len(message.raw) > DETAILS_BYTES_MAX and _says_too_much(read.details):
            return self._dead_letter(message, _TOO_LARGE, person, arrival)
        # A key that cannot be had is the hub's failure and not the message's: it goes out.
        key = self._keys.current(person)
        try:
            return self._stamp(message, read, arrival, person, key)
        except Exception:  # noqa: BLE001  # as in `_read`: half a character is enough
            return self._dead_letter(message, _NOT_READ, person, arrival)

    def _read(
        self, message: Message, arrival: _Arrival, agreement: Agreement
    ) -> Reading | Unreadable:
        if message.problems:
            return Unreadable(message.problems, None, None)
        try:
            return self._connector.read(message, arrival.agency, agreement, arrival.recorded_at)
        except Exception:  # noqa: BLE001  # its text may show the message, which is kept instead
            return _NOT_READ

    def _person(self, hetu: str) -> PersonId | None:
        try:
            return self._pseudonyms.person(hetu)
        except NotAHetuError:
            return None

    def _stamp(
        self,
        message: Message,
        read: Reading,
        arrival: _Arrival,
        person: PersonId,
        key: PersonKey,
    ) -> Received:
        event, details = read.event, read.details
        head: Envelope = event.envelope
        agency, recorded_at, transport_id = arrival
        mask = self._pseudonyms.mask
        message_id, version = mask(head.source_ref.message_id), head.source_ref.version
        transport_id = transport_id or head.source_ref.transport_id
        said = kept = self._with_masked_references(event)
        if read.document_ids:
            # How they are listed is no content. The person's key may change: it is no content too.
            ids = tuple(sorted({one_spelling(each) for each in read.document_ids}))
            place = type(event)._fields.index("documents") - 1
            digests = self._sealer.documents(ids, person, key.generation, key.key)
            kept = (*said[:place], digests, *said[place + 1 :])
            said = (*said[:place], ids, *said[place + 1 :])
        envelope = Envelope(
            derive_event_id(agency, message_id, version),
            person,
            agency,
            head.occurred_at,
            recorded_at,
            SourceRef(message_id, version, mask(transport_id) if transport_id else None),
            self._pseudonyms.content_digest(_canonical(type(event), head, said, details)),
            head.age_years,
            head.municipality,
            head.protected,
        )
        sealed = self._sealer.seal(details, message.raw, person, key.generation, key.key)
        # Field by field the new event has the types of the old one; no checker follows that here.
        kind: Any = type(event)
        return Received(message_id, kind._make((envelope, *kept, sealed)), read.about)

    def _with_masked_references(self, event: AgencyEvent) -> tuple[Any, ...]:
        content: tuple[Any, ...] = event[1:-1]
        for place in _references(type(event)._fields):
            named = content[place]
            several = isinstance(named, tuple)
            if named and any(map(looks_like_hetu, named if several else (named,))):
                mask = self._pseudonyms.mask
                shown = tuple(map(mask, named)) if several else mask(named)
                content = (*content[:place], shown, *content[place + 1 :])
        return content

    def _dead_letter(
        self, message: Message, read: Unreadable, person: PersonId | None, arrival: _Arrival
    ) -> Received:
        agency, recorded_at, _transport_id = arrival
        lane = hub_lane(recorded_at) if person is None else person
        generation, key = self._keys.current(lane)
        digest = self._pseudonyms.raw_digest(message.raw).hex()
        codes = sorted(problem.code for problem in read.problems)
        message_id = read.message_id
        if message_id is not None:
            message_id = self._pseudonyms.mask(message_id) if _is_text(message_id) else None
        letter = DeadLetter(
            dead_letter_id=DeadLetterId(derive("d", agency, digest, *codes)),
            agency=agency,
            message_id=message_id,
            person=person,
            event_id=None,
            errors=tuple(_showable(problem) for problem in read.problems),
            recorded_at=recorded_at,
            body_kind=RAW,
            generation=generation,
            sealed_body=self._sealer.seal_whole(message.raw, lane, generation, key),
        )
        return Received(message_id, letter)


def _canonical(
    kind: type[AgencyEvent], head: Envelope, content: tuple[Any, ...], details: Details
) -> bytes:
    # What is absent is left out, so that a field that a later version adds changes no old digest.
    fields = {
        name: value
        for name, value in zip(kind._fields[1:-1], content, strict=True)
        if value not in (None, (), b"")
    }
    said = (
        kind.__name__,
        head.occurred_at,
        head.age_years,
        head.municipality,
        head.protected,
        fields,
        details,
    )
    return orjson.dumps(said, bytes.hex, orjson.OPT_SORT_KEYS)


@cache
def _references(fields: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(fields[1:-1]) if name in _REFERENCES)


def _showable(problem: Problem) -> Problem:
    # Connectors promise this already; here it is held, since errors go to logs and receipts.
    pointer, detail = problem.pointer, problem.detail
    if not _is_text(pointer) or looks_like_hetu(pointer):
        pointer = ""
    if not _is_text(detail) or looks_like_hetu(detail):
        detail = _NOT_READ.problems[0].detail
    return problem._replace(pointer=pointer, detail=detail)


def _says_too_much(details: Details) -> bool:
    said = (text for text in details.values() if isinstance(text, str))
    return sum(len(text.encode(errors="replace")) for text in said) > DETAILS_BYTES_MAX


def _is_text(text: str) -> bool:
    # JSON can spell half a surrogate pair, which no file or database can keep.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
