"""Asking a hub: what a hub of either kind answers, and what was known at a moment that is past."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from types import TracebackType
from typing import Protocol, Self

from streams.bootstrap.agreement_history import Bygone
from streams.domain.agreement import Agreement, Agreements
from streams.domain.entry import Notice
from streams.domain.ids import Instant, PersonId
from streams.promises.engine import Stored
from streams.views.desk import Desk


class AskedHub(Protocol):
    """A hub opened for reading, whichever kind it is.

    Raises UnavailableError from everything that cannot be answered now.
    """

    agreements: Agreements

    @property
    def desk(self) -> Desk:
        """The hub's views, as far as they have been read."""

    @property
    def bygone(self) -> Bygone:
        """The agreements by digest, those that the region's files no longer have as well."""

    def now(self) -> Instant:
        """Give the hub's time."""

    def knows(self, person: PersonId) -> bool:
        """Say whether anything is known of a person."""

    def ledger(
        self, after: int = 0, person: PersonId | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Read entries after a position: of everybody, or of one person in order."""

    def rendered(self, notice: Notice) -> bytes | None:
        """Write a notice as its receiver gets it, personal data in clear.

        None where the person's key was destroyed, or the agency has left the region.

        Raises:
            SecretsError: The hub's secrets cannot be used.
        """

    def __enter__(self) -> Self:
        """Use the hub as a context, closed at its end."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""


def entries_by(hub: AskedHub, person: PersonId, at: Instant) -> list[Stored]:
    """Give a person's entries recorded at an instant or before it, in order."""
    lane = hub.ledger(person=person)
    return list(takewhile(lambda stored: stored.entry.recorded_at <= at, lane))


def agreement_at(hub: AskedHub, told: Sequence[Stored], at: Instant) -> Agreement | None:
    """Give the agreement by which the hub decided at an instant, or would have decided.

    An entry of that very instant names it; between entries the last one of anybody does, unless the
    region's files say that another version had begun since. None where it is not at hand any more.

    Args:
        hub: The hub.
        told: The person's entries by then.
        at: The instant; for one that the hub has not reached yet the files decide.
    """
    if told and told[-1].entry.recorded_at == at:
        return hub.bygone.in_force(told[-1].entry.agreement_digest, at)
    in_files = hub.agreements.in_force(at)
    seen = hub.desk.rules_at(at)
    if at > hub.now() or seen is None or seen.seen_at < in_files.valid_from <= at:
        return in_files
    return hub.bygone.in_force(seen.agreement_digest, at)
