"""What the simulated systems write is read by the hub's connectors, saying by saying."""

from datetime import date
from pathlib import Path
from random import Random

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.connectors import connector_of
from streams.bootstrap.hub import Hub
from streams.bootstrap.story import desk, town
from streams.bootstrap.story.agency import SimulatedAgency
from streams.bootstrap.story.employment_system import EmploymentSystem
from streams.bootstrap.story.kela_system import KelaSystem
from streams.bootstrap.story.persons import cast
from streams.bootstrap.story.plot import USUAL, refer
from streams.bootstrap.story.sayings import (
    ANSWERS,
    Answer,
    ConfirmRecall,
    Consent,
    HandoffName,
    NameWorker,
    Reach,
    Refer,
    Saying,
    Spoken,
    System,
    WithdrawConsent,
)
from streams.bootstrap.story.sote_system import SoteSystem
from streams.bootstrap.story.stage import Stage
from streams.domain.calendar import DAY_US, HOUR_US, midnight
from streams.domain.codes import Milestone, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId, Instant, NoticeId
from streams.domain.statements import ConsentGiven
from streams.promises.connector import Reading
from streams.promises.transport import Parcel

MONDAY = Instant(midnight(date(2026, 3, 2).toordinal()) + 12 * HOUR_US)
AGREEMENT = load_agreements().in_force(MONDAY)
AGENCIES = AGREEMENT.agencies
SYSTEMS: dict[AgencyId, System] = {
    town.SOTE: SoteSystem(AGENCIES),
    town.EMPLOYMENT: EmploymentSystem(AGENCIES),
    town.KELA: KelaSystem(AGENCIES),
    town.TYP: EmploymentSystem(AGENCIES, typ=True),
}
AINO, OTHER, GUARDED = cast(Random(3), 4)[1:]
BY_HUB, BY_SOURCE = HandoffName("h-01J0000000000000000000SAMP", None), HandoffName(None, "TE-1")
YEAR = (date(2026, 3, 1), date(2027, 2, 28))
SAYINGS: list[tuple[Saying, str]] = [
    (Refer(Service.JOB_COACHING, None, "Syy < & ä"), "ReferralSubmitted"),
    (Refer(Service.JOB_COACHING, AgencyId("employment.imatra"), "Syy", USUAL), "ReferralSubmitted"),
    (Answer(BY_HUB, "rejected", RejectReason.MISDIRECTED), "HandoffRejected"),
    (Answer(BY_SOURCE, "rejected", RejectReason.OTHER, "Ei."), "HandoffRejected"),
    (Answer(BY_HUB, "completed", words="Valmis."), "ServiceCompleted"),
    (NameWorker(BY_HUB, "Saara Saattaja", "ohjaaja", "Keskusta"), "WorkerNamed"),
    (ConfirmRecall(BY_HUB), "RecallAcknowledged"),
    (Consent("S-1", town.SOTE, (), Purpose.EMPLOYMENT, USUAL, YEAR[0], None), "ConsentGiven"),
    (Consent("S-1", town.SOTE, (town.KELA,), Purpose.EMPLOYMENT, USUAL, *YEAR), "ConsentGiven"),
    (WithdrawConsent("S-1"), "ConsentWithdrawn"),
    (Reach(Milestone.PLAN_MADE), "MilestoneReached"),
    (Reach(Milestone.UNEMPLOYMENT_BENEFIT_DAYS, 62), "MilestoneReached"),
]
EVENT_OF_ANSWER = {
    "received": "HandoffReceived",
    "accepted": "HandoffAccepted",
    "rejected": "HandoffRejected",
    "info-needed": "InformationRequested",
    "info-provided": "InformationProvided",
    "in-progress": "ServiceStarted",
    "on-hold": "ServicePaused",
    "completed": "ServiceCompleted",
    "failed": "ServiceFailed",
}


def read(agency: AgencyId, *sayings: Saying) -> list[Reading]:
    """Let an agency write sayings as one file, and its connector read them."""
    spoken = [Spoken(f"M-{n}", AINO, MONDAY, saying) for n, saying in enumerate(sayings)]
    connector = connector_of(AGENCIES[agency].sector)
    file = SYSTEMS[agency].write(AGENCIES[agency], spoken)
    found = [connector.read(m, agency, AGREEMENT, MONDAY) for m in connector.split(file)]
    assert all(isinstance(each, Reading) for each in found), found
    return [each for each in found if isinstance(each, Reading)]


@pytest.mark.parametrize("agency", SYSTEMS)
@pytest.mark.parametrize(("saying", "event"), SAYINGS)
def test_every_saying_is_the_event_that_it_means(
    agency: AgencyId, saying: Saying, event: str
) -> None:
    (reading,) = read(agency, saying)
    assert type(reading.event).__name__ == event
    assert reading.hetu == AINO.hetu
    assert reading.event.envelope.municipality == AINO.municipality
    assert reading.event.envelope.occurred_at == MONDAY


@pytest.mark.parametrize("agency", SYSTEMS)
def test_every_answer_is_the_event_that_it_means(agency: AgencyId) -> None:
    answers = [
        Answer(BY_HUB, status, RejectReason.OTHER if "rej" in status else None)
        for status in ANSWERS
    ]
    events = [type(reading.event).__name__ for reading in read(agency, *answers)]
    assert events == [EVENT_OF_ANSWER[status] for status in ANSWERS]


