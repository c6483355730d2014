"""A simulated agency: it takes the hub's notices, and speaks in its own wire format.

What it does with a notice is a reaction: one planned for the person, else its habit.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.sayings import Heard, Saying, Spoken, System
from streams.bootstrap.story.stage import MINUTE_US, Stage
from streams.domain.agreement import Agency
from streams.domain.ids import Instant
from streams.promises.transport import Parcel

Reaction = Callable[["SimulatedAgency", Person, Heard], None]


class SimulatedAgency:
    """One agency of the story."""

    def __init__(self, me: Agency, system: System, stage: Stage, prefix: str) -> None:
        """Move in: from now on the agency has its notices; its message ids begin with `prefix`."""
        self.me = me
        self.system = system
        self.stage = stage
        self.heard: Counter[str] = Counter()
        """How many notices of each kind it took."""
        self.habits: dict[str, Reaction] = {}
        """What it does with a kind of notice where nothing else was planned."""
        self._planned: defaultdict[tuple[str, str], list[Reaction]] = defaultdict(list)
        self._prefix = prefix
        self._number = 0
        self._taken: set[str] = set()
        self._hetus: dict[str, str] = {}
        self.transport = stage.connect(me.agency_id, self._take)

    def next_id(self) -> str:
        """Give the agency's own id of its next message."""
        self._number += 1
        return f"{self._prefix}-2026-{self._number:05}"

    def written(self, person: Person, *sayings: Saying, ids: Sequence[str] = ()) -> bytes:
        """Write sayings about a person into one file, a minute apart, the last a minute ago.

        `ids` are message ids that were given before; without them the agency's next ones.
        """
        named = ids or [self.next_id() for _ in sayings]
        first_at = self.stage.now - len(sayings) * MINUTE_US
        spoken = [
            Spoken(message_id, person, Instant(first_at + place * MINUTE_US), saying)
            for place, (message_id, saying) in enumerate(zip(named, sayings, strict=True))
        ]
        return self.system.write(self.me, spoken)

    def say(self, person: Person, *sayings: Saying) -> bytes:
        """Send sayings about a person as one file now; give the file."""
        file = self.written(person, *sayings)
        self.send(file)
        return file

    def send(self, file: bytes) -> None:
        """Send a file as it is: one that was sent before, or one with a slip in it."""
        self.stage.take_in(self.me.agency_id, file)

    def expect(self, person: Person, kind: str, *reactions: Reaction) -> None:
        """Plan what to do with notices of a kind about a person: the first reaction first."""
        self._planned[person.hetu, kind] += reactions

    def _take(self, parcel: Parcel) -> None:
        if parcel.notice_id in self._taken:
            return  # The hub delivers at least once; the id tells.
        self._taken.add(parcel.notice_id)
        heard = self.system.read(parcel.body)
        self.heard[heard.kind] += 1
        person = self._person_of(heard)
        if person is None:
            return
        planned = self._planned[person.hetu, heard.kind]
        reaction = planned.pop(0) if planned else self.habits.get(heard.kind)
        if reaction is not None:
            reaction(self, person, heard)

    def _person_of(self, heard: Heard) -> Person | None:
        # A notice may leave the person's identity out: then the agency's own file of the handoff
        # tells who it is about.
        handoff_id = heard.handoff.handoff_id or ""
        hetu = heard.hetu or self._hetus.get(handoff_id)
        if hetu is None:
            return None
        if handoff_id:
            self._hetus[handoff_id] = hetu
        return self.stage.persons[hetu]
