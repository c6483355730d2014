"""Agreement files for tests: the sample of the wire pages, the shipped one, and planted faults."""

from pathlib import Path

from streams.bootstrap.agreement_file import SHIPPED_REGION, load_agreements, shipped_folder
from streams.domain.agreement import Agreement

SAMPLE = Path(__file__).parents[1] / "data" / "wire" / "agreement-sample.toml"
SHIPPED = shipped_folder() / SHIPPED_REGION
FEAST_CALENDAR = """[covers]
first = 2020-01-01
last = 2060-12-31
[[holiday]]
name = { fi = "Juhla", sv = "Fest", en = "Feast" }
dates = [2026-03-04, 2026-03-07]
"""
ACKNOWLEDGEMENT = """[[clock]]
rule = "acknowledgement"
unit = "hours"
limit = 4
starts_on = ["requested"]
met_on = ["received", "info-needed", "accepted", "rejected"]
cancelled_on = ["cancelled", "entered-in-error"]
pauses_on = []
statutory = false
law_ref = "Agreement of the agencies"
verified = false

[[clock.rung]]
at = 0.0625
to = "recipient"

[[clock.rung]]
at = 1.0
to = "source"

"""
"""A clock in hours, planted before the shipped ones."""
_FIRST_CLOCK = "# [report 002]: ways of referring"


def only(path: Path | None = None) -> Agreement:
    """Load the one version of a file."""
    (version,) = load_agreements(path).versions
    return version


def planted(folder: Path, *changes: tuple[str, str], of: Path = SHIPPED, add: str = "") -> Path:
    """Write a copy of an agreement with texts changed (each must be there) and text added."""
    text = of.read_text(encoding="utf-8")
    text = text.replace(_FIRST_CLOCK, ACKNOWLEDGEMENT + _FIRST_CLOCK)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "planted.toml"
    file.write_text(text + add, encoding="utf-8")
    return file
