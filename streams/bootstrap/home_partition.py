"""Which partition a key lies in, by Kafka's default partitioner: everybody must agree on it."""

from aiokafka.partitioner import murmur2

from streams.domain.ids import AgencyId

_WITHOUT_SIGN = 0x7FFFFFFF


def home_partition(agency: AgencyId, partitions: int) -> int:
    """Give the partition of an agency's own lane, where it falls silent and is heard again."""
    hashed: int = murmur2(agency.encode())
    return (hashed & _WITHOUT_SIGN) % partitions
