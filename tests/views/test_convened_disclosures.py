"""A coordinating agency that is convened gets data only where it may, and that is told."""

import pytest

from streams.domain.codes import Category
from streams.domain.ids import AgencyId
from tests.domain.region import EMPLOYMENT, SOTE, TYP, at
from tests.domain.speaker import Speaker
from tests.views.disclosed import seen
from tests.views.watched_hub import WatchedHub

IDENTITY = Category.IDENTITY


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def stalled(hub: WatchedHub, speaker: Speaker, recipient: AgencyId, source: AgencyId) -> None:
    for number in range(3):
        hub.hear(speaker.refers(at(number, 1), source=source, recipient=recipient))
        hub.hear(speaker.rejects(at(number, 2), recipient, hub.handoff_id))


def test_a_convened_coordinator_that_gets_data_is_a_recipient(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.consents(at(0), recipient=None, categories=(IDENTITY,)))
    stalled(hub, speaker, SOTE, EMPLOYMENT)

    told = seen(hub, "disclosed")[-1]

    assert (told.kind, told.to, told.categories) == ("convene", TYP, ["identity"])
    assert told.basis[0]["rule"] == "S-1"


def test_a_coordinator_that_rejected_had_its_data_on_the_basis_it_was_sent_on(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.consents(at(0), recipient=TYP, categories=(IDENTITY,)))
    stalled(hub, speaker, TYP, EMPLOYMENT)

    told = seen(hub, "disclosed")[-1]

    assert (told.kind, told.to, told.categories) == ("convene", TYP, ["identity"])
    assert told.basis == seen(hub, "disclosed")[0].basis


def test_a_coordinator_gets_back_what_it_sent_and_that_is_none(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.consents(at(0), source=TYP, recipient=SOTE))
    stalled(hub, speaker, SOTE, TYP)

    assert {told.kind for told in seen(hub, "disclosed")} == {"referral"}


def test_a_coordinator_without_a_basis_is_convened_without_data(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.consents(at(0), categories=(IDENTITY,)))
    stalled(hub, speaker, SOTE, EMPLOYMENT)

    assert {told.kind for told in seen(hub, "disclosed")} == {"referral"}
