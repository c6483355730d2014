"""Narrowing: one of a Bundle's several messages, with only what its focal resource refers to.

A Provenance refers to its resource, not the other way round: it goes with it all the same.

No person's message then holds another person's data. What is left out leaves an empty entry behind,
so that a pointer still counts the entries as the sender wrote them.
"""

import orjson

from connectors.sote.findings import Json
from connectors.sote.folder import Folder, Found
from connectors.sote.kanta import PROVENANCE, provenances
from streams.promises.connector import MESSAGE_BYTES_MAX

_EMPTY_ENTRY_BYTES = 3


class Narrowing:
    """A Bundle with several focal resources, each entry measured and followed once."""

    def __init__(self, document: Json, folder: Folder, header: Found | None) -> None:
        """Open the Bundle; `header` is its MessageHeader where it has one."""
        self._document = document
        self._folder = folder
        self._header = header
        entries = document["entry"]
        self._entries: list[object] = entries if isinstance(entries, list) else []
        self._sizes: dict[int, int] = {}
        self._targets: dict[int, list[int]] = {}
        self._provenances = provenances(folder)

    def narrow(self, focal: int) -> Json:
        """Give the Bundle of one focal entry.

        Where that is over the limit of a message, the focal entry stands in it alone: the sum over
        all messages stays in proportion to the file.
        """
        kept = self._closure(focal)
        if sum(map(self._size, kept)) > MESSAGE_BYTES_MAX:
            kept = [focal]
        narrowed: list[object] = [{} for _ in range(max(kept) + 1)]
        for index in kept:
            entry = self._entries[index]
            found = self._folder.entries[index]
            if found is self._header and isinstance(entry, dict):
                entry = {**entry, "resource": self._own_header(found, focal)}
            narrowed[index] = entry
        return {**self._document, "entry": narrowed}

    def is_within_limits(self, focal: int) -> bool:
        """Say whether the message with all that its focal entry leads to keeps the size limit."""
        kept = self._closure(focal)
        return sum(map(self._size, kept)) + _EMPTY_ENTRY_BYTES * max(kept) <= MESSAGE_BYTES_MAX

    def _closure(self, focal: int) -> list[int]:
        kept = {focal, *[each.entry for each in self._provenances.get(focal, [])]}
        waiting = list(kept)
        for index, found in self._folder.entries.items():
            if found is self._header:
                kept.add(index)
                waiting.append(index)
        while waiting:
            for target in self._led_to(waiting.pop()):
                if target not in kept:
                    kept.add(target)
                    waiting.append(target)
        return sorted(kept)

    def _led_to(self, index: int) -> list[int]:
        if index not in self._targets:
            found = self._folder.entries[index]
            resource = found.resource
            if found is self._header:
                # The header's focus is the other messages; each follows its own.
                resource = {key: value for key, value in resource.items() if key != "focus"}
            elif found.kind == PROVENANCE:
                # What else it is of is another message's.
                resource = {key: value for key, value in resource.items() if key != "target"}
            targets = [self._folder.referred_entry(item) for item in _references(resource)]
            self._targets[index] = [
                target.entry for target in targets if target is not None and target.entry != index
            ]
        return self._targets[index]

    def _size(self, index: int) -> int:
        if index not in self._sizes:
            self._sizes[index] = len(orjson.dumps(self._entries[index]))
        return self._sizes[index]

    def _own_header(self, header: Found, focal: int) -> Json:
        """Give the header of one message: its focus and its id name that message and no other."""
        own = dict(header.resource)
        focus = header.resource.get("focus")
        if isinstance(focus, list):
            own["focus"] = [item for item in focus if self._is_about(item, focal)]
        if isinstance(own.get("id"), str):
            own["id"] = f"{own['id']}/{_own_name(self._folder.entries[focal], focal)}"
        return own

    def _is_about(self, item: object, focal: int) -> bool:
        found = self._folder.referred_entry(item) if isinstance(item, dict) else None
        return found is not None and found.entry == focal


def _own_name(focal: Found, index: int) -> str:
    identifiers = focal.resource.get("identifier")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else None
    name = first.get("value") if isinstance(first, dict) else None
    return name if isinstance(name, str) and name else str(index)


def _references(resource: Json) -> list[Json]:
    found: list[Json] = []
    waiting: list[object] = [resource]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("reference"), str) or isinstance(node.get("identifier"), dict):
                found.append(node)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found
