"""What became of disclosures: what was let go on which basis, held back, and fetched back.

A row is a disclosure (a notice with data of the person for one agency), what stayed behind where
no notice went, or a recall. A notice that only tells how things stand discloses nothing: it goes to
a party that knows already. Nor does what a coordinating agency gets back that sent it.
"""

from collections.abc import Iterable, Iterator, Sequence

from streams.domain.codes import Category, NoticeKind
from streams.domain.entry import (
    DisclosureMade,
    DisclosureWithheld,
    Granted,
    HandoffOpened,
    Notice,
    RecallConfirmed,
    RecallIssued,
    Rerouted,
    Withheld,
)
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from streams.promises.engine import Stored
from streams.views.answers import DisclosureSeen, RecallSeen
from streams.views.fates import DELIVERED, STARTED
from streams.views.sheets import Row, Sheet

DISCLOSED, WITHHELD, RECALLED = "disclosed", "withheld", "recalled"
BY_ANSWER = "answer"
"""How the hub knows that a notice left where no delivery says so: its receiver answered."""
NOT_ASKED = "not-asked-for"
"""Why a category stays behind that a newer version of the referral no longer names."""

_CARRIERS = (NoticeKind.REFERRAL, NoticeKind.INFORMATION, NoticeKind.CONVENE)
_CATEGORIES = frozenset([category.value for category in Category])


class Disclosures:
    """Follows the disclosures of one transaction, after handoffs and fates have followed."""

    def __init__(self, rows: Sheet, handoffs: Sheet, deliveries: Sheet) -> None:
        """Work on the rows of one transaction; those of handoffs and deliveries are only read."""
        self._rows = rows
        self._handoffs = handoffs
        self._deliveries = deliveries
        self._of_handoff: dict[str, list[str]] = {}

    def load(self, handoff_ids: Iterable[str]) -> None:
        """Read the rows of the handoffs that a page may change."""
        self._rows.load_of("handoff_id", handoff_ids)
        for row in sorted(self._rows.rows(), key=lambda row: (row["issued_in"], row["row_id"])):
            self._of_handoff.setdefault(row["handoff_id"], []).append(row["row_id"])

    def write(self) -> None:
        """Write the rows."""
        self._rows.write()

    def take(self, stored: Stored) -> None:
        """Take an entry in: its own disclosures, then what it tells of them and of earlier ones."""
        entry = stored.entry
        for notice in entry.deliveries:
            if _discloses(notice):
                self._add(self._disclosed(notice, stored))
        for place, fact in enumerate(entry.facts):
            match fact:
                case DisclosureWithheld():
                    self._hold_back(fact, stored, place)
                case RecallIssued():
                    self._fetch_back(fact, stored, place)
                case RecallConfirmed():
                    for row in self._of(fact.handoff_id, fact.by, RECALLED):
                        if row["confirmed_at"] is None:
                            self._rows.change(row["row_id"], confirmed_at=entry.recorded_at)
                case _:
                    pass
        self._follow_fates(stored)

    def _follow_fates(self, stored: Stored) -> None:
        at, event = stored.entry.recorded_at, stored.entry.event
        reported = isinstance(event, DeliveryStarted | NoticeDelivered)
        seen = {"at": at, "by": type(event).__name__ if reported else BY_ANSWER}
        named = [getattr(fact, "handoff_id", None) for fact in (event, *stored.entry.facts)]
        for handoff_id in dict.fromkeys(named):
            for row_id in self._of_handoff.get(handoff_id or "", ()):
                row = self._rows.get(row_id)
                fate = self._deliveries.get(row["notice_id"]) if row is not None else None
                if row is None or fate is None or fate["status"] == row["status"]:
                    continue
                changed: Row = {"status": fate["status"]}
                if fate["status"] in (STARTED, DELIVERED) and row["left_at"] is None:
                    changed |= {f"left_{name}": value for name, value in seen.items()}
                if fate["status"] == DELIVERED and row["arrived_at"] is None:
                    changed |= {f"arrived_{name}": value for name, value in seen.items()}
                self._rows.change(row_id, **changed)

    def _disclosed(self, notice: Notice, stored: Stored) -> Row:
        carried = [sealed.part.value for sealed in notice.content]
        # What answers a question carries no categories of its own, but who it is about.
        categories = [category.value for category in notice.categories]
        categories = categories or [part for part in carried if part in _CATEGORIES]
        about = str(notice.handoff_id), notice.to
        row = self._begun(DISCLOSED, about, stored, notice)
        return {
            **row,
            "categories": categories,
            "basis": self._basis(notice, categories, stored),
            "carried": carried,
        }

    def _basis(self, notice: Notice, categories: list[str], stored: Stored) -> list[Row]:
        for fact in stored.entry.facts:
            if isinstance(fact, DisclosureMade) and (fact.handoff_id, fact.to, fact.categories) == (
                notice.handoff_id,
                notice.to,
                notice.categories,
            ):
                return [_granted(grant) for grant in fact.basis]
        # It has the data already: on the basis on which it got it.
        known = {
            granted["category"]: granted
            for row in self._of(str(notice.handoff_id), notice.to, DISCLOSED)
            for granted in row["basis"]
        }
        return [known[category] for category in categories if category in known]

    def _hold_back(self, fact: DisclosureWithheld, stored: Stored, place: int) -> None:
        held = {withheld.category: withheld for withheld in fact.missing}
        behind = [
            _withheld(held.get(category) or Withheld(category, NOT_ASKED, "", ()))
            for category in fact.categories
        ]
        for row in self._of(fact.handoff_id, fact.to, DISCLOSED):
            if row["entry_id"] == stored.entry.entry_id:
                self._rows.change(row["row_id"], withheld=[*row["withheld"], *behind])
                return
        row = self._begun(WITHHELD, (fact.handoff_id, fact.to), stored, place=place)
        categories = [category.value for category in fact.categories]
        self._add({**row, "categories": categories, "withheld": behind})

    def _fetch_back(self, fact: RecallIssued, stored: Stored, place: int) -> None:
        notice = next(
            (
                notice
                for notice in stored.entry.deliveries
                if notice.kind is NoticeKind.RECALL
                and (notice.handoff_id, notice.to) == (fact.handoff_id, fact.to)
                and notice.categories == fact.categories
            ),
            None,
        )
        row = self._begun(RECALLED, (fact.handoff_id, fact.to), stored, notice, place)
        self._add({**row, "categories": [category.value for category in fact.categories]})

    def _begun(
        self,
        what: str,
        about: tuple[str, str],
        stored: Stored,
        notice: Notice | None = None,
        place: int = 0,
    ) -> Row:
        entry, (handoff_id, to) = stored.entry, about
        handoff = self._handoffs.get(handoff_id)
        assert handoff is not None  # noqa: S101  # whatever is disclosed, a handoff was opened first
        asked_at, asked_under = self._asked(handoff_id, stored)
        return {
            "row_id": notice.notice_id if notice is not None else f"{entry.entry_id}/{place:04}",
            "what": what,
            "notice_id": notice.notice_id if notice is not None else None,
            "kind": notice.kind.value if notice is not None else None,
            "handoff_id": handoff_id,
            "case_id": handoff["case_id"],
            "person": entry.person,
            "source": handoff["source"],
            "to": to,
            "service": handoff["service"],
            "categories": [],
            "basis": [],
            "carried": [],
            "withheld": [],
            "status": None,
            "left_at": None,
            "left_by": None,
            "arrived_at": None,
            "arrived_by": None,
            "confirmed_at": None,
            "recorded_at": entry.recorded_at,
            "issued_in": stored.position,
            "entry_id": entry.entry_id,
            "agreement_digest": entry.agreement_digest.hex(),
            "asked_at": asked_at,
            "asked_under": asked_under,
        }

    def _asked(self, handoff_id: str, stored: Stored) -> tuple[int, str]:
        """Give when, and under which agreement, what a handoff asks for was asked for first."""
        entry = stored.entry
        for fact in entry.facts:
            if isinstance(fact, Rerouted) and fact.new_handoff_id == handoff_id:
                return self._asked(fact.handoff_id, stored)
        opened = any(
            isinstance(fact, HandoffOpened) and fact.handoff_id == handoff_id
            for fact in entry.facts
        )
        earlier = self._of_handoff.get(handoff_id, [])
        first = self._rows.get(earlier[0]) if earlier else None
        if first is None or opened:
            return entry.recorded_at, entry.agreement_digest.hex()
        return first["asked_at"], first["asked_under"]

    def _of(self, handoff_id: str, to: str, what: str) -> Iterator[Row]:
        for row_id in self._of_handoff.get(handoff_id, ()):
            row = self._rows.get(row_id)
            if row is not None and (row["to"], row["what"]) == (to, what):
                yield row

    def _add(self, row: Row) -> None:
        self._rows.add(row)
        self._of_handoff.setdefault(row["handoff_id"], []).append(row["row_id"])


