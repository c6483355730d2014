"""Faults on a real Kafka: what was promised must hold while workers, brokers and registries die."""
