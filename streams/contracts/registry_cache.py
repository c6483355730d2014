"""What a worker remembers of a schema registry, so that it starts while the registry is down.

One JSON file: `registry` (the address that the ids belong to), `schemas` (id to schema, as the
registry gave them) and `own` (id and fingerprint of each of our contracts, by record).
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import structlog

_LOG = structlog.get_logger(__name__)


class OwnId(NamedTuple):
    """The id of one of our contracts, and the fingerprint of the contract that it was given for."""

    schema_id: int
    fingerprint: str


class RegistryCache:
    """Ids known so far; kept in a file where there is one."""

    def __init__(self, registry: str, place: Path | None) -> None:
        """Take over what the file holds of this registry: nothing, where it cannot be read."""
        self._registry = registry
        self._place = place
        self.schemas: dict[int, str] = {}
        self.own: dict[str, OwnId] = {}
        if place is not None:
            self._take_over(place)

    def forget(self) -> None:
        """Forget everything: the registry turned out to be another one."""
        self.schemas.clear()
        self.own.clear()

    def keep(self) -> None:
        """Write the file, whole or not at all. A file that cannot be written is only missed."""
        if self._place is None:
            return
        document = {
            "registry": self._registry,
            "schemas": {str(schema_id): self.schemas[schema_id] for schema_id in self.schemas},
            "own": {record: list(own) for record, own in self.own.items()},
        }
        beside = self._place.with_name(f".{self._place.name}.{os.getpid()}")
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._place)
        except OSError as failure:
            _LOG.warning("registry_cache_not_written", error=type(failure).__name__)
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _take_over(self, place: Path) -> None:
        try:
            document = json.loads(place.read_bytes())
        except (OSError, ValueError, RecursionError):
            return
        if not isinstance(document, dict) or document.get("registry") != self._registry:
            return
        try:
            self.schemas = {int(key): _text(text) for key, text in document["schemas"].items()}
            self.own = {
                str(record): OwnId(int(schema_id), _text(fingerprint))
                for record, (schema_id, fingerprint) in document["own"].items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            self.forget()


def _text(found: Any) -> str:  # noqa: ANN401  # whatever the file holds
    if not isinstance(found, str):
        raise TypeError
    return found