@pytest.mark.parametrize("agency", SYSTEMS)
def test_a_consent_reaches_as_far_as_it_says(agency: AgencyId) -> None:
    said = Consent("S-1", town.SOTE, (town.KELA,), Purpose.EMPLOYMENT, USUAL, *YEAR)
    (reading,) = read(agency, said)
    event = reading.event
    assert isinstance(event, ConsentGiven)
    assert (event.sources, event.recipients) == ((town.SOTE,), (town.KELA,))
    assert set(event.categories) == set(USUAL)
    assert event.purposes == (Purpose.EMPLOYMENT,)
    assert event.valid_to == midnight(date(2027, 3, 1).toordinal())


@pytest.mark.parametrize("agency", SYSTEMS)
def test_a_non_disclosure_order_is_said_in_every_format(agency: AgencyId) -> None:
    said = refer(Service.JOB_COACHING, None)
    spoken = [Spoken("M-1", AINO._replace(protected=True), MONDAY, said)]
    connector = connector_of(AGENCIES[agency].sector)
    (message,) = connector.split(SYSTEMS[agency].write(AGENCIES[agency], spoken))
    reading = connector.read(message, agency, AGREEMENT, MONDAY)
    assert isinstance(reading, Reading)
    assert reading.event.envelope.protected


ASKED_BY = {
    town.SOTE: Refer(Service.JOB_COACHING, town.EMPLOYMENT, "Syy"),
    town.EMPLOYMENT: Refer(Service.WORK_ABILITY_COORDINATION, town.SOTE, "Syy"),
    town.KELA: Refer(Service.EMPLOYMENT_SERVICES, town.EMPLOYMENT, "Syy"),
    town.TYP: Refer(Service.JOB_COACHING, town.EMPLOYMENT, "Syy"),
}


@pytest.mark.parametrize("source", SYSTEMS)
async def test_a_source_reads_what_is_missing_and_asks_for_just_that(
    source: AgencyId, tmp_path: Path
) -> None:
    # Given a referral without a legal basis
    with Hub(tmp_path / "hub", durable=False) as hub:
        stage = Stage(hub, Random(1), MONDAY)
        stage.persons = {AINO.hetu: AINO}
        settled = town.settle(stage, AGREEMENT)
        agency = next(each for each in settled if each.me.agency_id == source)
        recipient = next(each for each in settled if each.me.agency_id == ASKED_BY[source].to)
        agency.expect(AINO, "status", desk.ask_for_consent(after=1, statement_id="S-1"))
        stage.plan(MONDAY, lambda: _refer(agency, ASKED_BY[source]))
        # When its source reads the hub's notice, asks the person, and says what they consent to
        await stage.play(Instant(MONDAY + 12 * DAY_US))
        stage.close()
        # Then the handoff was released by exactly that consent, and somebody walks with the person.
        events = [stored.entry.event for stored in hub.engine.ledger()]
    (given_,) = [event for event in events if isinstance(event, ConsentGiven)]
    assert given_.recipients == (recipient.me.agency_id,)
    assert set(given_.categories) == set(USUAL)
    assert recipient.heard["referral"] == 1
    assert agency.heard["information"] == 1
    assert any(type(event).__name__ == "ServiceStarted" for event in events)


async def test_a_notice_that_asks_for_nothing_makes_nobody_ask(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub", durable=False) as hub:
        stage = Stage(hub, Random(1), MONDAY)
        stage.persons = {AINO.hetu: AINO}
        settled = town.settle(stage, AGREEMENT)
        asked = desk.ask_for_consent(after=1, statement_id="S-1")
        settled.employment.expect(AINO, "status", asked)
        referral = refer(Service.SERVICE_NEED_ASSESSMENT, None)
        stage.plan(MONDAY, lambda: _refer(settled.employment, referral))
        await stage.play(Instant(MONDAY + 2 * DAY_US))
        stage.close()
        events = [stored.entry.event for stored in hub.engine.ledger()]
    assert not any(isinstance(event, ConsentGiven) for event in events)


async def test_a_simulated_agency_that_cannot_read_a_notice_stops_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def illegible(_system: SoteSystem, _body: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(SoteSystem, "read", illegible)
    with Hub(tmp_path / "hub", durable=False) as hub:
        stage = Stage(hub, Random(1), MONDAY)
        stage.persons = {AINO.hetu: AINO}
        settled = town.settle(stage, AGREEMENT)
        referral = refer(Service.SERVICE_NEED_ASSESSMENT, None)
        stage.plan(MONDAY, lambda: _refer(settled.employment, referral))
        with pytest.raises(ZeroDivisionError):
            await stage.play(Instant(MONDAY + DAY_US))
        stage.close()


def test_a_batch_without_a_message_is_no_notice_to_kela() -> None:
    with pytest.raises(ValueError, match="without a viesti"):
        SYSTEMS[town.KELA].read(b'<era xmlns="urn:fi:kela:yhteistyo:1"/>')


async def test_a_notice_of_nobody_and_a_repeated_one_are_passed_over(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub", durable=False) as hub:
        stage = Stage(hub, Random(1), MONDAY)
        settled = town.settle(stage, AGREEMENT)
        notice = b'{"tapahtumaTyyppi":"TIEDOTE","vastaus":{"kasittelytunnus":"h-1"}}'
        parcel = Parcel(NoticeId("n-1"), town.TYP, notice, "application/json", ".json")
        for _ in range(2):
            await settled.typ.transport.hand_over(parcel)
        stage.close()
    assert settled.typ.heard == {"status": 1}


def _refer(agency: SimulatedAgency, referral: Refer) -> None:
    agency.say(AINO, referral)
