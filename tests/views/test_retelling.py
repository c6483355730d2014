"""A decision asked again as of any instant is the one of that instant, whatever came later."""

import pytest

from streams.domain.agreement import Agreement, Agreements
from streams.domain.answers import HandoffAccepted, ServiceCompleted
from streams.domain.codes import Basis, Branch, Category, Milestone, Purpose, RejectReason
from streams.domain.entry import Act, DisclosureMade, Granted, MissingBasis, Withheld
from streams.domain.ids import HandoffId, Instant
from streams.domain.legal_basis import Question
from streams.domain.referral import ReferralCancelled
from streams.views.decisions import (
    CategoryTold,
    DecisionTold,
    Link,
    explain_disclosure,
    is_checked,
)
from streams.views.retelling import Retelling, RulesGoneError
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    KELA,
    PERSON,
    REGION,
    SOTE,
    TYP,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

IDENTITY, CONTACT, NEEDS = DEFAULTS
OVERRIDING = statute((IDENTITY,), overrides=True)


def asked(
    hub: WatchedHub, when: Instant, handoff_id: HandoffId | None = None, rules: Agreement = REGION
) -> DecisionTold:
    told = why(hub, when, handoff_id or hub.handoff_id, rules)
    assert told is not None
    return told


def why(
    hub: WatchedHub, when: Instant, handoff_id: HandoffId, rules: Agreement
) -> DecisionTold | None:
    by_then = [stored for stored in hub.entries if stored.entry.recorded_at <= when]
    versions = Agreements((rules,))
    return explain_disclosure(
        by_then, handoff_id, when, rules, lambda _, moment: versions.in_force(moment)
    )


def permitted(told: DecisionTold) -> list[str]:
    return [each.category for each in told.categories if each.decision == "permit"]


def test_a_decision_is_asked_again_with_the_statements_of_its_day(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.refers(at(0)),
        speaker.consents(at(1), categories=(IDENTITY,), valid=(None, at(5))),
        speaker.consents(at(2), statement="S-2"),
        speaker.withdraws(at(3), statement="S-2"),
    )

    assert permitted(asked(hub, at(0))) == []
    assert permitted(asked(hub, at(1))) == ["identity"]
    assert permitted(asked(hub, at(2))) == ["identity", "contact", "service_needs"]
    assert permitted(asked(hub, at(3))) == ["identity"]
    assert permitted(asked(hub, at(5))) == []


def test_a_chain_names_the_statement_and_who_recorded_it(hub: WatchedHub) -> None:
    speaker = Speaker()
    # Kela calls another statement by the same id: not the one that lets this go.
    hub.hear(
        speaker.consents(at(0), source=KELA),
        speaker.consents(at(0, 1), categories=(IDENTITY,)),
        speaker.refers(at(1)),
    )

    identity, contact, _ = asked(hub, at(1)).categories

    assert identity == CategoryTold(
        "identity",
        "permit",
        "consent",
        None,
        (Link("permits", "statement", "S-1", "consent", EMPLOYMENT, None, None),),
        (),
    )
    assert (contact.decision, contact.reason, contact.chain) == ("deny", "no-basis", ())
    assert [missing.ask_for for missing in contact.missing] == [Basis.CONSENT]


def test_a_chain_names_the_law_whether_it_was_checked_and_what_it_overrode() -> None:
    speaker, rules = Speaker(), with_basis(OVERRIDING, statute((NEEDS,))._replace(verified=True))
    with watched(rules) as hub:
        hub.hear(speaker.prohibits(at(0), categories=(IDENTITY, CONTACT)), speaker.refers(at(1)))

        identity, contact, needs = asked(hub, at(1), rules=rules).categories

    assert identity.chain == (
        Link("permits", "law", None, "statute", None, "Act 1/2026 1 §", False),
        Link("overridden", "statement", "K-1", "prohibition", EMPLOYMENT, None, None),
    )
    assert contact.reason == "prohibited"
    assert contact.chain == (
        Link("holds", "statement", "K-1", "prohibition", EMPLOYMENT, None, None),
    )
    assert needs.chain == (Link("permits", "law", None, "statute", None, "Act 1/2026 1 §", True),)


