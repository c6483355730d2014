"""Tests of the engine on Kafka that need no broker."""
