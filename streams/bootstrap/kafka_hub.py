"""What every stage of a Kafka hub that seals or opens is put together from."""

from pathlib import Path
from typing import NamedTuple

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.kafka_topics import kafka_admin
from streams.domain.agreement import Agreements
from streams.engines.keys_postgres import PostgresKeyStore, keys_exist
from streams.promises.engine import UnavailableError
from streams.sealing.hub_secrets import HubSecrets, open_secrets
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer


class KafkaSettings(NamedTuple):
    """Where a Kafka hub lies.

    `kafka` is host:port, or several with commas; `registry` the base of Confluent's interface;
    `database` an SQLAlchemy URL of PostgreSQL; `region` None is the demonstration region;
    `keys_file` holds the hub's secrets, the same for every worker.
    """

    kafka: str
    registry: str
    database: str
    region: Path | None
    keys_file: Path


class SealingParts:
    """The agreement, the secrets and what they make; person keys open when they are needed."""

    def __init__(self, settings: KafkaSettings, *, may_make_secrets: bool = True) -> None:
        """Load what lies on this machine; the secrets are made where the hub has none yet.

        Args:
            settings: Where the hub lies.
            may_make_secrets: False for whoever only takes up what the hub has sealed before.

        Raises:
            AgreementError: The region's agreement cannot be used.
            SecretsError: The secrets file cannot be used, or is missing though keys exist.
            UnavailableError: It is missing, and the database does not say whether it may be made.
        """
        self.settings = settings
        self.agreements: Agreements = load_agreements(settings.region)
        self._secrets, self.made_secrets = _secrets(settings, may_make=may_make_secrets)
        self.pseudonyms = Pseudonyms(self._secrets.pseudonym)
        self.sealer = Sealer()

    def open_keys(self) -> PostgresKeyStore:
        """Open the person keys.

        Raises:
            UnavailableError: The database cannot be used now.
            WrongMasterKeyError: They were made under other secrets.
        """
        settings = self.settings
        return PostgresKeyStore(
            settings.database, self._secrets.master, secrets_file=settings.keys_file
        )


async def partitions_of(kafka: str, names: list[str]) -> dict[str, int]:
    """Give how many partitions topics have; asking makes none.

    Raises:
        UnavailableError: No broker answers, a topic is missing, or they do not have the same
            number, so that a person would change lanes between them.
    """
    async with kafka_admin(kafka) as admin:
        found = {
            topic["topic"]: len(topic["partitions"])
            for topic in await admin.describe_topics()
            if topic["topic"] in names and not topic["error_code"]
        }
    mend = f"saattaen kafka create-topics --kafka {kafka}"
    missing = sorted(set(names) - found.keys())
    if missing:
        raise UnavailableError(f"{kafka} has no topic {', '.join(missing)}: run {mend}")
    if len(set(found.values())) > 1:
        raise UnavailableError(
            f"the hub's topics on {kafka} have different numbers of partitions: {mend} says which"
        )
    return found


def _secrets(settings: KafkaSettings, *, may_make: bool) -> tuple[HubSecrets, bool]:
    place = settings.keys_file
    may_make = may_make and not place.exists() and not keys_exist(settings.database)
    return open_secrets(place, may_make=may_make)
