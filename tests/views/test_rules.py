"""Under which agreement the hub decided is told by its entries, moment by moment."""

from streams.domain.agreement import Agreements
from streams.domain.ids import Instant, PersonId
from streams.engines.memory import MemoryEngine
from streams.views.rules import RulesSeen
from tests.domain.region import EMPLOYMENT, REGION, at
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

LATER = REGION._replace(digest=b"2" * 32, valid_from=at(10))
OTHER = PersonId("p-00000000000000000000000002")
FIRST, SECOND = REGION.digest, LATER.digest


def rules(hub: WatchedHub, when: Instant) -> RulesSeen | None:
    hub.desk.catch_up(hub.engine)
    return hub.desk.rules_at(when)


def test_before_any_entry_nobody_knows(hub: WatchedHub) -> None:
    hub.hear(Speaker().consents(at(1)))

    assert rules(hub, at(0)) is None
    assert rules(hub, at(1)) == RulesSeen(FIRST, at(1))


def test_the_last_entry_before_a_moment_names_its_agreement() -> None:
    speaker = Speaker()
    with watched(REGION, LATER) as hub:
        hub.hear(speaker.consents(at(1)), speaker.consents(at(5)), speaker.consents(at(12)))

        assert rules(hub, at(3)) == RulesSeen(FIRST, at(3))
        assert rules(hub, at(8)) == RulesSeen(FIRST, at(5))
        assert rules(hub, at(12)) == RulesSeen(SECOND, at(12))
        assert rules(hub, at(20)) == RulesSeen(SECOND, at(12))


def test_an_entry_that_was_late_turns_nothing_back() -> None:
    speaker, other = Speaker(), Speaker(OTHER)
    with watched(REGION, LATER) as hub:
        hub.hear(speaker.consents(at(12)), other.consents(at(9)), speaker.consents(at(13)))

        assert rules(hub, at(9)) == RulesSeen(FIRST, at(9))
        assert rules(hub, at(12)) == RulesSeen(SECOND, at(12))
        assert rules(hub, at(14)) == RulesSeen(SECOND, at(13))


def test_a_stretch_grows_from_page_to_page() -> None:
    speaker = Speaker()
    with watched(REGION, LATER) as hub:
        hub.hear(speaker.consents(at(1)))
        assert rules(hub, at(9)) == RulesSeen(FIRST, at(1))
        hub.hear(speaker.consents(at(2)), speaker.withdraws(at(11), EMPLOYMENT))

        assert rules(hub, at(9)) == RulesSeen(FIRST, at(2))
        assert rules(hub, at(11)) == RulesSeen(SECOND, at(11))


def test_an_edited_file_begins_a_stretch_of_its_own() -> None:
    speaker = Speaker()
    edited = REGION._replace(digest=b"3" * 32)
    with watched() as hub:
        hub.hear(speaker.consents(at(1)))
        before = list(hub.engine.ledger())
        engine = MemoryEngine(Agreements((edited,)))
        engine.submit([speaker.consents(at(2))])
        hub.desk.catch_up(hub.engine)

        (after,) = engine.ledger()
        hub.desk.apply([after._replace(position=before[-1].position + 1)])

        assert hub.desk.rules_at(at(1)) == RulesSeen(FIRST, at(1))
        assert hub.desk.rules_at(at(2)) == RulesSeen(edited.digest, at(2))
