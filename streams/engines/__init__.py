"""Engines: where the ledger and the state live."""
