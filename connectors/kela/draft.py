"""A draft: what a `<viesti>`'s event element is read into."""

from typing import NamedTuple

from streams.domain.envelope import Envelope
from streams.promises.connector import Details


class Draft(NamedTuple):
    """The head is there; the details and the ids of documents are still filled."""

    envelope: Envelope
    details: Details
    document_ids: list[str]