def disclosures(rows: Sequence[Row]) -> list[DisclosureSeen]:
    """Give the disclosures of rows in their order, each with what was fetched back of it later."""
    recalled = [row for row in rows if row["what"] == RECALLED]
    fields = [name for name in DisclosureSeen._fields if name != "recalls"]
    return [
        DisclosureSeen(
            **{name: row[name] for name in fields},
            recalls=tuple([_recall(row, recall) for recall in recalled if _is_of(recall, row)]),
        )
        for row in rows
    ]


def _is_of(recall: Row, row: Row) -> bool:
    if (recall["handoff_id"], recall["to"]) != (row["handoff_id"], row["to"]):
        return False
    # What never left, or left only later, was not fetched back.
    if row["what"] != DISCLOSED or row["left_at"] is None:
        return False
    if row["issued_in"] > recall["issued_in"] or row["left_at"] > recall["recorded_at"]:
        return False
    return not {*row["categories"]}.isdisjoint(recall["categories"])


def _recall(row: Row, recall: Row) -> RecallSeen:
    of_this = tuple([each for each in recall["categories"] if each in row["categories"]])
    return RecallSeen(of_this, recall["recorded_at"], recall["confirmed_at"])


def _discloses(notice: Notice) -> bool:
    if notice.kind not in _CARRIERS or notice.to == notice.source:
        return False
    return bool(notice.categories or notice.content)


def _granted(grant: Granted) -> Row:
    return {
        "category": grant.category.value,
        "basis": grant.basis.value,
        "rule": grant.rule,
        "overrode": grant.overrode,
    }


def _withheld(held: Withheld) -> Row:
    return {
        "category": held.category.value,
        "reason": held.reason,
        "rule": held.rule,
        "missing": [missing._asdict() for missing in held.missing],
    }
