"""What is wrong with an agreement file is said all at once, each with its place and its mend."""

from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import FILE_BYTES_MAX, load_agreements
from streams.bootstrap.agreement_problems import AgreementError
from streams.bootstrap.agreement_values import duration_us, promise_days
from tests.agreements.files import SAMPLE, SHIPPED, planted

SIX_MISTAKES = (
    ('profile = "test"', 'profile = "tset"'),
    ('park_for = "24h"', 'park_for = "a day"'),
    ('business_id = "9100006-4"', 'business_id = "9100006-5"'),
    ("[service.job_coaching]", "[service.job_choaching]"),
    ("window_days = 90", "windowdays = 90"),
    ('coordinator = "sote.south-karelia"', 'coordinator = "sote.north-karelia"'),
)


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(AgreementError) as wrong:
        load_agreements(path)
    return {problem.path: problem.code for problem in wrong.value.problems}


def test_a_file_with_six_different_mistakes_gives_six_problems(tmp_path: Path) -> None:
    file = planted(tmp_path, *SIX_MISTAKES)
    assert problems(file) == {
        "region.profile": "unknown-code",
        "region.park_for": "bad-value",
        "agency[3].business_id": "business-id",
        "service.job_choaching": "unknown-code",
        "bounce.windowdays": "unknown-key",
        "bounce.coordinator": "unknown-agency",
    }


def test_a_problem_names_its_line_the_nearest_word_and_the_mend(tmp_path: Path) -> None:
    file = planted(tmp_path, *SIX_MISTAKES)
    lines = file.read_text(encoding="utf-8").splitlines()
    with pytest.raises(AgreementError) as wrong:
        load_agreements(file)
    found = {problem.path: problem for problem in wrong.value.problems}
    for path, text in (
        ("region.profile", "tset"),
        ("agency[3].business_id", "9100006-5"),
        ("service.job_choaching", "[service.job_choaching]"),
        ("bounce.windowdays", "windowdays"),
    ):
        assert text in lines[found[path].line - 1]
    assert found["region.profile"].nearest == "test"
    assert found["service.job_choaching"].nearest == "job_coaching"
    assert found["bounce.windowdays"].nearest == "window_days"
    assert found["bounce.coordinator"].nearest == "sote.south-karelia"
    assert "seven digits" in found["agency[3].business_id"].mend
    assert wrong.value.file == "planted.toml"
    said = str(wrong.value).splitlines()
    assert said[0] == "planted.toml: 6 problems"
    assert said[1].strip().startswith(f"line {found['region.profile'].line}: region.profile: ")


