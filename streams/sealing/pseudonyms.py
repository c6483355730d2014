"""Pseudonyms: who a message is of without saying who it is, and ids that would have said it.

A person is `p-` and 26 characters of a keyed digest of the HETU, so that nobody without the hub's
pseudonym secret can go from one to the other, not even by trying every HETU there is.
"""

import re
import unicodedata

from streams.domain.ids import PersonId, crockford
from streams.sealing.keyed_digest import KeyedDigest, derive_key

CONTENT_DIGEST_BYTES = 16
MASK_CHARACTERS = 16

_HETU = re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", re.ASCII)
# Any look-alike is taken for the sign that it looks like: \d is every script's digits, and beyond
# ASCII every character may be meant as a century sign or a check character.
_LOOKS_LIKE_HETU = re.compile(
    r"(?P<digits>\d{6})(?:[-+A-FU-Y]|[^\x00-\x7f])(?P<individual>\d{3})(?P<check>[0-9A-Y]|[^\x00-\x7f])",
    re.IGNORECASE,
)
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
# What machines make, and the hub itself: a run of hexadecimal or Crockford characters has the shape
# of a HETU by chance, and masking the hub's own handoff id would lose the handoff.
_MADE_BY_MACHINES = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[a-z]-[0-9A-HJKMNP-TV-Z]{26}|masked-[0-9A-HJKMNP-TV-Z]{16}",
    re.ASCII,
)
_DAY_MAX = 31
_MONTH_MAX = 12


class NotAHetuError(ValueError):
    """What should be a HETU has not its shape. The text never shows it."""

    def __init__(self) -> None:
        """Say so, in a fixed text."""
        super().__init__("not a HETU: DDMMYY, a century sign, three digits, a check character")


class Pseudonyms:
    """What the pseudonym secret makes: pseudonyms, masks and digests that keep over person keys."""

    def __init__(self, secret: bytes) -> None:
        """Set up under the hub's pseudonym secret (32 or 64 bytes)."""
        self._person = KeyedDigest(secret)
        self._content = KeyedDigest(derive_key(secret, "saattaen content digest 1"))
        self._mask = KeyedDigest(derive_key(secret, "saattaen id mask 1"))
        self._raw = KeyedDigest(derive_key(secret, "saattaen dead letter id 1"))

    def __repr__(self) -> str:
        """Show that it is there, and nothing of it."""
        return "Pseudonyms(...)"

    def person(self, hetu: str) -> PersonId:
        """Give a person's pseudonym.

        Surrounding spaces are dropped and ASCII letters upper-cased, so that a person has one
        spelling; nothing else is mended. Whether the HETU's date and check character are right is
        the connector's to see.

        Raises:
            NotAHetuError: It has not the shape of a HETU, in ASCII.
        """
        spelt = hetu.strip()
        if spelt.isascii():
            spelt = spelt.upper()
        if _HETU.fullmatch(spelt) is None:
            raise NotAHetuError
        return PersonId("p-" + crockford(self._person.of(spelt.encode())))

    def mask(self, identifier: str) -> str:
        """Give an agency's id as it may be shown: itself, or `masked-...` if a HETU shows in it.

        The same id always gets the same mask, so references to it still match, and a mask that
        comes back stays as it is.
        """
        if not looks_like_hetu(identifier):
            return identifier
        digest = self._mask.of(identifier.encode("utf-8", "surrogatepass"))
        return "masked-" + crockford(digest)[:MASK_CHARACTERS]

    def content_digest(self, content: bytes) -> bytes:
        """Give the 16-byte digest of an event's content in its canonical rendering."""
        return self._content.of(content)[:CONTENT_DIGEST_BYTES]

    def raw_digest(self, raw: bytes) -> bytes:
        """Give the 32-byte digest by which the same unreadable message is known again."""
        return self._raw.of(raw)


def looks_like_hetu(text: str) -> bool:
    """Say whether a HETU shows anywhere in a text, in whatever spelling a reader would recognise.

    Whole UUIDs, hub ids and masks are none. A find inside a longer run of digits counts only with a
    possible date and the right check character: else every `20260302-0001` were a HETU.
    """
    if not text.isascii():
        text = _plain(text)
    found = _LOOKS_LIKE_HETU.search(text)
    if found is None or _MADE_BY_MACHINES.fullmatch(text) is not None:
        return False
    while found is not None:
        start, end = found.span()
        glued = text[start - 1 : start].isdigit() or text[end : end + 1].isdigit()
        if not glued or _may_be_right(found):
            return True
        found = _LOOKS_LIKE_HETU.search(text, start + 1)
    return False


def _plain(text: str) -> str:
    # Full-width forms to ASCII; invisible marks, which no reader sees, away.
    folded = unicodedata.normalize("NFKC", text)
    return "".join([c for c in folded if unicodedata.category(c) not in ("Cf", "Mn")])


def _may_be_right(found: re.Match[str]) -> bool:
    digits, individual = found["digits"], found["individual"]
    if not (1 <= int(digits[:2]) <= _DAY_MAX and 1 <= int(digits[2:4]) <= _MONTH_MAX):
        return False
    return _CHECK_CHARACTERS[int(digits + individual) % 31] == found["check"].upper()
