"""Views: what people and systems ask, read from the ledger."""
