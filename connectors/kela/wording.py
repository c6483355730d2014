"""Writing an `<era>`: elements of the namespace, text that XML can carry, local dates and times."""

import re
from datetime import UTC, datetime, timedelta

from lxml import etree
from lxml.etree import _Element

from connectors.kela.era import NAMESPACE
from connectors.local_time import HELSINKI
from streams.domain.ids import Instant

UNKNOWN = "TUNTEMATON"
"""For a code that this release cannot name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What XML 1.0 cannot carry, not even escaped: it would stop the notice on its way.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"


def writable(text: str) -> str:
    """Put U+FFFD in the place of every character that XML 1.0 does not allow."""
    return _UNWRITABLE.sub(_REPLACEMENT, text)


def root(name: str) -> _Element:
    """Begin a document, its namespace without a prefix."""
    unprefixed = {None: NAMESPACE}
    return etree.Element(
        f"{{{NAMESPACE}}}{name}",
        nsmap=unprefixed,  # type: ignore[arg-type]  # the stubs know no default namespace
    )


def child(parent: _Element, name: str, text: str | None = None) -> _Element:
    """Add an element, with its text where there is one."""
    made = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text is not None:
        made.text = writable(text)
    return made


def child_if(parent: _Element, name: str, text: str | None) -> None:
    """Add an element where there is something to say."""
    if text:
        child(parent, name, text)


def attribute(element: _Element, name: str, text: str) -> None:
    """Set an attribute."""
    element.set(name, writable(text))


def moment(parent: _Element, at: Instant) -> None:
    """Add a moment as `pvm` and `klo`: local date (ISO) and minute (rounded down)."""
    local = (_EPOCH + timedelta(microseconds=at)).astimezone(HELSINKI)
    child(parent, "pvm", local.date().isoformat())
    child(parent, "klo", f"{local:%H:%M}")


def written(document: _Element) -> bytes:
    """Write a document out as UTF-8 with its declaration: the same document, the same bytes."""
    return etree.tostring(document, encoding="UTF-8", xml_declaration=True, pretty_print=True)
