"""Whatever is decided, no wire tells a recipient what it may not have, nor that it is kept back.

A random person's data goes the real way: sealed, decided entry by entry, opened and rendered. What
may be told is known from a reference of its own, a few lines long.
"""

from collections.abc import Iterator
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connectors.finnish_codes import CATEGORY_CODES
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.rendering import Wire, on_the_wire
from streams.domain import disclosure
from streams.domain.agreement import Agreements, BasisRule
from streams.domain.answers import (
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
)
from streams.domain.codes import Basis, Category, NoticeKind, Part, Purpose, RejectReason, Service
from streams.domain.entry import Notice
from streams.domain.envelope import SealedPart
from streams.domain.event import Event
from streams.domain.hub_events import DeliveryStarted
from streams.domain.ids import AgencyId, Instant
from streams.engines.keys_memory import MemoryKeyStore
from streams.promises.connector import Details
from streams.sealing.marks import marks
from streams.sealing.sealer import Sealer
from tests.connectors.region import IMATRA, KELA, LAPPEENRANTA, SOTE, TYP
from tests.domain.lane import Lane
from tests.domain.region import PERSON, PlainAnswer, at
from tests.domain.speaker import Speaker

SHIPPED = load_agreements().in_force(at())
COORDINATOR = SHIPPED.bounce.coordinator
DATA = tuple([category for category in Category if category is not Category.UNKNOWN])
WORDS = ("remark", "outcome", "worker_name", "worker_role", "worker_unit")
TOLD: Details = {
    "hetu": "270789Y922S",
    "family_name": "Zzfamily",
    "given_names": "Zzgiven",
    "phone": "Zzphone",
    "language": "Zzlanguage",
    "municipality": "Zzmunicipality",
    "typ_clienthood_id": "Zzclienthood",
    "typ_members": '[{"osapuoli": "Zzmembers"}]',
    "benefit_code": "Zzbenefit",
    "benefit_started_on": "Zzstarted",
    "benefit_days_paid": "Zzpaid",
    "reason": "Zzreason",
    "official_id": "Zzofficial",
    "official_unit": "Zzunit",
}
SHOWN = {name: str(value) for name, value in TOLD.items()} | {"typ_members": "Zzmembers"}
"""How each field shows in a body, wherever it does."""
SUBSETS = st.frozensets(st.sampled_from(DATA))


class Person(NamedTuple):
    """What a person has said and what the law says, category by category."""

    requested: frozenset[Category]
    consented: frozenset[Category]
    prohibited: frozenset[Category]
    by_law: frozenset[Category]
    later: frozenset[Category]
    """What a newer version of the consent lets go."""
    vital: bool
    protected: bool

    def may_go(self, category: Category, consented: frozenset[Category], *, by_law: bool) -> bool:
        """Say whether a category may go; `by_law` where the statute is for this recipient."""
        prohibited = category in self.prohibited
        if by_law and category in self.by_law and not prohibited:
            return True
        if self.protected and category is Category.CONTACT:
            return False
        return self.vital or (category in consented and not prohibited)


PERSONS = st.builds(
    Person,
    requested=SUBSETS.filter(bool),
    consented=SUBSETS,
    prohibited=st.just(frozenset[Category]()) | SUBSETS,
    by_law=st.just(frozenset[Category]()) | SUBSETS,
    later=SUBSETS,
    vital=st.sampled_from([False, False, False, True]),
    protected=st.booleans(),
)


class Told(NamedTuple):
    """A notice to somebody else than the source, on the wire, and what it may tell."""

    notice: Notice
    wire: Wire
    may_know: frozenset[Category]
    """Categories whose data may stand in it."""
    may_name: frozenset[Category]
    """Categories that it may name."""


