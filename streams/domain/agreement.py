"""The agreement: what the agencies of a region have agreed, as data.

One version holds at any instant; `in_force` gives the records of that instant. Law sections and
day counts live here and nowhere in the code: each names its `law_ref`, and is `verified` only when
a person has checked it against the statute.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from streams.domain.calendar import NATIONAL_HOURS, NO_DAYS, Offices
from streams.domain.clock_rules import ClockBook
from streams.domain.codes import Basis, Branch, Category, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId, Instant
from streams.domain.statements import StatementKind

ALL_MUNICIPALITIES = "*"


class Desk(NamedTuple):
    """Where people of an agency read the escalations of a role, apart from the agency's system.

    `delivery` is `email:ADDRESS` or `webhook:URL`. Roles: recipient, source, coordinator,
    management.
    """

    role: str
    delivery: str


class Agency(NamedTuple):
    """One agency of the region; `municipalities` are three-digit codes, or `*` for all."""

    agency_id: AgencyId
    sector: str
    business_id: str
    oid: str
    xroad_member: str
    municipalities: tuple[str, ...]
    counties: tuple[str, ...]
    """Two-digit wellbeing-services-county codes whose area it serves."""
    name_fi: str
    name_sv: str
    name_en: str
    delivery: str
    opens_us: int = NATIONAL_HOURS[0]
    """Office hours on working days, in microseconds after local midnight."""
    closes_us: int = NATIONAL_HOURS[1]
    closed_days: frozenset[int] = frozenset()
    """Its own closed days beside the national ones, as proleptic ordinals."""
    desks: tuple[Desk, ...] = ()
    silent_after_hours: int = 0
    """Working hours without a message after which its silence is told; 0 never."""
    records: tuple[StatementKind, ...] = (StatementKind.CONSENT, StatementKind.PROHIBITION)
    """Kinds of statements that it may record."""

    def serves(self, municipality: str) -> bool:
        """Say whether a municipality is in the agency's area; an unknown one is in nobody's."""
        if ALL_MUNICIPALITIES in self.municipalities:
            return True
        return municipality in self.municipalities


class ServiceRule(NamedTuple):
    """One service: what its data is for, what a referral carries by default, and who is competent.

    `recipients` name agencies that answer instead of the competent sector's own, by source sector
    (empty: any source) and municipality (empty: any).
    """

    service: Service
    purpose: Purpose
    default_categories: tuple[Category, ...]
    competent_sector: str
    recipients: tuple["RecipientRule", ...]
    valid_from: Instant | None
    valid_to: Instant | None
    branch: Branch = Branch.UNKNOWN
    """Of sote, which the service belongs to: which permit covers data that goes to it."""
    service_task: str = ""
    """Code of the service task (palvelutehtävä) whose data its referrals carry, or empty."""


class RecipientRule(NamedTuple):
    """An exception to the competent sector: this agency answers for these sources and places."""

    agency_id: AgencyId
    source_sectors: tuple[str, ...]
    municipalities: tuple[str, ...]


class BasisRule(NamedTuple):
    """A statute, or the TYP act, that lets data go from one sector to another."""

    kind: Basis
    from_sector: str
    to_sector: str
    purpose: Purpose
    categories: tuple[Category, ...]
    overrides_prohibition: bool
    law_ref: str
    verified: bool
    valid_from: Instant | None
    valid_to: Instant | None


class Laws(NamedTuple):
    """By what law a category may go from one sector to another for a purpose: each a `law_ref`.

    Of several rules of a kind the agreement's first; None where there is none.
    """

    statute: str | None = None
    overriding: str | None = None
    """A statute that a prohibition does not stop."""
    clienthood: str | None = None
    """The TYP act: only while the person has a TYP clienthood."""


_NO_LAWS: Mapping[Category, Laws] = {}
_Flow = tuple[str, str, Purpose]


class BasisBook:
    """The basis rules of one agreement, found by who sends to whom and what for."""

    __slots__ = ("_by_flow", "rules")

    def __init__(self, rules: Iterable[BasisRule] = ()) -> None:
        """Keep the rules in their order.

        Statutes and the TYP act permit, and only what this hub has a code for: `unknown` is what an
        older reader sees in the place of a purpose or category that came after it.
        """
        self.rules = tuple(rules)
        self._by_flow: dict[_Flow, dict[Category, Laws]] = {}
        for rule in self.rules:
            if rule.purpose is not Purpose.UNKNOWN:
                flow = (rule.from_sector, rule.to_sector, rule.purpose)
                _note(rule, self._by_flow.setdefault(flow, {}))

    def __iter__(self) -> Iterator[BasisRule]:
        """Go through the rules in their order."""
        return iter(self.rules)

    def laws(self, from_sector: str, to_sector: str, purpose: Purpose) -> Mapping[Category, Laws]:
        """Give the laws by category for data that goes between two sectors for a purpose."""
        return self._by_flow.get((from_sector, to_sector, purpose), _NO_LAWS)


def _note(rule: BasisRule, laws: dict[Category, Laws]) -> None:
    own = _law(rule)
    for category in rule.categories:
        if category is not Category.UNKNOWN:
            known = laws.get(category, Laws())
            first = [old if old is not None else new for old, new in zip(known, own, strict=True)]
            laws[category] = Laws(*first)


def _law(rule: BasisRule) -> Laws:
    if rule.kind is Basis.TYP_MEMBERSHIP:
        return Laws(clienthood=rule.law_ref)
    if rule.kind is not Basis.STATUTE:
        return Laws()
    if rule.overrides_prohibition:
        return Laws(overriding=rule.law_ref)
    return Laws(statute=rule.law_ref)


class RejectRule(NamedTuple):
    """A reason that a recipient may give, and whether the hub then passes the referral on."""

    reason: RejectReason
    reroutes: bool
    law_ref: str
    verified: bool


class BounceRule(NamedTuple):
    """When a person counts as bounced, and who is asked to bring the parties together."""

    window_days: int
    limit: int
    coordinator: AgencyId


class Agreement(NamedTuple):
    """One version of a region's agreement, with the records in force.

    `digest` is SHA-256 over the whole version (records, calendar); `closed_days` are proleptic
    ordinals of the dates on which offices are shut, weekends among them or not; the calendar covers
    the dates from `calendar_from` to `calendar_to`, as ordinals. Durations are in microseconds.
    """

    digest: bytes
    region_id: str
    profile: str
    valid_from: Instant
    valid_to: Instant | None
    agencies: dict[AgencyId, Agency]
    services: tuple[ServiceRule, ...]
    basis_rules: BasisBook
    clock_rules: ClockBook
    reject_rules: tuple[RejectRule, ...]
    bounce: BounceRule
    closed_days: frozenset[int]
    calendar_from: int
    calendar_to: int
    awaiting_basis_for_us: int
    park_for_us: int
    delivery_limit_us: int
    clock_digest: bytes = b""
    """SHA-256 over what deadlines rest on: clock rules, calendar, office hours."""
    service_tasks: tuple[str, ...] = ()
    """Codes of the service tasks whose data a person may prohibit; none where none is agreed."""

    def service(self, service: Service) -> ServiceRule | None:
        """Give the rule of a service, or None where the region does not offer it."""
        for rule in self.services:
            if rule.service == service:
                return rule
        return None

    def offices(self, agency: AgencyId, *, own: bool = True) -> Offices:
        """Give an agency's office hours, with its own closed days or with the national ones alone.

        An agency that is not (or no longer) of the region keeps the state's hours.
        """
        known = self.agencies.get(agency)
        if known is None:
            return _offices(self.closed_days, NO_DAYS, *NATIONAL_HOURS)
        own_days = known.closed_days if own else NO_DAYS
        return _offices(self.closed_days, own_days, known.opens_us, known.closes_us)

    def sector(self, agency: AgencyId) -> str:
        """Give an agency's sector, empty for an agency that is not (or no longer) of the region."""
        known = self.agencies.get(agency)
        return known.sector if known is not None else ""


