"""Why a clock is due: its stretches leave no gap, and sum to the budget, whatever the clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.domain import budget
from streams.domain.agreement import Agreement
from streams.domain.answers import HandoffAccepted, InformationProvided, InformationRequested
from streams.domain.calendar import DAY_US, HOUR_US, instant
from streams.domain.clock_rules import ClockBook, ClockRule
from streams.domain.envelope import HUB
from streams.domain.hub_events import AgencyFellSilent
from streams.domain.ids import Instant, PersonId
from streams.domain.person import Suspension
from streams.domain.referral import ReferralCancelled
from streams.domain.silence import silent_at
from streams.views.answers import ClockSeen, SuspensionSeen
from streams.views.reckoning import Reckoning, explain_deadline
from tests.domain.region import EMPLOYMENT, KELA, MONDAY, REGION, SOTE, at, with_clock
from tests.domain.speaker import Speaker
from tests.domain.terms import clock
from tests.views.watched_hub import watched

UNITS = ("working_days", "calendar_days", "months", "hours", "working_hours", "benefit_days")
OWN_DAY = date(2026, 3, 4).toordinal()
YEARS_US = 3 * 365 * DAY_US
AGENCY = REGION.agencies[SOTE]._replace(closed_days=frozenset({OWN_DAY}))


@dataclass
class Case:
    """A clock as the views would have it, and the agreement that it stands under."""

    seen: ClockSeen
    agreement: Agreement

    def explained(self, now: Instant = MONDAY) -> Reckoning:
        why = explain_deadline(self.seen, self.agreement, now)
        assert why is not None
        return why


def seen_of(rule: ClockRule, agreement: Agreement, start: Instant, due: Instant) -> ClockSeen:
    return ClockSeen(
        "c-1",
        rule.rule,
        None,
        "running",
        start,
        due,
        None,
        None,
        "",
        verified=False,
        rungs=(),
        scope="person",
        person="p-1",
        owner=SOTE,
        remark=None,
        ended_by=None,
        reported_late=False,
        suspensions=(),
        reprojections=(),
        counted_days=None,
        counted_at=None,
        reckoned_at=start,
        agreement_digest=agreement.digest.hex(),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    unit = draw(st.sampled_from(UNITS))
    least = 1 if unit.endswith("hours") else 0  # a budget of no days ends with a day all the same
    rule = clock(unit, draw(st.integers(least, 40)))._replace(
        calendar=draw(st.sampled_from(("national", "agency"))),
        days_a_week=draw(st.sampled_from((5, 6))),
    )
    agreement = REGION._replace(
        clock_rules=ClockBook([rule]), agencies={**REGION.agencies, SOTE: AGENCY}
    )
    start = Instant(at(0) + draw(st.integers(-YEARS_US, YEARS_US)))
    moments = draw(st.lists(st.integers(0, 90 * DAY_US), max_size=4, unique=True).map(sorted))
    pauses = tuple(
        Suspension(Instant(start + a), Instant(start + b), "info-needed")
        for a, b in zip(moments[::2], moments[1::2], strict=False)
    )
    days = draw(st.integers(0, rule.limit)) if unit == "benefit_days" else 0
    offices = agreement.offices(SOTE, own=rule.calendar == "agency")
    due = budget.deadline(rule, start, 1.0, pauses, offices, counted_days=days, counted_at=start)
    seen = seen_of(rule, agreement, start, due)._replace(
        suspensions=tuple(SuspensionSeen(*pause) for pause in pauses),
        counted_days=days or None,
        counted_at=start if days else None,
    )
    return Case(seen, agreement)


@given(case=cases())
def test_the_stretches_sum_exactly_to_the_budget_and_to_the_due_time(case: Case) -> None:
    why = case.explained()

    assert sum(stretch.counted for stretch in why.stretches) == why.counted == why.budget
    assert why.left == 0
    assert why.stretches[0].from_ == case.seen.started_at
    assert why.stretches[-1].to == case.seen.due_at
    assert all(one.to == other.from_ for one, other in pairwise(why.stretches))


@given(case=cases(), now=st.integers(0, 60 * DAY_US), since=st.integers(0, 30 * DAY_US))
def test_a_clock_that_stands_still_has_the_rest_of_its_budget_left(
    case: Case, now: int, since: int
) -> None:
    start = case.seen.started_at
    last = case.seen.suspensions[-1].resumed_at if case.seen.suspensions else start
    paused_at = Instant((last or start) + since)
    standing = SuspensionSeen(paused_at, None, "on-hold")
    case.seen = case.seen._replace(state="paused", suspensions=(*case.seen.suspensions, standing))

    why = case.explained(Instant(paused_at + now))

    assert sum(stretch.counted for stretch in why.stretches) == why.counted
    assert why.counted + why.left == why.budget
    assert (why.stretches[-1].to, why.stretches[-1].ground) == (None, "on-hold")
    assert all(one.to == other.from_ for one, other in pairwise(why.stretches))


def test_a_paused_clock_of_a_hub_tells_what_is_left() -> None:
    speaker = Speaker()
    with watched(with_clock(clock("hours", 48, pauses_on=("info-needed",)))) as hub:
        hub.hear(speaker.consents(at(0)), speaker.refers(at(0)))
        hub.hear(speaker.answers(InformationRequested, at(0, 8), SOTE, hub.handoff_id))
        (paused,) = hub.clocks()
        still = explain_deadline(paused, hub.agreements.versions[0], at(5))
        hub.hear(speaker.answers(InformationProvided, at(1), EMPLOYMENT, hub.handoff_id))
        (running,) = hub.clocks()
        again = explain_deadline(running, hub.agreements.versions[0], at(5))

    assert still is not None
    assert again is not None
    assert (still.counted, still.left) == (8 * HOUR_US, 40 * HOUR_US)
    assert [(s.counted // HOUR_US, s.reason, s.ground) for s in again.stretches] == [
        (8, "counted", None),
        (0, "suspended", "info-needed"),
        (40, "counted", None),
    ]
    assert again.stretches[-1].to == running.due_at == at(2, 16)


def test_a_clock_that_ended_while_it_stood_still_is_told_until_its_end() -> None:
    speaker = Speaker()
    with watched(with_clock(clock("hours", 48, pauses_on=("info-needed",)))) as hub:
        hub.hear(speaker.consents(at(0)), speaker.refers(at(0)))
        hub.hear(speaker.answers(InformationRequested, at(0, 8), SOTE, hub.handoff_id))
        hub.hear(speaker.answers(ReferralCancelled, at(1), EMPLOYMENT, hub.handoff_id))
        (over,) = hub.clocks()
        why = explain_deadline(over, hub.agreements.versions[0], at(5))

    assert why is not None
    assert (why.left, why.stretches[-1].to) == (40 * HOUR_US, at(1))


def test_a_holiday_is_a_stretch_of_its_own() -> None:
    thursday = instant(datetime(2026, 4, 2, 9, 0, tzinfo=UTC))
    rule = clock("working_days", 1)
    case = Case(
        seen_of(rule, with_clock(rule), thursday, instant(datetime(2026, 4, 7, 21, tzinfo=UTC))),
        with_clock(rule),
    )

    told = [(s.reason, s.day, s.counted) for s in case.explained().stretches]

    friday, monday = date(2026, 4, 3).toordinal(), date(2026, 4, 6).toordinal()
    assert told == [
        ("start-day", None, 0),
        ("holiday", friday, 0),
        ("weekend", None, 0),
        ("holiday", monday, 0),
        ("counted", None, 1),
    ]


def test_an_agencys_own_closed_day_counts_only_where_its_calendar_does() -> None:
    national = clock("working_days", 3)
    own = national._replace(calendar="agency")
    for rule, day, reasons in (
        (national, 5, ["start-day", "counted"]),
        (own, 6, ["start-day", "counted", "closed-day", "counted"]),
    ):
        agreement = with_clock(rule)._replace(agencies={**REGION.agencies, SOTE: AGENCY})
        due = instant(datetime(2026, 3, day, 22, tzinfo=UTC))
        case = Case(seen_of(rule, agreement, at(0), due), agreement)

        assert [s.reason for s in case.explained().stretches] == reasons


def test_the_silence_of_an_agency_is_counted_in_working_hours() -> None:
    kela = REGION.agencies[KELA]._replace(silent_after_hours=10)
    speaks = REGION._replace(agencies={**REGION.agencies, KELA: kela})
    silent = silent_at(KELA, at(0), speaks)
    assert silent is not None
    speaker = Speaker(person=PersonId(KELA), municipality="")
    with watched(speaks) as hub:
        hub.hear(AgencyFellSilent(speaker.envelope(HUB, silent), at(0)))
        (seen,) = hub.clocks()

        why = explain_deadline(seen, hub.agreements.versions[0], silent)
        unknown = explain_deadline(seen, REGION, silent)

    assert why is not None
    assert unknown is None, "without the agreement on silence nothing explains it"
    assert (why.rule.unit, why.counted, why.left) == ("working_hours", 10 * HOUR_US, 0)
    assert {s.reason for s in why.stretches} == {"counted", "outside-office-hours"}


def test_another_version_with_the_same_rules_explains_as_well() -> None:
    rule = clock("working_days", 5)
    agreement = with_clock(rule)
    speaker = Speaker()
    with watched(agreement) as hub:
        hub.hear(speaker.consents(at(0)), speaker.refers(at(0)))
        hub.hear(speaker.answers(HandoffAccepted, at(1), SOTE, hub.handoff_id))
        (met,) = hub.clocks()
    same = agreement._replace(digest=b"other")
    stricter = with_clock(rule._replace(limit=3))._replace(digest=b"other")
    without = with_clock()._replace(digest=b"other")

    assert explain_deadline(met, same, at(2)) is not None
    assert explain_deadline(met, stricter, at(2)) is None
    assert explain_deadline(met, without, at(2)) is None


def test_more_benefit_days_than_the_budget_holds_are_told_as_reported() -> None:
    rule = clock("benefit_days", 60)
    agreement = with_clock(rule)
    due = instant(datetime(2026, 3, 2, 22, tzinfo=UTC))
    seen = seen_of(rule, agreement, at(0), due)._replace(counted_days=75, counted_at=at(0))

    why = Case(seen, agreement).explained()

    assert [(s.reason, s.counted) for s in why.stretches] == [("reported-days", 75)]
    assert why.left == -15
