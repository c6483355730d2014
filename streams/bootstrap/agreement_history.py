"""Every version of the agreement that a hub ever ran under, kept beside its ledger.

An edited file has a new digest; entries name the digest under which they were decided, and must be
decided so again for ever. `DATA/agreements/DIGEST.json` holds one version as the domain knows it,
so that no later change of the file's format makes an old one unreadable.
"""

from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from streams.domain.agreement import Agreement, Agreements, BasisBook, BasisRule
from streams.domain.clock_rules import ClockBook, ClockRule
from streams.domain.ids import Instant
from streams.promises.engine import UnavailableError

FOLDER = "agreements"
_HEX = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")
_BOOKS: dict[str, tuple[type, Any]] = {
    "clock_rules": (ClockBook, tuple[ClockRule, ...]),
    "basis_rules": (BasisBook, tuple[BasisRule, ...]),
}
"""Fields that are kept as the rules which their books are made of."""


def keep_agreements(data: Path, agreements: Agreements) -> None:
    """Keep each version that a hub is opened under; one that lies there already stays as it is.

    Raises:
        UnavailableError: The hub's folder cannot be written.
    """
    folder = data / FOLDER
    for version in agreements.versions:
        place = _place(folder, version.digest)
        if place.exists():
            continue
        draft = place.with_suffix(".part")
        try:
            folder.mkdir(exist_ok=True)
            draft.write_bytes(written(version))
            draft.rename(place)
        except OSError as failure:
            raise UnavailableError(
                f"{folder} cannot be written ({failure.strerror}): give the hub's user the right "
                "to, and look at its disk"
            ) from failure


class Bygone:
    """The agreements by digest: those of the region's files, and those that were kept."""

    def __init__(self, data: Path | None, agreements: Agreements) -> None:
        """Look for what the files no longer say in a hub's folder, where it has one."""
        self._folder = data / FOLDER if data is not None else None
        self._agreements = agreements
        self._found: dict[bytes, Agreements | None] = {}

    def in_force(self, digest: bytes, at: Instant) -> Agreement | None:
        """Give the version of a digest with the records in force at a moment.

        None where this hub never ran under it, or what was kept cannot be read.
        """
        if digest not in self._found:
            version = self._agreements.by_digest(digest) or self._kept(digest)
            self._found[digest] = Agreements((version,)) if version is not None else None
        found = self._found[digest]
        return found.in_force(at) if found is not None else None

    def mend(self) -> str:
        """Say what brings back a version that is not at hand."""
        named = "name a folder with all its versions with --region"
        return f"{named}, or put back what was in {self._folder}" if self._folder else named

    def _kept(self, digest: bytes) -> Agreement | None:
        if self._folder is None:
            return None
        try:
            version = read(_place(self._folder, digest).read_bytes())
        except (OSError, ValueError):
            return None
        return version if version.digest == digest else None


def written(version: Agreement) -> bytes:
    """Write a version of an agreement as one JSON object, each field under its name."""
    return orjson.dumps(
        {
            name: orjson.Fragment(adapter.dump_json(_plain(getattr(version, name))))
            for name, adapter in _adapters().items()
        },
        option=orjson.OPT_INDENT_2,
    )


def read(document: bytes) -> Agreement:
    """Read a version back; fields that a later version of the hub added keep their defaults.

    Raises:
        ValueError: It is no such document.
    """
    fields = orjson.loads(document)
    if not isinstance(fields, dict):
        raise ValueError("no agreement")  # noqa: TRY004  # whoever reads a damaged file gets one kind of error
    try:
        known: dict[str, Any] = {
            name: adapter.validate_json(orjson.dumps(fields[name]))
            for name, adapter in _adapters().items()
            if name in fields
        }
        for name, (book, _) in _BOOKS.items():
            known[name] = book(known[name])
        return Agreement(**known)
    except (ValidationError, KeyError, TypeError) as wrong:
        raise ValueError("no agreement") from wrong


def _place(folder: Path, digest: bytes) -> Path:
    return folder / f"{digest.hex()}.json"


def _plain(value: object) -> object:
    return value.rules if isinstance(value, ClockBook | BasisBook) else value


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(Agreement) | {name: rules for name, (_, rules) in _BOOKS.items()}
    return {name: TypeAdapter(hint, config=_config(hint)) for name, hint in hints.items()}


def _config(hint: object) -> ConfigDict | None:
    # A type of one's own brings its own configuration.
    return _HEX if hint is bytes else None
