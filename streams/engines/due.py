"""Who is due when: the persons of one engine or partition, in the order of their next clock.

A heap in memory, made from the store and never written to it. Its entries are packed: 8 bytes of
moment and the person's id in one bytes object take about 90 bytes a person, tuples over 180. An
entry counts only while it is what the store says of that person; others are dropped when they come
to the top.
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from streams.domain.ids import Instant, PersonId

Place = tuple[Instant, PersonId]
"""A person's place in the order of firing: when the next clock wants to fire, then the id."""
LAST = PersonId("~")
"""Comes after every pseudonym and agency."""
_OFFSET = 2**63
_MOMENT_BYTES = 8
_STALE_MIN = 64


class Due:
    """The places of all persons who have a clock that wants to fire.

    Args: places: Every such person's place, from the store. current: What the store says now of a
    person, None where no clock wants to fire.
    """

    __slots__ = ("_current", "_heap", "_live")

    def __init__(
        self, places: Iterable[Place], current: Callable[[PersonId], Instant | None]
    ) -> None:
        """Order the places; best where they come nearly in order."""
        self._heap = [_packed(place) for place in places]
        heapify(self._heap)
        self._live = len(self._heap)
        self._current = current

    def __len__(self) -> int:
        """Count the entries, those that no longer count too."""
        return len(self._heap)

    @property
    def is_stale(self) -> bool:
        """Say whether a fifth of the entries is stale: then it is time to make the heap anew."""
        return len(self._heap) > self._live + self._live // 4 + _STALE_MIN

    def move(self, person: PersonId, before: Instant | None, after: Instant | None) -> None:
        """Note that a person's next clock moved; call it once what moved it is committed."""
        if before == after:
            return
        self._live += (after is not None) - (before is not None)
        if after is not None:
            heappush(self._heap, _packed((after, person)))

    def first(self) -> Place | None:
        """Give who is due first, None where nobody waits."""
        heap = self._heap
        while heap:
            at, person = _unpacked(heap[0])
            if self._current(person) == at:
                return at, person
            heappop(heap)
        return None

    def take(self, until: Place, count_max: int) -> list[Place]:
        """Take out who is due by a place, in order; whoever was taken must be moved or put back."""
        heap, last = self._heap, _packed(until)
        taken: list[Place] = []
        latest = b""
        while heap and len(taken) < count_max and heap[0] <= last:
            entry = heappop(heap)
            at, person = _unpacked(entry)
            if entry != latest and self._current(person) == at:
                taken.append((at, person))
                latest = entry
        self._live -= len(taken)
        return taken

    def put_back(self, places: Iterable[Place]) -> None:
        """Put back who was taken out and did not fire."""
        for place in places:
            heappush(self._heap, _packed(place))
            self._live += 1


def _packed(place: Place) -> bytes:
    # Bytes compare as the places do: big-endian without sign, then the ASCII of the id.
    return (place[0] + _OFFSET).to_bytes(_MOMENT_BYTES, "big") + place[1].encode()


def _unpacked(entry: bytes) -> Place:
    at = int.from_bytes(entry[:_MOMENT_BYTES], "big") - _OFFSET
    return Instant(at), PersonId(entry[_MOMENT_BYTES:].decode())
