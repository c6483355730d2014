"""Ids of documents, in one spelling: a document prohibited on one wire is known on the others."""

import re

_PREFIXES = re.compile("urn:(?:oid|uuid):", re.IGNORECASE)
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def one_spelling(document_id: str) -> str:
    """Give a document's id without outer spaces and URN prefix; a UUID in lower case (RFC 9562)."""
    bare = document_id.strip()
    prefix = _PREFIXES.match(bare)
    if prefix is not None:
        bare = bare[prefix.end() :].strip()
    return bare.lower() if _UUID.fullmatch(bare) else bare
