"""The doctor: every check of a hub, its place and its stores, whatever one of them meets."""

from streams.bootstrap import checkup_hub, checkup_place
from streams.bootstrap.checkup import FAIL, Examined, Finding, fail

CHECKS = checkup_place.CHECKS | checkup_hub.CHECKS


def examine(hub: Examined) -> list[Finding]:
    """Make every check, in order; one that cannot be made is a finding too."""
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        try:
            findings.append(check(hub))
        except Exception as failure:  # noqa: BLE001  # a doctor that faints helps nobody
            measured = f"could not be looked at ({type(failure).__name__})"
            findings.append(fail(name, measured, "mend what failed above, then look again"))
    return findings


def is_ill(findings: list[Finding]) -> bool:
    """Say whether any check failed."""
    return any(finding.state == FAIL for finding in findings)
