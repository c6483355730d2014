"""What the samples say of persons: names, HETUs, telephone numbers and free text."""

import json
import re
from collections.abc import Iterator

from tests.cli.command import WIRE

_FIELDS = {
    "henkilotunnus",
    "etunimet",
    "sukunimi",
    "puhelin",
    "perustelu",
    "selite",
    "tulos",
    "family",
    "given",
}
_FREE_TEXT = "text"
_HETU = re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]")
_KELA = re.compile(r"<(?:\w+:)?(?:hetu|nimi|perustelu|selite|tulos)>([^<]+)<")
_LENGTH_MIN = 5
"""A shorter text stands in ids and codes by chance."""


def said_of_persons() -> set[str]:
    """Give every text of the samples that no answer may show."""
    found: set[str] = set()
    for file in WIRE.rglob("*"):
        if not file.is_file() or file.suffix not in (".json", ".ndjson", ".xml"):
            continue
        raw = file.read_bytes()
        text = raw.decode("latin-1" if b"ISO-8859-1" in raw[:100] else "utf-8", "replace")
        found.update(_HETU.findall(text))
        found.update(_KELA.findall(text))
        for line in (text, *text.splitlines()):
            try:
                found.update(_texts(json.loads(line)))
            except ValueError:
                continue
    return {text for text in found if len(text) >= _LENGTH_MIN}


def _texts(value: object, field: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, field)
    elif isinstance(value, str) and (field in _FIELDS or (field == _FREE_TEXT and " " in value)):
        yield value