class Path:
    """A person's way through a region: referred, asked about, decided anew, turned away."""

    def __init__(self, person: Person, recipient: AgencyId) -> None:
        """Refer the person from employment to an agency, and let it go on from there."""
        self.person, self.recipient = person, recipient
        sector = SHIPPED.agencies[recipient].sector
        law = BasisRule(
            Basis.STATUTE,
            "employment",
            sector,
            Purpose.EMPLOYMENT,
            tuple(sorted(person.by_law)),
            overrides_prohibition=False,
            law_ref="Act 1/2026 1 §",
            verified=False,
            valid_from=None,
            valid_to=None,
        )
        self.region = SHIPPED._replace(basis_rules=(law,))
        self.keys, self.sealer = MemoryKeyStore(b"seed"), Sealer()
        self.lane = Lane(self.region)
        self.says = Speaker(protected=person.protected)
        self.known: set[Category] = set()
        self.told: list[Told] = []
        self.consented: frozenset[Category] = frozenset()
        self.hour = 0

    def walk(self) -> None:
        """Go the way."""
        if self.person.prohibited:
            self.hear(self.says.prohibits(self.now(), categories=tuple(self.person.prohibited)))
        self._consents(self.person.consented)
        self._refers()
        for handoff in self.lane.hot.handoffs:
            for notice in handoff.outgoing[:1]:
                self.hear(
                    self.says.dispatch(
                        DeliveryStarted,
                        self.now(),
                        notice.notice_id,
                        handoff.handoff_id,
                        self.recipient,
                    )
                )
        self._consents(self.person.later)
        self._says(HandoffReceived, self.recipient)
        self._says(InformationRequested, self.recipient)
        self._says(InformationProvided, LAPPEENRANTA)
        self._consents(self.person.consented)
        for _ in range(3):
            self._says(HandoffRejected, self.recipient)
            self._refers()
        self._consents(frozenset())

    def now(self) -> Instant:
        """Give the next hour."""
        self.hour += 1
        return at(hours=self.hour)

    def hear(self, event: Event) -> None:
        """Take an event up, and render what is told to others than the source."""
        self.lane.hear(event)
        for notice in self.lane.notices:
            if notice.to != LAPPEENRANTA:
                self.told.append(self._rendered(notice))
                if notice.kind is not NoticeKind.RECALL:
                    self.known |= set(notice.categories)

    def _rendered(self, notice: Notice) -> Told:
        wire = on_the_wire(notice, Agreements((self.region,)), self.keys, self.sealer)
        assert wire is not None
        by_law = SHIPPED.agencies[notice.to].sector == SHIPPED.agencies[self.recipient].sector
        permitted = frozenset(
            category
            for category in self.person.requested
            if self.person.may_go(category, self.consented, by_law=by_law)
        )
        if notice.kind is NoticeKind.RECALL:
            who = frozenset({Category.IDENTITY} & self.known)
            return Told(notice, wire, who, frozenset(notice.categories) & self.known)
        return Told(notice, wire, permitted, permitted)

    def _consents(self, categories: frozenset[Category]) -> None:
        self.consented = categories
        said = self.says.consents(
            self.now(),
            recipient=None,
            purpose=Purpose.EMPLOYMENT,
            categories=tuple([category for category in DATA if category in categories]),
        )
        self.hear(said)

    def _refers(self) -> None:
        said = self.says.refers(
            self.now(),
            recipient=self.recipient,
            service_code=Service.JOB_COACHING,
            basis=Basis.VITAL if self.person.vital else None,
            categories=tuple([c for c in DATA if c in self.person.requested]),
        )
        self.hear(said._replace(sealed=self._sealed(TOLD)))

    def _says(self, kind: type[PlainAnswer | HandoffRejected], agency: AgencyId) -> None:
        for handoff in self.lane.hot.handoffs:
            head = self.says.envelope(agency, self.now())
            sealed = self._sealed({**TOLD, "remark": "Zzremark"})
            if issubclass(kind, HandoffRejected):
                no = RejectReason.OTHER
                self.hear(HandoffRejected(head, handoff.handoff_id, None, no, sealed))
            else:
                self.hear(kind(head, handoff.handoff_id, None, sealed))

    def _sealed(self, details: Details) -> tuple[SealedPart, ...]:
        key = self.keys.current(PERSON)
        return self.sealer.seal(details, b"raw", PERSON, key.generation, key.key)


