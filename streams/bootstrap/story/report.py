"""The report of a story as a JSON document: what happened, from the ledger; no names, no texts.

Instants are ISO 8601 in UTC, waits in days with one decimal. The same seed gives the same document.
"""

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from streams.bootstrap.replay import Replayed
from streams.bootstrap.story.chronicle import Chronicle, HandoffLine
from streams.bootstrap.story.outcomes import Thread, happened, thread_of
from streams.bootstrap.story.town import Town
from streams.domain.calendar import DAY_US, moment
from streams.domain.entry import Decline, Problem, Withheld
from streams.domain.ids import Instant, PersonId
from streams.promises.engine import DeadLetter

Json = dict[str, object]

KEPT_HERE = "saattaen-demo"
"""The folder that the next commands name where none was kept."""


class Told(NamedTuple):
    """One scene of the story, and whom it was about."""

    key: str
    title: str
    person: PersonId


class Played(NamedTuple):
    """A story that was played: what the report is made of."""

    seed: int
    began_at: Instant
    ended_at: Instant
    scenes: Sequence[Told]
    chronicle: Chronicle
    receipts: Counter[str]
    dead_letters: Sequence[DeadLetter]
    clocks_fired: int
    town: Town
    replayed: Replayed
    kept_in: str | None


def document(played: Played) -> Json:
    """Put the report together."""
    chronicle = played.chronicle
    threads = [thread_of(chronicle, told.person) for told in played.scenes]
    return {
        "seed": played.seed,
        "began_at": _iso(played.began_at),
        "ended_at": _iso(played.ended_at),
        "durable": False,
        "agencies": [agency.me.agency_id for agency in played.town],
        "persons": len([p for p in chronicle.persons if p.startswith("p-")]),
        "handoffs": len(chronicle.handoffs),
        "handoffs_open": chronicle.open_handoffs(),
        "entries": chronicle.entries,
        "receipts": dict(sorted(played.receipts.items())),
        "clocks": _clocks(played),
        "outcomes": {
            told.key: _outcome(told, thread, played)
            for told, thread in zip(played.scenes, threads, strict=True)
        },
        "dead_letters": [_dead_letter(letter) for letter in played.dead_letters],
        "notices": [
            {
                "agency": agency.me.agency_id,
                "format": agency.system.format,
                "delivered": sum(agency.heard.values()),
                "kinds": dict(sorted(agency.heard.items())),
            }
            for agency in played.town
        ],
        "replay": {
            "live": played.replayed.live.hex(),
            "replayed": played.replayed.replayed.hex(),
            "agrees": played.replayed.agrees,
        },
        "next": _next_commands(played, threads[0]),
    }


def came_out(report: Json) -> bool:
    """Say whether every scene came out as its title says, and the replay agrees."""
    outcomes, replay = report["outcomes"], report["replay"]
    if not isinstance(outcomes, dict) or not isinstance(replay, dict):
        return False
    return replay["agrees"] is True and all(each["happened"] for each in outcomes.values())


def _outcome(told: Told, thread: Thread | None, played: Played) -> Json:
    came = happened(told.key, thread, played.chronicle, played.receipts)
    outcome: Json = {"title": told.title, "happened": came, "person": told.person}
    if thread is None:
        return outcome
    return outcome | {
        "case_id": thread.case.case_id,
        "responsible": thread.case.responsible,
        "handoffs": [_handoff(line) for line in thread.lines],
        "bounces": thread.case.bounces,
        "convened_with": thread.case.convened_with,
        "declines": [_decline(decline) for decline in thread.case.declines],
    }


def _handoff(line: HandoffLine) -> Json:
    opened = line.opened
    return {
        "handoff_id": opened.handoff_id,
        "source": opened.source,
        "recipient": opened.recipient,
        "service": opened.service.value,
        "routed_by": opened.routed_by,
        "status": line.status.value,
        "status_reason": line.reason or None,
        "waited_days": {kind: _days(us) for kind, us in sorted(line.waited_us.items())},
        "clocks": dict(sorted(line.clocks.items())),
        "late_by_days": _days(line.late_by_us),
        "escalated_to": line.escalated_to,
        "withheld": [_withheld(withheld) for withheld in line.withheld],
        "data_left": line.has_left,
        "recalled_from": line.recalls,
        "recalls_confirmed_by": line.recalls_confirmed,
        "rerouted_to": line.rerouted_to,
    }


def _withheld(withheld: Withheld) -> Json:
    asked = [
        {
            "act": missing.act.value,
            "ask_for": missing.ask_for.value,
            "to": missing.recipient,
            "purpose": missing.purpose.value,
        }
        for missing in withheld.missing
    ]
    return {"category": withheld.category.value, "reason": withheld.reason, "missing": asked}


def _decline(decline: Decline) -> Json:
    return {
        "recipient": decline.recipient,
        "reason": decline.reason.value,
        "at": _iso(decline.at),
    }


def _dead_letter(letter: DeadLetter) -> Json:
    return {
        "dead_letter_id": letter.dead_letter_id,
        "agency": letter.agency,
        "message_id": letter.message_id,
        "recorded_at": _iso(letter.recorded_at),
        "errors": [
            {
                "code": problem.code,
                "pointer": problem.pointer,
                "nearest": problem.nearest,
                "mend": _mend(problem),
            }
            for problem in letter.errors
        ],
    }


def _mend(problem: Problem) -> str:
    if problem.nearest is not None:
        return f"{problem.pointer}: did you mean {problem.nearest}?"
    return f"{problem.pointer}: {problem.detail}" if problem.pointer else problem.detail


def _clocks(played: Played) -> Json:
    chronicle = played.chronicle
    kept = [line.clocks for line in chronicle.handoffs.values()] + chronicle.clocks_of_persons
    states = Counter(state for clocks in kept for state in clocks.values())
    return {
        "met": states["met"],
        "breached": states["breached"],
        "running": states["running"],
        "moments_fired": played.clocks_fired,
        "escalations": chronicle.escalations,
    }


def _next_commands(played: Played, thread: Thread | None) -> list[str]:
    folder = shlex.quote(played.kept_in if played.kept_in is not None else KEPT_HERE)
    shown = thread.case.case_id if thread is not None else ""
    commands = [
        f"saattaen trace {shown} --data {folder}",
        f"saattaen explain disclosure {shown} --language fi --data {folder}",
        f"saattaen dead-letters list --data {folder}",
        f"saattaen replay --data {folder}",
    ]
    if played.kept_in is None:
        # The story's own folder is gone; the same seed makes the same ids again.
        keep = f"saattaen demo --once --seed {played.seed} --keep {folder}"
        commands = [keep, *commands[:3]]
    return commands


def _iso(at: Instant) -> str:
    return moment(at).isoformat()


def _days(us: int) -> float:
    return round(us / DAY_US, 1)
