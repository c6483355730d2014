"""Measurements on a real Kafka: `make bench-kafka`."""
