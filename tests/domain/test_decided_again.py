"""A decision asked again, as of any instant, with that day's rules and words: the same bytes."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codec import codec_of
from streams.contracts.entry import decode_entry, encode_entry
from streams.contracts.person import decode_state, encode_state
from streams.domain.agreement import Agreement, Agreements, BasisBook
from streams.domain.calendar import HOUR_US
from streams.domain.codes import Basis, Milestone, Purpose
from streams.domain.entry import DisclosureMade, DisclosureWithheld
from streams.domain.event import Event
from streams.domain.ids import HandoffId, Instant
from streams.domain.legal_basis import Question, decide
from streams.domain.missing_basis import seek
from streams.domain.person import PersonState
from tests.domain.lane import Lane
from tests.domain.questions import ALL, CONTACT, IDENTITY
from tests.domain.region import EMPLOYMENT, KELA, REGION, SOTE, TYP, at, statute
from tests.domain.speaker import Speaker

HANDOFF = HandoffId("h-00000000000000000000000000")
FLOWS = ((EMPLOYMENT, SOTE), (EMPLOYMENT, KELA), (KELA, SOTE), (TYP, EMPLOYMENT))
ENDS, BEGINS = at(hours=6), at(hours=9)
"""Hours at which a consent of the story ends and a statute begins; a second agreement between."""


def agreements() -> Agreements:
    """Give two versions with rules of their own, one of them dated; made anew each time."""
    typ = statute((IDENTITY, CONTACT), kind=Basis.TYP_MEMBERSHIP)
    later = statute((IDENTITY,), overrides=True)._replace(valid_from=BEGINS)
    first = REGION._replace(basis_rules=BasisBook((typ, later)))
    second = first._replace(
        digest=b"second",
        valid_from=at(hours=7),
        basis_rules=BasisBook((statute((CONTACT,)), later)),
    )
    return Agreements((first, second))


SAYINGS = st.lists(
    st.sampled_from(["consent", "short", "withdraw", "prohibit", "lift", "join", "leave", "order"]),
    min_size=1,
    max_size=12,
)


def told(sayings: list[str]) -> Iterator[Event]:
    """Say one thing an hour."""
    says = Speaker()
    for hour, saying in enumerate(sayings):
        now = at(hours=hour)
        says.protected = says.protected or saying == "order"
        match saying:
            case "consent":
                yield says.consents(now)
            case "short":
                yield says.consents(now, recipient=KELA, statement="S-2", valid=(None, ENDS))
            case "withdraw":
                yield says.withdraws(now)
            case "prohibit":
                yield says.prohibits(now, categories=ALL[: hour % 4])
            case "lift":
                yield says.lifts(now)
            case "join":
                yield says.reaches(now, Milestone.TYP_MEMBERSHIP_STARTED)
            case "leave":
                yield says.reaches(now, Milestone.TYP_MEMBERSHIP_ENDED)
            case _:
                yield says.reaches(now, Milestone.CONTACT_MADE)


def decided(whom: PersonState, at_instant: Instant, agreement: Agreement) -> bytes:
    """Ask every question of the story, and give the facts' bytes."""
    data = b""
    for source, recipient in FLOWS:
        question = Question(source, recipient, Purpose.WORK_ABILITY, ALL, at_instant, vital=False)
        decision = seek(whom, question, agreement, decide(whom, question, agreement))
        made = DisclosureMade(HANDOFF, recipient, decision.categories, decision.granted)
        behind = tuple(held.category for held in decision.withheld)
        withheld = DisclosureWithheld(HANDOFF, recipient, behind, decision.withheld)
        data += codec_of(DisclosureMade).encode(made)
        data += codec_of(DisclosureWithheld).encode(withheld)
    return data


def as_of(entries: list[bytes], moment: Instant) -> PersonState:
    """Rebuild the person from the ledger's bytes, as they were known at a moment."""
    lane, rules = Lane(), agreements()
    for data in entries:
        event = decode_entry(data).entry.event
        if event.envelope.recorded_at <= moment:
            lane.agreement = rules.in_force(event.envelope.recorded_at)
            lane.hear(event)
    return decode_state(encode_state(lane.hot).data).state


@given(SAYINGS)
def test_asked_again_as_of_any_instant_a_decision_has_the_same_bytes(sayings: list[str]) -> None:
    lane, rules, answers = Lane(), agreements(), {}
    ledger: list[bytes] = []
    for event in told(sayings):
        lane.agreement = rules.in_force(event.envelope.recorded_at)
        lane.hear(event)
        ledger = [encode_entry(entry, b"").data for entry in lane.entries]
        for later_us in (0, HOUR_US // 2):
            moment = Instant(event.envelope.recorded_at + later_us)
            answers[moment] = decided(lane.hot, moment, rules.in_force(moment))
    for moment, before in reversed(answers.items()):
        again = agreements().in_force(moment)
        assert decided(as_of(ledger, moment), moment, again) == before


def test_the_story_decides_otherwise_from_day_to_day() -> None:
    sayings = ["consent", "short", "prohibit", "lift", "withdraw", *["order"] * 6]
    lane, rules = Lane(), agreements()
    answers = []
    for event in told(sayings):
        now = event.envelope.recorded_at
        lane.agreement = rules.in_force(now)
        lane.hear(event)
        answers.append(decided(lane.hot, now, rules.in_force(now)))
    # Lifted is as never prohibited; then come the withdrawal, the non-disclosure order, the end of
    # the short consent, the second agreement, and two hours later the dated statute.
    same_as = [answers.index(answer) for answer in answers]
    assert same_as == [0, 1, 2, 1, 4, 5, 6, 7, 7, 9, 9]
