"""The topics of a Kafka hub, and what stages tell each other in the headers of their records.

Every topic keyed by person has the same number of partitions and Kafka's default partitioner, so a
person stays in one lane from the raw message to the notice. Lanes of no person are keyed by the
agency's id.
"""

from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId

EVENTS = "saattaen.events"
"""Contract events and watermarks."""
LEDGER = "saattaen.ledger"
STATE = "saattaen.state"
"""Persons' states; keys `PERSON` (hot) and `PERSON/closed`, `heard/AGENCY` and `partition`."""
DEAD_LETTERS = "saattaen.dead_letters"

PARTITIONS = 8
"""Unless the operator says otherwise; it can never be changed without moving every person."""
DAY_MS = 86_400_000
EVENTS_KEPT_MS = 14 * DAY_MS
DEAD_LETTERS_KEPT_MS = 365 * DAY_MS
RECORD_BYTES_MAX = 9 * 1024 * 1024
"""A raw file that cannot be split travels whole: 8 MiB, sealed, with its headers."""

# Headers of a raw record: what the receive step knows and the message does not say.
AGENCY = "agency"
TRANSPORT_ID = "transport_id"
RECORDED_AT = "recorded_at"
"""Decimal microseconds since 1970-01-01T00:00:00Z."""
CONTENT_TYPE = "content_type"
GENERATION = "generation"
"""Generation of the key that the body is sealed under, decimal."""
SEALED_FOR = "sealed_for"
"""The person, or the hub's own lane, whose key that is."""
PLACE = "place"
"""Pointer of the message in the batch that it came in; empty where it came alone."""
CONTEXT = "context"
"""What the message's connector said that its own bytes do not say; absent where they say all."""
PROBLEMS = "problems"
"""What was wrong with the message when its file was split: JSON; absent where nothing was."""
TRACEPARENT = "traceparent"
"""W3C Trace Context, kept from the raw record to the notice."""

# CloudEvents 1.0, Kafka binding, binary mode: on every record that holds a contract.
CE_SPECVERSION = "ce_specversion"
CE_ID = "ce_id"
CE_SOURCE = "ce_source"
CE_TYPE = "ce_type"
"""The contract's full name, as `fi.saattaen.referral.ReferralSubmitted`."""
CE_TIME = "ce_time"

SEALED_BODY = "sealed_body"
"""On a dead letter: its sealed body, which may be larger than a contract's bytes; empty inside."""
RESOLVED = "resolved"
"""On a record without a value, in the partition of a dead letter and under its id: it was replayed,
and its records up to this offset, decimal, are dealt with."""

LINEAGE = "lineage"
"""On the state `partition`, the last of each transaction: a random name that the partition's states
got with the first of them. A topic that was made anew has another."""
NEXT_AT = "next_at"
"""On a state: when the person's next clock wants to fire, decimal microseconds; absent if never."""


class Topic(NamedTuple):
    """One topic as it is to be made."""

    name: str
    compacted: bool
    kept_ms: int | None
    """How long records are kept; None for ever."""


def raw(agency: AgencyId) -> str:
    """Name the topic of an agency's messages as received."""
    return f"saattaen.raw.{agency}"


def deliver(agency: AgencyId) -> str:
    """Name the topic of the notices for an agency."""
    return f"saattaen.deliver.{agency}"


def topics_of(agreement: Agreement) -> list[Topic]:
    """List the topics that an agreement's hub needs, by name."""
    park_ms = agreement.park_for_us // 1000
    kept_ms = max(EVENTS_KEPT_MS, park_ms)
    common = [
        Topic(EVENTS, compacted=False, kept_ms=kept_ms),
        Topic(LEDGER, compacted=False, kept_ms=None),
        Topic(STATE, compacted=True, kept_ms=None),
        Topic(DEAD_LETTERS, compacted=False, kept_ms=DEAD_LETTERS_KEPT_MS),
    ]
    of_agencies = [
        Topic(name(agency), compacted=False, kept_ms=kept_ms)
        for agency in agreement.agencies
        for name in (raw, deliver)
    ]
    return sorted((*common, *of_agencies))
