"""Ledger entries and notices as bytes, and the digest that names an entry's content."""

from functools import cache
from typing import NamedTuple

from streams.contracts.codec import codec_of
from streams.contracts.sealed_trail import Trailed, parts_of
from streams.domain.entry import LedgerEntry, Notice

_EVENT = LedgerEntry._fields.index("event")
_DELIVERIES = LedgerEntry._fields.index("deliveries")


class EncodedEntry(NamedTuple):
    """A ledger entry as bytes; `entry_digest` is their SHA-256 with the sealed parts left empty."""

    data: bytes
    entry_digest: bytes


class DecodedEntry(NamedTuple):
    """A ledger entry read back; `state_digest` is that of the person's state after it."""

    entry: LedgerEntry
    state_digest: bytes
    entry_digest: bytes


def encode_entry(entry: LedgerEntry, state_digest: bytes) -> EncodedEntry:
    """Write a ledger entry: the same entry, the same bytes.

    Args:
        entry: The entry, sealed parts and all.
        state_digest: What `encode_state` gave for the person's new state.

    Raises:
        ContractError: A value does not fit the contract, or the bytes are over 1 MiB.
    """
    parts = (parts_of(entry.event), *[notice.content for notice in entry.deliveries])
    return EncodedEntry(*_entries().encode((*entry, state_digest), parts))


def decode_entry(data: bytes) -> DecodedEntry:
    """Read a ledger entry back, sealed parts in their places.

    Raises:
        ContractError: The bytes are no entry in its one spelling.
    """
    found = _entries().decode(data)
    *values, state_digest = found.values
    holders = (values[_EVENT], *values[_DELIVERIES])
    values[_EVENT], *deliveries = _entries().put_back(holders, found.parts)
    values[_DELIVERIES] = tuple(deliveries)
    return DecodedEntry(LedgerEntry._make(values), state_digest, found.digest)


def encode_notice(notice: Notice) -> bytes:
    """Write one notice, its content with it.

    Raises:
        ContractError: A value does not fit the contract, or the bytes are over 1 MiB.
    """
    return codec_of(Notice).encode(notice)


def decode_notice(data: bytes) -> Notice:
    """Read one notice back.

    Raises:
        ContractError: The bytes are no notice in its one spelling.
    """
    return codec_of(Notice).decode(data)


@cache
def _entries() -> Trailed:
    return Trailed("LedgerEntry")
