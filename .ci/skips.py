"""Read pytest's JUnit report: fail where none ran, one failed, or one that should run was skipped.

A skip passes only if its reason starts with "cannot run here:".
"""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

EXCUSE = "cannot run here:"


def main(report: Path) -> int:
    """Print every skip with its reason and a closing line; return the exit code."""
    # The report is this run's own, written a moment ago.
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  # not from outside
    failed = [case for case in cases if case.find("failure") is not None or _broke(case)]
    skipped = [(case, _reason(case)) for case in cases if case.find("skipped") is not None]
    unexcused = 0
    for case, reason in skipped:
        excused = reason.startswith(EXCUSE) or _is_expected_failure(case)
        unexcused += not excused
        verdict = "skipped" if excused else "SKIPPED, AND SHOULD RUN"
        print(f"{verdict}: {case.get('classname')}::{case.get('name')}: {reason}")
    passed = len(cases) - len(failed) - len(skipped)
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or unexcused or not passed else 0


def _broke(case: ET.Element) -> bool:
    return case.find("error") is not None


def _is_expected_failure(case: ET.Element) -> bool:
    mark = case.find("skipped")
    return mark is not None and mark.get("type") == "pytest.xfail"


def _reason(case: ET.Element) -> str:
    mark = case.find("skipped")
    if mark is None:
        return ""
    # A module that skips itself has its reason in the text, at the end of a printed tuple.
    return (
        (mark.text or "").rpartition("Skipped: ")[2]
        if _is_module(mark)
        else mark.get("message", "")
    )


def _is_module(mark: ET.Element) -> bool:
    return mark.get("message") == "collection skipped"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
