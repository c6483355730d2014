"""The plot: what happens to the persons whom the story is about. The seed picks who and the minute.

A scene says who sends what on which working day, and how the others will react; everything else
follows from the hub's notices.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from streams.bootstrap.story import desk
from streams.bootstrap.story.agency import Reaction, SimulatedAgency
from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.sayings import Answer, Consent, HandoffName, Heard, Reach, Refer
from streams.bootstrap.story.sayings import WithdrawConsent as Withdraw
from streams.bootstrap.story.stage import MINUTE_US, Stage
from streams.bootstrap.story.town import KELA, SOTE, TYP, Town
from streams.domain.calendar import HOUR_US
from streams.domain.codes import Category, Milestone, Purpose, RejectReason, Service
from streams.domain.ids import AgencyId, Instant
from streams.promises.transport import TryLater

USUAL = (Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS)
WITH_HEALTH = (*USUAL, Category.HEALTH_FUNCTIONAL_ABILITY)
REASONS = {
    Service.WORK_ABILITY_ASSESSMENT: "Työkyky alentunut: selkäkipuja ja pitkittynyt unettomuus.",
    Service.WORK_ABILITY_COORDINATION: "Toivoo työkykykoordinaattorin tukea palveluihin.",
    Service.VOCATIONAL_REHABILITATION: "Ammatinvaihto harkinnassa, entinen työ liian raskasta.",
    Service.EMPLOYMENT_SERVICES: "Haluaa työelämään, kielitaidon karttuminen tarvitsee tukea.",
    Service.SERVICE_NEED_ASSESSMENT: "Asuminen ja arki epävarmaa, tarvitsee kokonaisarvion.",
    Service.JOB_COACHING: "Työhönvalmentaja auttaisi ensimmäisten viikkojen yli.",
    Service.MULTI_SECTOR_SUPPORT: "Useamman viranomaisen yhteinen suunnitelma olisi paikallaan.",
}
"""Why a person is referred, in the agencies' own words: free text, sealed on its way."""
ON_THE_PHONE = "Sovittu puhelimessa, asiakas tulee maanantaina."
OUTAGE_US = 15 * MINUTE_US
EARLY_US = 3 * HOUR_US


class Scene(NamedTuple):
    """One thread of the story: its key in the report, its title, and how it is set going."""

    key: str
    title: str
    play: Callable[[Stage, Town, Person], None]


def on(stage: Stage, working_day: int) -> Instant:
    """Give a moment in office hours of a working day of the story (0 is its first day)."""
    return stage.office_time(stage.now, working_day)


def refer(service: Service, to: AgencyId | None, categories: tuple[Category, ...] = USUAL) -> Refer:
    """Make a referral with the usual reason."""
    return Refer(service, to, REASONS[service], categories)


def consent(
    agency: SimulatedAgency,
    person: Person,
    purpose: Purpose,
    *recipients: AgencyId,
    categories: tuple[Category, ...] = USUAL,
) -> Consent:
    """Make a consent of a year, to the recipients or to any agency; its id is the person's own."""
    begins = desk.today(agency.stage.now)
    people = list(agency.stage.persons)
    return Consent(
        f"S-{agency.me.sector}-{people.index(person.hetu) + 1}",
        agency.me.agency_id,
        recipients,
        purpose,
        categories,
        begins,
        begins + timedelta(days=365),
    )


def _warm_handoff(stage: Stage, town: Town, person: Person) -> None:
    sender = town.employment
    plan = desk.take_on(accept_after=2, serve_for=12, ask_first=True, pause=True)
    town.sote.expect(person, "referral", plan)
    service = Service.WORK_ABILITY_ASSESSMENT

    def begin() -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY, SOTE)
        sender.say(person, given, refer(service, SOTE, WITH_HEALTH))

    stage.plan(on(stage, 1), begin)


def _late(stage: Stage, town: Town, person: Person) -> None:
    town.kela.expect(person, "referral", desk.take_on(accept_after=8, serve_for=15))
    at = on(stage, 2)
    kela = town.kela.transport
    # Kela's system is away when the referral comes: the notice is tried again until it is back.
    stage.plan(at, lambda: kela.fail_always(TryLater("unreachable", None)))
    service = Service.VOCATIONAL_REHABILITATION
    stage.plan(at, lambda: _say(town.employment, person, refer(service, KELA)))
    stage.plan(Instant(at + OUTAGE_US), lambda: kela.fail_always(None))


def _awaiting_basis(stage: Stage, town: Town, person: Person) -> None:
    asked = desk.ask_for_consent(after=4, statement_id="S-employment-asked")
    town.employment.expect(person, "status", asked)
    service = Service.WORK_ABILITY_COORDINATION
    stage.plan(on(stage, 3), lambda: _say(town.employment, person, refer(service, SOTE)))


def _still_waiting(stage: Stage, town: Town, person: Person) -> None:
    # Nobody has asked the person yet when the story ends.
    service = Service.EMPLOYMENT_SERVICES
    stage.plan(on(stage, 36), lambda: _say(town.typ, person, refer(service, None)))


