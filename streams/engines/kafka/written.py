"""What one transaction will write: entries, states, notices and dead letters, framed."""

from aiokafka.structs import ConsumerRecord

from streams.contracts.dead_letter import encode_dead_letter
from streams.contracts.entry import encode_notice
from streams.contracts.person import encode_closed
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.domain.person import ClosedState
from streams.engines.kafka.frames import Frames
from streams.engines.kafka.state_file import NEVER, StateRow
from streams.engines.kafka.work import Header, Row
from streams.engines.lane import Kept
from streams.promises import topics
from streams.promises.engine import DeadLetter

_VERSION: Header = (topics.CE_SPECVERSION, b"1.0")
_SOURCE: Header = (topics.CE_SOURCE, b"urn:saattaen:router")
_ENTRY: Header = (topics.CE_TYPE, b"fi.saattaen.ledger.LedgerEntry")
_NOTICE: Header = (topics.CE_TYPE, b"fi.saattaen.ledger.Notice")
_LETTER: Header = (topics.CE_TYPE, b"fi.saattaen.dead_letter.DeadLetter")


class Written:
    """Rows in their order, and each person's newest state."""

    __slots__ = (
        "_deliver",
        "_heads",
        "_ledger",
        "_letters",
        "_receivers",
        "_resting",
        "_trace",
        "before",
        "closed",
        "hot",
    )

    def __init__(self, frames: Frames, receivers: frozenset[AgencyId]) -> None:
        """Begin with nothing; `receivers` are the agencies that have a topic for their notices."""
        self._receivers = receivers
        self._heads = {
            record: frames.head(record)
            for record in ("ClosedState", "DeadLetter", "LedgerEntry", "Notice", "PersonState")
        }
        self._ledger: list[Row] = []
        self._deliver: dict[AgencyId, list[Row]] = {}
        self._letters: list[Row] = []
        self._resting: dict[PersonId, StateRow] = {}
        self._trace: tuple[Header, ...] = ()
        self.hot: dict[PersonId, Kept] = {}
        self.closed: dict[PersonId, ClosedState] = {}
        self.before: dict[PersonId, Instant | None] = {}
        """When persons stood in the heap before the transaction, as far as it is known."""

    def follow(self, record: ConsumerRecord) -> None:
        """Let what is kept from now on carry a record's trace."""
        self._trace = trace_of(record)

    def keep(self, entry: Kept) -> None:
        """Gather an entry, its state and its notices."""
        key = entry.person.encode()
        made = (topics.CE_ID, entry.event_id.encode())
        headers = [_VERSION, made, _SOURCE, _ENTRY, *self._trace]
        self._ledger.append(Row(key, self._heads["LedgerEntry"] + entry.entry, headers))
        self.hot[entry.person] = entry
        for notice in entry.deliveries:
            if notice.to not in self._receivers:
                continue  # whoever left the region has no topic; the ledger has the notice
            headers = [
                _VERSION,
                (topics.CE_ID, notice.notice_id.encode()),
                _SOURCE,
                _NOTICE,
                *self._trace,
            ]
            row = Row(key, self._heads["Notice"] + encode_notice(notice), headers)
            self._deliver.setdefault(notice.to, []).append(row)

    def rest(self, person: PersonId, value: bytes, next_at: Instant | None) -> None:
        """Let a person's clocks be looked at again at another moment, the state as it was."""
        self._resting[person] = StateRow(
            person.encode(), NEVER if next_at is None else next_at, value
        )

    def bury(self, letter: DeadLetter, record: ConsumerRecord | None) -> None:
        """Gather a dead letter."""
        trace = self._trace if record is None else trace_of(record)
        self._letters.append(letter_row(self._heads["DeadLetter"], letter, trace))

    def moved(self) -> dict[PersonId, Instant | None]:
        """Give when the next clock of each person that was touched wants to fire."""
        resting = {person: row.next_at for person, row in self._resting.items()}
        quiet = {person: None if at == NEVER else at for person, at in resting.items()}
        return quiet | {person: kept.next_at for person, kept in self.hot.items()}

    def outputs(self) -> dict[str, list[Row]]:
        """Give the rows by topic."""
        found: dict[str, list[Row]] = {}
        if self._ledger:
            found[topics.LEDGER] = self._ledger
        for agency, rows in self._deliver.items():
            found[topics.deliver(agency)] = rows
        if self._letters:
            found[topics.DEAD_LETTERS] = self._letters
        return found

    def states(self) -> list[StateRow]:
        """Give the newest state of everybody who was touched."""
        head = self._heads["PersonState"]
        rows = [row for person, row in self._resting.items() if person not in self.hot]
        rows += [
            StateRow(person.encode(), _next_at(kept), head + kept.state)
            for person, kept in self.hot.items()
        ]
        closed = self._heads["ClosedState"]
        rows += [
            StateRow(f"{person}/closed".encode(), None, closed + encode_closed(record))
            for person, record in self.closed.items()
        ]
        return rows


def trace_of(record: ConsumerRecord) -> tuple[Header, ...]:
    """Give the trace headers of a record, none where it has none."""
    return tuple([(name, value) for name, value in record.headers if name == topics.TRACEPARENT])


def letter_row(head: bytes, letter: DeadLetter, trace: tuple[Header, ...]) -> Row:
    """Frame a dead letter; its body stands in a header, since it may be larger than a contract."""
    person = letter.person
    headers = [
        _VERSION,
        (topics.CE_ID, letter.dead_letter_id.encode()),
        _SOURCE,
        _LETTER,
        (topics.SEALED_BODY, letter.sealed_body),
        *trace,
    ]
    key = person.encode() if person is not None else letter.dead_letter_id.encode()
    return Row(key, head + encode_dead_letter(letter._replace(sealed_body=b"")), headers)


def _next_at(kept: Kept) -> Instant | None:
    if kept.next_at is None and kept.hot.clocks:
        return NEVER
    return kept.next_at
