"""How commands that only ask open a hub: beside one that runs, and never making one."""

from streams.bootstrap.reader import HubReader
from streams.cli.options import HubPlace


def read_hub(place: HubPlace) -> HubReader:
    """Open the hub of a folder for reading.

    Raises:
        NoHubError: There is none in the folder.
        AgreementError, UnavailableError: It cannot be opened.
    """
    return HubReader(place.data, region=place.region, keys_file=place.keys)