@lru_cache(maxsize=1024)
def _offices(closed: frozenset[int], own: frozenset[int], opens_us: int, closes_us: int) -> Offices:
    # One object each, so that whatever is kept by it is found at once.
    return Offices(closed | own if own else closed, opens_us, closes_us)


def _holds(valid_from: Instant | None, valid_to: Instant | None, at: Instant) -> bool:
    return (valid_from is None or valid_from <= at) and (valid_to is None or at < valid_to)


def _bounds(version: Agreement) -> list[Instant]:
    found = [version.valid_from, version.valid_to]
    found += [bound for r in version.services for bound in (r.valid_from, r.valid_to)]
    found += [bound for r in version.basis_rules for bound in (r.valid_from, r.valid_to)]
    return [bound for bound in found if bound is not None]


class Agreements:
    """Every version of a region's agreement, kept for ever."""

    def __init__(self, versions: tuple[Agreement, ...]) -> None:
        """Keep the versions in order of `valid_from`; at least one, else ValueError."""
        if not versions:
            raise ValueError("a region needs at least one version of its agreement")
        self.versions = tuple(sorted(versions, key=lambda version: version.valid_from))
        self._snapshot = lru_cache(maxsize=64)(self._records_at)
        self._bounds = tuple(sorted({b for version in self.versions for b in _bounds(version)}))
        self._current: tuple[int, int, Agreement] | None = None

    def in_force(self, at: Instant) -> Agreement:
        """Give the version of an instant with the records in force then.

        Before the first version the first holds, and where none does the one that began last, so
        that every event is decided.
        """
        current = self._current
        if current is not None and current[0] <= at < current[1]:
            return current[2]
        before = [bound for bound in self._bounds if bound <= at]
        after = [bound for bound in self._bounds if bound > at]
        start = before[-1] if before else Instant(-(2**62))
        end = after[0] if after else Instant(2**62)
        found = self._snapshot(start)
        self._current = (start, end, found)
        return found

    def by_digest(self, digest: bytes) -> Agreement | None:
        """Give the version of a digest, or None where this hub never held it."""
        for version in self.versions:
            if version.digest == digest:
                return version
        return None

    def _records_at(self, at: Instant) -> Agreement:
        begun = [version for version in self.versions if version.valid_from <= at]
        held = [version for version in begun if _holds(version.valid_from, version.valid_to, at)]
        version = (held or begun or self.versions[:1])[-1]
        return version._replace(
            services=tuple(r for r in version.services if _holds(r.valid_from, r.valid_to, at)),
            basis_rules=BasisBook(
                r for r in version.basis_rules if _holds(r.valid_from, r.valid_to, at)
            ),
        )
