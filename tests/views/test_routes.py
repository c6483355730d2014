"""Why a handoff went to its recipient can be told, and says nothing of a guarded home."""

from streams.domain.agreement import Agreement, RecipientRule
from streams.domain.codes import RejectReason, Service
from streams.domain.ids import HandoffId
from streams.views.routes import RouteTold, explain_route
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    IMATRA,
    KELA,
    LAPPEENRANTA,
    REGION,
    SOTE,
    TYP,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

COACHING = Service.JOB_COACHING


def why(hub: WatchedHub, handoff_id: HandoffId | None = None) -> RouteTold:
    told = explain_route(hub.entries, handoff_id or hub.handoff_id, hub.agreements)
    assert told is not None
    return told


def outcomes(told: RouteTold) -> dict[str, str]:
    return {candidate.agency: candidate.outcome for candidate in told.candidates}


def test_a_named_recipient_was_the_source_s_choice(hub: WatchedHub) -> None:
    hub.hear(Speaker().refers(at(0), recipient=SOTE))

    told = why(hub)

    assert (told.rule, told.recipient, told.municipality) == (
        "named-by-the-source",
        SOTE,
        LAPPEENRANTA,
    )
    assert outcomes(told) == {SOTE: "chosen"}
    assert told.agreement_digest == REGION.digest.hex()


def test_an_open_referral_goes_to_the_competent_agency_of_the_home(hub: WatchedHub) -> None:
    hub.hear(Speaker().refers(at(0), source=SOTE, recipient=None, service_code=COACHING))

    told = why(hub)

    assert (told.rule, told.recipient) == ("competent-employment", EMPLOYMENT)
    assert (told.competent_sector, told.decided_at) == ("employment", at(0))
    assert outcomes(told) == {EMPLOYMENT: "chosen", IMATRA: "serves-elsewhere"}


def test_the_source_is_never_its_own_recipient(hub: WatchedHub) -> None:
    speaker = Speaker(municipality="153")
    hub.hear(speaker.refers(at(0), source=EMPLOYMENT, recipient=None, service_code=COACHING))

    assert outcomes(why(hub)) == {EMPLOYMENT: "is-the-source", IMATRA: "chosen"}


def test_a_guarded_home_is_not_said_and_not_to_be_read_off(hub: WatchedHub) -> None:
    speaker = Speaker(protected=True)
    hub.hear(speaker.refers(at(0), source=SOTE, recipient=None, service_code=COACHING))

    told = why(hub)

    assert (told.municipality, told.municipality_withheld) == (None, "non-disclosure-order")
    assert outcomes(told) == {EMPLOYMENT: "chosen", IMATRA: "not-said"}


def test_an_exception_of_the_service_comes_before_the_competent_sector() -> None:
    exceptions = (
        RecipientRule(KELA, ("kela",), ()),
        RecipientRule(IMATRA, (), ("153",)),
        RecipientRule(TYP, (), ()),
    )
    with watched(with_exceptions(exceptions)) as hub:
        hub.hear(Speaker().refers(at(0), source=SOTE, recipient=None, service_code=COACHING))

        told = why(hub)

    assert (told.rule, told.recipient) == ("recipient-of-job_coaching", TYP)
    assert told.why.startswith("the agreement names this agency")
    assert outcomes(told) == {
        KELA: "for-other-sources",
        IMATRA: "serves-elsewhere",
        TYP: "chosen",
        EMPLOYMENT: "serves-too",
    }


def test_who_rejected_before_was_passed_over() -> None:
    agreement = with_basis(statute(DEFAULTS, to_sector="kela"), statute(DEFAULTS))
    agreement = agreement._replace(
        services=tuple(
            rule._replace(recipients=(RecipientRule(KELA, (), ()),)) for rule in agreement.services
        )
    )
    speaker = Speaker()
    with watched(agreement) as hub:
        hub.hear(speaker.refers(at(0), recipient=None))
        first = hub.handoff_id
        hub.hear(speaker.rejects(at(1), KELA, first, RejectReason.MISDIRECTED))

        told = why(hub)

    assert (told.handoff_id != first, told.case_id) == (True, first)
    assert outcomes(told) == {KELA: "rejected-before", SOTE: "chosen"}


def test_a_stalled_person_goes_to_the_coordinator(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)))
    for number in range(3):
        hub.hear(speaker.refers(at(number, 1)))
        hub.hear(speaker.rejects(at(number, 2), SOTE, hub.handoff_id))
    hub.hear(speaker.refers(at(4), recipient=None))

    told = why(hub)

    assert (told.rule, told.recipient) == ("stalled", TYP)
    assert outcomes(told) == {TYP: "chosen"}


def test_a_handoff_that_no_entry_opened_cannot_be_explained(hub: WatchedHub) -> None:
    assert explain_route(hub.entries, HandoffId("h-nobody"), hub.agreements) is None


def with_exceptions(exceptions: tuple[RecipientRule, ...]) -> Agreement:
    services = tuple(rule._replace(recipients=exceptions) for rule in REGION.services)
    return REGION._replace(services=services)
