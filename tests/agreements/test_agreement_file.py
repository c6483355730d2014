"""Agreement files load, and what they say holds when they say so."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import load_agreements, read_edition, shipped_folder
from streams.bootstrap.agreement_problems import AgreementError
from streams.domain.agreement import BounceRule
from streams.domain.calendar import instant
from streams.domain.clock_rules import RungRule
from streams.domain.codes import Basis, Category, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId, Instant
from tests.agreements.files import FEAST_CALENDAR, SAMPLE, SHIPPED, only, planted

HOUR_US = 3_600_000_000
SOTE, KELA = AgencyId("sote.south-karelia"), AgencyId("kela")


def at(year: int, month: int, day: int, hour: int = 0) -> Instant:
    return instant(datetime(year, month, day, hour, tzinfo=UTC))


def test_the_sample_of_the_wire_pages_loads_unchanged() -> None:
    version = only(SAMPLE)
    assert (version.region_id, version.profile) == ("sample", "test")
    assert version.valid_from == at(2019, 12, 31, 22)
    assert version.valid_to is None
    assert list(version.agencies) == [
        "sote.south-karelia",
        "employment.lappeenranta",
        "employment.imatra",
        "kela",
        "typ.south-karelia",
    ]
    assert len(version.services) == 8
    assert version.awaiting_basis_for_us == 200 * 24 * HOUR_US
    assert version.park_for_us == 24 * HOUR_US
    (acceptance,) = version.clock_rules
    assert (acceptance.rule, acceptance.unit, acceptance.limit) == ("acceptance", "working_days", 5)
    assert acceptance.rungs == (
        RungRule("warn-0.6", 0.6, "recipient"),
        RungRule("breach", 1.0, "coordinator"),
    )
    (basis,) = version.basis_rules
    assert (basis.kind, basis.from_sector, basis.to_sector) == (Basis.STATUTE, "kela", "sote")
    assert basis.categories == (Category.IDENTITY, Category.SERVICE_NEEDS)
    assert version.bounce == BounceRule(90, 3, SOTE)


def test_a_file_without_reject_records_leaves_the_reasons_to_the_domain() -> None:
    assert only(SAMPLE).reject_rules == ()


def test_the_demonstration_region_is_complete() -> None:
    version = only()
    assert version.profile == "test"
    assert {service.service for service in version.services} == set(Service) - {Service.UNKNOWN}
    assert {rule.reason for rule in version.reject_rules} == set(RejectReason) - {
        RejectReason.UNKNOWN
    }
    assert [rule.reason for rule in version.reject_rules if rule.reroutes] == ["misdirected"]
    (misdirected,) = (rule for rule in version.reject_rules if rule.reroutes)
    assert misdirected.law_ref == "Hallintolaki 434/2003 21 §"
    assert version.bounce == BounceRule(90, 3, SOTE)
    assert version.delivery_limit_us == 3 * 24 * HOUR_US


@pytest.mark.parametrize(
    ("agency", "sector", "business_id", "xroad"),
    [
        (SOTE, "sote", "9100001-3", "MUN/9100001-3/sote"),
        ("employment.lappeenranta", "employment", "9100002-1", "MUN/9100002-1/tyollisyys"),
        ("employment.imatra", "employment", "9100005-6", "MUN/9100005-6/tyollisyys"),
        (KELA, "kela", "9100006-4", "GOV/9100006-4/kela"),
        ("typ.south-karelia", "typ", "9100007-2", "MUN/9100007-2/typ"),
    ],
)
def test_the_demonstration_region_names_its_agencies_as_the_wire_pages_do(
    agency: AgencyId, sector: str, business_id: str, xroad: str
) -> None:
    found = only().agencies[agency]
    assert (found.sector, found.business_id) == (sector, business_id)
    assert found.oid == f"1.2.246.10.{business_id.replace('-', '')}"
    assert found.xroad_member == f"FI-TEST/{xroad}"
    assert found.counties == (("11",) if sector in {"sote", "typ"} else ())
    assert all((found.name_fi, found.name_sv, found.name_en))
    served = {"405", "416", "441", "739", "831", "153", "580", "689", "700"}
    assert all(found.serves(place) for place in served) is (sector != "employment")


def test_every_law_of_the_demonstration_region_still_waits_for_a_person_to_read_it() -> None:
    version = only()
    laws = [(rule.law_ref, rule.verified) for rule in version.basis_rules]
    laws += [(rule.law_ref, rule.verified) for rule in version.clock_rules]
    laws += [(rule.law_ref, rule.verified) for rule in version.reject_rules]
    assert all(law_ref and not verified for law_ref, verified in laws)


def test_lists_of_sectors_stand_for_every_pair_of_different_ones() -> None:
    typ = [rule for rule in only().basis_rules if rule.kind is Basis.TYP_MEMBERSHIP]
    assert len(typ) == 4 * 3 * 2
    assert all(rule.from_sector != rule.to_sector for rule in typ)
    assert {rule.purpose for rule in typ} == {Purpose.EMPLOYMENT, Purpose.WORK_ABILITY}


def test_a_sector_to_itself_is_a_pair_where_it_is_all_that_is_said(tmp_path: Path) -> None:
    file = planted(tmp_path, ('from_sector = "kela"', 'from_sector = "sote"'), of=SAMPLE)
    (basis,) = only(file).basis_rules
    assert (basis.from_sector, basis.to_sector) == ("sote", "sote")


def test_a_statement_record_permits_nothing(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    assert "[[statement]]" in shipped
    assert all(rule.kind is not Basis.CONSENT for rule in only().basis_rules)


@pytest.mark.parametrize(
    "delivery", ["none", "file", "file:out", "in-process", "webhook:https://sote.example/in"]
)
def test_every_way_to_deliver_is_understood(tmp_path: Path, delivery: str) -> None:
    file = planted(tmp_path, ('delivery = "none"', f'delivery = "{delivery}"'), of=SAMPLE)
    assert only(file).agencies[KELA].delivery == delivery


def test_a_rung_may_stand_after_the_breach(tmp_path: Path) -> None:
    rung = '\n[[clock.rung]]\nat = 1.5\nto = "source"\n\n[[basis]]'
    file = planted(tmp_path, ("\n[[basis]]", rung), of=SAMPLE)
    assert [(r.rung, r.to) for r in only(file).clock_rules.rules[0].rungs] == [
        ("warn-0.6", "recipient"),
        ("breach", "coordinator"),
        ("late-1.5", "source"),
    ]


def test_a_service_may_name_its_recipient(tmp_path: Path) -> None:
    named = """[[service.job_coaching.recipient]]
