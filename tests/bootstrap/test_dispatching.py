from datetime import date
from pathlib import Path
from random import Random

from streams.bootstrap.hub import Hub
from streams.bootstrap.story import town
from streams.bootstrap.story.persons import cast
from streams.bootstrap.story.plot import refer
from streams.bootstrap.story.sayings import Refer
from streams.bootstrap.story.stage import Stage
from streams.dispatch.delivery import DeliveryState
from streams.domain.calendar import DAY_US, HOUR_US, midnight
from streams.domain.codes import Service
from streams.domain.ids import Instant
from streams.promises.transport import Refused

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
