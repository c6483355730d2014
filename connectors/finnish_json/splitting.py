"""Taking a file or request apart into JSON events: one object, an array, or one a line (NDJSON)."""

import re

import orjson

from streams.domain.entry import Problem
from streams.promises.connector import DEPTH_MAX, FILE_BYTES_MAX, MESSAGE_BYTES_MAX, Message

MALFORMED = Problem("malformed", "", "not a JSON event: one object, an array, or one a line", None)
TOO_DEEP = Problem("too-deep", "", f"nested deeper than {DEPTH_MAX} levels", None)
TOO_LARGE_FILE = Problem("too-large", "", f"the file is over {FILE_BYTES_MAX} bytes", None)
TOO_LARGE_MESSAGE = Problem("too-large", "", f"the message is over {MESSAGE_BYTES_MAX} bytes", None)

EVENT_FIELD = "tapahtumaTunnus"
"""The field by which a line is known for an event of its own."""

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_OBJECT_BEGINS = re.compile(rb'[ \t\r]*\{[ \t]*["}]')
# Possessive, so that no input makes it try twice; a string that never ends is one string.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_OPENING = b"[{"


def split(raw: bytes) -> list[Message]:
    """Take a file apart into its events, at least one, in their order.

    A byte order mark is dropped. In an array or in lines, what is wrong with one event leaves the
    others alone. Pointers count from each event's own root, so `place` is always empty.
    """
    if len(raw) > FILE_BYTES_MAX:
        return [_refused(raw, TOO_LARGE_FILE)]
    text = raw.removeprefix(_BOM).strip(_SPACE)
    if text.startswith(b"["):
        return _elements(raw, text)
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _lines(raw, text)
    return [_event(raw, parsed)]


def reopen(raw: bytes) -> Message:
    """Give back an event that `split` gave without problems, from its own bytes; never raises."""
    try:
        parsed = orjson.loads(raw.removeprefix(_BOM).strip(_SPACE))
    except orjson.JSONDecodeError:
        return _refused(raw, MALFORMED)
    return _event(raw, parsed)


def _elements(raw: bytes, text: bytes) -> list[Message]:
    try:
        elements = orjson.loads(text)
    except orjson.JSONDecodeError:
        # The array is one level of its own, which its events do not answer for.
        return [_refused(raw, _unreadable(text, DEPTH_MAX + 1))]
    if not elements:
        return [_refused(raw, MALFORMED)]
    return [_element(raw, element) for element in elements]


def _element(raw: bytes, element: object) -> Message:
    try:
        own = orjson.dumps(element)
    except TypeError:
        # orjson writes no deeper than 254 levels; the file itself is then what there is to keep.
        return _refused(raw, TOO_DEEP)
    return _event(own, element)


def _lines(raw: bytes, text: bytes) -> list[Message]:
    lines = [line for line in text.split(b"\n") if line.strip(_SPACE)]
    if len(lines) > 1:
        messages = [_line(line) for line in lines]
        # A pretty-printed object cut short has many lines too, and is still one message.
        if any(map(_is_event, messages)) or all(map(_OBJECT_BEGINS.match, lines)):
            return messages
    if len(text) > MESSAGE_BYTES_MAX:
        return [_refused(raw, TOO_LARGE_MESSAGE)]
    return [_refused(raw, _unreadable(text, DEPTH_MAX))]


def _line(line: bytes) -> Message:
    if len(line) > MESSAGE_BYTES_MAX:
        return _refused(line, TOO_LARGE_MESSAGE)
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _refused(line, _unreadable(line, DEPTH_MAX))
    return _event(line, parsed)


def _event(raw: bytes, parsed: object) -> Message:
    if not isinstance(parsed, dict):
        return _refused(raw, MALFORMED)
    if len(raw) > MESSAGE_BYTES_MAX:
        return _refused(raw, TOO_LARGE_MESSAGE)
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and _is_deeper(raw, DEPTH_MAX):
        return _refused(raw, TOO_DEEP)
    return Message(raw, parsed, "", ())


def _is_event(message: Message) -> bool:
    return isinstance(message.parsed, dict) and EVENT_FIELD in message.parsed


def _refused(raw: bytes, problem: Problem) -> Message:
    return Message(raw, None, "", (problem,))


def _unreadable(text: bytes, levels: int) -> Problem:
    """Tell what is too deep to parse from what is no JSON."""
    opened = text.count(b"{") + text.count(b"[")
    return TOO_DEEP if opened > levels and _is_deeper(text, levels) else MALFORMED


def _is_deeper(text: bytes, levels: int) -> bool:
    """Say whether brackets outside strings ever stand deeper than `levels`."""
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NOT_BRACKETS):
        if bracket in _OPENING:
            depth += 1
            if depth > levels:
                return True
        else:
            depth -= 1
    return False
