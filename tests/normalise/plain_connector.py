"""A small connector that keeps the promise: one JSON object a line, in the contract's own words."""

import json
from typing import Any, cast

from streams.domain.agreement import Agency, Agreement, Agreements, BasisBook, BounceRule
from streams.domain.answers import HandoffRejected
from streams.domain.clock_rules import ClockBook
from streams.domain.codes import Basis, Category, Priority, RejectReason, Service
from streams.domain.entry import Problem
from streams.domain.envelope import Envelope, SourceRef
from streams.domain.ids import AgencyId, EventId, Instant, PersonId, StatementId
from streams.domain.path import MilestoneReached
from streams.domain.referral import ReferralSubmitted
from streams.domain.statements import ConsentWithdrawn
from streams.promises.connector import Details, Message, OpenNotice, Reading, Unreadable

IMATRA, KELA = AgencyId("employment.imatra"), AgencyId("kela")
NOON = Instant(1_772_452_800_000_000)
HETU, OTHER_HETU = "010594Y9032", "010190-999W"
NAME, FREE_TEXT = "KANARIALINTU-NIMI", "KANARIALINTU-PERUSTELU"
CANARIES = (HETU, HETU.lower(), OTHER_HETU, NAME, FREE_TEXT)


def agreements(*agencies: AgencyId) -> Agreements:
    """One version of an agreement for ever, of which only the agencies matter here."""
    known = {
        agency: Agency(agency, agency.split(".")[0], "", "", "", ("*",), (), "", "", "", "none")
        for agency in agencies
    }
    return Agreements(
        (
            Agreement(
                digest=b"a" * 32,
                region_id="here",
                profile="test",
                valid_from=Instant(0),
                valid_to=None,
                agencies=known,
                services=(),
                basis_rules=BasisBook(),
                clock_rules=ClockBook(()),
                reject_rules=(),
                bounce=BounceRule(90, 3, agencies[0]),
                closed_days=frozenset(),
                calendar_from=0,
                calendar_to=0,
                awaiting_basis_for_us=0,
                park_for_us=0,
                delivery_limit_us=0,
            ),
        )
    )


def referral(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # a message holds whatever was sent
    """A referral as an agency writes it; `changes` replace or add."""
    message = {
        "kind": "referral",
        "id": "TE-2026-00001",
        "version": 1,
        "hetu": HETU,
        "at": NOON,
        "family_name": NAME,
        "municipality": "153",
        "reason": FREE_TEXT,
    }
    return message | changes


def lines(*messages: dict[str, Any]) -> bytes:
    """Write messages one a line."""
    return b"\n".join(json.dumps(message).encode() for message in messages)


class PlainConnector:
    """Reads what `referral` and its like write."""

    content_type = "application/json"
    extension = ".json"

    def split(self, raw: bytes) -> list[Message]:
        """One message a line; a line that is no JSON has a problem."""
        if raw == b"crash":
            raise RuntimeError(FREE_TEXT)
        return [self._parsed(line) for line in raw.splitlines()]

    def context(self, message: Message) -> str:
        """A line says all of itself."""
        return ""

    def reopen(self, raw: bytes, place: str, context: str) -> Message:
        """Read a line again."""
        return self._parsed(raw)

    def read(
        self, message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
    ) -> Reading | Unreadable:
        """Read by `kind`; problems stand in the message itself, for tests to choose."""
        said: Any = message.parsed
        if said.get("crash"):
            raise ValueError(said["hetu"] + FREE_TEXT)
        if said.get("problems"):
            problems = tuple(Problem(*problem) for problem in said["problems"])
            return Unreadable(problems, said.get("id"), said.get("hetu"))
        fields = ("family_name", "municipality", "reason", "remark", "phone", "diary")
        found = {field: said[field] for field in fields if field in said}
        details = cast("Details", found | {"hetu": said["hetu"].strip().upper()})
        return Reading(self._event(said), said["hetu"], details)

    def render(self, opened: OpenNotice, agreement: Agreement) -> bytes:
        """Say which notice it is."""
        return opened.notice.notice_id.encode()

    def _parsed(self, line: bytes) -> Message:
        try:
            return Message(line, json.loads(line), "", ())
        except ValueError:
            return Message(line, None, "", (Problem("malformed", "", "No JSON.", None),))

    def _event(
        self, said: dict[str, Any]
    ) -> ReferralSubmitted | HandoffRejected | ConsentWithdrawn | MilestoneReached:
        envelope = Envelope(
            EventId(""),
            PersonId(""),
            IMATRA,
            Instant(said["at"]),
            Instant(0),
            SourceRef(said["id"], said["version"], said.get("request")),
            b"",
            31,
            said.get("municipality", ""),
            said.get("protected", False),
        )
        match said["kind"]:
            case "rejection":
                reason = RejectReason.NO_CAPACITY
                return HandoffRejected(envelope, said.get("handoff"), said.get("of"), reason, ())
            case "withdrawal":
                return ConsentWithdrawn(envelope, StatementId(said["of"]), False, ())
            case "milestone":
                return MilestoneReached(envelope, said["milestone"], said.get("amount"), ())
            case _:
                return ReferralSubmitted(
                    envelope=envelope,
                    recipient=KELA,
                    service=Service.VOCATIONAL_REHABILITATION,
                    priority=Priority.ROUTINE,
                    basis=Basis.CONSENT,
                    basis_reference=said.get("basis"),
                    categories=(Category.IDENTITY, Category.SERVICE_NEEDS),
                    documents=(),
                    sealed=(),
                )
