"""How commands that write open a hub that is there already; they never make one."""

from streams.bootstrap.hub import Hub
from streams.bootstrap.reader import NoHubError
from streams.cli.options import HubPlace
from streams.engines.embedded import FILE as LEDGER_FILE


def open_hub(place: HubPlace) -> Hub:
    """Open the hub of a folder for writing.

    Raises:
        NoHubError: There is none in the folder.
        AgreementError, SecretsError, UnavailableError: As `Hub` raises them.
    """
    if not (place.data / LEDGER_FILE).is_file():
        raise NoHubError(
            f"there is no hub in {place.data}: name its folder with --data, or make one with "
            f"saattaen ingest --data {place.data} --from AGENCY FILE"
        )
    return Hub(place.data, region=place.region, keys_file=place.keys)
