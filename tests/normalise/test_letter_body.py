"""A dead letter names the place of a record in one way, and no place where there can be none."""

import pytest

from streams.promises.letter_body import RecordPlace, record_place


@pytest.mark.parametrize(
    ("body_kind", "place"),
    [
        ("record:saattaen.events/3/42", RecordPlace("saattaen.events", 3, 42)),
        (
            "at:saattaen.raw.sote.south-karelia/0/7",
            RecordPlace("saattaen.raw.sote.south-karelia", 0, 7),
        ),
    ],
)
def test_a_record_that_stays_on_its_topic_is_found_there(
    body_kind: str, place: RecordPlace
) -> None:
    assert record_place(body_kind) == place


@pytest.mark.parametrize(
    "body_kind",
    [
        *("raw", "record", "event:ReferralSubmitted", "at:", "record:saattaen.events/1"),
        *("at:saattaen.raw.kela/-1/4", "at:saattaen.raw./1/4", "at:saattaen.raw.kela/1/4/5"),
        *("record:saattaen.ledger/0/1", "record:saattaen.dead_letters/0/1", "at:other/0/1"),
        *("record:saattaen.events/\u0663/1", "record:saattaen.events/0/1\n"),
    ],
)
def test_what_names_no_place_where_records_are_taken_from_has_none(body_kind: str) -> None:
    assert record_place(body_kind) is None
