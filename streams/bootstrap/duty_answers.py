"""What people on duty say to an escalation: seen, given to somebody, or to rest for a while.

A running hub finds it in its inbox `hub`, as one small JSON document a file:

    {"answer": "acknowledge", "person": ..., "clock_id": ..., "rung": "breach", "by": "duty-1"}
    {"answer": "assign", "person": ..., "clock_id": ..., "rung": "breach", "to": "duty-2"}
    {"answer": "snooze", "person": ..., "clock_id": ..., "rung": "warn-0.6",
     "until": "2026-03-09T10:00:00+00:00", "reason": "waiting-for-person"}

`person` is the lane of the clock: whose it is, or which agency's for a clock of the hub itself. Who
and why are codes: what is kept for ever names no official and holds no free text.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from streams.bootstrap.agreement_values import nearest
from streams.bootstrap.hub import Hub
from streams.bootstrap.reader import HubReader
from streams.domain.calendar import instant
from streams.domain.clock_facts import ClockReprojected, ClockResumed, ClockStarted
from streams.domain.entry import LedgerEntry, Problem, TransitionRefused
from streams.domain.envelope import HUB, Envelope, hub_envelope
from streams.domain.hub_events import (
    EscalationAcknowledged,
    EscalationAssigned,
    EscalationSnoozed,
)
from streams.domain.ids import ClockId, EventId, Instant, PersonId, derive
from streams.promises.engine import Outcome, ReceiptStatus
from streams.promises.receipt import Receipt
from streams.sealing.pseudonyms import looks_like_hetu

DutyAnswer = EscalationAcknowledged | EscalationAssigned | EscalationSnoozed
DOCUMENT_BYTES_MAX = 4096
NO_SUCH_ESCALATION, UNKNOWN_CLOCK = "no-such-escalation", "unknown-clock"

_ANSWERS: dict[str, type[DutyAnswer]] = {
    "acknowledge": EscalationAcknowledged,
    "assign": EscalationAssigned,
    "snooze": EscalationSnoozed,
}
_Ladder = ClockStarted | ClockResumed | ClockReprojected
_YEAR_MIN, _YEAR_MAX = 1900, 2200
_KEY_CHARACTERS_MAX = 64
_CONTENT_DIGEST_BYTES = 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_REASON = re.compile(r"(?=.{1,64}$)[a-z]+(-[a-z]+)*", re.ASCII)
_MENDS = {
    NO_SUCH_ESCALATION: "nobody was told at this rung: saattaen escalations list names those told",
    UNKNOWN_CLOCK: "the person has no such clock: saattaen clocks lists those there are",
    "no-such-clock": "the clock is over, and its escalations with it",
    "snooze-is-over": "that moment has passed: name a later one",
}


class DutyAnswerError(ValueError):
    """A document is no answer to an escalation; `problems` holds everything that is wrong with it.

    Neither they nor the text repeat what stands in the document.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems, at least one."""
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class _Field(NamedTuple):
    """How a field is read; None is a value that cannot be used."""

    read: Callable[[str], object]
    code: str
    expects: str


def lane_of(reader: HubReader, clock_id: ClockId) -> PersonId | None:
    """Give the lane in which a clock runs, None where the hub has no such clock.

    Raises:
        UnavailableError: The views cannot be used now.
    """
    if _ID.read(clock_id) is None:
        return None
    seen = reader.desk.clock(clock_id)
    return PersonId(seen.person) if seen is not None else None


def read_answer(document: bytes) -> DutyAnswer:
    """Read a document; the answer's envelope names the person alone, until it is taken up.

    Raises:
        DutyAnswerError: It is none.
    """
    if len(document) > DOCUMENT_BYTES_MAX:
        raise _malformed("too-large", f"is over {DOCUMENT_BYTES_MAX} bytes")
    try:
        said = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise _malformed("malformed", "is no JSON") from None
    if not isinstance(said, dict):
        raise _malformed("malformed", "expects one JSON object")
    return answer_of(said)


def answer_of(said: Mapping[str, object]) -> DutyAnswer:
    """Make an answer of a document's fields, by the same rules as `read_answer`.

    Raises:
        DutyAnswerError: They make none.
    """
    asked, wrong = _kind(said.get("answer"))
    values: dict[str, object] = {}
    for name, field in _FIELDS.items():
        if name not in said:
            if name in asked:
                wrong.append(Problem("missing-field", f"/{name}", "is missing", None))
            continue
        value = said[name]
        read = field.read(value) if isinstance(value, str) else None
        if read is None:
            wrong.append(Problem(field.code, f"/{name}", f"expects {field.expects}", None))
        values[name] = read
    wrong += _unknown_keys(said, {"answer", *(asked or _FIELDS)})
    if wrong:
        raise DutyAnswerError(tuple(wrong))
    # Field by field the values are what the table below reads; no checker follows that here.
    kind: Any = _ANSWERS[str(said["answer"])]
    person: Any = values["person"]
    answer: DutyAnswer = kind(_unsaid(person), *[values[name] for name in kind._fields[1:]])
    return answer


def take_document(hub: Hub, document: bytes, recorded_at: Instant) -> Receipt:
    """Take up what a document says, at a moment; what is no answer is refused with every error.

    Raises:
        UnavailableError: The ledger cannot be used; nothing was kept.
    """
    try:
        said = read_answer(document)
    except DutyAnswerError as wrong:
        return _refused(wrong.problems)
    return take_answer(hub, said, recorded_at)


def take_answer(hub: Hub, said: DutyAnswer, recorded_at: Instant | None = None) -> Receipt:
    """Bring an answer to the hub, which keeps it or names the rule that refuses it.

    The same said again, with nothing else in between, is a duplicate.

    Args:
        hub: The hub, open for writing.
        said: The answer, as `read_answer` gives it.
        recorded_at: When it came; None is the hub's own virtual time, which then stands still.

    Raises:
        UnavailableError: The ledger cannot be used; nothing was kept.
    """
    at = recorded_at if recorded_at is not None else hub.engine.now()
    lane = [stored.entry for stored in hub.engine.ledger(person=said.envelope.person)]
    rungs = _rungs(lane, said.clock_id)
    # Before it is kept for ever, the rung must be one that the agreement names.
    if said.rung not in rungs:
        return _refused((_rule(NO_SUCH_ESCALATION if rungs else UNKNOWN_CLOCK),))
    (outcome,) = hub.engine.submit([_addressed(said, lane, at)])
    return _receipt(outcome)


def _rungs(lane: list[LedgerEntry], clock_id: ClockId) -> set[str]:
    return {
        rung.rung
        for entry in lane
        for fact in entry.facts
        if isinstance(fact, _Ladder) and fact.clock_id == clock_id
        for rung in fact.rungs
    }


def _addressed(said: DutyAnswer, lane: list[LedgerEntry], at: Instant) -> DutyAnswer:
    """Give the event of an answer: the one that said the same last, else a new one."""
    before: list[tuple[DutyAnswer, bool]] = []
    for entry in lane:
        event = entry.event
        if isinstance(event, DutyAnswer) and event[1:3] == said[1:3]:
            refused = any(isinstance(fact, TransitionRefused) for fact in entry.facts)
            before.append((event, refused))
    taken = [event for event, refused in before if not refused]
    if taken and type(taken[-1]) is type(said) and taken[-1][1:] == said[1:]:
        return taken[-1]
    # Counted, so that it may be given away and back again.
    what = (type(said).__name__, *map(str, said[1:]), str(len(before)))
    event_id = EventId(derive("e", HUB, *what))
    envelope = said.envelope._replace(
        event_id=event_id,
        occurred_at=at,
        recorded_at=at,
        content_digest=sha256(event_id.encode()).digest()[:_CONTENT_DIGEST_BYTES],
    )
    return said._replace(envelope=envelope)


def _unsaid(person: PersonId) -> Envelope:
    return hub_envelope(EventId(""), person, Instant(0), Instant(0), b"")


def _receipt(outcome: Outcome) -> Receipt:
    errors = (_rule(outcome.rule),) if outcome.rule else ()
    return Receipt(
        outcome.event_id,
        HUB,
        None,
        outcome.status,
        outcome.handoff_id,
        outcome.dead_letter_id,
        errors,
    )


def _refused(problems: tuple[Problem, ...]) -> Receipt:
    return Receipt(None, HUB, None, ReceiptStatus.REFUSED, None, None, problems)


def _rule(code: str) -> Problem:
    detail = _MENDS.get(code, "refused by this rule; nothing was changed")
    return Problem(code, "", detail, None)


def _malformed(code: str, detail: str) -> DutyAnswerError:
    return DutyAnswerError((Problem(code, "", detail, None),))


def _kind(answer: object) -> tuple[tuple[str, ...], list[Problem]]:
    """Give the fields that a kind of answer asks for; none where there is no such kind."""
    if answer is None:
        return (), [Problem("missing-field", "/answer", "is missing", None)]
    if not isinstance(answer, str):
        return (), [Problem("bad-value", "/answer", "expects text", None)]
    if answer not in _ANSWERS:
        meant = nearest(answer[:_KEY_CHARACTERS_MAX], _ANSWERS)
        detail = f"expects one of {', '.join(_ANSWERS)}"
        return (), [Problem("unknown-code", "/answer", detail, meant)]
    return ("person", *_ANSWERS[answer]._fields[1:]), []


def _unknown_keys(said: Mapping[str, object], known: set[str]) -> list[Problem]:
    # The key itself may be anything, a name too: the nearest known one has to tell which it is.
    return [
        Problem(
            "unknown-key",
            "",
            "a key that this answer does not have",
            nearest(key[:_KEY_CHARACTERS_MAX], known),
        )
        for key in said
        if key not in known
    ]


def _matching(shape: re.Pattern[str]) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        return text if shape.fullmatch(text) is not None and not looks_like_hetu(text) else None

    return read


def _moment(text: str) -> Instant | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None or not _YEAR_MIN <= at.year <= _YEAR_MAX:
        return None
    return instant(at)


_ID = _Field(_matching(_NAME), "bad-value", "an id (letters, digits, . _ -)")
_DUTY = _Field(
    _matching(_ROLE),
    "bad-value",
    "a role or a duty id (letters, digits, . _ -), as coordinator or duty-1; never a person's name",
)
_FIELDS = {
    "person": _ID,
    "clock_id": _ID,
    "rung": _Field(_matching(_NAME), "bad-value", "a rung, as breach or warn-0.6"),
    "by": _DUTY,
    "to": _DUTY,
    "until": _Field(
        _moment, "bad-time", f"an ISO 8601 instant with offset, of {_YEAR_MIN} to {_YEAR_MAX}"
    ),
    "reason": _Field(
        _matching(_REASON),
        "bad-value",
        "a code of lower-case letters and hyphens, as waiting-for-person",
    ),
}
