"""TYP, the multi-professional joint service: JSON events of a clienthood."""

from connectors.typ.mapping import TypConnector

__all__ = ["TypConnector"]
