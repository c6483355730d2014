"""The normaliser's decision: a raw record becomes a contract event, or a dead letter.

    headers -> open -> read -> seal in parts -> event | dead letter

The same message gives the same event as an embedded hub's receive step makes of it, byte for byte.
Nothing that can lie in a topic raises. A dead letter is made only of what is positively bad; what
the hub lacks for the moment (keys) goes out, and the caller waits.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.contracts.dead_letter import encode_dead_letter
from streams.contracts.declarations import ContractError
from streams.contracts.event import encode_event
from streams.domain.agreement import Agreements
from streams.domain.entry import Problem
from streams.domain.event import AgencyEvent
from streams.domain.ids import AgencyId, Instant
from streams.normalise import cloud_event, reading
from streams.normalise.raw_record import (
    VALUE_BYTES_MAX,
    ArrivedRecord,
    Head,
    Headers,
    is_key,
    nobodys_key,
    read_head,
    traceparent_of,
)
from streams.normalise.reading import NOT_READ
from streams.normalise.stamping import Arrival, Stamp
from streams.promises.connector import Connector, Message, Unreadable
from streams.promises.engine import DeadLetter, UnavailableError
from streams.promises.key_store import KeyStore
from streams.promises.letter_body import KEPT_AT, RECORD
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import SealBrokenError, Sealer, hub_lane

BODY_BYTES_MAX = 768 * 1024
ERRORS_MAX = 500
_ERRORS_LEFT_OUT = Problem("malformed", "", "There is more that is wrong than can be said.", None)
_NO_VALUE = Problem("missing-field", "/value", "the record holds nothing", None)
_TOO_LARGE = Problem("too-large", "/value", f"the record is over {VALUE_BYTES_MAX} bytes", None)
_NO_KEY = Problem(
    "key-destroyed",
    "/value",
    "the key that it was sealed under is destroyed or was never made: nobody can read it",
    None,
)
_SEAL_BROKEN = Problem(
    "seal-broken",
    "/value",
    "it does not open: truncated, altered or not sealed so",
    None,
)
_OTHER_LANE = Problem(
    "bad-value",
    "/key",
    "not the person of the message: take it in again",
    None,
)
_UNKNOWN_AGENCY = Problem(
    "unknown-agency", "/headers/agency", "no agency of the agreement in force is called so", None
)
ConnectorOf = Callable[[str], Connector]
"""Gives the connector of a sector."""


class Normalised(NamedTuple):
    """What a raw record became, ready for its topic but for the frame."""

    taken: AgencyEvent | DeadLetter
    record: str
    """The contract's name without namespace."""
    payload: bytes
    """Its Avro bytes."""
    key: bytes
    headers: Headers


