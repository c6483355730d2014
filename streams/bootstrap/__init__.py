"""Bootstrap: settings, and the only place that picks implementations."""
