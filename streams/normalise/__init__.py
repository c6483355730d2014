"""Normalising: a raw message becomes a contract event, or a dead letter with all its errors."""