class Normaliser:
    """Turns raw records of every agency into what the router takes."""

    def __init__(
        self,
        connector_of: ConnectorOf,
        agreements: Agreements,
        keys: KeyStore,
        pseudonyms: Pseudonyms,
        sealer: Sealer,
    ) -> None:
        """Bring together the wire formats, the agreement and the keys."""
        self._connector_of = connector_of
        self._agreements = agreements
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._sealer = sealer
        self._stamp = Stamp(keys, pseudonyms, sealer)

    def normalise(self, records: Sequence[ArrivedRecord]) -> list[Normalised]:
        """Say what raw records mean, one by one.

        A person who came back after an erasure got a new key: `KeyStore.commit` must return before
        any of this is written.

        Raises:
            UnavailableError: The key store cannot be used; the records have to wait.
        """
        heads = [read_head(record) for record in records]
        self._keys.look_ahead(head.sealed_for for head, _ in heads if head.sealed_for)
        return [
            self._normalised(record, *read) for record, read in zip(records, heads, strict=True)
        ]

    def _normalised(
        self, record: ArrivedRecord, head: Head, problems: tuple[Problem, ...]
    ) -> Normalised:
        raw = self._opened(record, head)
        if not isinstance(raw, bytes):
            wrong = problems if raw is None else (*problems, raw)
            return self._kept(record, self._unopened(record, head, wrong))
        if problems:
            return self._kept(record, self._letter(raw, head, problems, record.agency))
        try:
            return self._read(record, head, raw)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001  # a defect met one message: the others go on
            return self._kept(record, self._letter(raw, head, NOT_READ.problems, record.agency))

    def _opened(self, record: ArrivedRecord, head: Head) -> bytes | Problem | None:
        """Give the message; why it does not open; None where its headers do not even say how."""
        if not record.value:
            return _NO_VALUE
        if len(record.value) > VALUE_BYTES_MAX:
            return _TOO_LARGE
        if not head.sealed_for or not head.generation:
            return None
        key = self._keys.of_generation(head.sealed_for, head.generation)
        if key is None:
            return _NO_KEY
        try:
            return self._sealer.open_whole(record.value, head.sealed_for, *key)
        except SealBrokenError:
            return _SEAL_BROKEN

    def _read(self, record: ArrivedRecord, head: Head, raw: bytes) -> Normalised:
        agreement = self._agreements.in_force(head.recorded_at)
        sender = agreement.agencies.get(record.agency)
        if sender is None:
            letter = self._letter(raw, head, (_UNKNOWN_AGENCY,), record.agency)
            return self._kept(record, letter)
        connector = self._connector_of(sender.sector)
        if head.problems:
            message = Message(raw, None, head.place, head.problems)
        else:
            message = reading.reopen(connector, raw, head.place, head.context)
        found = reading.read(connector, message, record.agency, agreement, head.recorded_at)
        arrival = Arrival(record.agency, head.recorded_at, head.transport_id)
        taken = self._stamp.take(message, found, arrival).taken
        if isinstance(taken, DeadLetter):
            return self._kept(record, taken)
        envelope = taken.envelope
        if envelope.person.encode() != record.key:
            return self._kept(record, self._letter(raw, head, (_OTHER_LANE,), record.agency))
        return _outgoing(
            record, taken, encode_event(taken), (envelope.event_id, envelope.occurred_at)
        )

    def _letter(
        self, raw: bytes, head: Head, problems: tuple[Problem, ...], agency: AgencyId
    ) -> DeadLetter:
        """Keep a message that opened, as the receive step of an embedded hub would."""
        arrival = Arrival(agency, head.recorded_at, None)
        unreadable = Unreadable(problems, None, None)
        return self._stamp.dead_letter(raw, unreadable, head.person, arrival)

    def _unopened(
        self, record: ArrivedRecord, head: Head, problems: tuple[Problem, ...]
    ) -> DeadLetter:
        """Keep a record that did not open: as it came, under the hub's own key of the month."""
        value = record.value or b""
        nobodys = head._replace(sealed_for=hub_lane(head.recorded_at))
        letter = self._letter(value, nobodys, problems, record.agency)
        if _NO_KEY in problems:
            # Should the key come back, from a backup of the database, it opens as any other.
            return letter._replace(
                person=head.person, generation=head.generation, sealed_body=value
            )
        # Its value alone says too little: whoever mends it reads the record where it lies.
        return letter._replace(body_kind=f"{RECORD}{record.place}")

    def _kept(self, record: ArrivedRecord, letter: DeadLetter) -> Normalised:
        letter, payload = _fitting(letter, record.place)
        if not is_key(record.key):
            # It may be anything, even what must not show.
            digest = self._pseudonyms.raw_digest(record.value or b"")
            record = record._replace(key=nobodys_key(digest))
        return _outgoing(record, letter, payload, (letter.dead_letter_id, letter.recorded_at))


def _outgoing(
    record: ArrivedRecord,
    taken: AgencyEvent | DeadLetter,
    payload: bytes,
    cause: tuple[str, Instant],
) -> Normalised:
    kind = type(taken).__name__
    trace = traceparent_of(record)
    headers = cloud_event.headers_of(kind, cause[0], record.agency, cause[1], trace)
    return Normalised(taken, kind, payload, record.key or b"", headers)


def _fitting(letter: DeadLetter, place: str) -> tuple[DeadLetter, bytes]:
    """Give a dead letter as its contract takes it, and its bytes: at most 1 MiB."""
    if len(letter.sealed_body) > BODY_BYTES_MAX:
        letter = letter._replace(body_kind=f"{KEPT_AT}{place}", sealed_body=b"")
    if len(letter.errors) > ERRORS_MAX:
        letter = letter._replace(errors=(*letter.errors[:ERRORS_MAX], _ERRORS_LEFT_OUT))
    try:
        return letter, encode_dead_letter(letter)
    except ContractError:
        bare = letter._replace(message_id=None, errors=(_ERRORS_LEFT_OUT,))
        return bare, encode_dead_letter(bare)