def test_an_error_repeats_no_value_of_the_file(tmp_path: Path) -> None:
    file = planted(tmp_path, ('delivery = "file"', 'delivery = "webhok:secret-of-the-agency"'))
    with pytest.raises(AgreementError) as wrong:
        load_agreements(file)
    assert "secret-of-the-agency" not in str(wrong.value)


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("valid_from = 2025-01-01", 'valid_from = "2025-01-01"', "region.valid_from", "bad-value"),
        ("valid_from = 2025-01-01", "valid_from = 2025-01-01T00:00:00\nvalid_to = 2024-01-01",
         "region.valid_from", "bad-value"),
        ("valid_from = 2025-01-01\n", "", "region.valid_from", "missing-key"),
        ("valid_from = 2025-01-01", "valid_from = 2025-01-01\nvalid_to = 2024-12-31",
         "region.valid_to", "contradiction"),
        ("valid_from = 2025-01-01", "valid_from = 2025-01-01\nvalid_to = 9999-12-31",
         "region.valid_to", "bad-value"),
        ('calendar = "fi"', 'calendar = "sv"', "region.calendar", "unknown-calendar"),
        ('calendar = "fi"', 'calendar = "../fi"', "region.calendar", "bad-value"),
        ('deliver_for = "3d"', 'deliver_for = "0d"', "region.deliver_for", "bad-value"),
        ('within = "60d"', 'within = "two months"', "promise.first_service_within", "bad-value"),
        ('id = "kela"', 'id = "KELA"', "agency[3].id", "bad-value"),
        ('id = "kela"', 'id = "typ.south-karelia"', "agency[4].id", "overlapping-validity"),
        ('oid = "1.2.246.10.91000064"', 'oid = "urn:oid:1.2"', "agency[3].oid", "bad-value"),
        ('"9100007-2"', '"9100006-4"', "agency[4].business_id", "overlapping-validity"),
        ('"9100007-2"', '"91000072"', "agency[4].business_id", "business-id"),
        ('"FI-TEST/GOV/9100006-4/kela"', '"kela"', "agency[3].xroad_member", "bad-value"),
        ('municipalities = ["*"]', 'municipalities = ["*", "405"]',
         "agency[3].municipalities", "contradiction"),
        ('municipalities = ["*"]', 'municipalities = ["Imatra"]',
         "agency[3].municipalities[0]", "bad-value"),
        ('municipalities = ["*"]', "municipalities = [405]",
         "agency[3].municipalities[0]", "bad-value"),
        ('municipalities = ["*"]', 'municipalities = "*"', "agency[3].municipalities", "bad-value"),
        (', en = "Imatra employment area" }', "}", "agency[2].name.en", "missing-key"),
        ('sv = "Imatra sysselsättningsområde"', 'sv = ""', "agency[2].name.sv", "bad-value"),
        ('[service.vocational_rehabilitation]\npurpose = "rehabilitation"',
         '[service.vocational_rehabilitation]\npurpose = "rehab"',
         "service.vocational_rehabilitation.purpose", "unknown-code"),
        ('competent_sector = "typ"', 'competent_sector = "tyb"',
         "service.multi_sector_support.competent_sector", "unknown-code"),
        ('kind = "typ_membership"', 'kind = "consent"', "basis[0].kind", "unknown-code"),
        ('overrides_prohibition = false\nlaw_ref = "Laki ty',
         'overrides_prohibition = true\nlaw_ref = "Laki ty',
         "basis[0].overrides_prohibition", "contradiction"),
        ('to_sector = "sote"\npurpose = "social_care"\ncategories = ["identity", "social',
         'to_sector = "soote"\npurpose = "social_care"\ncategories = ["identity", "social',
         "basis[2].to_sector", "unknown-code"),
        ("limit = 5", "limit = -1", "clock[1].limit", "greater-than-equal"),
        ("limit = 5", "limit = 10001", "clock[1].limit", "less-than-equal"),
        ("limit = 5", 'limit = "5"', "clock[1].limit", "bad-value"),
        ('unit = "working_days"', 'unit = "workdays"', "clock[1].unit", "unknown-code"),
        ('unit = "working_days"', 'unit = "benefit_days"', "clock[1].starts_on", "contradiction"),
        ("warn_at = [0.6]", "warn_at = [1.0]", "clock[1].warn_at[0]", "bad-value"),
        ("warn_at = [0.6]", "warn_at = 0.6", "clock[1].warn_at", "bad-value"),
        ("warn_at = [0.6]", 'warn_at = ["0.6"]', "clock[1].warn_at[0]", "bad-value"),
        ("at = 0.0625", "at = nan", "clock[0].rung[0].at", "bad-value"),
        ("at = 0.0625", "at = 0.0", "clock[0].rung[0].at", "bad-value"),
        ('to = "coordinator"', 'to = "source"', "clock[1].rung[1]", "contradiction"),
        ('to = "coordinator"', 'to = "boss"', "clock[1].rung[0].to", "unknown-code"),
        ('rule = "service-start"',
         'rule = "service-start"\nvalid_to = 2026-01-01\nvalid_from = 2026-06-01',
         "clock[2].valid_to", "contradiction"),
        ('pauses_on = ["on-hold"]\nwarn_at = [0.5, 0.8]\nstatutory = false',
         'pauses_on = ["on-hold"]\nstatutory = true', "clock[2].pauses_on", "contradiction"),
        ('met_on = ["in-progress", "completed"]', 'met_on = ["in-progress", "failed"]',
         "clock[2].cancelled_on", "contradiction"),
        ('met_on = ["in-progress", "completed"]', "met_on = []", "clock[2].met_on", "bad-value"),
        ('reason = "incomplete"', 'reason = "incomplet"', "reject[4].reason", "unknown-code"),
        ('kind = "typ_membership"', "kind = true", "basis[0].kind", "bad-value"),
        ("overrides_prohibition = true", "overrides_prohibition = 1",
         "basis[2].overrides_prohibition", "bad-value"),
        ("[service.job_coaching]",
         '[[service.job_coaching.recipient]]\nagency = "nobody"\n[service.job_coaching]',
         "service.job_coaching.recipient[0].agency", "unknown-agency"),
        ("[service.multi_sector_support]\n", '[service.multi_sector_support]\nporpose = "x"\n',
         "service.multi_sector_support.porpose", "unknown-key"),
        ("at = 0.0625", "at = 0.0625\nrole = 1", "clock[0].rung[0].role", "unknown-key"),
        ("at = 0.0625", 'at = "early"', "clock[0].rung[0].at", "bad-value"),
        ("[promise]", "[promis]", "promis", "unknown-key"),
        ('name = { fi = "Imatran', 'name = { fin = "x", fi = "Imatran',
         "agency[2].name.fin", "unknown-key"),
    ],
)  # fmt: skip  # a table reads in rows
def test_a_mistake_is_found_where_it_is(
    tmp_path: Path, old: str, new: str, path: str, code: str
) -> None:
    file = planted(tmp_path, (old, new))
    assert problems(file) == {path: code}


