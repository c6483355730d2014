"""Holdings: what agencies hold of handoffs that are over, packed into the closed record.

When the basis of data goes, whoever holds it is found here. A record is only ever added: of one
handoff and agency the last one counts. Each is led by its length, so that a reader finds the next.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from streams.domain.agreement import Agreement
from streams.domain.codes import Branch, Category, Purpose, Service
from streams.domain.ids import AgencyId, HandoffId, Instant, NoticeId, crockford
from streams.domain.known import id_bytes
from streams.domain.legal_basis import Question
from streams.domain.person import Handoff, Outgoing

_HEAD = Struct(">IB17sHHH")
"""Length of all that follows it, marks, handoff, categories, notices called off, documents."""
_NOTICE = Struct(">17sH")
_LENGTH = Struct(">I")
_VITAL, _STARTED, _BASIS_GONE = 1, 2, 4
_CATEGORIES = tuple(Category)
"""A category is known by its place here: new ones come last."""


class Holding(NamedTuple):
    """What an agency holds of a person through a handoff that is over."""

    handoff_id: HandoffId
    to: AgencyId
    source: AgencyId
    referral_id: str
    """The source's own id of the referral."""
    service: Service
    purpose: Purpose
    vital: bool
    documents: tuple[bytes, ...]
    categories: tuple[Category, ...]
    """Held now: what has left for the agency, and was not recalled from it."""
    called_off: tuple[Outgoing, ...]
    """Notices that may not leave any more, as in `Handoff`."""
    started: bool
    """Something left for the agency while the handoff was open."""
    basis_gone: bool
    """The handoff ended since its basis went: what arrives late is recalled in any case."""

    @property
    def key(self) -> tuple[HandoffId, AgencyId]:
        """Name the holding: one a handoff and agency."""
        return self.handoff_id, self.to

    def question(self, agreement: Agreement, at: Instant) -> Question:
        """Ask what of the held categories might go to the agency at an instant."""
        service = agreement.service(self.service)
        return Question(
            self.source,
            self.to,
            self.purpose,
            self.categories,
            at,
            self.vital,
            service.branch if service is not None else Branch.UNKNOWN,
            service.service_task if service is not None else "",
            self.documents,
        )


def left_by(handoff: Handoff, *, basis_gone: bool) -> Holding:
    """Give what a handoff that ends leaves with its recipient."""
    return Holding(
        handoff.handoff_id,
        handoff.recipient,
        handoff.source,
        handoff.referral_id,
        handoff.service,
        handoff.purpose,
        handoff.vital,
        handoff.documents,
        handoff.disclosed,
        tuple([o for o in (*handoff.called_off, *handoff.outgoing) if o.categories]),
        handoff.delivery_started,
        basis_gone,
    )


def packed(held: Holding) -> bytes:
    """Pack a holding, its length first."""
    marks = _VITAL * held.vital | _STARTED * held.started | _BASIS_GONE * held.basis_gone
    texts = (held.to, held.source, held.referral_id, held.service, held.purpose)
    body = b"".join(
        [
            *[_NOTICE.pack(id_bytes(n.notice_id), _mask(n.categories)) for n in held.called_off],
            *[_LENGTH.pack(len(each)) + each for each in held.documents],
            *[_LENGTH.pack(len(each)) + each for each in map(str.encode, texts)],
        ]
    )
    return (
        _HEAD.pack(
            _HEAD.size + len(body),
            marks,
            id_bytes(held.handoff_id),
            _mask(held.categories),
            len(held.called_off),
            len(held.documents),
        )
        + body
    )


def unpacked(records: bytes) -> dict[tuple[HandoffId, AgencyId], Holding]:
    """Read packed holdings, each as its last record has it, in the order of their first ones."""
    found: dict[tuple[HandoffId, AgencyId], Holding] = {}
    at = 0
    while at < len(records):
        held, length = _read(records, at)
        found[held.key] = held
        at += length
    return found


def _read(records: bytes, start: int) -> tuple[Holding, int]:
    length, marks, handoff, mask, notices, documents = _HEAD.unpack_from(records, start)
    at = start + _HEAD.size
    called_off: list[Outgoing] = []
    for _ in range(notices):
        notice, held = _NOTICE.unpack_from(records, at)
        called_off.append(Outgoing(NoticeId(f"n-{crockford(notice)}"), _categories(held)))
        at += _NOTICE.size
    fields = [*_fields(records, at, start + length)]
    to, source, referral_id, service, purpose = [text.decode() for text in fields[documents:]]
    holding = Holding(
        HandoffId(f"h-{crockford(handoff)}"),
        AgencyId(to),
        AgencyId(source),
        referral_id,
        Service(service),
        Purpose(purpose),
        bool(marks & _VITAL),
        tuple(fields[:documents]),
        _categories(mask),
        tuple(called_off),
        bool(marks & _STARTED),
        bool(marks & _BASIS_GONE),
    )
    return holding, length


def _fields(records: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        (length,) = _LENGTH.unpack_from(records, at)
        at += _LENGTH.size
        yield records[at : at + length]
        at += length


def _mask(categories: tuple[Category, ...]) -> int:
    return sum([1 << _CATEGORIES.index(category) for category in categories])


def _categories(mask: int) -> tuple[Category, ...]:
    return tuple([c for place, c in enumerate(_CATEGORIES) if mask >> place & 1])
