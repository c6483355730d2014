from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from random import Random

import pytest_asyncio

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.dispatching import desks_of_hub, dispatcher_of
from streams.bootstrap.hub import Hub
from streams.bootstrap.story import town
from streams.bootstrap.story.persons import cast
from streams.bootstrap.story.plot import refer
from streams.bootstrap.story.sayings import Refer
from streams.bootstrap.story.stage import Stage
from streams.dispatch.delivery import DeliveryState
from streams.domain.agreement import Agreements, Desk
from streams.domain.calendar import DAY_US, HOUR_US, midnight
from streams.domain.codes import Service
from streams.domain.ids import Instant
from streams.promises.transport import Refused
from streams.sealing.hub_secrets import make_secrets
from tests.connectors.transport.mail_server import MailServer

MONDAY = Instant(midnight(date(2026, 3, 2).toordinal()) + 12 * HOUR_US)
(AINO,) = cast(Random(3), 1)
WORDS = f"Emme ota vastaan henkilöä {AINO.family_name}."


async def test_the_words_of_an_agency_that_refuses_are_kept_under_the_persons_key(
    tmp_path: Path,
) -> None:
    # Given an agency that will not take a notice, and says why in its own words
    with Hub(tmp_path / "hub", durable=False) as hub:
        stage = Stage(hub, Random(1), MONDAY)
        stage.persons = {AINO.hetu: AINO}
        settled = town.settle(stage, hub.agreements.in_force(MONDAY))
        settled.sote.transport.fail_next(Refused("http-400", WORDS))
        referral = refer(Service.SERVICE_NEED_ASSESSMENT, None)
        stage.plan(MONDAY, lambda: _send(settled, referral))
        # When the hub has tried
        await stage.play(Instant(MONDAY + DAY_US))
        # Then the words lie there sealed, for whoever has the person's key
        (dead,) = stage._attempts.deliveries(None, DeliveryState.DEAD)
        sealed = stage._attempts.words(dead.notice_id)
        stage.close()
        assert sealed is not None
        assert WORDS.encode() not in sealed
        key = hub.keys.current(dead.person)
        opened = hub.sealer.open_whole(sealed, dead.person, key.generation, key.key)
        assert opened.decode() == WORDS


def _send(settled: town.Town, referral: Refer) -> None:
    settled.employment.say(AINO, referral)


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


async def test_escalations_reach_a_desk_by_e_mail_and_name_nobody(
    tmp_path: Path, mail: MailServer
) -> None:
    # Given a region whose coordinator reads escalations at an address
    place = tmp_path / "hub.key"
    make_secrets(place)
    with place.open("a") as secrets:
        secrets.write(mail.settings())
    much_later = Instant(MONDAY + 90 * DAY_US)
    with Hub(tmp_path / "hub", keys_file=place, agreements=_with_desks(), durable=False) as hub:
        desks = desks_of_hub(hub)
        stage = Stage(hub, Random(1), MONDAY)
        stage.persons = {AINO.hetu: AINO}
        settled = town.settle(stage, hub.agreements.in_force(MONDAY))
        _send(settled, refer(Service.SERVICE_NEED_ASSESSMENT, None))
        # When nobody answers a referral
        hub.engine.advance(much_later)
        dispatcher = dispatcher_of(
            hub, {}, stage._attempts, clock=lambda: much_later, rng=Random(1), desks=desks
        )
        await dispatcher.drain_once()
        stage.close()
        for post in desks.values():
            await post.transport.close()
    # Then who is on duty reads which clock is late, by which law, and of whom nothing
    texts = [message.get_content() for message in mail.messages]
    assert texts
    assert {to for recipients in mail.recipients for to in recipients} == {"vastuu@typ.example"}
    assert all("saattaen escalations acknowledge c-" in text for text in texts)
    assert any("laki / lag / law: " in text for text in texts)
    for secret in (AINO.hetu, AINO.family_name, AINO.given_names, AINO.phone):
        assert all(secret not in text for text in texts)


def _with_desks() -> Agreements:
    versions = []
    for version in load_agreements().versions:
        desk = Desk("coordinator", "email:vastuu@typ.example")
        coordinator = version.agencies[version.bounce.coordinator]._replace(desks=(desk,))
        agencies = version.agencies | {coordinator.agency_id: coordinator}
        versions.append(version._replace(agencies=agencies))
    return Agreements(tuple(versions))
