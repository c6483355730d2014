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
THREE_CLOCKS = """[[clock]]
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

[[clock]]
rule = "acceptance"
unit = "working_days"
limit = 5
starts_on = ["requested"]
met_on = ["accepted", "rejected"]
cancelled_on = ["cancelled", "failed", "entered-in-error"]
pauses_on = []
warn_at = [0.6]
statutory = false
law_ref = "Agreement of the agencies"
verified = false

[[clock.rung]]
at = 1.0
to = "coordinator"

[[clock.rung]]
at = 1.0
to = "source"

[[clock]]
rule = "service-start"
unit = "calendar_days"
limit = 30
starts_on = ["accepted"]
met_on = ["in-progress", "completed"]
cancelled_on = ["cancelled", "failed", "entered-in-error"]
pauses_on = ["on-hold"]
warn_at = [0.5, 0.8]
statutory = false
law_ref = "Agreement of the agencies"
verified = false

"""
"""Clocks as files had them before conditions, milestones and office hours came."""
_CLOCKS, _AFTER_THEM = "# --- Clocks", "# --- Rejections"


def three_clocks(text: str) -> str:
    """Put the three plain clocks in the place of an agreement's own; the sample keeps its one."""
    before, found, rest = text.partition(_CLOCKS)
    return before + THREE_CLOCKS + _AFTER_THEM + rest.partition(_AFTER_THEM)[2] if found else text


def only(path: Path | None = None) -> Agreement:
    """Load the one version of a file."""
    (version,) = load_agreements(path).versions
    return version


def planted(folder: Path, *changes: tuple[str, str], of: Path = SHIPPED, add: str = "") -> Path:
    """Write a copy of an agreement with three plain clocks, texts changed, and text added.

    Each text to change must be there.
    """
    text = three_clocks(of.read_text(encoding="utf-8"))
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "planted.toml"
    file.write_text(text + add, encoding="utf-8")
    return file
