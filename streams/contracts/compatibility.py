"""Whether readers and writers of two schemas understand each other, by Avro's resolution rules.

Both ways: who reads with the new schema must understand what the old one wrote, and the reverse,
since agencies and stages of the hub are never renewed at the same moment. Beyond Avro, a field may
not change what its number means (logical type) nor stop being sealed: no reader would notice.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

from streams.contracts.declarations import Schema, full_name, simple

_PROMOTIONS = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
_OLD_READER = "a reader of the old schema"
_NEW_READER = "a reader of the new schema"


class Incompatibility(NamedTuple):
    """Where two schemas do not get along, as `Record.field[].field`, and why."""

    path: str
    why: str


def compatible(
    old: Schema, new: Schema, aliases: Mapping[str, frozenset[str]] | None = None
) -> list[Incompatibility]:
    """Find what keeps two schemas from living side by side; nothing, where they may.

    Args:
        old: A released schema.
        new: The one that is to take its place.
        aliases: Further names of records and enums that are only named here and declared elsewhere.
            A record that is only named is not looked into.
    """
    known = {**(aliases or {})}
    root = _title(new)
    backward = _Resolution(_NEW_READER, known).differences(old, new, root)
    forward = _Resolution(_OLD_READER, known).differences(new, old, root)
    meaning = _Meaning().differences(old, new, root)
    return list(dict.fromkeys([*backward, *forward, *meaning]))


class _Resolution:
    """One reader's view: what of the writer's schema it cannot read."""

    def __init__(self, reader: str, aliases: Mapping[str, frozenset[str]]) -> None:
        self._reader = reader
        self._aliases = aliases
        self._seen: set[tuple[str, str]] = set()

    def differences(self, writer: Schema, reader: Schema, path: str) -> list[Incompatibility]:
        if isinstance(writer, list):
            return self._writer_union(writer, reader, path)
        if isinstance(reader, list):
            return self._reader_union(writer, reader, path)
        if not self._alike(writer, reader):
            cannot = f"{self._reader} cannot take {_title(writer)} for {_title(reader)}"
            return [Incompatibility(path, cannot)]
        if isinstance(writer, dict) and isinstance(reader, dict):
            return self._inside(writer, reader, path)
        return []

    def _inside(
        self, writer: dict[str, Any], reader: dict[str, Any], path: str
    ) -> list[Incompatibility]:
        match reader["type"]:
            case "record":
                return self._fields(writer, reader, path)
            case "enum":
                return self._symbols(writer, reader, path)
            case "array":
                return self.differences(writer["items"], reader["items"], f"{path}[]")
            case "map":
                return self.differences(writer["values"], reader["values"], f"{path}{{}}")
            case "fixed" if writer["size"] != reader["size"]:
                sizes = f"{writer['size']} bytes for {reader['size']}"
                return [Incompatibility(path, f"{self._reader} cannot take {sizes}")]
            case _:
                return []

    def _writer_union(
        self, writer: list[Schema], reader: Schema, path: str
    ) -> list[Incompatibility]:
        found = []
        for branch in writer:
            inner = f"{path}.{_title(branch)}" if len(writer) > 1 else path
            found += self.differences(branch, reader, inner)
        return found

    def _reader_union(
        self, writer: Schema, reader: list[Schema], path: str
    ) -> list[Incompatibility]:
        matches = [branch for branch in reader if self._alike(writer, branch)]
        if not matches:
            return [Incompatibility(path, f"{self._reader} has no branch for {_title(writer)}")]
        exact = [branch for branch in matches if _title(branch) == _title(writer)]
        return self.differences(writer, (exact or matches)[0], path)

    def _alike(self, writer: Schema, reader: Schema) -> bool:
        kinds = (_kind(writer), _kind(reader))
        if _is_named(writer) or _is_named(reader):
            title = _title(reader)
            names = {title} | self._aliases.get(title, frozenset())
            if isinstance(reader, dict):
                names |= {simple(alias) for alias in reader.get("aliases", [])}
            same_kind = kinds[0] == kinds[1] or "named" in kinds
            return same_kind and _is_named(writer) and _title(writer) in names
        return kinds[0] == kinds[1] or kinds in _PROMOTIONS

    def _fields(
        self, writer: dict[str, Any], reader: dict[str, Any], path: str
    ) -> list[Incompatibility]:
        pair = (full_name(writer), full_name(reader))
        if pair in self._seen:
            return []
        self._seen.add(pair)
        written = {field["name"]: field for field in writer["fields"]}
        found: list[Incompatibility] = []
        for field in reader["fields"]:
            inner = f"{path}.{field['name']}"
            names = [field["name"], *field.get("aliases", [])]
            source = next((written[name] for name in names if name in written), None)
            if source is not None:
                found += self.differences(source["type"], field["type"], inner)
            elif "default" not in field:
                missing = f"{self._reader} misses the field, and has no default for it"
                found.append(Incompatibility(inner, missing))
        return found

    def _symbols(
        self, writer: dict[str, Any], reader: dict[str, Any], path: str
    ) -> list[Incompatibility]:
        unknown = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
        if not unknown or "default" in reader:
            return []
        cannot = f"{self._reader} does not know {', '.join(unknown)}, and has no default"
        return [Incompatibility(path, cannot)]


class _Meaning:
    """What Avro lets pass although it changes what a value means, or who may read it."""

    def differences(self, old: Schema, new: Schema, path: str) -> list[Incompatibility]:
        if isinstance(old, list) or isinstance(new, list):
            return [
                difference
                for before, after in product(_branches(old), _branches(new))
                if _title(before) == _title(after)
                for difference in self.differences(before, after, path)
            ]
        if isinstance(old, dict) and isinstance(new, dict) and old["type"] == new["type"]:
            found = self._fields(old, new, path)
            if "items" in old:
                found += self.differences(old["items"], new["items"], f"{path}[]")
        else:
            found = []
        before, after = _logical(old), _logical(new)
        if before != after and _kind(old) == _kind(new):
            found.append(Incompatibility(path, f"the logical type was {before} and is {after}"))
        return found

    def _fields(self, old: dict[str, Any], new: dict[str, Any], path: str) -> list[Incompatibility]:
        before = {field["name"]: field for field in old.get("fields", [])}
        found: list[Incompatibility] = []
        for field in new.get("fields", []):
            was = before.get(field["name"])
            if was is None:
                continue
            inner = f"{path}.{field['name']}"
            if was.get("sealed") != field.get("sealed"):
                marks = f"{was.get('sealed')} and is {field.get('sealed')}"
                found.append(Incompatibility(inner, f"the mark of what is sealed was {marks}"))
            found += self.differences(was["type"], field["type"], inner)
        return found


def _branches(schema: Schema) -> list[Schema]:
    return schema if isinstance(schema, list) else [schema]


def _kind(schema: Schema) -> str:
    name = str(schema["type"] if isinstance(schema, dict) else schema)
    return "named" if "." in name else name


def _is_named(schema: Schema) -> bool:
    return _kind(schema) in ("named", "record", "enum", "fixed")


def _title(schema: Schema) -> str:
    if isinstance(schema, list):
        return " | ".join(map(_title, schema))
    if isinstance(schema, str):
        return simple(schema)
    return str(schema.get("name", schema["type"]))


def _logical(schema: Schema) -> str:
    return str(schema.get("logicalType", "none")) if isinstance(schema, dict) else "none"
