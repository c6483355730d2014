"""Outgoing: notices with the person's data, from when they are written until they leave.

What a notice holds counts as disclosed from the start of its delivery. One that is called off never
leaves; should its receipt come all the same, it had left, and what may not be there is recalled.
"""

from streams.domain.codes import Category, Status
from streams.domain.ids import NoticeId
from streams.domain.person import Handoff, Outgoing

IN_TRANSIT = (Status.REQUESTED, Status.UNDELIVERABLE)
"""Nobody has said that the referral arrived: where its notice is recalled, it may never have."""


def waiting(handoff: Handoff, notice_id: NoticeId) -> Outgoing | None:
    """Find a notice that may leave, None where the handoff holds none of this id."""
    return next((n for n in handoff.outgoing if n.notice_id == notice_id), None)


def started(handoff: Handoff, notice: Outgoing) -> Handoff:
    """Give the handoff from the start of a notice's delivery on."""
    gained = tuple([c for c in notice.categories if c not in handoff.disclosed])
    return handoff._replace(
        delivery_started=True,
        disclosed=handoff.disclosed + gained,
        outgoing=tuple([each for each in handoff.outgoing if each is not notice]),
    )


def received(handoff: Handoff) -> Handoff:
    """Give the handoff from an answer on: whatever a recipient answers, the data is with it."""
    more = tuple([c for c in handoff.granted if c not in handoff.disclosed])
    return handoff._replace(disclosed=handoff.disclosed + more, delivery_started=True)


def stopped_by(
    handoff: Handoff, lost: tuple[Category, ...], fetched_back: tuple[Category, ...]
) -> tuple[tuple[Outgoing, ...], bool]:
    """Give the notices that hold what may not leave, and whether the referral must go anew.

    It must where it is among them, and where its recall overtook it: it takes the place of all.
    """
    holding = [n for n in handoff.outgoing if any(c in lost for c in n.categories)]
    unsent = not handoff.delivery_started and holding[:1] == [*handoff.outgoing[:1]]
    if unsent or (fetched_back and handoff.status in IN_TRANSIT):
        return handoff.outgoing, True
    return tuple(holding), False


def called_off(
    handoff: Handoff, stopped: tuple[Outgoing, ...], recalled: tuple[Category, ...]
) -> Handoff:
    """Give the handoff without notices that may not leave; `recalled` needs no second recall."""
    return handoff._replace(
        outgoing=tuple([notice for notice in handoff.outgoing if notice not in stopped]),
        called_off=without((*handoff.called_off, *stopped), recalled),
    )


def arrived_late(handoff: Handoff, notice_id: NoticeId) -> tuple[Handoff, tuple[Category, ...]]:
    """Take it that a notice arrived though it was called off; give what is to be recalled of it.

    The same handoff and nothing, where it is none of those.
    """
    came = [notice for notice in handoff.called_off if notice.notice_id == notice_id]
    if not came:
        return handoff, ()
    (notice,) = came
    gone = tuple([c for c in notice.categories if c not in handoff.granted])
    more = tuple([c for c in notice.categories if c not in (*gone, *handoff.disclosed)])
    others = tuple([each for each in handoff.called_off if each is not notice])
    return (
        handoff._replace(
            delivery_started=True,
            disclosed=handoff.disclosed + more,
            called_off=without(others, gone),
        ),
        gone,
    )


def without(notices: tuple[Outgoing, ...], gone: tuple[Category, ...]) -> tuple[Outgoing, ...]:
    """Give notices that were called off without what has been recalled; empty ones are let go."""
    left: list[Outgoing] = []
    for notice in notices:
        categories = tuple([c for c in notice.categories if c not in gone])
        if categories:
            left.append(notice._replace(categories=categories))
    return tuple(left)
