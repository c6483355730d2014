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


def only(path: Path | None = None) -> Agreement:
    """Load the one version of a file."""
    (version,) = load_agreements(path).versions
    return version


def planted(folder: Path, *changes: tuple[str, str], of: Path = SHIPPED, add: str = "") -> Path:
    """Write a copy of an agreement with texts changed (each must be there) and text added."""
    text = of.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "planted.toml"
    file.write_text(text + add, encoding="utf-8")
    return file
