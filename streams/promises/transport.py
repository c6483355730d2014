"""What a transport promises: it carries rendered notices to one agency, at least once."""

from typing import NamedTuple, Protocol

from streams.domain.ids import AgencyId, NoticeId


class Parcel(NamedTuple):
    """One rendered notice on its way; the id never changes over retries."""

    notice_id: NoticeId
    to: AgencyId
    body: bytes
    content_type: str
    extension: str


class Taken(NamedTuple):
    """The agency took the notice."""


class TryLater(NamedTuple):
    """The agency could not be reached or asked to wait `after_s`; `cause` is a code."""

    cause: str
    after_s: float | None


class Refused(NamedTuple):
    """The agency will not take the notice; `words` are its own, 1,000 characters at most."""

    cause: str
    words: str


Handover = Taken | TryLater | Refused


class Transport(Protocol):
    """Carries notices to one agency's system."""

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Try once. Never raises for what a receiver or the network does."""

    async def close(self) -> None:
        """Let go of connections."""