def _withdrawn_before_it_left(stage: Stage, town: Town, person: Person) -> None:
    sender = town.employment

    def one_batch() -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY, SOTE)
        referral = refer(Service.WORK_ABILITY_COORDINATION, SOTE)
        sender.say(person, given, referral, Withdraw(given.statement_id))

    stage.plan(on(stage, 5), one_batch)


def _recalled(stage: Stage, town: Town, person: Person) -> None:
    sender = town.employment
    town.sote.expect(person, "referral", desk.keep_quiet)

    def begin() -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY, SOTE)
        sender.say(person, given, refer(Service.WORK_ABILITY_ASSESSMENT, SOTE))
        changed_mind_at = stage.office_time(stage.now, 2)
        withdrawal = Withdraw(given.statement_id)
        stage.plan(changed_mind_at, lambda: _say(sender, person, withdrawal))

    stage.plan(on(stage, 6), begin)


def _misdirected(stage: Stage, town: Town, person: Person) -> None:
    sender = town.typ
    town.kela.expect(person, "referral", desk.reject(RejectReason.MISDIRECTED, after=1))

    def begin() -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY)
        sender.say(person, given, refer(Service.WORK_ABILITY_ASSESSMENT, KELA))

    stage.plan(on(stage, 9), begin)


def _bounced(stage: Stage, town: Town, person: Person) -> None:
    sender, service = town.employment, Service.WORK_ABILITY_ASSESSMENT

    def try_next(to: AgencyId | None) -> Reaction:
        def react(agency: SimulatedAgency, whom: Person, heard: Heard) -> None:
            del heard
            at = stage.office_time(stage.now, 2)
            stage.plan(at, lambda: _say(sender, whom, refer(service, to)))
            if to is None:
                planned = Reach(Milestone.PLAN_MADE)
                stage.plan(stage.office_time(at, 5), lambda: _say(agency, whom, planned))

        return react

    no = desk.reject
    taken_on = desk.take_on(accept_after=1)
    town.sote.expect(person, "referral", no(RejectReason.NO_CAPACITY, after=2), taken_on)
    town.kela.expect(person, "referral", no(RejectReason.NOT_ELIGIBLE, after=2))
    town.typ.expect(person, "referral", no(RejectReason.ALREADY_SERVED, after=2))
    # The source hears that it was received, then that it was rejected, and tries the next.
    sender.expect(person, "status", try_next(KELA), try_next(TYP))
    # The coordinator brings all to one table; from there the person is referred to nobody new.
    town.sote.expect(person, "convene", try_next(None))

    def begin() -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY)
        sender.say(person, given, refer(service, SOTE))

    stage.plan(on(stage, 10), begin)


def _answered_early(stage: Stage, town: Town, person: Person) -> None:
    sender = town.employment
    town.sote.expect(person, "referral", desk.serve_at_once(start_after=3, serve_for=10))
    at = on(stage, 12)

    def answer_on_the_phone() -> None:
        referral_id = sender.next_id()
        named = HandoffName(None, referral_id)
        town.sote.say(person, Answer(named, "accepted", words=ON_THE_PHONE))
        stage.plan(Instant(at + EARLY_US), lambda: let_the_referral_follow(referral_id))

    def let_the_referral_follow(referral_id: str) -> None:
        given = consent(sender, person, Purpose.WORK_ABILITY, SOTE)
        referral = refer(Service.WORK_ABILITY_COORDINATION, SOTE)
        ids = (sender.next_id(), referral_id)
        sender.send(sender.written(person, given, referral, ids=ids))

    stage.plan(at, answer_on_the_phone)


def _sent_twice(stage: Stage, town: Town, person: Person) -> None:
    sender = town.employment

    def send_twice() -> None:
        file = sender.say(person, refer(Service.SERVICE_NEED_ASSESSMENT, None))
        stage.plan(Instant(stage.now + HOUR_US), lambda: sender.send(file))

    stage.plan(on(stage, 13), send_twice)


SCENES = (
    Scene("completed", "A warm handoff, from the first referral to its end", _warm_handoff),
    Scene("breached", "Accepted too late: the clock breaches and escalates", _late),
    Scene("released", "No legal basis: it waits, and a consent releases it", _awaiting_basis),
    Scene("waiting", "No legal basis: it still waits", _still_waiting),
    Scene("nothing-left", "Consent withdrawn in flight: nothing left", _withdrawn_before_it_left),
    Scene("recalled", "Consent withdrawn after delivery: recalled, confirmed", _recalled),
    Scene("rerouted", "Sent to the wrong agency: passed on to the competent one", _misdirected),
    Scene("convened", "Three times rejected: one table, with every reason", _bounced),
    Scene("parked", "The answer came before the referral: kept, then taken up", _answered_early),
    Scene("duplicate", "The same file twice: taken once", _sent_twice),
)


def _say(agency: SimulatedAgency, person: Person, saying: Refer | Withdraw | Reach) -> None:
    agency.say(person, saying)
