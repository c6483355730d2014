"""Stamping: a message that was read becomes an event, sealed and whole, or a dead letter."""

from functools import cache
from typing import Any, NamedTuple

import orjson

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
from streams.normalise.reading import NOT_READ, is_text, person_of, shown_message_id
from streams.promises.connector import DETAILS_BYTES_MAX, Details, Message, Reading, Unreadable
from streams.promises.engine import DeadLetter
from streams.promises.key_store import KeyStore, PersonKey
from streams.promises.letter_body import RAW
from streams.sealing.pseudonyms import Pseudonyms, looks_like_hetu
from streams.sealing.sealer import Sealer, hub_lane

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


class Received(NamedTuple):
    """What one message became, for the engine.

    `message_id` is for the receipt: masked where a HETU shows in it, None where none was read.
    `about` is the pointer of the statement that the message names, empty where it names none.
    """

    message_id: str | None
    taken: AgencyEvent | DeadLetter
    about: str = ""


class Arrival(NamedTuple):
    """Who sent a message, when the hub knew, and the transport's own id of the request."""

    agency: AgencyId
    recorded_at: Instant
    transport_id: str | None


class Stamp:
    """Seals, stamps and names what was read, under the persons' keys and the hub's pseudonyms."""

    def __init__(self, keys: KeyStore, pseudonyms: Pseudonyms, sealer: Sealer) -> None:
        """Bring together what keeps persons unknown."""
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._sealer = sealer

    def take(self, message: Message, read: Reading | Unreadable, arrival: Arrival) -> Received:
        """Make a message's event, or its dead letter with every error at once.

        Raises:
            UnavailableError: The key store cannot be used; nothing may be taken in now.
        """
        person = person_of(read, self._pseudonyms)
        if isinstance(read, Unreadable):
            return self._buried(message, read, person, arrival)
        if person is None:
            return self._buried(message, _NOT_A_HETU, person, arrival)
        if len(message.raw) > DETAILS_BYTES_MAX and _says_too_much(read.details):
            return self._buried(message, _TOO_LARGE, person, arrival)
        # A key that cannot be had is the hub's failure and not the message's: it goes out.
        key = self._keys.current(person)
        try:
            return self._stamp(message, read, arrival, person, key)
        except Exception:  # noqa: BLE001  # as in reading: half a character is enough
            return self._buried(message, NOT_READ, person, arrival)

    def dead_letter(
        self, raw: bytes, read: Unreadable, person: PersonId | None, arrival: Arrival
    ) -> DeadLetter:
        """Keep a message that became no event, sealed whole in the person's lane or the hub's.

        Raises:
            UnavailableError: The key store cannot be used.
        """
        agency, recorded_at, _transport_id = arrival
        lane = hub_lane(recorded_at) if person is None else person
        generation, key = self._keys.current(lane)
        digest = self._pseudonyms.raw_digest(raw).hex()
        codes = sorted(problem.code for problem in read.problems)
        return DeadLetter(
            dead_letter_id=DeadLetterId(derive("d", agency, digest, *codes)),
            agency=agency,
            message_id=shown_message_id(read, self._pseudonyms),
            person=person,
            event_id=None,
            errors=tuple(map(showable, read.problems)),
            recorded_at=recorded_at,
            body_kind=RAW,
            generation=generation,
            sealed_body=self._sealer.seal_whole(raw, lane, generation, key),
        )

    def _buried(
        self, message: Message, read: Unreadable, person: PersonId | None, arrival: Arrival
    ) -> Received:
        letter = self.dead_letter(message.raw, read, person, arrival)
        return Received(letter.message_id, letter)

    def _stamp(
        self,
        message: Message,
        read: Reading,
        arrival: Arrival,
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


def showable(problem: Problem) -> Problem:
    """Let nothing of a message stand in a problem: connectors promise it, here it is held."""
    pointer, detail = problem.pointer, problem.detail
    if not is_text(pointer) or looks_like_hetu(pointer):
        pointer = ""
    if not is_text(detail) or looks_like_hetu(detail):
        detail = NOT_READ.problems[0].detail
    return problem._replace(pointer=pointer, detail=detail)


def _says_too_much(details: Details) -> bool:
    said = (text for text in details.values() if isinstance(text, str))
    return sum(len(text.encode(errors="replace")) for text in said) > DETAILS_BYTES_MAX
