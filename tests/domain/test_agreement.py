"""The agreement that holds at an instant: the version, and the records of that day."""

import pytest

from streams.domain.agreement import Agreement, Agreements, BasisBook
from streams.domain.calendar import NATIONAL_HOURS
from streams.domain.clock_rules import ClockBook
from streams.domain.codes import Service
from streams.domain.ids import Instant
from tests.domain.region import ACCEPTANCE, DEFAULTS, REGION, SERVICES, SOTE, STRANGER, at, statute


def version(name: bytes, since: Instant, until: Instant | None = None) -> Agreement:
    return REGION._replace(digest=name, valid_from=since, valid_to=until)


def just_before(moment: Instant) -> Instant:
    return Instant(moment - 1)


def test_the_newer_version_holds_from_its_first_instant_on() -> None:
    agreements = Agreements((version(b"2", at(days=10)), version(b"1", at())))
    assert agreements.in_force(just_before(at(days=10))).digest == b"1"
    assert agreements.in_force(at(days=10)).digest == b"2"
    assert agreements.in_force(at(days=999)).digest == b"2"
    assert agreements.in_force(at(days=1)).digest == b"1"


def test_before_the_first_version_the_first_holds() -> None:
    agreements = Agreements((version(b"1", at()), version(b"2", at(days=10))))
    assert agreements.in_force(at(days=-400)).digest == b"1"


def test_where_no_version_holds_the_one_that_began_last_does() -> None:
    agreements = Agreements(
        (
            version(b"1", at(), at(days=5)),
            version(b"2", at(days=10), at(days=15)),
            version(b"3", at(days=20), at(days=25)),
        )
    )
    expected = {4: b"1", 5: b"1", 9: b"1", 10: b"2", 17: b"2", 20: b"3", 25: b"3", 900: b"3"}
    assert {day: agreements.in_force(at(days=day)).digest for day in expected} == expected


def test_a_version_for_a_while_gives_way_to_the_one_it_interrupted() -> None:
    agreements = Agreements((version(b"1", at()), version(b"2", at(days=5), at(days=6))))
    assert [agreements.in_force(at(days=d)).digest for d in (4, 5, 6)] == [b"1", b"2", b"1"]


def test_records_hold_from_their_first_instant_until_just_before_their_end() -> None:
    begins, ends = at(days=1), at(days=2)
    agreements = Agreements(
        (
            REGION._replace(
                services=(SERVICES[0]._replace(valid_from=begins, valid_to=ends),),
                basis_rules=BasisBook((statute(DEFAULTS)._replace(valid_from=begins),)),
                clock_rules=ClockBook((ACCEPTANCE._replace(valid_to=ends),)),
            ),
        )
    )
    held = {}
    for moment in (just_before(begins), begins, just_before(ends), ends):
        now = agreements.in_force(moment)
        held[moment] = (len(now.services), len(now.basis_rules.rules), len(now.clock_rules.rules))
    assert held == {
        just_before(begins): (0, 0, 1),
        begins: (1, 1, 1),
        just_before(ends): (1, 1, 1),
        # A clock's rule is asked at the moment when the clock starts, so it stays at hand.
        ends: (0, 1, 1),
    }


def test_records_in_force_do_not_change_the_digest() -> None:
    ended = SERVICES[0]._replace(valid_to=at())
    agreements = Agreements((REGION._replace(services=(ended,)),))
    assert agreements.in_force(at()).digest == REGION.digest


def test_a_version_is_found_by_its_digest() -> None:
    agreements = Agreements((version(b"1", at()), version(b"2", at(days=10))))
    found = agreements.by_digest(b"2")
    assert found is not None
    assert found.valid_from == at(days=10)
    assert agreements.by_digest(b"3") is None


def test_a_region_without_an_agreement_is_no_region() -> None:
    with pytest.raises(ValueError, match="at least one version"):
        Agreements(())


def test_an_agency_serves_its_municipalities_or_all() -> None:
    sote = REGION.agencies[SOTE]
    assert sote.serves("405")
    assert not sote.serves("091")
    assert not sote.serves("")
    everywhere = sote._replace(municipalities=("*",))
    assert everywhere.serves("091")
    assert everywhere.serves("")


def test_sectors_and_services_are_known_or_not() -> None:
    assert REGION.sector(SOTE) == "sote"
    assert REGION.sector(STRANGER) == ""
    assert REGION.service(Service.JOB_COACHING) == SERVICES[1]
    assert REGION.service(Service.SOCIAL_REHABILITATION) is None


def test_an_agency_that_is_not_of_the_region_keeps_the_states_hours() -> None:
    found = REGION.offices(STRANGER)
    assert (found.closed_days, found.opens_us, found.closes_us) == (
        REGION.closed_days,
        *NATIONAL_HOURS,
    )


def test_an_agencys_own_closed_days_count_where_they_are_asked_for() -> None:
    shut = REGION.agencies[SOTE]._replace(closed_days=frozenset({739_700}))
    region = REGION._replace(agencies={**REGION.agencies, SOTE: shut})
    assert region.offices(SOTE).closed_days == REGION.closed_days | {739_700}
    assert region.offices(SOTE, own=False).closed_days == REGION.closed_days


def test_a_book_of_clocks_goes_through_its_rules_in_their_order() -> None:
    rules = (ACCEPTANCE, ACCEPTANCE._replace(rule="receipt"))
    assert tuple(ClockBook(rules)) == rules
