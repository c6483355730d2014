"""The receive step: an agency's bytes become contract events, sealed and stamped, or dead letters.

    authenticate -> split -> read -> pseudonym -> seal -> stamp

From here on nothing that describes a person travels in clear. Nothing a sender sends raises: what
cannot become an event is kept as a dead letter, with every error at once. On Kafka the same is done
in two stages: `queueing`, then `normalising`.
"""

from streams.domain.agreement import Agreement, Agreements
from streams.domain.ids import AgencyId, Instant
from streams.normalise import reading
from streams.normalise.stamping import Arrival, Received, Stamp
from streams.promises.connector import Connector
from streams.promises.key_store import KeyStore
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer


class UnknownSenderError(Exception):
    """The caller names an agency that the agreement in force does not have. Nothing was read."""

    def __init__(self, agency: AgencyId) -> None:
        """Name the agency."""
        super().__init__(f"{agency} is no agency of the agreement in force")
        self.agency = agency


def agreement_with(agency: AgencyId, agreements: Agreements, at: Instant) -> Agreement:
    """Give the agreement in force, where it has the agency.

    Raises:
        UnknownSenderError: It does not.
    """
    agreement = agreements.in_force(at)
    if agency not in agreement.agencies:
        raise UnknownSenderError(agency)
    return agreement


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
        self._stamp = Stamp(keys, pseudonyms, sealer)

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
        agreement = agreement_with(agency, self._agreements, recorded_at)
        arrival = Arrival(agency, recorded_at, transport_id)
        return [
            self._stamp.take(
                message,
                reading.read(self._connector, message, agency, agreement, recorded_at),
                arrival,
            )
            for message in reading.split(self._connector, raw)
        ]
