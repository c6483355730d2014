"""Terms of an agreement that a test adds to the small region: clocks and rejections."""

from streams.domain.agreement import RejectRule
from streams.domain.clock_rules import ClockRule, RungRule, triggers
from streams.domain.codes import RejectReason
from tests.domain.region import ACCEPTANCE


def clock(
    unit: str,
    limit: int,
    *,
    rule: str = "acceptance",
    starts_on: tuple[str, ...] = ("requested",),
    met_on: tuple[str, ...] = ("accepted", "rejected"),
    cancelled_on: tuple[str, ...] = ("cancelled",),
    pauses_on: tuple[str, ...] = (),
    rungs: tuple[RungRule, ...] = (RungRule("breach", 1.0, "coordinator"),),
    statutory: bool = False,
) -> ClockRule:
    """Make a clock's rule; without more, of the handoff's acceptance."""
    return ACCEPTANCE._replace(
        rule=rule,
        unit=unit,
        limit=limit,
        starts_on=triggers(*starts_on),
        met_on=triggers(*met_on),
        cancelled_on=triggers(*cancelled_on),
        pauses_on=triggers(*pauses_on),
        rungs=rungs,
        statutory=statutory,
    )


def rejection(reason: RejectReason, *, reroutes: bool = False) -> RejectRule:
    """Let recipients give a reason."""
    return RejectRule(reason, reroutes, "agreed", verified=True)
