"""An agreement's digest is of what it says, not of how it is written down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import shipped_folder
from tests.agreements.files import FEAST_CALENDAR, SAMPLE, only, planted


def test_comments_white_space_and_the_order_of_keys_leave_the_digest(tmp_path: Path) -> None:
    other = planted(
        tmp_path,
        ('id = "sample"\nprofile = "test"', 'profile   =   "test" # so far\n\nid = "sample"'),
        ("[bounce]\nwindow_days = 90\nlimit = 3", "[bounce]\nlimit = 3\nwindow_days = 90"),
        of=SAMPLE,
    )
    assert only(other).digest == only(SAMPLE).digest


def test_what_says_only_a_default_leaves_the_digest(tmp_path: Path) -> None:
    spoken = ('park_for = "24h"', 'park_for = "24h"\ncalendar = "fi"')
    assert only(planted(tmp_path, spoken, of=SAMPLE)).digest == only(SAMPLE).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit = 5", "limit = 6"),
        ("verified = false", "verified = true"),
        ('en = "Kela"', 'en = "KELA"'),
        ('park_for = "24h"', 'park_for = "25h"'),
        ("valid_from = 2020-01-01", "valid_from = 2020-01-02"),
    ],
)
def test_a_change_of_any_record_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert only(planted(tmp_path, (old, new), of=SAMPLE)).digest != only(SAMPLE).digest


def test_the_calendar_is_inside_the_digest(tmp_path: Path) -> None:
    named = ('park_for = "24h"', 'park_for = "24h"\ncalendar = "xx"')
    digests = []
    for day in ("2026-03-04", "2026-03-05"):
        calendar = FEAST_CALENDAR.replace("2026-03-04", day)
        (tmp_path / "calendar-xx.toml").write_text(calendar, encoding="utf-8")
        digests.append(only(planted(tmp_path, named, of=SAMPLE)).digest)
    assert digests[0] != digests[1]


def test_the_digest_is_the_same_in_every_process() -> None:
    code = (
        "from streams.bootstrap.agreement_file import load_agreements as load\n"
        "print(load().versions[0].digest.hex())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=shipped_folder().parents[1],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {only().digest.hex()}
