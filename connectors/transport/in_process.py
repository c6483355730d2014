"""In-process delivery: parcels go to a callable, as to a demonstration's simulated agencies."""

from collections import deque
from collections.abc import Callable

from streams.promises.transport import Handover, Parcel, Taken, TryLater


class InProcess:
    """Carries notices to a receiver in the same process; can be told to fail."""

    def __init__(self, receive: Callable[[Parcel], Handover | None]) -> None:
        """Deliver to `receive`; None from it means that it took the parcel."""
        self._receive = receive
        self._told: deque[Handover] = deque()
        self._always: Handover | None = None

    def fail_next(self, *answers: Handover) -> None:
        """Give these answers to the next attempts, one each, before the receiver is asked again."""
        self._told.extend(answers)

    def fail_always(self, answer: Handover | None) -> None:
        """Give this answer to every attempt until told otherwise; None lets the receiver answer."""
        self._always = answer

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Give the parcel to the receiver, unless told to fail; a receiver that raises is busy."""
        if self._told:
            return self._told.popleft()
        if self._always is not None:
            return self._always
        try:
            return self._receive(parcel) or Taken()
        except Exception:  # noqa: BLE001  # whatever a receiver does, the promise holds
            return TryLater("receiver-failed", None)

    async def close(self) -> None:
        """Let go of nothing: there are no connections."""
