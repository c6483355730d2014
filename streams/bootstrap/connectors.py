"""Which connector speaks for which sector."""

from functools import cache

from streams.promises.connector import Connector

SECTORS = ("sote", "employment", "kela", "typ")


@cache
def connector_of(sector: str) -> Connector:
    """Give the connector of a sector; only those that are needed are loaded.

    Raises:
        ValueError: There is no connector for the sector.
    """
    if sector == "sote":
        from connectors.sote.connector import SoteConnector  # loaded when needed

        return SoteConnector()
    if sector == "employment":
        from connectors.employment.mapping import (  # loaded when needed
            EmploymentConnector,
        )

        return EmploymentConnector()
    if sector == "kela":
        from connectors.kela.connector import KelaConnector  # loaded when needed

        return KelaConnector()
    if sector == "typ":
        from connectors.typ.mapping import TypConnector  # loaded when needed

        return TypConnector()
    raise ValueError(f"no connector for the sector {sector}: known are {', '.join(SECTORS)}")