def test_a_vital_interest_and_a_non_disclosure_order_are_links_too(hub: WatchedHub) -> None:
    speaker = Speaker(protected=True)
    hub.hear(speaker.refers(at(0), basis=Basis.VITAL))

    told = asked(hub, at(0))

    identity, contact, _ = told.categories
    assert identity.chain == (Link("permits", "vital", None, None, EMPLOYMENT, None, None),)
    assert (contact.reason, contact.chain) == (
        "non-disclosure-order",
        (Link("holds", "non-disclosure-order", None, None, None, None, None),),
    )
    assert (told.protected, told.question.vital) == (True, True)


def test_a_clienthood_counts_while_it_lasts() -> None:
    speaker, rules = Speaker(), with_basis(statute(DEFAULTS, kind=Basis.TYP_MEMBERSHIP))
    with watched(rules) as hub:
        hub.hear(
            speaker.refers(at(0)),
            speaker.reaches(at(1), Milestone.TYP_MEMBERSHIP_STARTED),
            speaker.reaches(at(2), Milestone.TYP_MEMBERSHIP_ENDED),
        )

        moments = [asked(hub, at(day), rules=rules) for day in (0, 1, 2)]

    assert [told.typ_member for told in moments] == [False, True, False]
    assert [len(permitted(told)) for told in moments] == [0, 3, 0]
    assert moments[1].categories[0].basis == "typ_membership"


def test_a_handoff_that_is_over_answers_still(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1), documents=(bytes(16),)))
    over = hub.handoff_id
    hub.hear(
        speaker.answers(HandoffAccepted, at(1), SOTE, over),
        speaker.answers(ServiceCompleted, at(2), SOTE, over),
        speaker.withdraws(at(3)),
    )

    then, now = asked(hub, at(2), over), asked(hub, at(3), over)

    assert (then.status, permitted(then)) == ("completed", ["identity", "contact", "service_needs"])
    assert permitted(now) == []
    assert now.question.purpose is Purpose.WORK_ABILITY
    assert now.question.documents == (bytes(16),)
    assert (now.service, now.to_branch) == ("work_ability_assessment", "health")


def test_the_branch_that_data_goes_to_is_told() -> None:
    services = tuple(rule._replace(branch=Branch.HEALTH) for rule in REGION.services)
    rules = REGION._replace(services=services)
    with watched(rules) as hub:
        hub.hear(Speaker().refers(at(0)))
        assert asked(hub, at(0), rules=rules).to_branch == "health"


def test_a_newer_version_asks_for_something_else_from_then_on(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.consents(at(0)),
        speaker.refers(at(1), message_id="r-1"),
        speaker.refers(at(2), message_id="r-1", version=2, categories=(IDENTITY,)),
    )

    assert [each.category for each in asked(hub, at(1)).categories] == [
        "identity",
        "contact",
        "service_needs",
    ]
    assert [each.category for each in asked(hub, at(2)).categories] == ["identity"]


def test_a_vital_claim_that_is_taken_back_ends_the_handoff_and_is_asked_again_without_it(
    hub: WatchedHub,
) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.refers(at(0), message_id="r-1", basis=Basis.VITAL),
        speaker.refers(at(1), message_id="r-1", version=2),
    )

    assert hub.handoff().status == "cancelled"
    assert permitted(asked(hub, at(0))) == ["identity", "contact", "service_needs"]
    assert permitted(asked(hub, at(1))) == []


def test_a_handoff_that_is_opened_and_over_in_one_entry_answers_too(hub: WatchedHub) -> None:
    speaker = Speaker()
    early = speaker.answers(ReferralCancelled, at(0), EMPLOYMENT, referral_id="r-1")
    hub.hear(early, speaker.refers(at(0, 1), message_id="r-1", basis=Basis.VITAL))

    told = asked(hub, at(0, 1))

    assert (told.status, len(permitted(told))) == ("cancelled", 3)


