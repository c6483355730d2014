"""What no view can hold is set aside and told of, and holds nobody up."""

import pytest

from streams.contracts.entry import encode_entry
from streams.domain.ids import EntryId, PersonId
from streams.domain.referral import ReferralSubmitted
from streams.promises.engine import Stored
from streams.promises.ledger import Place, Recorded, Unreadable, place_of, position_of
from streams.views import facts
from streams.views.feed import DEFECT, NOT_WRITABLE, Quarantined
from streams.views.kept_ledger import KeptLedger
from tests.views.served import Served, ledger


def test_what_is_no_entry_goes_into_quarantine_and_holds_nobody_up(served: Served) -> None:
    first, second, *_ = ledger()[0]
    beyond = position_of(Place(0, 99))
    broken = Unreadable(place_after(first), "bad-frame")

    aside = served.feed.take(0, 0, [first, broken, second, Unreadable(beyond, "truncated")])

    assert aside == [
        Quarantined(place_of(broken.position), "bad-frame"),
        Quarantined(Place(0, 99), "truncated"),
    ]
    assert served.quarantined() == [(0, 1, "bad-frame"), (0, 99, "truncated")]
    assert served.feed.cursor(0) == (beyond, b"")
    assert len(list(KeptLedger(served.database).ledger())) == 2


def test_an_entry_that_the_database_cannot_hold_goes_into_quarantine(served: Served) -> None:
    first, second, *_ = ledger()[0]
    entry = second.stored.entry._replace(person=PersonId("p-\x00"))
    nul = second._replace(
        stored=second.stored._replace(entry=entry), data=encode_entry(entry, b"").data
    )
    third = second._replace(stored=second.stored._replace(position=position_of(Place(0, 50))))

    aside = served.feed.take(0, 0, [first, nul, third])

    assert aside == [Quarantined(place_of(nul.stored.position), NOT_WRITABLE)]
    assert served.feed.cursor(0).position == third.stored.position
    assert [h.person for h in served.desk.handoffs()] == [third.stored.entry.person]


def test_a_defect_of_the_views_sets_one_entry_aside_and_a_trace_tells_it_still(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ledger()[0]
    bad = page[0].stored.entry.entry_id
    plant_defect(monkeypatch, bad)

    aside = served.feed.take(0, 0, page)

    assert aside == [Quarantined(place_of(page[0].stored.position), DEFECT)]
    assert len(served.desk.handoffs()) == sum(
        isinstance(r.stored.entry.event, ReferralSubmitted) for r in page
    )
    assert [s.position for s in KeptLedger(served.database).ledger()] == [
        recorded.stored.position for recorded in page
    ]


def plant_defect(monkeypatch: pytest.MonkeyPatch, entry_id: EntryId) -> None:
    real = facts.Reading._take

    def take(reading: facts.Reading, stored: Stored) -> None:
        if stored.entry.entry_id == entry_id:
            raise KeyError(entry_id)
        real(reading, stored)

    monkeypatch.setattr(facts.Reading, "_take", take)


def place_after(recorded: Recorded) -> int:
    place = place_of(recorded.stored.position)
    return position_of(Place(place.partition, place.offset + 1))
