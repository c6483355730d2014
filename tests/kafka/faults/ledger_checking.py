"""What a ledger must show after any fault, judged from what a reader saw; each judge can fail."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Seen(NamedTuple):
    """One committed entry as a reader saw it, in the order of its partition."""

    partition: int
    offset: int
    person: str
    sequence: int
    event_id: str
    entry_digest: bytes


class Due(NamedTuple):
    """One entry that must be there; the digest is that of the same history in memory."""

    event_id: str
    entry_digest: bytes


Expected = Mapping[str, Sequence[Due]]
"""What each person's lane must hold, in order."""


def violations(seen: Iterable[Seen], expected: Expected) -> list[str]:
    """Say what is lost, repeated, out of order, foreign or decided otherwise."""
    lanes: dict[str, list[Seen]] = defaultdict(list)
    for entry in seen:
        lanes[entry.person].append(entry)
    found = [f"foreign lane {person}" for person in sorted(lanes.keys() - expected.keys())]
    for person, due in expected.items():
        found += _of_lane(person, lanes.get(person, []), due)
    return found


def _of_lane(person: str, lane: Sequence[Seen], due: Sequence[Due]) -> list[str]:
    found = []
    if len({entry.partition for entry in lane}) > 1:
        found.append(f"{person} is in two partitions")
    if [entry.offset for entry in lane] != sorted(entry.offset for entry in lane):
        found.append(f"{person} was seen out of order")
    sequences = [entry.sequence for entry in lane]
    if sequences != list(range(1, len(lane) + 1)):
        found.append(f"{person} has the sequences {sequences}")
    ids = [entry.event_id for entry in lane]
    meant = [each.event_id for each in due]
    found += [f"{person} lost {event_id}" for event_id in meant if event_id not in ids]
    found += [f"{person} repeats {one}" for one in sorted({i for i in ids if ids.count(i) > 1})]
    found += [f"{person} has the foreign {event_id}" for event_id in ids if event_id not in meant]
    if not found and ids != meant:
        found.append(f"{person} has its events in another order")
    if not found and [e.entry_digest for e in lane] != [e.entry_digest for e in due]:
        found.append(f"{person} was decided otherwise")
    return found
