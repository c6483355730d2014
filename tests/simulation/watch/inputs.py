"""Every input has its outcome and its entry; lanes have no gaps, no repeats and no way back."""

from collections.abc import Iterator

from streams.domain.entry import EventParked, EventReleased, LedgerEntry, TransitionRefused
from streams.domain.event import Event
from streams.domain.hub_events import AgreementChanged, ClockReached
from streams.domain.ids import EventId, Instant, PersonId
from streams.promises.engine import DeadLetter, Outcome, ReceiptStatus
from tests.simulation.history import Run
from tests.simulation.watch.lane import place

_Name = tuple[PersonId, EventId]


def every_input_has_one_outcome_and_its_entry(run: Run) -> Iterator[str]:
    """Repeats are duplicates, reused ids dead letters; whatever is new has exactly one entry."""
    entries: dict[_Name, list[LedgerEntry]] = {}
    for stored in run.ledger:
        entries.setdefault(_name(stored.entry.event), []).append(stored.entry)
    first: dict[_Name, bytes] = {}
    for given, outcome in run.inputs:
        if isinstance(given, DeadLetter):
            if outcome.status is not ReceiptStatus.DEAD_LETTER:
                yield f"{given.dead_letter_id}: {outcome.status} instead of dead-letter"
            continue
        name, digest = _name(given), given.envelope.content_digest
        if outcome.event_id != given.envelope.event_id:
            yield f"{name[1]}: the outcome of another event"
        elif name in first:
            if (outcome.status, outcome.rule) != _of_a_repeat(first[name], digest):
                yield f"{name[1]}: {outcome.status} {outcome.rule} where it was seen before"
        else:
            yield from _of_news(entries.pop(name, []), outcome)
        first.setdefault(name, digest)
    for (_, event_id), left in entries.items():
        if not isinstance(left[0].event, ClockReached | AgreementChanged):
            yield f"{event_id}: an entry of an event that nobody submitted"


def every_dead_letter_is_kept(run: Run) -> Iterator[str]:
    """What a sender was told is a dead letter waits for somebody to look at it."""
    letters = {letter.dead_letter_id for letter in run.dead_letters}
    for _, outcome in run.inputs:
        if outcome.status is ReceiptStatus.DEAD_LETTER and outcome.dead_letter_id not in letters:
            yield f"{outcome.event_id}: a dead letter that nobody keeps"


def every_entry_keeps_its_event_as_it_came(run: Run) -> Iterator[str]:
    """But for a protected person's municipality, which no entry keeps."""
    came: dict[_Name, Event] = {}
    for event in run.events():
        came.setdefault(_name(event), event)
    for stored in run.ledger:
        kept = stored.entry.event
        expected = came.get(_name(kept), kept)
        if expected.envelope.protected:
            bare = expected.envelope._replace(municipality="")
            expected = expected._replace(envelope=bare)
        if kept != expected:
            yield f"{place(stored.entry)}: the entry keeps another event than came"


def no_event_is_twice_in_a_lane(run: Run) -> Iterator[str]:
    """A repeat makes no second entry."""
    for lane in run.lanes().values():
        seen: set[EventId] = set()
        for entry in lane:
            if entry.event.envelope.event_id in seen:
                yield f"{place(entry)}: its event is in the lane already"
            seen.add(entry.event.envelope.event_id)


def lanes_have_no_gaps_and_time_no_way_back(run: Run) -> Iterator[str]:
    """Sequences count from 1; an entry is recorded when it came, or at the lane's latest moment."""
    for lane in run.lanes().values():
        latest = Instant(0)
        for number, entry in enumerate(lane, start=1):
            if entry.sequence != number:
                yield f"{place(entry)}: should be number {number}"
            if entry.recorded_at < latest:
                yield f"{place(entry)}: recorded before the one before it"
            if entry.recorded_at != max(latest, entry.event.envelope.recorded_at):
                yield f"{place(entry)}: recorded neither when it came nor at the latest moment"
            latest = max(latest, entry.recorded_at)
    positions = [stored.position for stored in run.ledger]
    if positions != sorted(set(positions)):
        yield "the ledger's positions do not grow"


def no_id_is_given_twice(run: Run) -> Iterator[str]:
    """Notices and entries have ids of their own in the whole ledger."""
    seen: set[str] = set()
    for stored in run.ledger:
        notices = [notice.notice_id for notice in stored.entry.deliveries]
        for identifier in (stored.entry.entry_id, *notices):
            if identifier in seen:
                yield f"{place(stored.entry)}: {identifier} names two things"
            seen.add(identifier)


def what_waits_is_taken_up_once_or_given_up_in_time(run: Run) -> Iterator[str]:
    """A parked answer leaves its wait once: taken up, or into the dead letters when time is up."""
    buried = {letter.event_id for letter in run.dead_letters}
    for lane in run.lanes().values():
        waiting: dict[EventId, Instant] = {}
        for entry in lane:
            if not isinstance(entry.event, ClockReached | AgreementChanged):
                for event_id in (e for e, until in waiting.items() if until <= entry.recorded_at):
                    yield f"{place(entry)}: {event_id} has waited too long"
            parked = [fact for fact in entry.facts if isinstance(fact, EventParked)]
            waiting.update((fact.event_id, fact.until) for fact in parked)
            for fact in entry.facts:
                if isinstance(fact, EventReleased):
                    if waiting.pop(fact.event_id, None) is None:
                        yield f"{place(entry)}: {fact.event_id} did not wait"
                    if not fact.taken and fact.event_id not in buried:
                        yield f"{place(entry)}: {fact.event_id} is lost"


def _name(event: Event) -> _Name:
    return event.envelope.person, event.envelope.event_id


def _of_a_repeat(seen: bytes, digest: bytes) -> tuple[ReceiptStatus, str]:
    if seen == digest:
        return ReceiptStatus.DUPLICATE, ""
    return ReceiptStatus.DEAD_LETTER, "id-reused"


def _of_news(found: list[LedgerEntry], outcome: Outcome) -> Iterator[str]:
    if len(found) != 1:
        yield f"{outcome.event_id}: {len(found)} entries, and an outcome {outcome.status}"
    elif (told := _told(found[0])) != (outcome.status, outcome.rule):
        yield f"{place(found[0])}: {told} in the ledger, {outcome.status} in the outcome"


def _told(entry: LedgerEntry) -> tuple[ReceiptStatus, str]:
    """Read off an entry what the sender must have heard."""
    for fact in entry.facts:
        if isinstance(fact, TransitionRefused):
            return ReceiptStatus.REFUSED, fact.rule
        if isinstance(fact, EventReleased):
            break  # What follows is another event's.
        if isinstance(fact, EventParked):
            return ReceiptStatus.PARKED, ""
    return ReceiptStatus.ACCEPTED, ""
