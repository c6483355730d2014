"""Folder: the resources of one message, found by whatever a reference calls them.

References resolve by fullUrl, by relative or `urn:uuid` id, as contained `#id`, or by identifier
(FHIR R4, Bundle "Resolving references"). Nothing outside the message is ever looked up.
"""

from collections.abc import Iterator
from typing import NamedTuple

from connectors.sote.findings import Json

_HISTORY = "/_history/"

Name = str | tuple[str | None, str]
"""What a resource is called: an address, or the system and value of an identifier."""


class Found(NamedTuple):
    """A resource, where it stands, and the resource that holds it where it is contained.

    `entry` is the index of the entry in which it or its holder stands, 0 in a bare resource.
    """

    resource: Json
    at: str
    root: Json
    root_at: str
    entry: int

    @property
    def kind(self) -> str:
        """Its resource type, empty where it has none."""
        kind = self.resource.get("resourceType")
        return kind if isinstance(kind, str) else ""


class Folder:
    """The resources of a Bundle or of a bare resource; `entries` are by their index."""

    def __init__(self, document: Json, at: str) -> None:
        """Open a document; `at` is its own pointer: its resource type."""
        self.entries: dict[int, Found] = {}
        self._by_url: dict[str, Found] = {}
        self._others: dict[Name, Found] | None = None
        self._inner: dict[int, dict[Name, Found]] = {}
        if document.get("resourceType") != "Bundle":
            self.entries[0] = Found(document, at, document, at, 0)
            return
        entries = document.get("entry")
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict):
                place = f"Bundle.entry[{index}].resource"
                found = Found(resource, place, resource, place, index)
                self.entries[index] = found
                url = entry.get("fullUrl")
                if isinstance(url, str):
                    # The first of two with one name, whoever reads the message.
                    self._by_url.setdefault(url.strip(), found)

    def of_kind(self, *kinds: str) -> list[Found]:
        """Give the entries of some resource types, in their order."""
        return [
            entry for entry in self.entries.values() if entry.resource.get("resourceType") in kinds
        ]

    def referred(self, reference: Json, holder: Found) -> Found | None:
        """Find what a Reference in `holder` points at; None where the message does not have it."""
        name = _name(reference)
        if name is None:
            return None
        if isinstance(name, str) and name[:1] != "#":
            return self._entry(name)
        found = self._contained_in(holder).get(name)
        return found if found is not None else self._entry(name)

    def referred_entry(self, reference: Json) -> Found | None:
        """Find the entry that a Reference points at; None where it is no entry."""
        name = _name(reference)
        return self._entry(name) if name is not None else None

    def _entry(self, name: Name) -> Found | None:
        # Most references are fullUrls: what else an entry is called is worked out when one is not.
        found = self._by_url.get(name) if isinstance(name, str) else None
        if found is not None:
            return found
        if self._others is None:
            self._others = {}
            for url, entry in self._by_url.items():
                if not isinstance(entry.resource.get("id"), str):
                    # Senders that leave out the id mean the end of the address by it.
                    self._others.setdefault("/".join(url.split("/")[-2:]), entry)
            for entry in self.entries.values():
                for other in _other_names(entry):
                    self._others.setdefault(other, entry)
        return self._others.get(name)

    def _contained_in(self, holder: Found) -> dict[Name, Found]:
        known = self._inner.get(holder.entry)
        if known is None:
            known = self._inner[holder.entry] = {}
            for found in _contained(holder):
                own_id = found.resource.get("id")
                names = list(_identifiers(found))
                if isinstance(own_id, str):
                    names.append(f"#{own_id}")
                for name in names:
                    known.setdefault(name, found)
        return known


def _name(reference: Json) -> Name | None:
    target = reference.get("reference")
    if isinstance(target, str):
        target = target.strip()
        return target[: target.index(_HISTORY)] if _HISTORY in target else target
    identifier = reference.get("identifier")
    return _identifier(identifier) if isinstance(identifier, dict) else None


def _contained(holder: Found) -> Iterator[Found]:
    # A contained resource refers to its neighbours, so the outermost holder is asked.
    inner = holder.root.get("contained")
    for index, resource in enumerate(inner if isinstance(inner, list) else []):
        if isinstance(resource, dict):
            at = f"{holder.root_at}.contained[{index}]"
            yield Found(resource, at, holder.root, holder.root_at, holder.entry)


def _identifiers(found: Found) -> Iterator[Name]:
    known = found.resource.get("identifier")
    for identifier in known if isinstance(known, list) else []:
        name = _identifier(identifier) if isinstance(identifier, dict) else None
        if name is not None:
            yield name


def _identifier(identifier: Json) -> tuple[str | None, str] | None:
    system, value = identifier.get("system"), identifier.get("value")
    if not isinstance(value, str):
        return None
    return (system if isinstance(system, str) else None, value)


def _other_names(found: Found) -> Iterator[Name]:
    own_id = found.resource.get("id")
    if isinstance(own_id, str):
        yield f"{found.kind}/{own_id}"
        yield f"urn:uuid:{own_id}"
    yield from _identifiers(found)
