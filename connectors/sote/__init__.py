"""Wellbeing services counties: HL7 FHIR R4."""

from connectors.sote.connector import SoteConnector

__all__ = ["SoteConnector"]
