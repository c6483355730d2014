"""The decision alone: none lost, none sent twice, one message for one cause."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.dispatch.grouping import Ground, Outage, Plan, Waiting, message_id, plan
from streams.domain.ids import AgencyId, Instant, NoticeId
from streams.domain.silence import SILENCE

KELA, SOTE, NOBODY = AgencyId("kela"), AgencyId("sote"), AgencyId("")
NOW = Instant(1_000)
Deciding = Callable[
    [Sequence[Waiting], Mapping[AgencyId, Outage], Collection[AgencyId], Instant], Plan
]


def waits(name: str, owner: AgencyId = KELA, rule: str = "acceptance", **given: object) -> Waiting:
    one = Waiting(NoticeId(f"n-{name}"), owner, rule, NOW, closed=False, held=False)
    return one._replace(**given)  # type: ignore[arg-type]  # the fields that a test names


ROWS = st.builds(
    Waiting,
    notice_id=st.just(NoticeId("")),
    owner=st.sampled_from([KELA, SOTE, NOBODY]),
    rule=st.sampled_from(["acceptance", "start", SILENCE]),
    ready_at=st.integers(NOW - 2, NOW + 2).map(Instant),
    closed=st.booleans(),
    held=st.booleans(),
    message=st.just(""),
    ground=st.just(""),
)
DESKS = st.lists(ROWS, max_size=12).map(
    lambda rows: [row._replace(notice_id=NoticeId(f"n-{n}")) for n, row in enumerate(rows)]
)
DOWN = st.dictionaries(st.sampled_from([KELA, SOTE]), st.sampled_from(Outage))
TOLD = st.sets(st.sampled_from([KELA, SOTE])).map(sorted)


def violations(
    deciding: Deciding,
    rows: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
) -> list[str]:
    """Compare a decision with what must hold of every one, said another way than it is made."""
    decided = deciding(rows, down, told, NOW)
    sent = [notice for group in decided.messages for notice in group.notices]
    count = Counter([*sent, *decided.held, *decided.settled])
    found = [f"twice {notice}" for notice, times in count.items() if times > 1]
    by_cause: dict[tuple[AgencyId, str], set[str]] = {}
    message_of = {n: group.message for group in decided.messages for n in group.notices}
    for row in rows:
        silent = down.get(row.owner) is Outage.SILENT
        known = row.owner in down and (silent or row.owner in told)
        inhibited = known and row.rule != SILENCE
        if row.closed != (row.notice_id in decided.settled):
            found.append(f"settled {row.notice_id}")
        if row.notice_id in sent and (inhibited or row.closed):
            found.append(f"sent {row.notice_id}")
        if row.notice_id in decided.held and (not inhibited or row.held):
            found.append(f"held {row.notice_id}")
        if row.ready_at <= NOW and not inhibited and not row.closed and row.notice_id not in sent:
            found.append(f"lost {row.notice_id}")
        if row.notice_id in sent:
            by_cause.setdefault((row.owner, row.rule), set()).add(message_of[row.notice_id])
    found += [f"cause {cause}" for cause, messages in by_cause.items() if len(messages) > 1]
    owner_of = {row.notice_id: row.owner for row in rows}
    found += [
        f"mixed {group.message}"
        for group in decided.messages
        if len({owner_of[notice] for notice in group.notices}) > 1
    ]
    return found


@given(rows=DESKS, down=DOWN, told=TOLD)
def test_none_is_lost_none_goes_twice_and_one_cause_is_one_message(
    rows: list[Waiting], down: dict[AgencyId, Outage], told: list[AgencyId]
) -> None:
    assert violations(plan, rows, down, told) == []


def _forgets_the_last(
    rows: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
    now: Instant,
) -> Plan:
    right = plan(rows, down, told, now)
    cut = tuple(g._replace(notices=g.notices[:1]) for g in right.messages)
    return right._replace(messages=cut)


def _one_message_each(
    rows: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
    now: Instant,
) -> Plan:
    right = plan(rows, down, told, now)
    single = tuple(
        g._replace(notices=(notice,), message=message_id([notice]))
        for g in right.messages
        for notice in g.notices
    )
    return right._replace(messages=single)


def _knows_no_silence(
    rows: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
    now: Instant,
) -> Plan:
    return plan(rows, {}, told, now)


def _sends_and_settles(
    rows: Sequence[Waiting],
    down: Mapping[AgencyId, Outage],
    told: Collection[AgencyId],
    now: Instant,
) -> Plan:
    right = plan(rows, down, told, now)
    sent = tuple(notice for group in right.messages for notice in group.notices)
    return right._replace(settled=right.settled + sent)


@pytest.mark.parametrize(
    ("faulty", "seen"),
    [
        (_forgets_the_last, "lost"),
        (_one_message_each, "cause"),
        (_knows_no_silence, "sent"),
        (_sends_and_settles, "twice"),
    ],
)
def test_a_planted_fault_is_seen(faulty: Deciding, seen: str) -> None:
    rows = [waits("1"), waits("2"), waits("3", SOTE)]
    down = {SOTE: Outage.SILENT}
    assert violations(plan, rows, down, ()) == []
    assert any(found.startswith(seen) for found in violations(faulty, rows, down, ()))


def test_the_oldest_of_a_cause_takes_along_who_came_since() -> None:
    late = waits("2", ready_at=Instant(NOW + 1))
    other = waits("3", rule="start", ready_at=Instant(NOW + 1))
    (group,) = plan([waits("1"), late, other], {}, (), NOW).messages
    assert group.notices == ("n-1", "n-2")
    assert group.ground is Ground.RULE
    assert plan([late, other], {}, (), NOW) == Plan((), (), ())


def test_an_outage_is_told_in_one_message_and_what_follows_is_held_back() -> None:
    rows = [waits("1"), waits("2", rule="start")]
    down = {KELA: Outage.UNREACHABLE}
    (group,) = plan(rows, down, (), NOW).messages
    assert (group.ground, group.notices) == (Ground.UNREACHABLE, ("n-1", "n-2"))
    assert plan(rows, down, [KELA], NOW) == Plan((), group.notices, ())


def test_silence_holds_back_all_but_its_own_escalation() -> None:
    rows = [waits("1"), waits("2", rule=SILENCE), waits("3", held=True), waits("4", SOTE)]
    decided = plan(rows, {KELA: Outage.SILENT}, (), NOW)
    assert [group.notices for group in decided.messages] == [("n-2",), ("n-4",)]
    assert decided.held == ("n-1",)


def test_who_is_heard_again_is_told_of_in_one_message_without_what_has_closed() -> None:
    rows = [
        waits("1", held=True),
        waits("2", rule="start", held=True),
        waits("3", held=True, closed=True),
        waits("4"),
    ]
    decided = plan(rows, {}, (), NOW)
    (group,) = decided.messages
    assert (group.ground, group.notices) == (Ground.HEARD_AGAIN, ("n-1", "n-2", "n-4"))
    assert decided.settled == ("n-3",)


def test_a_message_that_was_begun_goes_again_as_it_is_before_any_other() -> None:
    begun = [waits(name, message="m-1", ground="rule", closed=True) for name in ("1", "2")]
    decided = plan([*begun, waits("3"), waits("4", closed=True)], {}, (), NOW)
    assert [(group.message, group.notices) for group in decided.messages] == [
        ("m-1", ("n-1", "n-2"))
    ]
    assert decided.settled == ("n-4",)


def test_a_message_waits_until_the_ledger_has_answered_for_all_of_it() -> None:
    begun = [
        waits("1", message="m-1", ground="rule"),
        waits("2", message="m-1", ground="rule", ready_at=Instant(NOW + 1)),
    ]
    assert plan([*begun, waits("3")], {}, (), NOW).messages == ()


def test_a_message_is_named_by_what_it_tells() -> None:
    one, other = NoticeId("n-1"), NoticeId("n-2")
    assert message_id([one, other]) == message_id([one, other])
    assert len({message_id([one]), message_id([other]), message_id([one, other])}) == 3
