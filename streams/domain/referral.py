"""Referral (lähete, ohjaus): a source agency asks that a person be taken on."""

from typing import NamedTuple

from streams.domain.codes import Basis, Category, Priority, Service
from streams.domain.envelope import Envelope, SealedPart
from streams.domain.ids import AgencyId, HandoffId


class ReferralSubmitted(NamedTuple):
    """A source asks that a person be taken on for a service.

    Without a `recipient` the referral is open: the agreement routes it. Without `categories` the
    agreement's default for the service holds. `basis` is what the source claims; only `vital` is a
    basis by itself, the hub must know any other. `documents` are those that the referral draws on,
    spelled as in `DisclosureProhibited`.
    """

    envelope: Envelope
    recipient: AgencyId | None
    service: Service
    priority: Priority
    basis: Basis | None
    basis_reference: str | None
    categories: tuple[Category, ...]
    documents: tuple[bytes, ...]
    sealed: tuple[SealedPart, ...]


class ReferralCancelled(NamedTuple):
    """The referral was meant, and is no longer needed.

    A handoff is named by the hub's `handoff_id` or by the source's own `referral_id`.
    """

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]


class ReferralMarkedInError(NamedTuple):
    """The referral should never have been sent."""

    envelope: Envelope
    handoff_id: HandoffId | None
    referral_id: str | None
    sealed: tuple[SealedPart, ...]