agency = "kela"
source_sectors = ["sote"]
municipalities = ["405"]

[service.job_coaching]"""
    file = planted(tmp_path, ("[service.job_coaching]", named))
    rule = only(file).service(Service.JOB_COACHING)
    assert rule is not None
    (exception,) = rule.recipients
    assert exception == (KELA, ("sote",), ("405",))


def test_a_record_holds_on_its_first_and_last_local_day_and_on_no_other(tmp_path: Path) -> None:
    dated = 'kind = "statute"\nvalid_from = 2026-03-02\nvalid_to = 2026-03-31'
    agreements = load_agreements(planted(tmp_path, ('kind = "statute"', dated), of=SAMPLE))
    held = {
        moment: bool(agreements.in_force(moment).basis_rules.rules)
        for moment in (
            at(2026, 3, 1, 21),
            at(2026, 3, 1, 22),
            Instant(at(2026, 3, 31, 21) - 1),
            at(2026, 3, 31, 21),
        )
    }
    assert list(held.values()) == [False, True, True, False]


def test_a_service_may_change_on_a_date(tmp_path: Path) -> None:
    changes = """[[service.job_coaching]]
purpose = "employment"
default_categories = ["identity"]
competent_sector = "employment"
valid_to = 2025-12-31

[[service.job_coaching]]
valid_from = 2026-01-01
"""
    agreements = load_agreements(planted(tmp_path, ("[service.job_coaching]\n", changes)))
    before = agreements.in_force(at(2025, 12, 31)).service(Service.JOB_COACHING)
    after = agreements.in_force(at(2026, 1, 1)).service(Service.JOB_COACHING)
    assert before is not None
    assert after is not None
    assert before.default_categories == (Category.IDENTITY,)
    assert len(after.default_categories) == 3
    assert len(agreements.versions) == 1


def test_an_agency_that_leaves_on_a_date_ends_a_version_with_a_digest_of_its_own(
    tmp_path: Path,
) -> None:
    leaving = 'id = "typ.south-karelia"\nvalid_to = 2026-06-30'
    agreements = load_agreements(planted(tmp_path, ('id = "typ.south-karelia"', leaving)))
    first, second = agreements.versions
    assert first.valid_to == second.valid_from == at(2026, 6, 30, 21)
    assert "typ.south-karelia" in first.agencies
    assert "typ.south-karelia" not in second.agencies
    assert first.digest != second.digest
    assert agreements.by_digest(second.digest) == second
    assert agreements.in_force(at(2026, 7, 1)).digest == second.digest


def test_a_bounce_rule_may_change_on_a_date_but_never_leave_a_day_without_one(
    tmp_path: Path,
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    second = '\n[[bounce]]\nvalid_from = {}\nlimit = 5\ncoordinator = "kela"\n'
    ending = text.replace("[bounce]\n", "[[bounce]]\nvalid_to = 2025-12-31\n")
    whole, torn = tmp_path / "whole.toml", tmp_path / "torn.toml"
    whole.write_text(ending + second.format("2026-01-01"), encoding="utf-8")
    torn.write_text(ending + second.format("2026-01-02"), encoding="utf-8")
    assert [v.bounce.limit for v in load_agreements(whole).versions] == [3, 5]
    with pytest.raises(AgreementError, match="no bounce rule holds on 2026-01-01"):
        load_agreements(torn)


def test_a_version_ends_with_its_last_day(tmp_path: Path) -> None:
    dated = ("valid_from = 2025-01-01", "valid_from = 2025-01-01\nvalid_to = 2025-12-31")
    assert only(planted(tmp_path, dated)).valid_to == at(2025, 12, 31, 22)


def test_a_folder_holds_the_versions_of_one_region(tmp_path: Path) -> None:
    first = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "b-2025.toml").write_text(first, encoding="utf-8")
    second = first.replace("valid_from = 2025-01-01", "valid_from = 2026-01-01")
    (tmp_path / "a-2026.toml").write_text(second, encoding="utf-8")
    (tmp_path / "b-2025.cases.toml").write_text("no cases", encoding="utf-8")
    (tmp_path / "calendar-xx.toml").write_text("no calendar", encoding="utf-8")
    agreements = load_agreements(tmp_path)
    assert [v.valid_from for v in agreements.versions] == [
        at(2024, 12, 31, 22),
        at(2025, 12, 31, 22),
    ]
    assert agreements.in_force(at(2026, 5, 1)).valid_from == at(2025, 12, 31, 22)


def test_an_agreement_reads_the_calendar_beside_it(tmp_path: Path) -> None:
    (tmp_path / "calendar-xx.toml").write_text(FEAST_CALENDAR, encoding="utf-8")
    version = only(planted(tmp_path, ('calendar = "fi"', 'calendar = "xx"')))
    # The second date is a Saturday, no working day anyway.
    assert version.closed_days == {
        datetime(2026, 3, 4, tzinfo=UTC).toordinal(),
        datetime(2026, 3, 7, tzinfo=UTC).toordinal(),
    }
    assert version.calendar_to == datetime(2060, 12, 31, tzinfo=UTC).toordinal()


def test_an_edition_keeps_its_places() -> None:
    edition = read_edition(SHIPPED)
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    assert lines[edition.source.line(("clock", 0)) - 1] == "[[clock]]"
    assert lines[edition.source.line(("clock", 0, "limit")) - 1] == "limit = 4"
    assert edition.source.path(("service", "job_coaching", 0, "purpose")) == (
        "service.job_coaching.purpose"
    )


def test_the_installed_hub_finds_the_agreements_beside_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.bootstrap.agreement_file.__file__", str(tmp_path / "module.py"))
    (tmp_path / "agreements").mkdir()
    assert shipped_folder() == tmp_path / "agreements"


def test_loading_takes_no_library_of_holidays() -> None:
    code = (
        "import sys\n"
        "from streams.bootstrap.agreement_file import load_agreements\n"
        "load_agreements()\n"
        "print('holidays' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=shipped_folder().parents[1],
    )
    assert ran.stdout.strip() == "False"
