"""What agencies hold of handoffs that are over comes back from the closed record as it was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.codes import Category, Purpose, Service
from streams.domain.holdings import Holding, packed, unpacked
from streams.domain.ids import AgencyId, HandoffId, NoticeId, derive
from streams.domain.person import Outgoing

CATEGORIES = st.lists(st.sampled_from(Category), unique=True).map(
    lambda chosen: tuple([category for category in Category if category in chosen])
)
HOLDINGS = st.builds(
    Holding,
    handoff_id=st.integers(0, 3).map(lambda number: HandoffId(derive("h", str(number)))),
    to=st.sampled_from([AgencyId("kela"), AgencyId("sote.south-karelia"), AgencyId("ä" * 40)]),
    source=st.sampled_from([AgencyId("kela"), AgencyId("")]),
    referral_id=st.text(max_size=80),
    service=st.sampled_from(Service),
    purpose=st.sampled_from(Purpose),
    vital=st.booleans(),
    documents=st.lists(st.binary(min_size=16, max_size=16), max_size=3).map(tuple),
    categories=CATEGORIES,
    called_off=st.lists(
        st.builds(
            Outgoing,
            st.integers(0, 9).map(lambda number: NoticeId(derive("n", str(number)))),
            CATEGORIES,
        ),
        max_size=3,
    ).map(tuple),
    started=st.booleans(),
    basis_gone=st.booleans(),
)


@settings(max_examples=200)
@given(st.lists(HOLDINGS, max_size=8))
def test_of_each_handoff_and_agency_the_last_record_counts(records: list[Holding]) -> None:
    expected = {(held.handoff_id, held.to): held for held in records}
    found = unpacked(b"".join(map(packed, records)))
    assert found == expected
    assert list(found) == list(expected)


def test_categories_keep_their_places_in_records_that_are_kept_for_ever() -> None:
    # The record knows a category by its place: a new one may only come last.
    assert [category.value for category in Category] == [
        "unknown",
        "identity",
        "contact",
        "typ_membership",
        "education_work_history",
        "social_situation",
        "health_functional_ability",
        "service_needs",
        "plan",
    ]


def test_a_holding_is_small() -> None:
    held = Holding(
        HandoffId(derive("h", "1")),
        AgencyId("sote.south-karelia"),
        AgencyId("employment.lappeenranta"),
        "TE-2026-0000001",
        Service.WORK_ABILITY_ASSESSMENT,
        Purpose.WORK_ABILITY,
        vital=False,
        documents=(),
        categories=(Category.IDENTITY, Category.CONTACT, Category.SERVICE_NEEDS),
        called_off=(),
        started=True,
        basis_gone=False,
    )
    assert len(packed(held)) < 150
