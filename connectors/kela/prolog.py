"""What stands before the root of an XML file: its encoding, and declarations that are not allowed.

This is looked at before any parser runs, so that no entity is ever declared. After the root has
begun a declaration is no XML any more, and the parser refuses it as such; inside a comment or CDATA
it is text.
"""

import re

from streams.domain.entry import Problem

UTF_8 = "utf-8"
LATIN_1 = "iso-8859-1"

MALFORMED = Problem("malformed", "", "not an <era> of urn:fi:kela:yhteistyo:1", None)
OTHER_ENCODING = Problem("malformed", "", "the encoding is neither UTF-8 nor ISO-8859-1", None)
DTD_REFUSED = Problem(
    "dtd-refused", "", "no DOCTYPE, entity declaration or external reference may stand here", None
)

_ALLOWED = {
    "utf-8": UTF_8,
    "utf8": UTF_8,
    "iso-8859-1": LATIN_1,
    "iso_8859-1": LATIN_1,
    "latin1": LATIN_1,
}
_BOM = b"\xef\xbb\xbf"
# How other encodings begin (XML 1.0, appendix F); the longer marks come first.
_SIGNATURES = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
    (b"+/v", "utf-7"),
    (b"+ADw", "utf-7"),
)
_UTF_7_NAMES = {"utf-7", "utf7", "unicode-1-1-utf-7"}
_DECLARED = re.compile(
    rb"<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"'>]{0,64})[\"']"
)
# Possessive, so that no input makes it try twice.
_BEFORE_ROOT = re.compile(rb"(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION|\[)", re.IGNORECASE)


def encoding_of(raw: bytes) -> str | Problem:
    """Give the encoding to parse a file in, or why it must not be parsed.

    It is `utf-8` or `iso-8859-1`; without a declaration UTF-8. A byte order mark and a declaration
    that disagree are refused: two readers of such a file could see two messages.
    """
    body = raw.removeprefix(_BOM)
    other = _other_encoding(body)
    if other is not None:
        readable = body.decode(other, "replace").lstrip("\ufeff").encode()
        return DTD_REFUSED if _declares(readable) else OTHER_ENCODING
    if _declares(body):
        return DTD_REFUSED
    declared = _DECLARED.match(body)
    if declared is None:
        return UTF_8
    encoding = _ALLOWED.get(declared[1].decode("ascii", "replace").lower())
    if encoding is None or (encoding != UTF_8 and body is not raw):
        return OTHER_ENCODING
    return encoding


def _other_encoding(body: bytes) -> str | None:
    for signature, codec in _SIGNATURES:
        if body.startswith(signature):
            return codec
    declared = _DECLARED.match(body)
    if declared is not None and declared[1].decode("ascii", "replace").lower() in _UTF_7_NAMES:
        return "utf-7"
    return None


def _declares(body: bytes) -> bool:
    before_root = _BEFORE_ROOT.match(body)
    at = before_root.end() if before_root is not None else 0
    return _DECLARATION.match(body, at) is not None
