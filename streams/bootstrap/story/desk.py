"""What agencies do with notices: take a person on, say no, ask back, confirm, ask for a consent."""

from datetime import date, timedelta

from streams.bootstrap.story.agency import Reaction, SimulatedAgency
from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.sayings import (
    Answer,
    ConfirmRecall,
    Consent,
    HandoffName,
    Heard,
    NameWorker,
    Saying,
)
from streams.domain.calendar import local_day
from streams.domain.codes import RejectReason
from streams.domain.ids import Instant

WORKER = ("Kielomaaria Saattaja", "palveluohjaaja", "Keskusta")
WORDS = {
    "info-needed": "Tarvitsemme lääkärin B-lausunnon ennen päätöstä.",
    "info-provided": "Lausunto liitetty, asiakas on jo käynyt vastaanotolla.",
    "on-hold": "Keskeytetty leikkauksen ja toipumisen ajaksi.",
    "completed": "Kuntoutussuunnitelma valmis, työkokeilu alkaa toukokuussa.",
    "rejected": "Ei voida ottaa vastaan tässä tilanteessa.",
}
"""Free text of the agencies: sealed on its way, and in no report."""


class Steps:
    """Answers to one handoff, one after the other, each so many working days after the last."""

    def __init__(self, agency: SimulatedAgency, person: Person, handoff: HandoffName) -> None:
        """Begin now."""
        self._agency = agency
        self._person = person
        self._handoff = handoff
        self._at: Instant = agency.stage.now

    def answer(self, working_days: int, status: str, reason: RejectReason | None = None) -> None:
        """Plan an answer."""
        words = WORDS.get(status, "")
        self.then(working_days, Answer(self._handoff, status, reason, words))

    def name_worker(self) -> None:
        """Plan to say who walks with the person, on the same day."""
        self.then(0, NameWorker(self._handoff, *WORKER))

    def then(self, working_days: int, saying: Saying) -> None:
        """Plan anything else."""
        stage = self._agency.stage
        self._at = stage.office_time(self._at, working_days)
        stage.plan(self._at, lambda: _say(self._agency, self._person, saying))


def take_on(
    *,
    accept_after: int,
    start_after: int = 4,
    serve_for: int | None = None,
    ask_first: bool = False,
    pause: bool = False,
) -> Reaction:
    """Take a person on: accept, name who walks with them, start, and where it ends, complete.

    All times are working days; `serve_for` None serves on.
    """

    def react(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
        steps = Steps(agency, person, _known_to_the_hub(heard))
        if ask_first:
            steps.answer(1, "info-needed")
        steps.answer(accept_after, "accepted")
        steps.name_worker()
        steps.answer(start_after, "in-progress")
        if pause:
            steps.answer(3, "on-hold")
            steps.answer(5, "in-progress")
        if serve_for is not None:
            steps.answer(serve_for, "completed")

    return react


def reject(reason: RejectReason, *, after: int) -> Reaction:
    """Say no, so many working days later, and why."""

    def react(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
        Steps(agency, person, _known_to_the_hub(heard)).answer(after, "rejected", reason)

    return react


def serve_at_once(*, start_after: int, serve_for: int) -> Reaction:
    """Serve somebody who was accepted before their referral came."""

    def react(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
        steps = Steps(agency, person, _known_to_the_hub(heard))
        steps.answer(start_after, "in-progress")
        steps.answer(serve_for, "completed")

    return react


def keep_quiet(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
    """Have the notice, and say nothing more yet than that."""
    Steps(agency, person, _known_to_the_hub(heard)).answer(0, "received")


def confirm_recall(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
    """Take the data out of use by the next working day, and say so."""
    Steps(agency, person, heard.handoff).then(1, ConfirmRecall(_known_to_the_hub(heard)))


def provide_information(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
    """Answer, as the source, what the recipient asked."""
    Steps(agency, person, heard.handoff).answer(1, "info-provided")


def ask_for_consent(*, after: int, statement_id: str) -> Reaction:
    """Ask the person for exactly what the hub says is missing; they agree so many days later."""

    def react(agency: SimulatedAgency, person: Person, heard: Heard) -> None:
        asked = heard.asked
        if asked is None:
            return
        consent = Consent(
            statement_id,
            agency.me.agency_id,
            (asked.recipient,),
            asked.purpose,
            asked.categories,
            begins=today(agency.stage.now),
            ends=today(agency.stage.now) + timedelta(days=365),
        )
        Steps(agency, person, heard.handoff).then(after, consent)

    return react


def today(at: Instant) -> date:
    """Give the local date of a moment."""
    return date.fromordinal(local_day(at))


def _say(agency: SimulatedAgency, person: Person, saying: Saying) -> None:
    agency.say(person, saying)


def _known_to_the_hub(heard: Heard) -> HandoffName:
    return HandoffName(heard.handoff.handoff_id, None)
