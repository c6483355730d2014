"""The engine for a country: lanes in partitions, kept by Kafka transactions."""
