"""What commands of a Kafka hub share: parts put together from the options, and who speaks."""

import logging
from typing import TYPE_CHECKING

from streams.cli.kafka_options import KafkaPlace

if TYPE_CHECKING:
    from streams.bootstrap.kafka_hub import SealingParts


def sealing_parts(place: KafkaPlace, *, may_make_secrets: bool = True) -> "SealingParts":
    """Load the agreement and the secrets; say so where the secrets were made, if they may be.

    Raises:
        AgreementError, SecretsError, UnavailableError: As `SealingParts` raises them.
    """
    from streams.bootstrap.kafka_hub import KafkaSettings, SealingParts
    from streams.cli.ingest import tell_of_secrets

    if place.keys is None:  # pragma: no cover  # the options demand it
        raise AssertionError
    settings = KafkaSettings(place.kafka, place.registry, place.database, place.region, place.keys)
    parts = SealingParts(settings, may_make_secrets=may_make_secrets)
    if parts.made_secrets:
        tell_of_secrets(place.keys)
    return parts


def hush_client() -> None:
    """Let the client be silent: what there is to say of a broker that is away, we say once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
