"""An agency that remembers everything it was handed, and the checker of what it remembers."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from streams.domain.entry import Notice
from streams.domain.ids import NoticeId
from streams.promises.transport import Handover, Parcel, Taken


class Handed(NamedTuple):
    """One parcel as it came in: its notice's id, and its body."""

    notice_id: NoticeId
    body: bytes


class Receiver:
    """Takes every parcel, unless told to answer otherwise or not yet."""

    def __init__(self, *answers: Handover) -> None:
        self.history: list[Handed] = []
        self.tried: list[NoticeId] = []
        self.answers = list(answers)
        self.always: Handover | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.came: asyncio.Queue[NoticeId] = asyncio.Queue()

    async def hand_over(self, parcel: Parcel) -> Handover:
        self.tried.append(parcel.notice_id)
        self.came.put_nowait(parcel.notice_id)
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else self.always or Taken()
        if isinstance(answer, Taken):
            self.history.append(Handed(parcel.notice_id, parcel.body))
        return answer

    async def close(self) -> None:
        """Nothing to close."""


def violations(told: Sequence[Notice], history: Sequence[Handed], *, repeats: bool) -> list[str]:
    """Compare what one agency was handed with what it was to be told, in ledger order a person.

    With `repeats` the same notice may come again before the next of its lane, as after a crash.
    """
    of_lane: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in told:
        of_lane[notice.person].append(notice)
    known = {notice.notice_id: notice for notice in told}
    found = [f"unknown {h.notice_id}" for h in history if h.notice_id not in known]
    found += [
        f"other content {h.notice_id}"
        for h in history
        if h.notice_id in known and h.body != known[h.notice_id].detail.encode()
    ]
    for lane in of_lane.values():
        expected = [notice.notice_id for notice in lane]
        came = [h.notice_id for h in history if h.notice_id in expected]
        if repeats:
            came = [notice_id for notice_id, _ in groupby(came)]
        found += [f"lost {missing}" for missing in expected if missing not in came]
        if came != expected:
            found.append(f"order or number: {came} instead of {expected}")
    return found
