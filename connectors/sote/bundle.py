"""A file of FHIR, taken apart into its messages.

One message is one focal resource: a Task, a Consent, or a ServiceRequest where neither is there. A
bare resource is its own message. A Bundle's focal resources are those that its MessageHeader's
focus names, else all of its Tasks and Consents. Where there is more than one, each message is that
Bundle narrowed to it.
"""

from typing import NamedTuple

import orjson

from connectors.sote.findings import Json
from connectors.sote.folder import Folder, Found
from connectors.sote.kanta import doubles
from connectors.sote.narrowing import Narrowing
from connectors.sote.resource_types import RESOURCE_TYPES
from streams.domain.entry import Problem
from streams.promises.connector import (
    BATCH_MESSAGES_MAX,
    DEPTH_MAX,
    FILE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    Message,
)

ENTRIES_MAX = 10 * BATCH_MESSAGES_MAX
"""Entries of a Bundle: with its messages they set what taking it apart may cost."""
FOCAL_KINDS = ("Task", "Consent")

_NARROWED_BYTES_MAX = 4 * FILE_BYTES_MAX
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

MALFORMED = Problem("malformed", "", "not a FHIR resource in JSON", None)
_TOO_LARGE = Problem("too-large", "", "more than 8 MiB in a file or 512 KiB in a message", None)
_TOO_DEEP = Problem("too-deep", "", f"more than {DEPTH_MAX} levels", None)
_TOO_MANY = Problem(
    "too-large",
    "Bundle.entry",
    f"more than {BATCH_MESSAGES_MAX} messages or {ENTRIES_MAX} entries in a Bundle",
    None,
)
_NO_MESSAGE = "no Task, Consent or ServiceRequest that could be a message"


class Enclosed(NamedTuple):
    """What was parsed of a message: its document, and the index of the entry that it is about.

    `focal` is 0 for a bare resource, and -1 where nothing in the document can be a message.
    """

    document: Json
    folder: Folder
    focal: int
    noted: tuple[Problem, ...] = ()
    """What is wrong with it beside the other messages of its Bundle."""


def split(raw: bytes) -> list[Message]:
    """Take a file apart into its messages, at least one, in the order of their focal resources.

    A file of several JSON documents, one a line, is read line by line. Never raises: what cannot be
    read is one message with its problem.
    """
    if len(raw) > FILE_BYTES_MAX:
        return [_unreadable(raw, _TOO_LARGE)]
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return _enclosed(raw, orjson.loads(raw))
    except orjson.JSONDecodeError:
        return _lines(raw)


def _lines(raw: bytes) -> list[Message]:
    lines = [line for line in raw.splitlines() if line.strip()]
    if len(lines) < 2 or not isinstance(_document(lines[0]), dict):  # noqa: PLR2004  # one line is a file
        return [_no_json(raw)]
    return [message for line in lines for message in _line(line)]


def _line(line: bytes) -> list[Message]:
    document = _document(line)
    return [_no_json(line)] if document is None else _enclosed(line, document)


def _document(line: bytes) -> object:
    try:
        parsed: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return parsed


def _no_json(raw: bytes) -> Message:
    # The parser refuses 1,024 levels too, and does not say in a code which of the two it was.
    deep = _left_open(raw).count(b"[") > DEPTH_MAX
    return _unreadable(raw, _TOO_DEEP if deep else MALFORMED)


def _enclosed(raw: bytes, parsed: object) -> list[Message]:
    kind = parsed.get("resourceType") if isinstance(parsed, dict) else None
    if not isinstance(parsed, dict) or not isinstance(kind, str) or kind not in RESOURCE_TYPES:
        return [_unreadable(raw, MALFORMED)]
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and _left_open(raw):
        return [_unreadable(raw, _TOO_DEEP)]
    if kind != "Bundle":
        return [_bare(raw, parsed, kind)]
    entries = parsed.get("entry")
    if isinstance(entries, list) and len(entries) > ENTRIES_MAX:
        return [_unreadable(raw, _TOO_MANY)]
    return _bundled(raw, parsed)


def _bundled(raw: bytes, bundle: Json) -> list[Message]:
    folder = Folder(bundle, "Bundle")
    header = next(iter(folder.of_kind("MessageHeader")), None)
    focal = _focal(folder, header)
    if len(focal) > BATCH_MESSAGES_MAX:
        return [_unreadable(raw, _TOO_MANY)]
    if not focal:
        problem = Problem("missing-field", "Bundle.entry", _NO_MESSAGE, None)
        return [_limited(raw, Enclosed(bundle, folder, -1), (problem,))]
    if len(focal) == 1:
        return [_limited(raw, Enclosed(bundle, folder, focal[0]))]
    return _several(raw, Narrowing(bundle, folder, header), focal, doubles(bundle, folder, focal))


def _bare(raw: bytes, resource: Json, kind: str) -> Message:
    folder = Folder(resource, kind)
    if kind in FOCAL_KINDS or kind == "ServiceRequest":
        return _limited(raw, Enclosed(resource, folder, 0))
    problem = Problem("missing-field", kind, _NO_MESSAGE, None)
    return _limited(raw, Enclosed(resource, folder, -1), (problem,))


def _focal(folder: Folder, header: Found | None) -> list[int]:
    """Give the indexes of the entries that are messages of their own."""
    candidates = folder.of_kind(*FOCAL_KINDS) or folder.of_kind("ServiceRequest")
    places = {entry.entry for entry in candidates}
    focus = header.resource.get("focus") if header is not None else None
    named: set[int] = set()
    if header is not None and isinstance(focus, list):
        found = [folder.referred_entry(item) for item in focus if isinstance(item, dict)]
        named = {entry.entry for entry in found if entry is not None}
    return sorted(named & places or places)


def _several(
    raw: bytes, narrowing: Narrowing, focal: list[int], noted: dict[int, tuple[Problem, ...]]
) -> list[Message]:
    messages: list[Message] = []
    total = 0
    for index in focal:
        messages.append(_one_of_several(narrowing, index, noted.get(index, ())))
        total += len(messages[-1].raw)
        # What many messages share is repeated in each: a small file could become a very large one.
        if total > _NARROWED_BYTES_MAX:
            return [_unreadable(raw, _TOO_LARGE)]
    return messages


def _one_of_several(narrowing: Narrowing, focal: int, noted: tuple[Problem, ...]) -> Message:
    document = narrowing.narrow(focal)
    raw = orjson.dumps(document)
    if not narrowing.is_within_limits(focal):
        return _unreadable(raw, _TOO_LARGE)
    return _limited(raw, Enclosed(document, Folder(document, "Bundle"), focal, noted))


def _limited(raw: bytes, enclosed: Enclosed, problems: tuple[Problem, ...] = ()) -> Message:
    if len(raw) > MESSAGE_BYTES_MAX:
        return _unreadable(raw, _TOO_LARGE)
    return Message(raw, enclosed, "", problems)


def _unreadable(raw: bytes, problem: Problem) -> Message:
    return Message(raw, None, "", (problem,))


def _left_open(raw: bytes) -> bytes:
    """Give the brackets that are left when those of the innermost 200 levels are taken away.

    A document with none left has no more levels. Without a loop over what a sender wrote: 8 MiB of
    brackets take a second, not a minute.
    """
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    brackets = outside.translate(_AS_SQUARE, _NO_BRACKETS)
    for _ in range(DEPTH_MAX):
        inner, brackets = brackets, brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            break
    return brackets
