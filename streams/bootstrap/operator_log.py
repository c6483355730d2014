"""The operator log: facts about the hub's work, one JSON object a line, never about a person.

Only keys of the allow-list pass, and only ids, codes, numbers and booleans as their values; a value
in which a HETU shows is masked. A line that breaks the rules is written without what broke them,
and says how much that was: a log call must never stop the hub.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import orjson
import structlog

from streams.sealing.pseudonyms import looks_like_hetu

EventDict = MutableMapping[str, Any]

KEYS = frozenset(
    {
        # which
        *("agency", "to", "notice_id", "handoff_id", "case_id", "clock_id", "event_id", "entry_id"),
        *("dead_letter_id", "kind", "library", "topic", "partition", "offset", "schema_id"),
        "group",
        # what became of it
        *("state", "status", "cause", "error", "signal"),
        # how much and how long; each name ends with its unit
        *("bytes", "messages", "accepted", "dead_letters", "files", "clocks", "tries", "agencies"),
        "partitions",
        *("delay_us", "hold_us", "duration_us", "lag_us"),
    }
)
"""Everything that a line may say, besides what happened, when and how grave it is."""
MASKED = "(masked)"
UNNAMED = "unnamed_event"
TEXT_CHARACTERS_MAX = 64
_NUMBER_MAX = 2**63 - 1
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Ids, codes and class names: no spaces, so no sentence and no name with its family name.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*", re.ASCII)


def refuse_unknown_keys(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Take out every key off the allow-list; the line then says how many were refused."""
    refused = [key for key in line if key not in KEYS and key != "event"]
    for key in refused:
        del line[key]
    if refused:
        line["refused"] = len(refused)
    return line


def mask_values(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Mask every value that is no number, id or code, or in which a HETU shows."""
    event = line.get("event")
    known = isinstance(event, str) and _EVENT.fullmatch(event) and not looks_like_hetu(event)
    line["event"] = event if known else UNNAMED
    for key, value in line.items():
        if key != "event":
            line[key] = _showable(value)
    return line


def stamp(_logger: object, method: str, line: EventDict) -> EventDict:
    """Put the moment (UTC) and the level in front."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": method,
        "event": line.pop("event"),
        **line,
    }


def write_json(_logger: object, _method: str, line: EventDict) -> bytes:
    """Write a line as JSON."""
    return orjson.dumps(line)


def configure(stream: BinaryIO | None = None, *, level: int = logging.INFO) -> None:
    """Let the whole process log by these rules, to stderr or to another stream.

    Libraries speak through `logging`; of what they say only who spoke and which error it was about
    passes, since their words may repeat anything.
    """
    structlog.configure(
        processors=[refuse_unknown_keys, mask_values, stamp, write_json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(
            stream if stream is not None else cast("BinaryIO", sys.stderr.buffer)
        ),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Wordless)]:
        root.removeHandler(handler)
    root.addHandler(_Wordless(max(level, logging.WARNING)))


class _Wordless(logging.Handler):
    """Says that a library spoke, and not what."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line without the record's words."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "none"
        log = structlog.get_logger()
        log.warning("library_spoke", library=record.name, kind=record.levelname, error=error)


def _showable(value: object) -> object:
    if isinstance(value, int) and abs(value) > _NUMBER_MAX:
        return MASKED
    if value is None or isinstance(value, bool | int | float):
        return value
    if value == "":
        return ""
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
        return MASKED
    if _CODE.fullmatch(value) is None or looks_like_hetu(value):
        return MASKED
    return str(value)
