"""Dispatch to desks: escalations reach people, those of one cause as one message.

A desk is a lane of its own: what waits for a mail server holds no referral, nor the reverse. Each
notice keeps its own row, its own leave and its own report; a message only carries them together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from streams.dispatch.attempts import Attempts
from streams.dispatch.backoff import Pace, horizon_us
from streams.dispatch.delivery import Delivery, DeliveryState
from streams.dispatch.desk_message import LISTED_MAX, DeskMessage, Write, told_of
from streams.dispatch.desk_rows import DeskKey
from streams.dispatch.following import Following
from streams.dispatch.grouping import Ground, Group, Outage, Plan, Waiting, plan
from streams.dispatch.keeping import Keeping
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, ClockId, Instant, NoticeId
from streams.promises.engine import UnavailableError
from streams.promises.transport import Handover, Parcel, Transport, TryLater

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class DeskPost(NamedTuple):
    """How a desk is reached: what carries its messages, and how they are written.

    `law_ref` names the law on which an escalation's rule rests, empty where that is not at hand.
    """

    transport: Transport
    write: Write
    law_ref: Callable[[Notice], str]


class Round(NamedTuple):
    """What is done for a desk at one time: reports that are owed, and at most one message."""

    key: DeskKey
    reports: tuple[Delivery, ...]
    message: str


class DeskDispatch:
    """Brings escalations to desks; all its methods belong to one event loop."""

    def __init__(
        self,
        posts: Mapping[DeskKey, DeskPost],
        attempts: Attempts,
        *,
        following: Following,
        keeping: Keeping,
        clock: Callable[[], Instant],
        pace: Pace,
        elsewhere: Iterable[DeskKey] = (),
    ) -> None:
        """Bring what is open to the desks that there are now, those served elsewhere as well."""
        self._posts = dict(sorted(posts.items()))
        self._attempts = attempts
        self._rows = attempts.desks
        self._following = following
        self._keeping = keeping
        self._clock = clock
        self._horizon_us = horizon_us(pace)
        self._busy: set[DeskKey] = set()
        self._rests_until: dict[DeskKey, Instant] = {}
        self._rows.route(frozenset([*self._posts, *elsewhere]))

    def take(self, until: Instant, limit: int | None = None) -> list[Round]:
        """Begin what is due until a moment, at desks at which nothing is under way.

        What must wait is held back, what nobody needs any more is settled, and a message that goes
        is put together and counted. Every round must be attempted.
        """
        rounds: list[Round] = []
        try:
            for key in self._posts:
                if key in self._busy or (limit is not None and len(rounds) == limit):
                    continue
                found = self._take(key, until)
                if found is not None:
                    self._busy.add(key)
                    rounds.append(found)
        except BaseException:
            self.put_back(rounds)
            raise
        return rounds

    def put_back(self, rounds: Iterable[Round]) -> None:
        """Let go of rounds that cannot be attempted now; they come again."""
        for one in rounds:
            self._busy.discard(one.key)

    def pause_s(self, now: Instant) -> float:
        """Give the seconds until something may be due at a desk; no end where nothing waits."""
        moments = []
        for key in self._posts:
            rests_until = self._rests_until.get(key, now)
            next_at = rests_until if rests_until > now else self._rows.next_at(key, now)
            if next_at is not None:
                moments.append((next_at - now) / 1_000_000)
        return min(moments, default=float("inf"))

    async def attempt(self, one: Round) -> None:
        """Take a round as far as it can go now."""
        try:
            await self._keeping.report_all(one.reports)
            if one.message:
                await self._carry(one.key, one.message)
        finally:
            self._busy.discard(one.key)

    def _take(self, key: DeskKey, until: Instant) -> Round | None:
        group = None
        now = self._clock()
        rests_until = self._rests_until.pop(key, until)
        if until < rests_until <= until + self._horizon_us:
            self._rests_until[key] = rests_until
        else:
            group = self._put_together(key, until)
        unreported = self._rows.unreported(key, until, self._horizon_us)
        if group is None and not unreported:
            return None
        members = self._rows.of_message(group.message) if group is not None else []
        self._keeping.begin([*unreported, *members], now)
        return Round(key, tuple(unreported), group.message if group is not None else "")

    def _put_together(self, key: DeskKey, until: Instant) -> Group | None:
        """Decide what the desk is told, and give the first message of it, frozen from here on."""
        told = self._rows.outages_told(key)
        still_down = self._attempts.reach.down([*self._rows.owners_held_back(key), *told], until)
        released = self._rows.held_back(key, still_down)
        for owner in told:
            if owner not in still_down:
                self._rows.forget_outage(key, owner)
        if not released and not self._rows.is_due(key, until, self._horizon_us):
            return None
        waiting = self._rows.waiting(key) + released
        owners = {AgencyId(row.owner) for row in waiting if row.owner}
        down = self._attempts.reach.down(sorted(owners), until)
        told = [owner for owner in told if owner in down]
        waiting.sort(key=lambda row: (row.position, row.ordinal))
        decided = plan([self._waiting(row, until) for row in waiting], down, told, until)
        with self._attempts.together():
            self._set_aside(key, decided, waiting, down)
            if not decided.messages:
                return None
            first = decided.messages[0]
            self._rows.put_together(first)
            if first.ground is Ground.UNREACHABLE:
                self._rows.tell_outage(key, _owner(waiting, first.notices))
        return first

    def _set_aside(
        self,
        key: DeskKey,
        decided: Plan,
        waiting: Sequence[Delivery],
        down: Mapping[AgencyId, Outage],
    ) -> None:
        owners = {row.notice_id: AgencyId(row.owner) for row in waiting}
        causes = [down[owners[notice_id]].value for notice_id in decided.held]
        self._rows.hold_back(decided.held, causes)
        self._rows.settle(decided.settled)
        if decided.held or decided.settled:
            _log.info(
                "escalations_set_aside",
                to=key.agency,
                desk=key.role,
                held=len(decided.held),
                settled=len(decided.settled),
            )

    def _waiting(self, row: Delivery, until: Instant) -> Waiting:
        # A moment beyond the horizon was set under another clock, and counts as due.
        beyond = row.next_at > until + self._horizon_us
        return Waiting(
            row.notice_id,
            AgencyId(row.owner),
            row.rule,
            until if beyond else row.next_at,
            row.closed,
            row.held,
            row.message,
            row.ground,
        )

    async def _carry(self, key: DeskKey, message: str) -> None:
        """Ask the ledger, write, hand over, and keep what came of it for each notice."""
        members = self._rows.of_message(message)
        await self._keeping.ask([row for row in members if row.state is DeliveryState.PENDING])
        members = self._rows.of_message(message)
        if not members or any(row.state is DeliveryState.PENDING for row in members):
            return  # refused, or the ledger answers later
        kept = self._keeping.keep(members, await self._hand_over(key, message, members))
        if members[0].ground == Ground.UNREACHABLE and any(
            row.state is DeliveryState.GIVEN_UP for row in kept
        ):
            self._rows.forget_outage(key, AgencyId(members[0].owner))  # the desk does not know
        await self._keeping.report_all(kept)
        waits = [row.next_at for row in kept if row.state is DeliveryState.TRYING]
        if waits:
            self._rests_until[key] = max(waits)

    async def _hand_over(self, key: DeskKey, message: str, members: Sequence[Delivery]) -> Handover:
        post = self._posts[key]
        try:
            body = post.write(self._message(key, message, members))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  # a message that cannot be written holds its desk only
            _log.error("render_failed", message_id=message, error=type(error).__name__)
            return TryLater("render-failed", None)
        try:
            handover = await post.transport.hand_over(Parcel(NoticeId(message), key.agency, *body))
        except Exception as error:  # noqa: BLE001  # one faulty transport must not stop the others
            _log.error("transport_failed", to=key.agency, error=type(error).__name__)
            return TryLater("transport-failed", None)
        return handover

    def _message(self, key: DeskKey, message: str, members: Sequence[Delivery]) -> DeskMessage:
        law_ref = self._posts[key].law_ref
        listed = []
        for row in members[:LISTED_MAX]:
            notice = self._following.notice(row)
            listed.append(told_of(notice, ClockId(row.clock), row.told_at, law_ref(notice)))
        ground = Ground(members[0].ground)
        return DeskMessage(message, key.agency, key.role, ground, tuple(listed), len(members))


def _owner(waiting: Iterable[Delivery], notices: Sequence[NoticeId]) -> AgencyId:
    return next(AgencyId(row.owner) for row in waiting if row.notice_id == notices[0])
