"""Contracts: Avro records in and out, and what a change of them may do to others."""
