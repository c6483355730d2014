"""Tests, named as sentences about the hub."""
