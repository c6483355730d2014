"""What the broker's client raises where the broker is away, or changes: no defect of the hub's."""

from aiokafka.errors import KafkaError

CLIENT_FAILURES = (KafkaError, TimeoutError, OSError, AssertionError, RuntimeError)
"""The library asserts its own states too, which an answer that comes late, or never, may break: it
knew no broker any more after one had stood still for 30 s. It writes to connections that the loop
has closed, and walks over sets of its own that change meanwhile: these are RuntimeErrors."""
