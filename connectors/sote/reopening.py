"""Reopening: one message of a Bundle again from its own bytes, on the other side of a topic.

A Bundle narrowed to one message may still hold other Tasks and Consents, that it refers to, and no
longer those beside which it was refused: so a context goes with it.
"""

import orjson

from connectors.sote.bundle import FOCAL_KINDS, MALFORMED, Enclosed
from connectors.sote.findings import Json
from connectors.sote.folder import Folder
from streams.domain.entry import Problem
from streams.promises.connector import Message

_KINDS = (*FOCAL_KINDS, "ServiceRequest")


def context(message: Message) -> str:
    """Say which entry of its document the message is, and what is wrong with it beside others."""
    enclosed = message.parsed
    if not isinstance(enclosed, Enclosed) or not (enclosed.focal or enclosed.noted):
        return ""
    return orjson.dumps([enclosed.focal, list(map(tuple, enclosed.noted))]).decode()


def reopen(raw: bytes, said: str) -> Message:
    """Give a message back from its own bytes and its context; never raises."""
    try:
        document: object = orjson.loads(raw)
        focal, noted = _said(said)
        if isinstance(document, dict):
            folder = Folder(document, _kind(document))
            if folder.entries[focal].kind in _KINDS:
                return Message(raw, Enclosed(document, folder, focal, noted), "", ())
    except (ValueError, TypeError, KeyError):
        pass
    return Message(raw, None, "", (MALFORMED,))


def _said(said: str) -> tuple[int, tuple[Problem, ...]]:
    if not said:
        return 0, ()
    focal, noted = orjson.loads(said)
    if not isinstance(focal, int):
        raise TypeError
    return focal, tuple([Problem(*problem) for problem in noted])


def _kind(document: Json) -> str:
    kind = document.get("resourceType")
    return kind if isinstance(kind, str) else ""
