"""CloudEvents 1.0 round what stages write: Kafka binding, binary mode, with W3C's trace context."""

from hashlib import sha256

from streams.contracts.declarations import declared, full_name
from streams.domain.calendar import moment
from streams.domain.ids import AgencyId, Instant
from streams.promises import topics

Headers = tuple[tuple[str, bytes], ...]

SPECVERSION = b"1.0"


def source_of(agency: AgencyId) -> str:
    """Name an agency as the source of a CloudEvent, a URI."""
    return f"urn:saattaen:agency:{agency}"


def headers_of(
    record: str, cause: str, agency: AgencyId, at: Instant, traceparent: bytes | None
) -> Headers:
    """Give the headers of a record that holds a contract.

    Args:
        record: The contract's name without namespace.
        cause: The id of what the record tells of.
        agency: Who says so.
        at: When it happened.
        traceparent: The trace that it belongs to; where None, one is made from the id, so that a
            repeat belongs to the same one.
    """
    return (
        (topics.CE_SPECVERSION, SPECVERSION),
        (topics.CE_ID, cause.encode()),
        (topics.CE_SOURCE, source_of(agency).encode()),
        (topics.CE_TYPE, full_name(declared()[record]).encode()),
        (topics.CE_TIME, moment(at).isoformat().encode()),
        (topics.TRACEPARENT, traceparent or traceparent_from(cause)),
    )


def traceparent_from(cause: str) -> bytes:
    """Make a trace context from an id: the same id, the same trace."""
    digest = sha256(cause.encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01".encode()
