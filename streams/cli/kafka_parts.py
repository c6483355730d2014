"""How commands of a Kafka hub put together what seals: from the options, and with a word on it."""

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
