"""What a person has said of their data, as of any instant, and what has become of it."""

import pytest

from streams.domain.codes import Branch, Category
from streams.domain.ids import Instant
from streams.domain.statements import ConsentGiven, GivenBy, StatementKind
from streams.views.statements import StatementSeen, statements
from tests.domain.region import DEFAULTS, EMPLOYMENT, KELA, SOTE, at
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub

LATER = at(30)


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def seen(hub: WatchedHub, when: Instant = LATER) -> list[StatementSeen]:
    told = [stored for stored in hub.entries if stored.entry.recorded_at <= when]
    return statements(told, when)


def states(hub: WatchedHub, when: Instant = LATER) -> list[str]:
    return [each.state for each in seen(hub, when)]


def test_a_consent_says_all_that_was_said(hub: WatchedHub, speaker: Speaker) -> None:
    consent = speaker.consents(at(0), valid=(at(0), at(20)))
    consent = consent._replace(given_by=GivenBy.GUARDIAN, evidence_digest=bytes(31) + b"\x01")
    hub.hear(consent)

    (told,) = seen(hub, at(1))

    assert told == StatementSeen(
        statement_id="S-1",
        kind="consent",
        state="active",
        given_by="guardian",
        recorder=EMPLOYMENT,
        sources=(EMPLOYMENT,),
        recipients=(SOTE,),
        purposes=("work_ability",),
        categories=tuple(category.value for category in DEFAULTS),
        to_branch=None,
        documents=0,
        service_tasks=(),
        valid_from=at(0),
        valid_to=at(20),
        occurred_at=at(0),
        recorded_at=at(0),
        ended_at=None,
        ended_by=None,
        evidence_digest="00" * 31 + "01",
        event_id=consent.envelope.event_id,
        entry_id=hub.entries[0].entry.entry_id,
    )


def test_a_permit_says_which_way_it_goes(hub: WatchedHub, speaker: Speaker) -> None:
    permit = speaker.consents(
        at(0), source=SOTE, kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL
    )
    hub.hear(permit)

    (told,) = seen(hub)

    assert (told.kind, told.to_branch, told.recorder) == ("permit", "social", SOTE)


def permit(speaker: Speaker, name: str, hour: int, *, is_sole: bool) -> ConsentGiven:
    """Let sote's health data go to social care, at an hour; known to the hub at its end."""
    given = speaker.consents(
        at(0, hour), SOTE, statement=name, kind=StatementKind.PERMIT, to_branch=Branch.SOCIAL
    )
    known = given.envelope._replace(recorded_at=at(0, 23))
    return given._replace(envelope=known, is_sole=is_sole)


def test_a_sole_permit_supersedes_the_others_of_its_direction(
    hub: WatchedHub, speaker: Speaker
) -> None:
    sole = permit(speaker, "B", 1, is_sole=True)
    hub.hear(permit(speaker, "A", 0, is_sole=False), sole, permit(speaker, "C", 2, is_sole=False))

    told = seen(hub)

    assert [(each.statement_id, each.state) for each in told] == [
        ("A", "superseded"),
        ("B", "active"),
        ("C", "active"),
    ]
    assert (told[0].ended_by, told[0].ended_at) == (sole.envelope.event_id, at(0, 23))


def test_what_comes_after_a_sole_permit_that_was_given_since_never_begins(
    hub: WatchedHub, speaker: Speaker
) -> None:
    sole = permit(speaker, "B", 2, is_sole=True)
    consent = speaker.consents(at(0, 0), SOTE, statement="A")
    hub.hear(consent, sole, permit(speaker, "A", 1, is_sole=False))
    hub.hear(speaker.withdraws(at(1), SOTE, statement="A"))  # refused: it has ended

    told = {(each.statement_id, each.kind): each for each in seen(hub)}

    assert {name: each.state for name, each in told.items()} == {
        ("A", "consent"): "superseded",
        ("A", "permit"): "superseded",
        ("B", "permit"): "active",
    }
    assert told["A", "permit"].ended_by == sole.envelope.event_id

    mistaken = speaker.withdraws(at(2), SOTE, statement="A", in_error=True)
    hub.hear(mistaken)

    told = {(each.statement_id, each.kind): each for each in seen(hub)}
    assert told["A", "permit"].state == "entered_in_error"
    assert told["A", "permit"].ended_by == mistaken.envelope.event_id


def test_a_permit_that_was_replaced_is_in_force_when_it_is_given_again(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(permit(speaker, "A", 0, is_sole=True), permit(speaker, "B", 1, is_sole=True))
    hub.hear(permit(speaker, "A", 2, is_sole=True))

    assert [(each.statement_id, each.state) for each in seen(hub)] == [
        ("A", "superseded"),
        ("A", "active"),
        ("B", "superseded"),
    ]


def test_a_prohibition_says_what_it_is_about_and_no_document(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(speaker.prohibits(at(0), documents=(bytes(16), bytes(16)), service_tasks=("T-7",)))

    (told,) = seen(hub)

    assert (told.kind, told.documents, told.service_tasks) == ("prohibition", 2, ("T-7",))
    assert (told.recipients, told.purposes, told.categories) == ((), (), ())


def test_validity_is_judged_at_the_instant(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0), valid=(at(2), at(5))))

    assert states(hub, Instant(at(0) - 1)) == []
    assert states(hub, at(0)) == ["not_yet"]
    assert states(hub, Instant(at(2) - 1)) == ["not_yet"]
    assert states(hub, at(2)) == ["active"]
    assert states(hub, Instant(at(5) - 1)) == ["active"]
    assert states(hub, at(5)) == ["expired"]


