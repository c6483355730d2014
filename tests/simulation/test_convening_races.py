"""A basis that goes while a convened coordinator is being told: one way there, too."""

from collections.abc import Callable, Iterator
from itertools import permutations

import pytest

from streams.domain import convening, recall
from streams.domain.answers import RecallAcknowledged
from streams.domain.codes import Category
from streams.domain.entry import RecallIssued
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered
from tests.domain.region import DEFAULTS, TYP, at
from tests.domain.table import Table
from tests.simulation.town import FIRST
from tests.simulation.watch.disclosures import OF_WHAT_MAY_GO
from tests.simulation.watch.dossiers import pages

HAPPENINGS = ("started", "delivered", "confirmed")
NOON = 12
LEFT: tuple[tuple[Category, ...], ...] = ((), (Category.IDENTITY,), DEFAULTS[:2])
"""What the coordinator may still have, once the consent is narrower."""


def played(order: tuple[str, ...], goes_at: int, left: tuple[Category, ...]) -> Iterator[str]:
    """Play one order, the consent narrowed before one of them; name what is not as it must be."""
    table = Table(agreement=FIRST)
    rules: dict[str, str] = {}
    for number, name in enumerate((*order, "")):
        if number == goes_at:
            table.narrows(NOON + number, *left)
        hour = NOON + number + 0.5
        if name == "confirmed":
            said = table.says.answers(RecallAcknowledged, at(hours=hour), TYP, table.handoff_id)
            rules[name] = table.lane.hear(said).rule
        elif name:
            kind = DeliveryStarted if name == "started" else NoticeDelivered
            rules[name] = table.reports(kind, hour)
    for page in pages(table.lane.entries):
        for checker in OF_WHAT_MAY_GO:
            yield from checker(page)
    lost = tuple([category for category in DEFAULTS if category not in left])
    recalled = [f.categories for f in table.lane.all_facts(RecallIssued) if f.to == TYP]
    if recalled != [lost]:  # the receipt comes in every order: it had left
        yield f"recalled {recalled}"
    overtaken = "delivered" in order[: order.index("started")]
    if order.index("started") >= goes_at and not overtaken and not rules["started"]:
        yield "a notice left that holds what may not leave"


def found_wrong() -> Iterator[str]:
    for order in permutations(HAPPENINGS):
        for goes_at in range(len(order) + 1):
            for left in LEFT:
                for wrong in played(order, goes_at, left):
                    yield f"{order}, {len(left)} left before {goes_at}: {wrong}"


@pytest.mark.usefixtures("unmeasured")
def test_a_coordinators_basis_that_goes_at_any_point_ends_one_way() -> None:
    assert [*found_wrong()] == []


def nothing(*_args: object, **_named: object) -> None:
    """Do nothing, as a hub that forgot would."""


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (convening, "reconsider", nothing),
        (convening, "start", lambda *_: True),
        (recall, "fetch_back", nothing),
        (recall, "issue", nothing),
    ],
)
def test_a_hub_that_forgets_the_coordinator_is_seen(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, broken: Callable[..., object]
) -> None:
    monkeypatch.setattr(module, name, broken)
    assert next(found_wrong(), "")