def test_a_referral_that_was_passed_on_asks_the_same_of_another_agency() -> None:
    rules = with_basis(statute(DEFAULTS, to_sector="kela"), statute(DEFAULTS))
    speaker = Speaker()
    with watched(rules) as hub:
        hub.hear(speaker.refers(at(0), recipient=KELA, categories=(NEEDS,)))
        first = hub.handoff_id
        hub.hear(speaker.rejects(at(1), KELA, first, RejectReason.MISDIRECTED))

        told = asked(hub, at(1), rules=rules)

    assert (told.handoff_id != first, told.case_id) == (True, first)
    assert (told.question.recipient, told.question.categories) == (SOTE, (NEEDS,))
    assert permitted(told) == ["service_needs"]


def test_what_the_ledger_decided_is_told_beside_it(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(
        speaker.consents(at(0), categories=(IDENTITY, CONTACT)),
        speaker.refers(at(0, 1)),
        speaker.consents(at(1), categories=(IDENTITY,)),
    )

    told = asked(hub, at(2))

    assert [(d.recorded_at, d.to) for d in told.decided] == [(at(0, 1), SOTE), (at(1), SOTE)]
    assert [[g.category for g in d.granted] for d in told.decided] == [
        [IDENTITY, CONTACT],
        [IDENTITY],
    ]
    assert [[h.category for h in d.withheld] for d in told.decided] == [[NEEDS], [CONTACT]]
    assert told.decided[0].withheld == (
        Withheld(
            NEEDS,
            "no-basis",
            "",
            (
                MissingBasis(
                    NEEDS,
                    Basis.CONSENT,
                    EMPLOYMENT,
                    SOTE,
                    Purpose.WORK_ABILITY,
                    Act.GIVE,
                    "",
                ),
            ),
        ),
    )


def test_another_handoff_is_no_part_of_it(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    first = hub.handoff_id
    hub.hear(speaker.refers(at(1), recipient=KELA))

    assert [d.recorded_at for d in asked(hub, at(2), first).decided] == [at(0, 1)]


def test_before_it_was_opened_there_was_nothing_to_ask(hub: WatchedHub) -> None:
    hub.hear(Speaker().refers(at(1)))
    assert why(hub, at(0), hub.handoff_id, REGION) is None
    assert why(hub, at(2), HandoffId("h-nobody"), REGION) is None


def test_the_coordinator_is_asked_of_by_name(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0), recipient=None))
    for number in range(3):
        hub.hear(speaker.refers(at(number, 1)))
        hub.hear(speaker.rejects(at(number, 2), SOTE, hub.handoff_id))
    retelling = Retelling(PERSON, lambda _, moment: hub.agreements.in_force(moment))
    for stored in hub.entries:
        retelling.take(stored.entry)
    convened = hub.entries[-1].entry
    made = next(fact for fact in convened.facts if isinstance(fact, DisclosureMade))

    question = retelling.question(made.handoff_id, convened.recorded_at, REGION, TYP)

    assert (made.to, question.recipient) == (TYP, TYP)
    assert retelling.decide(question, REGION).granted == made.basis


def test_without_its_agreement_an_entry_cannot_be_decided_again(hub: WatchedHub) -> None:
    hub.hear(Speaker().refers(at(0)))
    retelling = Retelling(PERSON, lambda _digest, _at: None)

    with pytest.raises(RulesGoneError) as gone:
        retelling.take(hub.entries[0].entry)

    assert gone.value.digest == REGION.digest


@pytest.mark.parametrize(
    ("law_ref", "category", "basis", "checked"),
    [
        ("Act 1/2026 1 §", IDENTITY, Basis.STATUTE, False),
        ("Act 1/2026 1 §", CONTACT, Basis.STATUTE, None),
        ("Act 2/2026 1 §", IDENTITY, Basis.STATUTE, None),
        ("Act 1/2026 1 §", IDENTITY, Basis.TYP_MEMBERSHIP, None),
        ("S-1", IDENTITY, Basis.CONSENT, None),
    ],
)
def test_a_law_was_checked_or_not_where_the_agreement_names_it(
    law_ref: str, category: Category, basis: Basis, checked: bool | None
) -> None:
    rules = with_basis(OVERRIDING)
    question = Question(EMPLOYMENT, SOTE, Purpose.WORK_ABILITY, DEFAULTS, at(0), vital=False)
    elsewhere = question._replace(recipient=KELA)

    granted = Granted(category, basis, law_ref, None)

    assert is_checked(granted, question, rules) is checked
    assert is_checked(granted, elsewhere, rules) is None
