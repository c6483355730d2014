"""Taking an `<era>` apart into its `<viesti>`s, with a parser that follows nothing.

Size, encoding and declarations are looked at before parsing (`connectors.kela.prolog`), and
libxml2's own limits stay on. What is wrong with one `<viesti>` leaves the others alone.
"""

import re
from itertools import islice
from typing import NamedTuple

from lxml import etree
from lxml.etree import _Element

from connectors.kela.dates import DateStyle, read_date, style_of
from connectors.kela.prolog import DTD_REFUSED, LATIN_1, MALFORMED, UTF_8, encoding_of
from streams.domain.entry import Problem
from streams.promises.connector import (
    BATCH_MESSAGES_MAX,
    DEPTH_MAX,
    FILE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    Message,
)

NAMESPACE = "urn:fi:kela:yhteistyo:1"
MARKUP_MAX = 250_000
"""Tags and attributes in a file: 8 MiB of nothing else would take 600 MB as a tree."""
BATCH_STYLE = "paivamuoto"
"""Attribute that `split` leaves on a `<viesti>` whose date is not in its batch's style."""

_ERA = f"{{{NAMESPACE}}}era"
_VIESTI = f"{{{NAMESPACE}}}viesti"
_PVM = f"{{{NAMESPACE}}}pvm"
_PLACE = "/era/viesti[{}]"
_SPACE = " \t\r\n"

_TOO_LARGE_FILE = Problem(
    "too-large", "/era", f"over {FILE_BYTES_MAX} bytes, or {MARKUP_MAX} tags and attributes", None
)
_TOO_MANY = Problem("too-large", "/era", f"over {BATCH_MESSAGES_MAX} <viesti> in a batch", None)
_TOO_LARGE = f"the message is over {MESSAGE_BYTES_MAX} bytes"
_TOO_DEEP = f"nested deeper than {DEPTH_MAX} levels"
_TOO_DEEP_FILE = Problem("too-deep", "/era", _TOO_DEEP, None)

_RESOURCE_LIMIT = 114  # libxml2's XML_ERR_RESOURCE_LIMIT; under 8 MiB only depth can reach one
_MAY_BE_TOO_DEEP = etree.XPath(f"boolean({'/*' * DEPTH_MAX})")
_ATTRIBUTE = re.compile(rb"=[ \t\r\n]*+[\"']")
_INCLUDES = (
    "{http://www.w3.org/2001/XInclude}*",
    "{http://www.w3.org/2003/XInclude}*",
)


def _hardened(encoding: str) -> etree.XMLParser:
    # The encoding is given, so that the parser cannot see another text than `encoding_of` did.
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


_PARSERS = {encoding: _hardened(encoding) for encoding in (UTF_8, LATIN_1)}


class Viesti(NamedTuple):
    """One message as parsed, and how its batch writes dates (None where no `pvm` was readable)."""

    element: _Element
    style: DateStyle | None


def split(raw: bytes) -> list[Message]:
    """Take a file apart into its messages, at least one, in their order; never raises.

    A message's `raw` is its own `<viesti>` as UTF-8 with its namespace, which `split` takes too: it
    then stands alone and reads as it did in its batch.
    """
    root = _parsed(raw)
    if isinstance(root, Problem):
        return [Message(raw, None, "", (root,))]
    bare = root.tag == _VIESTI
    elements = [root] if bare else list(islice(root.iterchildren(_VIESTI), BATCH_MESSAGES_MAX + 1))
    if not elements or (not bare and root.tag != _ERA):
        return [Message(raw, None, "", (MALFORMED,))]
    if len(elements) > BATCH_MESSAGES_MAX:
        return [Message(raw, None, "", (_TOO_MANY,))]
    deep = _too_deep(root, elements, bare=bare)
    if deep - set(elements):
        return [Message(raw, None, "", (_TOO_DEEP_FILE,))]
    style = _style(elements, bare=bare)
    return [
        _message(element, index, style, too_deep=element in deep)
        for index, element in enumerate(elements, start=1)
    ]


def reopen(raw: bytes, place: str) -> Message:
    """Give back a message that `split` gave without problems, from its own bytes; never raises."""
    found = split(raw)
    if len(found) > 1:
        return Message(raw, None, place, (MALFORMED,))
    return found[0]._replace(raw=raw, place=place)


def _parsed(raw: bytes) -> _Element | Problem:
    if len(raw) > FILE_BYTES_MAX:
        return _TOO_LARGE_FILE
    encoding = encoding_of(raw)
    if isinstance(encoding, Problem):
        return encoding
    if _markup(raw) > MARKUP_MAX:
        return _TOO_LARGE_FILE
    try:
        root = etree.fromstring(raw, _PARSERS[encoding])
    except etree.XMLSyntaxError as error:
        return _TOO_DEEP_FILE if getattr(error, "code", None) == _RESOURCE_LIMIT else MALFORMED
    if next(root.iter(*_INCLUDES), None) is not None:
        return DTD_REFUSED
    return root


def _markup(raw: bytes) -> int:
    tags, attributes = raw.count(b"<"), raw.count(b"=")
    if tags + attributes <= MARKUP_MAX:
        return tags + attributes
    # Free text may be full of equals signs.
    return tags + sum(1 for _ in _ATTRIBUTE.finditer(raw))


def _too_deep(root: _Element, elements: list[_Element], *, bare: bool) -> set[_Element]:
    """Give the root's children (or a root that is itself the message) that nest too deep."""
    if not _MAY_BE_TOO_DEEP(root):
        return set()
    tops = elements if bare else list(root)
    # Counted as in a batch, also where the message stands alone.
    return {top for top in tops if _is_deeper(top, DEPTH_MAX - 1)}


def _is_deeper(top: _Element, levels: int) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(top, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > levels:
            return True
    return False


def _pvm(element: _Element) -> str:
    found = next(element.iterchildren(_PVM), None)
    return (found.text or "").strip(_SPACE) if found is not None else ""


def _style(elements: list[_Element], *, bare: bool) -> DateStyle | None:
    """Take the batch's style from the first `pvm` that can be read."""
    noted = elements[0].get(BATCH_STYLE)
    if bare and noted in set(DateStyle):
        return DateStyle(noted)
    styles = (style_of(_pvm(element)) for element in elements)
    return next((style for style in styles if style is not None), None)


def _message(element: _Element, index: int, style: DateStyle | None, *, too_deep: bool) -> Message:
    if style is not None and read_date(_pvm(element), style) is None:
        element.set(BATCH_STYLE, style)
    elif element.get(BATCH_STYLE) is not None:
        del element.attrib[BATCH_STYLE]
    raw = etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)
    place = _PLACE.format(index)
    if too_deep:
        return Message(raw, None, place, (Problem("too-deep", place, _TOO_DEEP, None),))
    if len(raw) > MESSAGE_BYTES_MAX:
        return Message(raw, None, place, (Problem("too-large", place, _TOO_LARGE, None),))
    return Message(raw, Viesti(element, style), place, ())