def words(wire: Wire) -> set[str]:
    """Give every value of a body, and every name that is one of the wire's own codes."""
    if wire.extension == ".xml":
        found = list(etree.fromstring(wire.body).iter())
        values = [value for e in found for value in (e.text or "", *map(str, e.attrib.values()))]
        return {value.strip() for value in values}
    return set(_leaves(orjson.loads(wire.body)))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield str(value)


def leaks(told: Told) -> list[str]:
    """Name what a notice tells and may not."""
    body, said = told.wire.body.decode(), words(told.wire)
    found = []
    for field, part in marks().items():
        allowed = part.value in told.may_know or field in WORDS
        if field in SHOWN and not allowed and SHOWN[field] in body:
            found.append(f"{field} in {told.notice.kind} to {told.notice.to}")
    for category in DATA:
        named = {category.value, CATEGORY_CODES[category]} & said
        if named and category not in told.may_name:
            found.append(f"{category} named in {told.notice.kind} to {told.notice.to}")
    return found


@pytest.mark.parametrize("recipient", [SOTE, KELA, TYP, IMATRA])
@settings(max_examples=40, deadline=None)
@given(person=PERSONS)
def test_no_wire_tells_what_the_decision_denied(recipient: AgencyId, person: Person) -> None:
    path = Path(person, recipient)
    path.walk()
    assert [leak for told in path.told for leak in leaks(told)] == []
    for told in path.told:
        if told.notice.kind is NoticeKind.REFERRAL:
            shown = {
                field
                for field, part in marks().items()
                if field in SHOWN and part.value in told.may_know
            }
            # What may go does go: a hub that tells nothing at all would leak nothing either.
            assert {f for f in shown if SHOWN[f] not in told.wire.body.decode()} == set()
            assert set(told.notice.categories) == told.may_know


EVERYTHING = frozenset(DATA)
GUARDED = Person(
    requested=EVERYTHING,
    consented=EVERYTHING - {Category.PLAN},
    prohibited=frozenset({Category.SOCIAL_SITUATION}),
    by_law=frozenset(),
    later=frozenset({Category.IDENTITY}),
    vital=False,
    protected=True,
)


@pytest.mark.parametrize("recipient", [SOTE, KELA, TYP, IMATRA])
def test_every_kind_of_notice_is_looked_at(recipient: AgencyId) -> None:
    path = Path(GUARDED, recipient)
    path.walk()
    kinds = {told.notice.kind for told in path.told}
    assert kinds >= {NoticeKind.REFERRAL, NoticeKind.INFORMATION, NoticeKind.RECALL}
    assert NoticeKind.CONVENE in kinds
    assert {told.notice.to for told in path.told} == {recipient, COORDINATOR}
    assert any(told.notice.withheld for told in path.told)


@pytest.mark.parametrize("recipient", [SOTE, KELA, TYP, IMATRA])
def test_a_leaked_category_is_seen(monkeypatch: pytest.MonkeyPatch, recipient: AgencyId) -> None:
    def all_of_it(
        content: tuple[SealedPart, ...], _categories: tuple[Category, ...]
    ) -> tuple[SealedPart, ...]:
        return tuple(part for part in content if part.part is not Part.OFFICIAL)

    monkeypatch.setattr(disclosure, "permitted", all_of_it)
    path = Path(GUARDED, recipient)
    path.walk()
    seen = [leak for told in path.told for leak in leaks(told)]
    assert any(leak.startswith("phone in referral") for leak in seen)
    assert any(leak.startswith("benefit_code in referral") for leak in seen)


@pytest.mark.parametrize("recipient", [SOTE, KELA, TYP, IMATRA])
def test_a_named_category_that_is_kept_back_is_seen(recipient: AgencyId) -> None:
    path = Path(GUARDED, recipient)
    path.walk()
    told = next(t for t in path.told if t.notice.withheld)
    # As a hub would tell it that took the recipient for the source.
    mistaken = told.notice._replace(source=recipient, kind=NoticeKind.STATUS, detail="requested")
    wire = on_the_wire(mistaken, Agreements((path.region,)), path.keys, path.sealer)
    assert wire is not None
    assert any("plan named" in leak for leak in leaks(told._replace(notice=mistaken, wire=wire)))
