"""Opening again what the receive step sealed: for notices, for replay, for triage."""

from typing import cast

from streams.domain.codes import Part
from streams.domain.envelope import SealedPart
from streams.domain.event import AgencyEvent, Event
from streams.domain.ids import PersonId
from streams.promises.connector import Details
from streams.promises.engine import DeadLetter
from streams.promises.key_store import KeyStore
from streams.sealing.sealer import Sealer, hub_lane


def open_details(
    parts: tuple[SealedPart, ...], person: PersonId, keys: KeyStore, sealer: Sealer
) -> Details | None:
    """Give a person's sealed parts in clear; None where a key was destroyed: the person was erased.

    Raises:
        SealBrokenError: A part was altered, moved or sealed under another key.
        UnavailableError: The key store cannot be used now.
    """

    def key_of_generation(generation: int) -> bytes | None:
        key = keys.of_generation(person, generation)
        return None if key is None else key.key

    opened = sealer.open_parts(parts, person, key_of_generation)
    # The marks are those of Details, so what they seal has its fields.
    return None if opened is None else cast("Details", opened)


def restore_protected(event: Event, keys: KeyStore, sealer: Sealer) -> Event | None:
    """Put a protected person's municipality back into an event read from the ledger.

    An entry leaves it out of the clear (turvakielto); to decide the event again, a replay needs it.

    Returns:
        The event as it was submitted; itself where nothing was left out; None where the key was
        destroyed, so that the event can only be replayed by applying its facts.

    Raises:
        SealBrokenError: The part was altered, moved or sealed under another key.
        UnavailableError: The key store cannot be used now.
    """
    envelope = event.envelope
    if not envelope.protected or envelope.municipality or not isinstance(event, AgencyEvent):
        return event
    contact = tuple(part for part in event.sealed if part.part is Part.CONTACT)
    details = open_details(contact, envelope.person, keys, sealer)
    if details is None:
        return None
    whole = envelope._replace(municipality=details.get("municipality", ""))
    return event._replace(envelope=whole)


def open_dead_letter(letter: DeadLetter, keys: KeyStore, sealer: Sealer) -> bytes | None:
    """Give back the body of a dead letter; None where its key was destroyed.

    Raises:
        SealBrokenError: It was altered, moved or sealed under another key.
        UnavailableError: The key store cannot be used now.
    """
    lane = hub_lane(letter.recorded_at) if letter.person is None else letter.person
    key = keys.of_generation(lane, letter.generation)
    if key is None:
        return None
    return sealer.open_whole(letter.sealed_body, lane, letter.generation, key.key)
