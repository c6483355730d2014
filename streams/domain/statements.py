"""What a person has said of their data: consent, permit (luovutuslupa) and prohibition (kielto).

Empty `sources` or `recipients` mean any agency of the region. A consent or permit without a
purpose or a category permits nothing; a prohibition without them prohibits for every purpose and
category. With service tasks (palvelutehtävä), each is about data from these alone; a prohibition
may name documents beside them.
"""

from enum import StrEnum
from typing import NamedTuple

from streams.domain.codes import Branch, Category, Purpose
from streams.domain.envelope import Envelope, SealedPart
from streams.domain.ids import AgencyId, Instant, StatementId


class StatementKind(StrEnum):
    """Consent, permit and prohibition are not the same thing in law (facts 2.2)."""

    UNKNOWN = "unknown"
    CONSENT = "consent"
    PERMIT = "permit"
    PROHIBITION = "prohibition"


class GivenBy(StrEnum):
    """Who spoke: the person, a guardian, or a proxy with a mandate (facts 2.4)."""

    UNKNOWN = "unknown"
    SELF = "self"
    GUARDIAN = "guardian"
    PROXY = "proxy"


class ConsentGiven(NamedTuple):
    """The person lets data go from `sources` to `recipients`: a consent, or a permit inside sote.

    In force from `valid_from` (now, where None) until just before `valid_to` (for ever, where
    None). A permit goes one way: `to_branch` is the branch of sote that the data goes to, unknown
    for a consent. One that `is_sole` takes the place of every other of its recorder that goes the
    same way. `evidence_digest` is SHA-256 of the evidence that the agency keeps, or empty.
    """

    envelope: Envelope
    statement_id: StatementId
    kind: StatementKind
    to_branch: Branch
    is_sole: bool
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    service_tasks: tuple[str, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    given_by: GivenBy
    evidence_digest: bytes
    sealed: tuple[SealedPart, ...]


class ConsentWithdrawn(NamedTuple):
    """The person takes a consent or permit back, or (`in_error`) never gave it."""

    envelope: Envelope
    statement_id: StatementId
    in_error: bool
    sealed: tuple[SealedPart, ...]


class DisclosureProhibited(NamedTuple):
    """The person forbids that data go from `sources` to `recipients`.

    `documents` are HMAC-SHA-256 of document ids under the person's key, cut to 16 bytes: whoever
    refers on the same document is known by it, and an erased key makes it nobody's.
    """

    envelope: Envelope
    statement_id: StatementId
    sources: tuple[AgencyId, ...]
    recipients: tuple[AgencyId, ...]
    purposes: tuple[Purpose, ...]
    categories: tuple[Category, ...]
    documents: tuple[bytes, ...]
    service_tasks: tuple[str, ...]
    valid_from: Instant | None
    valid_to: Instant | None
    given_by: GivenBy
    evidence_digest: bytes
    sealed: tuple[SealedPart, ...]


class ProhibitionLifted(NamedTuple):
    """The person takes a prohibition back, or (`in_error`) never made it."""

    envelope: Envelope
    statement_id: StatementId
    in_error: bool
    sealed: tuple[SealedPart, ...]
