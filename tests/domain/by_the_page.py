"""The legal basis read off the domain page and the agreement file: slow, with no code but its own.

It reads the file's tables as they stand, and answers for one category at a time. From the domain
it takes the records that people and rules are told in, and nothing that decides.
"""

import tomllib
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.domain.ids import Instant
from streams.domain.person import Statement

_HELSINKI = ZoneInfo("Europe/Helsinki")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDINARY_FIRST = ("statute", "overriding", "typ_membership", "word", "vital")
"""Of several bases the one named is the first in this order (decision 0022)."""


class Whose(NamedTuple):
    """The person: what they have said, and what else the hub knows of them."""

    statements: tuple[Statement, ...]
    protected: bool
    member: bool


class Asked(NamedTuple):
    """One category's question, in plain texts."""

    source: str
    recipient: str
    purpose: str
    category: str
    at: Instant
    vital: bool
    to_branch: str
    service_task: str
    documents: tuple[bytes, ...]


class Answer(NamedTuple):
    """Permit or deny: with the basis, its rule and what it overrode, or with the reason."""

    permits: bool
    basis_or_reason: str
    rule: str
    overrode: str | None = None


class Region:
    """What an agreement file says of agencies and of legal bases."""

    def __init__(self, text: str) -> None:
        """Read the file's own words."""
        file = tomllib.loads(text)
        self.sectors: dict[str, str] = {agency["id"]: agency["sector"] for agency in file["agency"]}
        self._bases: list[dict[str, Any]] = file["basis"]

    def answer(self, asked: Asked, whose: Whose) -> Answer:
        """Say whether the category may leave."""
        heard = [said for said in whose.statements if _is_about(said, asked)]
        barred = [
            said.statement_id for said in heard if said.kind == "prohibition" and _bars(said, asked)
        ]
        known = "unknown" not in (asked.purpose, asked.category)
        words = [said for said in heard if self._permits(said, asked)]
        ways: dict[str, list[str]] = {
            "statute": self._laws(asked, "statute", overriding=False),
            "overriding": self._laws(asked, "statute", overriding=True),
            "typ_membership": self._laws(asked, "typ_membership") if whose.member else [],
            "word": [said.statement_id for said in words],
            "vital": ["vital"] if asked.vital else [],
        }
        guarded = whose.protected and asked.category == "contact"
        ordered = guarded and not ways["statute"] and not ways["overriding"]
        for way in _ORDINARY_FIRST:
            if not ways[way] or not known:
                continue
            if guarded and way not in ("statute", "overriding"):
                continue
            if barred and way not in ("overriding", "vital"):
                continue
            basis = "statute" if way == "overriding" else way
            if way == "word":
                basis = "sote_permit" if words[0].kind == "permit" else "consent"
            return Answer(True, basis, ways[way][0], barred[0] if barred else None)
        if ordered:
            return Answer(False, "non-disclosure-order", "")
        return Answer(False, "prohibited", barred[0]) if barred else Answer(False, "no-basis", "")

    def _laws(self, asked: Asked, kind: str, *, overriding: bool | None = None) -> list[str]:
        sectors = (self.sectors.get(asked.source, ""), self.sectors.get(asked.recipient, ""))
        return [
            basis["law_ref"]
            for basis in self._bases
            if basis["kind"] == kind
            and (overriding is None or basis.get("overrides_prohibition", False) is overriding)
            and _goes_between(basis, *sectors)
            and asked.purpose in _listed(basis["purpose"])
            and asked.category in basis["categories"]
            and _holds_on(basis, _local_day(asked.at))
        ]

    def _permits(self, said: Statement, asked: Asked) -> bool:
        if asked.purpose not in said.purposes or asked.category not in said.categories:
            return False
        of_region = {*self.sectors}
        if asked.source not in (said.sources or of_region):
            return False
        if asked.recipient not in (said.recipients or of_region):
            return False
        if said.service_tasks and asked.service_task not in said.service_tasks:
            return False
        if said.kind == "permit":
            inside = [self.sectors.get(agency) for agency in (asked.source, asked.recipient)]
            way = {said.to_branch, asked.to_branch}
            return inside == ["sote", "sote"] and len(way) == 1 and "unknown" not in way
        return said.kind == "consent"


def _is_about(said: Statement, asked: Asked) -> bool:
    """A statement in force, of the two agencies as far as it names any."""
    begun = said.valid_from is None or said.valid_from <= asked.at
    over = said.ended or (said.valid_to is not None and said.valid_to <= asked.at)
    if over or not begun:
        return False
    return all(
        agency in named
        for agency, named in ((asked.source, said.sources), (asked.recipient, said.recipients))
        if named
    )


def _bars(said: Statement, asked: Asked) -> bool:
    if said.purposes and asked.purpose not in said.purposes:
        return False
    if said.categories and asked.category not in said.categories:
        return False
    of_some_data_alone = said.documents or said.service_tasks
    drawn = {*said.documents} & {*asked.documents}
    return not of_some_data_alone or bool(drawn) or asked.service_task in said.service_tasks


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _goes_between(basis: dict[str, Any], sender: str, receiver: str) -> bool:
    senders, receivers = _listed(basis["from_sector"]), _listed(basis["to_sector"])
    if sender not in senders or receiver not in receivers:
        return False
    return sender != receiver or len(senders) == len(receivers) == 1


def _holds_on(basis: dict[str, Any], day: date) -> bool:
    first, last = basis.get("valid_from", date.min), basis.get("valid_to", date.max)
    return bool(first <= day <= last)


def _local_day(at: Instant) -> date:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(_HELSINKI).date()
