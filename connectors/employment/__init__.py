"""Employment services: JSON events with Finnish names."""

from connectors.employment.mapping import EmploymentConnector

__all__ = ["EmploymentConnector"]
