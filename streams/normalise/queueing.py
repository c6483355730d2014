"""The receive step of a Kafka hub: split, find the person, seal whole, stamp. No more.

    authenticate -> split -> whose is it? -> seal whole -> raw record

What a message means is decided by the normaliser (`normalising`), which opens it again. What is
found here is only whose lane it belongs to, and what its bytes alone would not tell over there. To
find and to seal are two steps, since a record that could not be written is stamped anew.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.agreement import Agreements
from streams.domain.entry import Problem
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.normalise import reading
from streams.normalise.raw_record import Head, RawRecord, headers_of, nobodys_key
from streams.normalise.receive import agreement_with
from streams.normalise.stamping import showable
from streams.promises.connector import Connector, Message, Reading, Unreadable
from streams.promises.key_store import KeyStore
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer, hub_lane


class Found(NamedTuple):
    """One message, with all that the receive step finds out about it.

    `message_id` is for the receipt: masked where a HETU shows in it, None where none was read.
    """

    raw: bytes
    person: PersonId | None
    message_id: str | None
    place: str
    context: str
    problems: tuple[Problem, ...]


class QueueStep:
    """Takes in what agencies of one wire format send, for their raw topics."""

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

    def find(self, raw: bytes, agency: AgencyId, at: Instant) -> list[Found]:
        """Take a file or request apart, and find whose each message is.

        Args:
            raw: The bytes as they came, one message or many.
            agency: Who sent them, as the transport has authenticated.
            at: The hub's time now: it decides the agreement.

        Returns:
            One for each message, at least one, in the order of the messages.

        Raises:
            UnknownSenderError: The agreement in force does not have the agency.
        """
        agreement = agreement_with(agency, self._agreements, at)
        return [
            self._found(message, reading.read(self._connector, message, agency, agreement, at))
            for message in reading.split(self._connector, raw)
        ]

    def look_ahead(self, found: Iterable[Found], recorded_at: Instant) -> None:
        """Hear which messages will be sealed, so that their keys are looked up at once.

        Raises:
            UnavailableError: The key store cannot be used.
        """
        self._keys.look_ahead(_lane(each, recorded_at) for each in found)

    def seal(
        self,
        found: Found,
        agency: AgencyId,
        recorded_at: Instant,
        transport_id: str | None = None,
    ) -> RawRecord:
        """Make the raw record of a message; the same message and moment, the same record.

        A person who is new got a key: `KeyStore.commit` must return before any of this is written.

        Args:
            found: The message.
            agency: Who sent it.
            recorded_at: The hub's time now: it stamps the record.
            transport_id: The transport's own id of the request, where it has one.

        Raises:
            UnavailableError: The key store cannot be used; nothing may be taken in now.
        """
        lane = _lane(found, recorded_at)
        generation, key = self._keys.current(lane)
        head = Head(
            recorded_at,
            self._pseudonyms.mask(transport_id) if transport_id else None,
            lane,
            generation,
            found.place,
            found.context,
            found.problems,
        )
        # Repeats of what nobody could read meet in one partition, and fold into one dead letter.
        nobodys = nobodys_key(self._pseudonyms.raw_digest(found.raw))
        return RawRecord(
            nobodys if found.person is None else found.person.encode(),
            self._sealer.seal_whole(found.raw, lane, generation, key),
            headers_of(agency, head, self._connector.content_type),
        )

    def _found(self, message: Message, read: Reading | Unreadable) -> Found:
        return Found(
            message.raw,
            reading.person_of(read, self._pseudonyms),
            reading.shown_message_id(read, self._pseudonyms),
            message.place,
            reading.context_of(self._connector, message),
            tuple(map(showable, message.problems)),
        )


def _lane(found: Found, recorded_at: Instant) -> PersonId:
    """Say under whose key a message is sealed: the person's, or the hub's own of the month."""
    return hub_lane(recorded_at) if found.person is None else found.person
