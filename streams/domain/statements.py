"""What a person has said of their data: consent, permit (luovutuslupa) and prohibition (kielto).

Empty `sources` or `recipients` mean any agency of the region. A consent or permit without a
purpose or a category permits nothing; a prohibition without them prohibits for every purpose and
category.
"""

from enum import StrEnum
from typing import NamedTuple

from streams.domain.codes import Category, Purpose
from streams.domain.envelope import Envelope, SealedPart
from streams.domain.ids import AgencyId, Instant, StatementId


class StatementKind(StrEnum):
    """Consent, permit and prohibition are not the same thing in law (facts 2.2)."""

    UNKNOWN = "unknown"
    CONSENT = "consent"
    PERMIT = "permit"
    PROHIBITION = "prohibition"


class ConsentGiven(NamedTuple):
    """The person lets data go from `sources` to `recipients`: a consent, or a permit inside sote.

    In force from `valid_from` (now, where None) until just before `valid_to` (for ever, where
    None).
    """

    envelope: Envelope
    statement_id: StatementId
    kind: StatementKind
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    sealed: tuple[SealedPart, ...]


class ConsentWithdrawn(NamedTuple):
    """The person takes a consent or permit back."""

    envelope: Envelope
    statement_id: StatementId
    sealed: tuple[SealedPart, ...]


class DisclosureProhibited(NamedTuple):
    """The person forbids that data go from `sources` to `recipients`."""

    envelope: Envelope
    statement_id: StatementId
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    sealed: tuple[SealedPart, ...]


class ProhibitionLifted(NamedTuple):
    """The person takes a prohibition back."""

    envelope: Envelope
    statement_id: StatementId
    sealed: tuple[SealedPart, ...]