def test_a_newer_version_takes_the_place_of_the_one_before(
    hub: WatchedHub, speaker: Speaker
) -> None:
    newer = speaker.consents(at(2), categories=(Category.IDENTITY,))
    hub.hear(speaker.consents(at(0)), newer)

    assert states(hub, at(1)) == ["active"]
    before, after = seen(hub)
    assert (before.state, before.ended_at, before.ended_by) == (
        "superseded",
        at(2),
        newer.envelope.event_id,
    )
    assert (after.state, after.categories) == ("active", ("identity",))


def test_statements_of_two_recorders_by_one_id_are_two(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0)), speaker.consents(at(1), source=KELA))

    assert states(hub) == ["active", "active"]


def test_a_withdrawal_ends_a_statement_and_says_when(hub: WatchedHub, speaker: Speaker) -> None:
    withdrawal = speaker.withdraws(at(3))
    hub.hear(speaker.consents(at(0)), withdrawal)

    assert states(hub, Instant(at(3) - 1)) == ["active"]
    (told,) = seen(hub)
    assert (told.state, told.ended_at, told.ended_by) == (
        "withdrawn",
        at(3),
        withdrawal.envelope.event_id,
    )


def test_a_statement_that_never_was_given_is_in_error(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(
        speaker.consents(at(0)),
        speaker.prohibits(at(0, 1)),
        speaker.withdraws(at(1), in_error=True),
        speaker.lifts(at(1, 1), in_error=True),
    )

    assert states(hub) == ["entered_in_error", "entered_in_error"]


def test_what_is_given_again_is_in_force_again(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0)), speaker.withdraws(at(1)), speaker.consents(at(2)))

    assert states(hub) == ["withdrawn", "active"]


def test_a_statement_that_comes_after_its_withdrawal_is_withdrawn(
    hub: WatchedHub, speaker: Speaker
) -> None:
    withdrawal, late = speaker.withdraws(at(3)), speaker.consents(at(1))
    late = late._replace(envelope=late.envelope._replace(recorded_at=at(4)))
    hub.hear(withdrawal, late)

    (told,) = seen(hub)

    assert (told.state, told.recorded_at, told.ended_at) == ("withdrawn", at(4), at(3))
    assert told.ended_by == withdrawal.envelope.event_id


def test_an_older_version_that_comes_late_changes_nothing(
    hub: WatchedHub, speaker: Speaker
) -> None:
    newer, late = speaker.consents(at(3)), speaker.consents(at(1))
    late = late._replace(envelope=late.envelope._replace(recorded_at=at(4)))
    hub.hear(newer, late, speaker.withdraws(at(2)))

    assert [(each.state, each.ended_by) for each in seen(hub)] == [
        ("active", None),
        ("superseded", newer.envelope.event_id),
    ]


def test_a_refused_withdrawal_ends_nothing(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.prohibits(at(0), statement="S-1"), speaker.withdraws(at(1)))

    assert states(hub) == ["active"]


def test_a_withdrawn_statement_may_turn_out_never_to_have_been_given(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(
        speaker.consents(at(0)), speaker.withdraws(at(1)), speaker.withdraws(at(2), in_error=True)
    )

    assert states(hub, at(1)) == ["withdrawn"]
    (told,) = seen(hub)
    assert (told.state, told.ended_at) == ("entered_in_error", at(2))


def test_a_second_withdrawal_changes_nothing(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0)), speaker.withdraws(at(1)), speaker.withdraws(at(2)))

    (told,) = seen(hub)

    assert (told.state, told.ended_at) == ("withdrawn", at(1))


def test_the_second_of_two_withdrawals_holds_back_what_was_said_before_it(
    hub: WatchedHub, speaker: Speaker
) -> None:
    late = speaker.consents(at(2))
    late = late._replace(envelope=late.envelope._replace(recorded_at=at(5)))
    hub.hear(
        speaker.consents(at(0)),
        speaker.withdraws(at(1)),
        speaker.withdraws(at(3)),
        late,
        speaker.withdraws(at(6), in_error=True),
    )

    assert states(hub, at(5)) == ["withdrawn", "withdrawn"]
    assert states(hub, at(6)) == ["entered_in_error", "entered_in_error"]


def test_an_end_says_nothing_of_the_other_kind_under_its_id(
    hub: WatchedHub, speaker: Speaker
) -> None:
    hub.hear(
        speaker.consents(at(0)),
        speaker.withdraws(at(1)),
        speaker.prohibits(at(0, 1), statement="S-1"),
        speaker.lifts(at(3), statement="S-1"),
    )

    assert states(hub, at(2)) == ["withdrawn", "active"]
    assert states(hub) == ["withdrawn", "withdrawn"]
    assert [each.ended_at for each in seen(hub)] == [at(1), at(3)]


def test_what_an_agency_may_not_record_was_never_said(hub: WatchedHub, speaker: Speaker) -> None:
    hub.hear(speaker.consents(at(0), kind=StatementKind.PERMIT))

    assert seen(hub) == []
