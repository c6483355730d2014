"""A notice as its receiver gets it: opened with the person's key, in its sector's wire format."""

from typing import NamedTuple

from streams.bootstrap.connectors import connector_of
from streams.domain.agreement import Agreements
from streams.domain.entry import Notice
from streams.normalise.opening import open_details
from streams.promises.connector import OpenNotice
from streams.promises.key_store import KeyStore
from streams.sealing.sealer import Sealer


class Wire(NamedTuple):
    """A notice on the wire, personal data in clear."""

    body: bytes
    content_type: str
    extension: str


def on_the_wire(
    notice: Notice, agreements: Agreements, keys: KeyStore, sealer: Sealer
) -> Wire | None:
    """Write a notice as its receiver wants it.

    None where the person's key was destroyed, or the agency has left the region.

    Raises:
        UnavailableError: The keys cannot be used now.
    """
    details = open_details(notice.content, notice.person, keys, sealer)
    agreement = agreements.in_force(notice.occurred_at)
    known = agreement.agencies.get(notice.to)
    if details is None or known is None:
        return None
    connector = connector_of(known.sector)
    body = connector.render(OpenNotice(notice, details, notice.occurred_at), agreement)
    return Wire(body, connector.content_type, connector.extension)
