"""How commands that only ask open a hub: beside one that runs, and never making one."""

from streams.bootstrap.asking import AskedHub
from streams.bootstrap.reader import HubReader
from streams.cli.kafka_options import AnyPlace
from streams.cli.options import HubPlace


def read_hub(place: HubPlace) -> HubReader:
    """Open the hub of a folder for reading.

    Raises:
        NoHubError: There is none in the folder.
        AgreementError, UnavailableError: It cannot be opened.
    """
    return HubReader(place.data, region=place.region, keys_file=place.keys)


def ask_hub(place: AnyPlace) -> AskedHub:
    """Open a hub of either kind for reading: an embedded one's folder, or a Kafka hub's views.

    Raises:
        NoHubError: There is none in the folder.
        AgreementError, UnavailableError: It cannot be opened.
    """
    if isinstance(place, HubPlace):
        return read_hub(place)
    from streams.bootstrap.kafka_reader import KafkaReader

    return KafkaReader(place.database, region=place.region, keys_file=place.keys)
