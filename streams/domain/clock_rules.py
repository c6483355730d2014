"""What an agreement says of a clock: what moves it, its budget, and who is told at which rung."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.domain.codes import Priority, Service
from streams.domain.ids import Instant

OF_HANDOFF, OF_CASE, OF_PERSON, OF_HUB = "handoff", "case", "person", "hub"
OF_RECALL = "recall"
"""What a clock belongs to; the hub's own are under no rule of an agreement."""
RECALL_ISSUED, RECALL_ACKNOWLEDGED = "RecallIssued", "RecallAcknowledged"
"""What starts and what meets a recall's clock, and moves no other."""


class Trigger(NamedTuple):
    """What moves a clock: a handoff's new status, a milestone, or a contract event, by its name.

    Statuses are written with hyphens, milestones with underscores, events in capitals, so a name
    is only ever one of them. `reason` asks for that reason of a rejection, empty for any; `least`
    for that many days of a milestone that counts days.
    """

    name: str
    reason: str
    least: int


class RungRule(NamedTuple):
    """A step of a clock's ladder: at which moment which role is told.

    The moment is a share of the budget (1 is when the clock is due), or, where `unit` is not empty,
    `amount` of that unit after `anchor`: `start`, or `due` (less than 0: before it). Units are
    `minutes`, `hours`, `calendar_days` and `working_days`. With `office_hours` a moment outside the
    owner's office hours waits until they open.
    """

    rung: str
    share: float
    to: str
    anchor: str = ""
    amount: int = 0
    unit: str = ""
    office_hours: bool = False


class ClockRule(NamedTuple):
    """A deadline: what starts, meets, cancels, pauses and resumes it, its budget and its ladder.

    `scope` says what it belongs to: a `handoff`, a `case` (the chain of handoffs that began with
    one referral), the `person`, or a `recall`: then the two names above alone move it, and it lives
    longer than its handoff. `calendar` is `national`, or `agency` where the owner's own
    closed days count as well. Empty conditions ask nothing; ages are whole years at the event that
    starts the clock, `age_from` included, `age_under` not. The owner is the recipient of the
    handoff; for a person's clock the agency of `owner_sector` that serves the person. A milestone
    moves the clock where the owner reports it, or an agency of the sectors of `heard_from`. Where
    `resumes_on` is empty, leaving what paused the clock resumes it. All pauses together stop the
    clock for `pause_days_max` calendar days at most, None for no bound. `days_a_week` is how many
    benefit days a week holds.
    """

    rule: str
    unit: str
    limit: int
    starts_on: tuple[Trigger, ...]
    met_on: tuple[Trigger, ...]
    cancelled_on: tuple[Trigger, ...]
    pauses_on: tuple[Trigger, ...]
    rungs: tuple[RungRule, ...]
    statutory: bool
    law_ref: str
    verified: bool
    valid_from: Instant | None
    valid_to: Instant | None
    scope: str = OF_HANDOFF
    calendar: str = "national"
    resumes_on: tuple[Trigger, ...] = ()
    services: tuple[Service, ...] = ()
    source_sectors: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    age_from: int | None = None
    age_under: int | None = None
    typ_member: bool | None = None
    owner_sector: str = ""
    heard_from: tuple[str, ...] = ()
    pause_days_max: int | None = None
    days_a_week: int = 5
    evidence: str = ""
    """How the rule is known: found, known, known?, report or rec."""


def triggers(*names: str) -> tuple[Trigger, ...]:
    """Read triggers from their spelling.

    `accepted`, `rejected/misdirected`, `plan_made`, `sickness_benefit_days/60`, `WorkerNamed`.
    """
    return tuple([_trigger(name) for name in names])


def _trigger(spelled: str) -> Trigger:
    name, _, detail = spelled.partition("/")
    return Trigger(name, "", int(detail)) if detail.isdecimal() else Trigger(name, detail, 0)


class ClockBook:
    """The clock rules of one agreement, found by name and by what starts them."""

    __slots__ = ("_by_rule", "_for_service", "_starting", "heard", "rules")

    def __init__(self, rules: Iterable[ClockRule]) -> None:
        """Keep the rules in their order; their names differ."""
        self.rules = tuple(rules)
        self._by_rule = {rule.rule: rule for rule in self.rules}
        starting: defaultdict[str, list[tuple[Trigger, ClockRule]]] = defaultdict(list)
        for rule in self.rules:
            for trigger in rule.starts_on:
                starting[trigger.name].append((trigger, rule))
        moving = [
            trigger
            for rule in self.rules
            for part in (rule.met_on, rule.cancelled_on, rule.pauses_on, rule.resumes_on)
            for trigger in part
        ]
        self.heard = frozenset([*starting, *[trigger.name for trigger in moving]])
        """Every name that moves any clock."""
        self._starting = {name: tuple(found) for name, found in starting.items()}
        self._for_service = {
            (name, service): tuple([s for s in found if service in (s[1].services or (service,))])
            for name, found in starting.items()
            for service in Service
        }

    def __iter__(self) -> Iterator[ClockRule]:
        """Go through the rules in their order."""
        return iter(self.rules)

    def rule(self, name: str) -> ClockRule | None:
        """Give a rule by its name, None where the agreement has none of it."""
        return self._by_rule.get(name)

    def starting(
        self, name: str, service: Service | None = None
    ) -> tuple[tuple[Trigger, ClockRule], ...]:
        """Give the rules that a status, milestone or event of this name may start.

        Of those for some services only, where a service is given, that service's alone.
        """
        if service is not None:
            return self._for_service.get((name, service), ())
        return self._starting.get(name, ())
