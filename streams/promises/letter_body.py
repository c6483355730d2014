"""Where the body of a dead letter is, as its `body_kind` says: in it, or in a record of a topic.

`raw` is the message as received, sealed in the letter, and `event:NAME` a contract event. What a
stage could not read is a record that stays where it lies, and the letter names its place.
"""

import re
from typing import NamedTuple

from streams.domain.ids import AgencyId
from streams.promises import topics

RAW = "raw"
"""The letter keeps the message as received."""
EVENT = "event:"
"""Begins the kind of a letter that keeps a contract event; its name follows."""
RECORD = "record:"
"""Begins the kind of a letter whose record could not be read: its place follows."""
KEPT_AT = "at:"
"""Begins the kind of a letter that has no room for its body: the place of its record follows."""

_PLACE = re.compile(
    rf"(?:{RECORD}|{KEPT_AT})"
    rf"({re.escape(topics.EVENTS)}|{re.escape(topics.raw(AgencyId('')))}[^/]+)"
    r"/([0-9]{1,9})/([0-9]{1,18})"
)


class RecordPlace(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


def record_place(body_kind: str) -> RecordPlace | None:
    """Give the place of the record that a dead letter names, None where it names none.

    Only records of the events topic and of agencies' raw topics become dead letters, so any other
    place is none.
    """
    found = _PLACE.fullmatch(body_kind)
    return None if found is None else RecordPlace(found[1], int(found[2]), int(found[3]))
