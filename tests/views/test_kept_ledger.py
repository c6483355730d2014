"""The ledger that the views keep is found by person and by place."""

import pytest

from streams.domain.ids import PersonId
from streams.views import kept_ledger
from streams.views.kept_ledger import KeptLedger
from tests.views.served import PERSONS, Served, ledger


def test_a_persons_entries_are_found_in_their_order(served: Served) -> None:
    partitions = ledger()
    for partition, page in partitions.items():
        served.feed.take(partition, 0, page)
    kept = KeptLedger(served.database)

    for person in PERSONS:
        told = list(kept.ledger(person=person))
        assert [stored.entry.sequence for stored in told] == [*range(1, len(told) + 1)]
        assert all(stored.entry.person == person for stored in told)
        assert kept.knows(person)
    assert not kept.knows(PersonId("p-nobody"))
    every = [recorded.stored for page in partitions.values() for recorded in page]
    assert sorted(every) == list(kept.ledger())
    some = sorted(every)[4]
    assert list(kept.ledger(after=some.position - 1, limit=1)) == [some]


def test_more_entries_than_one_query_takes_are_all_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_ledger, "_ENTRIES_A_QUERY", 2)
    partitions = ledger()
    for partition, page in partitions.items():
        served.feed.take(partition, 0, page)

    count = sum(map(len, partitions.values()))
    kept = KeptLedger(served.database)
    assert len(list(kept.ledger())) == count
    assert len(list(kept.ledger(limit=5))) == 5