def test_a_folder_of_two_regions_is_no_agreement(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(SHIPPED.read_bytes())
    (tmp_path / "b.toml").write_bytes(SAMPLE.read_bytes())
    assert problems(tmp_path) == {"a.toml: region.id": "contradiction"}


def test_two_versions_of_a_folder_do_not_begin_on_one_day(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(SHIPPED.read_bytes())
    (tmp_path / "b.toml").write_bytes(SHIPPED.read_bytes())
    assert problems(tmp_path) == {"b.toml: region.valid_from": "overlapping-validity"}


def test_a_folder_gives_the_problems_of_all_its_files_at_once(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        planted(tmp_path, ("limit = 5", "limit = -1")).rename(tmp_path / name)
    assert problems(tmp_path) == {
        "a.toml: clock[1].limit": "greater-than-equal",
        "b.toml: clock[1].limit": "greater-than-equal",
    }


def test_an_empty_folder_is_no_agreement(tmp_path: Path) -> None:
    assert problems(tmp_path) == {"": "missing-file"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[region", "malformed"),
        (b"x = " + b"[" * 5_000, "malformed"),
        (b"# \xff", "malformed"),
        (b"#" * (FILE_BYTES_MAX + 1), "too-large"),
        (None, "missing-file"),
    ],
)
def test_what_is_no_toml_is_said_to_be_none(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    file = tmp_path / "agreement.toml"
    if content is not None:
        file.write_bytes(content)
    assert problems(file) == {"": code}


def test_a_file_that_may_not_be_read_is_said_to_be_unreadable(tmp_path: Path) -> None:
    file = planted(tmp_path)
    file.unlink()
    file.symlink_to(file)
    assert problems(file) == {"": "malformed"}


def test_an_empty_file_misses_every_part_at_once(tmp_path: Path) -> None:
    file = tmp_path / "agreement.toml"
    file.write_text("", encoding="utf-8")
    assert problems(file) == dict.fromkeys(("region", "agency", "service", "bounce"), "missing-key")


def test_tables_of_the_wrong_kind_are_problems_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "agreement.toml"
    file.write_text("region = 1\nagency = 2\nservice = 3\nclock = [4]\nbounce = []\n")
    assert problems(file) == {
        "region": "bad-value",
        "agency": "bad-value",
        "service": "bad-value",
        "clock[0]": "bad-value",
        "bounce": "bad-value",
    }


def test_a_broken_calendar_is_the_agreements_problem(tmp_path: Path) -> None:
    (tmp_path / "calendar-xx.toml").write_text("[covers]\n", encoding="utf-8")
    file = planted(tmp_path, ('calendar = "fi"', 'calendar = "xx"'))
    assert problems(file) == {"region.calendar": "bad-calendar"}


def test_two_agencies_may_share_an_id_where_one_follows_the_other(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    kela = text[text.index('[[agency]]\nid = "kela"') : text.index('[[agency]]\nid = "typ')]
    first = kela.replace('id = "kela"', 'id = "kela"\nvalid_to = 2025-12-31')
    second = kela.replace('id = "kela"', 'id = "kela"\nvalid_from = 2026-01-01')
    agreements = load_agreements(planted(tmp_path, (kela, first + second)))
    assert [len(version.agencies) for version in agreements.versions] == [5, 5]


@pytest.mark.parametrize("text", ["", "24", "0h", "h", "1w", "24 h", "-1d", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration_us(text)


def test_durations_are_minutes_hours_and_days() -> None:
    assert [duration_us(text) for text in ("15m", "24h", "1d")] == [
        900_000_000,
        86_400_000_000,
        86_400_000_000,
    ]


def test_a_promise_is_of_days_or_working_days() -> None:
    assert (promise_days("60d"), promise_days("40wd")) == ((60, False), (40, True))
    with pytest.raises(ValueError, match="no promise"):
        promise_days("2 months")
