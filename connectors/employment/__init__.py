"""Employment services: JSON events with Finnish names."""
