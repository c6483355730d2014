"""The receive step of a Kafka hub: split, find the person, seal whole, stamp. No more.

    authenticate -> split -> whose is it? -> seal whole -> raw record

What a message means is decided by the normaliser (`normalising`), which opens it again. What is
found here is only whose lane it belongs to, and what its bytes alone would not tell over there.
"""

from typing import NamedTuple

from streams.domain.agreement import Agreement, Agreements
from streams.domain.ids import AgencyId, Instant
from streams.normalise import reading
from streams.normalise.raw_record import Head, RawRecord, headers_of, nobodys_key
from streams.normalise.receive import agreement_with
from streams.normalise.stamping import Arrival, showable
from streams.promises.connector import Connector, Message
from streams.promises.key_store import KeyStore
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer, hub_lane


class Queued(NamedTuple):
    """One message, ready to be written.

    `message_id` is for the receipt: masked where a HETU shows in it, None where none was read.
    """

    message_id: str | None
    record: RawRecord


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

    def queue(
        self,
        raw: bytes,
        agency: AgencyId,
        recorded_at: Instant,
        transport_id: str | None = None,
    ) -> list[Queued]:
        """Make the raw records of a file or request; the same input, the same records.

        Persons who are new got keys: `KeyStore.commit` must return before any of this is written.

        Args:
            raw: The bytes as they came, one message or many.
            agency: Who sent them, as the transport has authenticated.
            recorded_at: The hub's time now.
            transport_id: The transport's own id of the request, where it has one.

        Returns:
            One for each message, at least one, in the order of the messages.

        Raises:
            UnknownSenderError: The agreement in force does not have the agency.
            UnavailableError: The key store cannot be used; nothing may be taken in now.
        """
        agreement = agreement_with(agency, self._agreements, recorded_at)
        shown = self._pseudonyms.mask(transport_id) if transport_id else None
        arrival = Arrival(agency, recorded_at, shown)
        messages = reading.split(self._connector, raw)
        return [self._queued(message, arrival, agreement) for message in messages]

    def _queued(self, message: Message, arrival: Arrival, agreement: Agreement) -> Queued:
        agency, recorded_at, transport_id = arrival
        found = reading.read(self._connector, message, agency, agreement, recorded_at)
        person = reading.person_of(found, self._pseudonyms)
        lane = hub_lane(recorded_at) if person is None else person
        generation, key = self._keys.current(lane)
        head = Head(
            recorded_at,
            transport_id,
            lane,
            generation,
            message.place,
            reading.context_of(self._connector, message),
            tuple(map(showable, message.problems)),
        )
        # Repeats of what nobody could read meet in one partition, and fold into one dead letter.
        nobodys = nobodys_key(self._pseudonyms.raw_digest(message.raw))
        record = RawRecord(
            nobodys if person is None else person.encode(),
            self._sealer.seal_whole(message.raw, lane, generation, key),
            headers_of(agency, head, self._connector.content_type),
        )
        return Queued(reading.shown_message_id(found, self._pseudonyms), record)
